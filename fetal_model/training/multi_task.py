"""Several questions about one scan: its anatomy, and what else its table says, where it says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from fetal_model.dataset.manifest import Record
from fetal_model.phantom import QUALITIES
from fetal_model.phantom.planes import PLANES
from fetal_model.training.losses import Loss, group_accuracy

SHOWN = "shown"


@dataclass(frozen=True)
class Task:
    """One further question.

    Attributes:
        columns: Of a data set's table, the first of which that is there holds the answer.
        classes: The answers.
        same: What else a table may say, and the class that it means.
        other: Class of every other value; without it they are not known.
        labels: Anatomies that are asked, all when empty.
    """

    columns: tuple[str, ...]
    classes: tuple[str, ...]
    same: tuple[tuple[str, str], ...] = ()
    other: str = ""
    labels: tuple[str, ...] = ()

    def answer(self, record: Record) -> int:
        """Number of the class that is true of a scan, -1 where that is not known."""
        values = (record.columns.get(column, "").strip().lower() for column in self.columns)
        value = next(filter(None, values), "")
        if not value or (self.labels and record.label not in self.labels):
            return -1
        value = dict(self.same).get(value, value)
        if value not in self.classes:
            value = self.other
        return self.classes.index(value) if value else -1


TASKS = {
    "plane": Task(
        ("brain_plane", "plane"),
        tuple(name for name, plane in PLANES.items() if plane.label == "brain"),
        same=(  # of FETAL_PLANES_DB
            ("trans-thalamic", "transthalamic"),
            ("trans-ventricular", "transventricular"),
            ("trans-cerebellum", "transcerebellar"),
        ),
        labels=("brain",),
    ),
    "quality": Task(("quality",), tuple(QUALITIES)),
    "pathology": Task(("pathology",), ("none", SHOWN), other=SHOWN),
}
"""The questions, by name."""


def targets_of(tasks: Sequence[str], records: Sequence[Record]) -> NDArray[np.float32]:
    """1 for the class of each task that is true of a scan, nothing where that is not known.

    Returns:
        Shape (n, classes of all tasks).
    """
    parts = []
    for task in (TASKS[name] for name in tasks):
        answers = np.array([task.answer(record) for record in records])
        known = (answers >= 0)[:, np.newaxis]
        parts.append(np.eye(len(task.classes), dtype=np.float32)[answers] * known)
    return np.concatenate(parts, axis=1).astype(np.float32)


class MultiTask(keras.Model):
    """A network with one more softmax for each task, beside its outputs.

    The loss is the recipe's, plus `weight` times the cross-entropy of each task over the scans of
    a batch whose answer is known (Caruana 1997, Machine Learning 28:41, section 2).

    Args:
        network: Flat model whose layers learn; what leads to its outputs leads to the tasks too.
        tasks: Keys of `TASKS`; targets follow those of the outputs, as `targets_of` makes them.
        loss: Of the outputs.
        weight: Of each task.
    """

    def __init__(
        self, network: keras.Model, tasks: Sequence[str], loss: Loss, weight: float
    ) -> None:
        before = network.get_layer("outputs").input
        asked = [
            layers.Dense(
                len(TASKS[name].classes), activation="softmax", dtype="float32", name=f"task_{name}"
            )(before)
            for name in tasks
        ]
        together = layers.Concatenate(name="answers", dtype="float32")([network.output, *asked])
        super().__init__(inputs=network.input, outputs=together, name=network.name)
        sizes = [network.output.shape[-1], *(len(TASKS[name].classes) for name in tasks)]
        self._ends = np.cumsum(sizes)[:-1].tolist()
        self._main_loss, self._weight = loss, weight
        self._right = [keras.metrics.Mean(name=f"{name}_accuracy") for name in tasks]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        truth, *asked = ops.split(y, self._ends, axis=-1)
        answer, *answered = ops.split(y_pred, self._ends, axis=-1)
        loss = self._main_loss(truth, answer)
        loss = ops.mean(loss if sample_weight is None else loss * sample_weight)
        for known, found in zip(asked, answered, strict=True):
            surprise = -ops.sum(known * ops.log(ops.maximum(found, 1e-7)))
            loss += self._weight * ops.divide_no_nan(surprise, ops.sum(known))
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        truth, *asked = ops.split(y, self._ends, axis=-1)
        answer, *answered = ops.split(y_pred, self._ends, axis=-1)
        for metric, known, found in zip(self._right, asked, answered, strict=True):
            metric.update_state(group_accuracy(known, found), sample_weight=ops.sum(known, axis=-1))
        return super().compute_metrics(x, truth, answer, sample_weight)

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("only the plain network is saved")

"""Fit a recipe's network, resumable from its last finished epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fetal_model import anatomy
from fetal_model.architectures import build
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.pipeline import Images, augmentation, batches, exchange_grey_levels
from fetal_model.inference.outputs import Outputs
from fetal_model.training import fine_tuning
from fetal_model.training.checkpoint import BEST, HISTORY, Checkpoint, read_rows, resume
from fetal_model.training.data import Scans
from fetal_model.training.recipe import Recipe

# not the loss: it may hold a distillation term, which must not choose the epoch
_CHOOSES = "val_cross_entropy"


@dataclass(frozen=True)
class Moment:
    """Where training stands as an epoch begins, after a batch, or after an epoch.

    Attributes:
        epoch: The present one, counted from 1.
        step: Batches of it that are done.
        steps: Batches of an epoch.
        whole: Whether the epoch has ended, its validation included.
        values: The `learning_rate` and, after the first batch, means over the epoch so far of
            `loss`, `accuracy` and so on, with their `val_` ones when it has ended.
    """

    epoch: int
    step: int
    steps: int
    whole: bool
    values: dict[str, float]


Tell = Callable[[Moment], None]


def fit(
    recipe: Recipe, outputs: Outputs, scans: Scans, run: Path, tell: Tell | None = None
) -> keras.Model:
    """Train and return the network of the best epoch, in float32.

    Args:
        recipe: What to do.
        outputs: Meaning of the network's outputs.
        scans: Its data.
        run: Folder for checkpoints; a run that was interrupted goes on from its last epoch.
        tell: Called at the beginning of every epoch, after every batch and after every epoch.
    """
    run.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.training.seed)
    keras.mixed_precision.set_global_policy(_precision(recipe))
    try:
        model = _learner(recipe, outputs)
        # oneDNN is faster than XLA on a CPU
        model.compile(
            keras.optimizers.Adam(recipe.training.learning_rate),
            loss=fine_tuning.group_cross_entropy,
            metrics=[
                keras.metrics.MeanMetricWrapper(fine_tuning.group_accuracy, name="accuracy"),
                keras.metrics.MeanMetricWrapper(
                    fine_tuning.group_cross_entropy, name="cross_entropy"
                ),
            ],
            jit_compile=False,
        )
        batch_size, seed = recipe.training.batch_size, recipe.training.seed
        spec = recipe.input.spec
        validation = _targets(scans.validation, outputs)
        done = resume(model, run, _CHOOSES)
        callbacks = [
            keras.callbacks.CSVLogger(run / HISTORY, append=True),
            Checkpoint(run, _CHOOSES),
        ]
        if tell is not None:
            callbacks.append(_Teller(tell, math.ceil(len(scans.train) / batch_size)))
        if done < recipe.training.epochs:
            model.fit(
                batches(
                    scans.train,
                    _targets(scans.train, outputs),
                    spec,
                    batch_size,
                    _augmentation(recipe),
                    seed,
                ),
                validation_data=batches(scans.validation, validation, spec, batch_size),
                initial_epoch=done,
                epochs=recipe.training.epochs,
                verbose=2,
                callbacks=callbacks,
            )
    finally:
        keras.mixed_precision.set_global_policy("float32")
    best = build(recipe.architecture, **recipe.options)
    best.load_weights(run / BEST)
    if recipe.fine_tuning:
        fine_tuning.blend(best, recipe.fine_tuning.blend)
    return best


def read_history(run: Path) -> dict[str, list[float]]:
    """Loss and accuracy of every epoch of a run, by column."""
    rows = read_rows(run)
    return {key: [round(float(row[key]), 5) for row in rows] for key in rows[0] if key != "epoch"}


class _Teller(keras.callbacks.Callback):
    """Passes on where training stands."""

    def __init__(self, tell: Tell, steps: int) -> None:
        super().__init__()
        self._tell, self._steps = tell, steps
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        self._send(0, whole=False, logs=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._send(batch + 1, whole=False, logs=logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._send(self._steps, whole=True, logs=logs)

    def _send(self, step: int, whole: bool, logs: dict[str, Any] | None) -> None:
        values = {key: float(value) for key, value in (logs or {}).items()}
        values["learning_rate"] = float(self.model.optimizer.learning_rate)
        self._tell(Moment(self._epoch, step, self._steps, whole, values))


def _learner(recipe: Recipe, outputs: Outputs) -> keras.Model:
    if recipe.fine_tuning is None:
        return build(recipe.architecture, outputs=len(outputs.names), **recipe.options)
    student, teacher = fine_tuning.start(recipe.options["dropout"])
    return fine_tuning.Distilled(student, teacher, recipe.fine_tuning.distillation)


def _augmentation(recipe: Recipe) -> Images:
    change = augmentation(recipe.augmentation.model_dump(), recipe.training.seed)
    exchange = recipe.fine_tuning.grey_levels if recipe.fine_tuning else 0.0
    if not exchange:
        return change
    return lambda grey: change(exchange_grey_levels(grey, exchange))


def _targets(records: Sequence[Record], outputs: Outputs) -> NDArray[np.float32]:
    """1 for each output that belongs to the record's label, shape (n, n_outputs)."""
    rows = [anatomy.KEYS.index(record.label) for record in records]
    return outputs.membership.T[rows].astype(np.float32)


def _precision(recipe: Recipe) -> str:
    """bfloat16 where the hardware multiplies it: measured 1.7 times as fast on the seed CNN."""
    if recipe.training.precision != "auto":
        return recipe.training.precision
    flags: Any = Path("/proc/cpuinfo")
    known = flags.read_text(encoding="utf-8") if flags.is_file() else ""
    fast = "amx_bf16" in known or "avx512_bf16" in known or tf.config.list_physical_devices("GPU")
    return "mixed_bfloat16" if fast else "float32"

"""Starting from the published SonoNet-16 and keeping what it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import layers

from fetal_model.architectures.sononet import HEIGHT, WIDTH, load_published
from fetal_model.dataset.manifest import shared_folder
from fetal_model.training.losses import group_cross_entropy


def published_path() -> Path:
    """Where the published arrays are.

    Raises:
        ValueError: They are not there.
    """
    path = shared_folder() / "pretrained" / "sononet16" / "SonoNet16.npz"
    if not path.is_file():
        raise ValueError(
            f"published weights: expected {path}, found none; set FETAL_SHARED to the folder that "
            "holds pretrained/sononet16/SonoNet16.npz"
        )
    return path


class Distilled(keras.Model):
    """A network that learns from labels while staying near a teacher's outputs.

    The loss is the negative log of the mass on the label's group of outputs, plus
    `distillation` times the Kullback-Leibler divergence from the teacher's outputs on the same
    augmented scan; the mean over a batch.

    Args:
        student: Flat model whose layers learn.
        teacher: Model of the same inputs and outputs, left as it is.
        distillation: Weight of the divergence.
    """

    def __init__(self, student: keras.Model, teacher: keras.Model, distillation: float) -> None:
        super().__init__(inputs=student.inputs, outputs=student.outputs, name=student.name)
        teacher.trainable = False
        # a list keeps the teacher's weights out of this model's, and so out of its checkpoints
        self._teacher_call = [lambda x: teacher(x, training=False)]
        self._distillation = distillation

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        loss = group_cross_entropy(y, y_pred)
        taught = self._teacher_call[0](x)
        loss += self._distillation * keras.losses.kl_divergence(taught, y_pred)
        return keras.ops.mean(loss if sample_weight is None else loss * sample_weight)

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("only the plain student is saved")


def freeze_batch_norm(model: keras.Model) -> None:
    """Keep every batch norm's statistics, scale and shift as they are."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def start(options: dict[str, Any]) -> tuple[keras.Model, keras.Model]:
    """A student and a teacher, both the published network.

    Args:
        options: Of the student, as in `sononet`.
    """
    size = options.get("size", (HEIGHT, WIDTH))
    student = load_published(published_path(), options["dropout"], size)
    freeze_batch_norm(student)
    return student, load_published(published_path(), 0, size)


def blend(model: keras.Model, share: float) -> None:
    """Move the weights of a fine-tuned model back towards the published ones.

    Args:
        model: A SonoNet-16, changed in place.
        share: Of its own weights in the result; 1 changes nothing.
    """
    published = load_published(published_path(), dropout=0).get_weights()
    own = model.get_weights()
    model.set_weights([(1 - share) * p + share * o for p, o in zip(published, own, strict=True)])

"""Learning from scans without labels: what a network says of a scan should outlast its changes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from fetal_model.dataset.pipeline import augmentation, batches
from fetal_model.training.data import Scans
from fetal_model.training.losses import Loss
from fetal_model.training.recipe import Recipe
from fetal_model.training.recipe_tables import SemiSupervised


class Consistent(keras.Model):
    """A network that learns from labelled scans and from its own answers about others.

    A batch holds labelled scans, then as many without labels changed strongly, then the same ones
    changed weakly. The loss of the first is the recipe's; `weight` times what the other two differ
    by is added. The weakly changed ones are looked at as at inference and nothing is learned from
    them, so that while it learns the network answers the first two thirds alone.

    FixMatch (Sohn et al. 2020, arXiv:2001.07685, equations 3 and 4): the cross-entropy of the
    answer to the strongly changed scan, towards the answer to the weakly changed one where that is
    sure enough. Mean teacher (Tarvainen and Valpola 2017, arXiv:1703.01780): the squared distance
    of both answers, the second given by the moving average of the weights.

    Args:
        network: Flat model whose layers learn.
        settings: Of the recipe.
        loss: Of the labelled scans.
        steps: Batches of an epoch.
    """

    def __init__(
        self, network: keras.Model, settings: SemiSupervised, loss: Loss, steps: int
    ) -> None:
        super().__init__(inputs=network.input, outputs=network.output, name=network.name)
        self._settings, self._labelled_loss, self._steps = settings, loss, steps

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if training:
            inputs = inputs[: 2 * (ops.shape(inputs)[0] // 3)]
        return super().call(inputs, training=training, mask=mask)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        count = ops.shape(y)[0]
        loss = ops.mean(self._labelled_loss(y, y_pred[:count]))
        if not training:
            return loss
        strong, weakly = y_pred[count : 2 * count], x[2 * count :]
        if self._settings.method == "fixmatch":
            weak = ops.stop_gradient(self(weakly, training=False))
            apart = self._from_sure_answers(strong, weak)
        else:
            taught = ops.stop_gradient(self._taught(weakly))
            apart = ops.mean(ops.sum(ops.square(strong - taught), axis=-1))
        return loss + self._settings.weight * self._ramp() * apart

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().compute_metrics(x, y, y_pred[: ops.shape(y)[0]], sample_weight)

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("only the plain network is saved")

    def _from_sure_answers(self, strong: Any, weak: Any) -> Any:
        sure = ops.max(weak, axis=-1) >= self._settings.confidence
        named = ops.one_hot(ops.argmax(weak, axis=-1), weak.shape[-1])
        return ops.mean(ops.where(sure, keras.losses.categorical_crossentropy(named, strong), 0.0))

    def _taught(self, scans: Any) -> Any:
        averages = [one.value for one in self.optimizer._model_variables_moving_average]
        answers, _ = self.stateless_call(
            averages, self.non_trainable_variables, scans, training=False
        )
        return answers

    def _ramp(self) -> Any:
        """From almost 0 to 1 over `ramp_up` epochs, exp(-5 (1 - t)^2)."""
        if not self._settings.ramp_up:
            return 1.0
        length = self._settings.ramp_up * self._steps
        done = ops.cast(self.optimizer.iterations, "float32") / length
        return ops.exp(-5 * ops.square(1 - ops.minimum(done, 1.0)))


def with_unlabelled(
    labelled: tf.data.Dataset, recipe: Recipe, scans: Scans, epoch: tf.Variable, run: Path
) -> tf.data.Dataset:
    """Batches as `Consistent` expects them.

    Args:
        labelled: Batches of labelled scans, as many as an epoch has.
        recipe: What to do.
        scans: Its data.
        epoch: As in `batches`.
        run: Folder for what does not fit into memory.

    Raises:
        ValueError: There are no unlabelled scans.
    """
    assert recipe.semi_supervised
    if not scans.unlabelled:
        raise ValueError(
            f"{recipe.name}: expected scans without labels, found none; lower labelled in data"
        )
    seed, spec = recipe.training.seed, recipe.input.spec
    nothing = np.zeros((len(scans.unlabelled), 1), np.float32)

    def changed(changes: dict[str, Any], number: int) -> tf.data.Dataset:
        # the order goes by one seed, what changes by another
        return batches(
            scans.unlabelled,
            nothing,
            spec,
            recipe.training.batch_size,
            augmentation(changes, seed + number),
            seed + 1,
            epoch=epoch,
            length=epoch_length(scans),
            folder=run,
        )

    strong = changed(recipe.semi_supervised.strong.model_dump(), 1)
    weak = changed(recipe.augmentation.model_dump(), 2)
    return tf.data.Dataset.zip(labelled, strong, weak).map(
        lambda first, second, third: (tf.concat([first[0], second[0], third[0]], 0), first[1])
    )


def epoch_length(scans: Scans) -> int:
    """Scans that an epoch goes through: with few labels, those are seen again and again."""
    return len(scans.train) + len(scans.unlabelled)


def steps_of(recipe: Recipe, scans: Scans) -> int:
    """Batches of an epoch."""
    return math.ceil(epoch_length(scans) / recipe.training.batch_size)

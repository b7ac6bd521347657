"""What happens around each epoch: its seeds, its learning rate, averaged weights, who is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fetal_model.training.checkpoint import read_rows
from fetal_model.training.progress import Moment, Tell
from fetal_model.training.recipe_tables import Training
from fetal_model.training.schedule import is_over, learning_rate

# not the loss: it may hold a distillation term, which must not choose the epoch
CHOOSES = "val_cross_entropy"
_STEPS = 2**24  # more than an epoch has


def watched(run: Path) -> list[float]:
    """What chooses the epoch, of each epoch of a run that is done."""
    return [float(row[CHOOSES]) for row in read_rows(run)]


class Course(keras.callbacks.Callback):
    """Gives each epoch its random numbers and its learning rate, and ends training when it is time.

    Comes after the callbacks that write `history.csv` and the checkpoint.

    Args:
        training: Of the recipe.
        run: Folder of the run.
        epoch: int64, told to the data as an epoch begins.
    """

    def __init__(self, training: Training, run: Path, epoch: tf.Variable) -> None:
        super().__init__()
        self._training, self._run, self._epoch = training, run, epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # kept here from now on: another machine may not see at once what the first one writes
        self._watched = watched(self._run)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch.assign(epoch)
        self.model.optimizer.learning_rate = learning_rate(self._training, self._watched)
        for index, layer in enumerate(self.model.layers):
            if generator := getattr(layer, "seed_generator", None):
                generator.state.assign([self._training.seed * 2**4 + index, epoch * _STEPS])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._watched.append(float((logs or {})[CHOOSES]))
        if is_over(self._training, self._watched):
            self.model.stop_training = True


class Averaged(keras.callbacks.Callback):
    """Validates the optimizer's moving average of the weights in place of the weights."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        variables = self.model.trainable_variables
        self._own = [np.array(variable) for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        for variable, value in zip(self.model.trainable_variables, self._own, strict=True):
            variable.assign(value)


class Scalars(keras.callbacks.Callback):
    """Writes each epoch's figures as event files that TensorBoard reads, which need not be there.

    Args:
        folder: Of the event files.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder))
        self._kind = tf.compat.v1.SummaryMetadata()
        self._kind.plugin_data.plugin_name = "scalars"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {**(logs or {}), "learning_rate": np.array(self.model.optimizer.learning_rate)}
        with self._writer.as_default():
            for name, value in values.items():
                scalar = tf.constant(float(value), tf.float32)
                tf.summary.write(name, scalar, step=epoch + 1, metadata=self._kind)
        self._writer.flush()


class Teller(keras.callbacks.Callback):
    """Passes on where training stands; comes last.

    Args:
        tell: Is told.
        steps: Batches of an epoch.
    """

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
        values["learning_rate"] = float(np.array(self.model.optimizer.learning_rate))
        last = whole and self.model.stop_training
        self._tell(Moment(self._epoch, step, self._steps, whole, values, last))

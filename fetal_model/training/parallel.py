"""One network trained by several processes, here or on other machines, each on a share of a batch.

Each process has the environment variable `TF_CONFIG`, as TensorFlow's
`MultiWorkerMirroredStrategy` reads it, which lists all of them and says which one it is. All draw
the same batches, since what a batch holds depends on seed, epoch and place alone; each computes the
gradient of its share, and all take the step of the sum, which is the step of the whole batch. The
first process keeps checkpoints and history, in a folder that all of them can read and write.

`keras.Model.fit` cannot do this (Keras 3.15 with TensorFlow 2.21 ends with "unsupported type
PerReplica"), so there is a loop here, which calls the same callbacks.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from fetal_model.training.losses import Loss, group_accuracy, group_cross_entropy
from fetal_model.training.processes import place
from fetal_model.training.recipe import Recipe

Made = TypeVar("Made")


def check(recipe: Recipe) -> None:
    """See to it that this many processes can train a recipe.

    Raises:
        ValueError: It needs more than the network's own loss.
    """
    tables = recipe.fine_tuning, recipe.semi_supervised, recipe.multi_task
    if place().processes > 1 and any(tables):
        raise ValueError(
            f"{recipe.name}: expected a recipe without fine tuning, semi-supervision and further "
            "tasks to be trained by several processes; train it in one"
        )


@functools.cache
def strategy() -> tf.distribute.Strategy:
    """What variables are to be made under: copies that stay equal, or TensorFlow's default.

    With several processes it waits for the others, and must be called before TensorFlow computes.

    Raises:
        ValueError: A process has several GPUs.
    """
    here = place()
    if here.processes == 1:
        return tf.distribute.get_strategy()
    print(f"process {here.index + 1} of {here.processes}: waits for the others", file=sys.stderr)
    made = tf.distribute.MultiWorkerMirroredStrategy()
    if made.num_replicas_in_sync != here.processes:
        raise ValueError(
            f"processes: expected {here.processes} with a GPU each, or none, found "
            f"{made.num_replicas_in_sync} GPUs; give each one by CUDA_VISIBLE_DEVICES"
        )
    return made


def in_turn(action: Callable[[], Made]) -> Made:
    """Let the processes do something one after the other, the first one first."""
    strategy()
    for index in range(place().processes):
        if index == place().index:
            made = action()
        wait()
    return made


def wait() -> None:
    """Wait until all processes are here.

    Raises:
        Lost: One of them has ended.
    """
    if place().processes > 1:
        with _losses():
            _sum_of_all()(tf.zeros(1)).numpy()


def agree(what: str, said: str) -> None:
    """See to it that all processes were told the same.

    Args:
        what: How a reader calls it.
        said: What this process was told.

    Raises:
        ValueError: Another one was told something else.
        Lost: One of them has ended.
    """
    if place().processes == 1:
        return
    # small whole numbers, whose sums are exact
    own = np.frombuffer(hashlib.sha256(said.encode()).digest(), np.uint8).astype(np.float32)
    with _losses():
        sums = _sum_of_all()(tf.constant(own)).numpy()
    if not np.array_equal(sums, own * place().processes):
        raise ValueError(f"processes: expected {what} to be the same in all, found another in one")


class Lost(Exception):
    """Another process is gone."""


@contextlib.contextmanager
def _losses() -> Iterator[None]:
    try:
        yield
    except tf.errors.UnavailableError as error:
        raise Lost("another process that trains with this one has ended") from error


class Wait(keras.callbacks.Callback):
    """Lets no process go on before the first has written what an epoch left."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        wait()


def share_statistics(network: keras.Model) -> None:
    """Let batch normalisation take its statistics from the shares of all processes."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = place().processes > 1


def fit(
    model: keras.Model,
    loss: Loss,
    data: tf.data.Dataset,
    validation: tf.data.Dataset,
    epochs: range,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Train as `keras.Model.fit` does, with the other processes.

    Args:
        model: Compiled, made under `strategy()`. Dropout draws for each share alike.
        loss: Of each scan.
        data: Whole batches `(pixels, targets)` or `(pixels, targets, weights)`, the same in every
            process.
        validation: The same, without weights.
        epochs: Those to do.
        callbacks: Of this process. They are told `loss`, `accuracy` and `cross_entropy` over all
            processes, and after an epoch the `val_` ones.

    Raises:
        Lost: Another process ended, which TensorFlow notices within seconds.
    """

    def learn(pixels: tf.Tensor, targets: tf.Tensor, *weights: tf.Tensor) -> tf.Tensor:
        whole = tf.cast(tf.shape(pixels)[0], tf.float32)
        with tf.GradientTape() as tape:
            shares, losses = answer(_mine(pixels), _mine(targets), training=True)
            for weight in weights:
                losses *= _mine(weight)
            small = tf.reduce_sum(losses) * _part(pixels) / whole
        variables = model.trainable_variables
        # the optimizer sums over the processes
        model.optimizer.apply(tape.gradient(small, variables), variables)
        return _figures(losses, _mine(targets), shares) * _part(pixels)

    def test(pixels: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        shares, losses = answer(_mine(pixels), _mine(targets), training=False)
        return _figures(losses, _mine(targets), shares) * _part(pixels)

    def answer(pixels: tf.Tensor, targets: tf.Tensor, training: bool) -> tuple[tf.Tensor, ...]:
        shares = model(pixels, training=training)
        return shares, loss(targets, shares)

    learning, testing = _together(learn), _together(test)
    told = keras.callbacks.CallbackList(callbacks, model=model)
    told.on_train_begin()
    with _losses():
        for epoch in epochs:
            told.on_epoch_begin(epoch)
            sums = tf.zeros(4)
            for step, batch in enumerate(data):
                sums += learning(*batch)
                told.on_train_batch_end(step, _means(sums))
            logs = _means(sums)
            told.on_test_begin()
            sums = tf.add_n([testing(*batch) for batch in validation])
            told.on_test_end()
            logs |= {f"val_{name}": value for name, value in _means(sums).items()}
            told.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    told.on_train_end()


def _together(step: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """A step of every process, as a graph."""
    return tf.function(lambda *batch: strategy().run(step, args=batch), reduce_retracing=True)


@functools.cache
def _sum_of_all() -> Callable[[tf.Tensor], tf.Tensor]:
    return _together(_summed)


def _summed(values: tf.Tensor) -> tf.Tensor:
    here = tf.identity(values)  # an argument of a graph is nowhere, and the sum must be somewhere
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, here)


def _mine(whole: tf.Tensor) -> tf.Tensor:
    """The rows of a batch that this process takes: its share, or all when there are too few.

    Batch normalisation has no statistics of an empty share.
    """
    count, here = tf.shape(whole)[0], place()
    begin, end = count * here.index // here.processes, count * (here.index + 1) // here.processes
    few = count < here.processes
    return whole[tf.where(few, 0, begin) : tf.where(few, count, end)]


def _part(whole: tf.Tensor) -> tf.Tensor:
    """How much each row that this process takes of a batch counts, as others may take it too."""
    processes = place().processes
    return tf.where(tf.shape(whole)[0] < processes, 1 / processes, 1.0)


def _figures(losses: tf.Tensor, targets: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Over the scans of all processes: sums of loss, accuracy, cross-entropy, and their number."""
    sums = [losses, group_accuracy(targets, shares), group_cross_entropy(targets, shares)]
    sums.append(tf.ones_like(losses))
    return _summed(tf.stack([tf.reduce_sum(tf.cast(one, tf.float32)) for one in sums]))


def _means(sums: tf.Tensor) -> dict[str, float]:
    *values, count = sums.numpy().tolist()
    names = ("loss", "accuracy", "cross_entropy")
    return {name: value / count for name, value in zip(names, values, strict=True)}

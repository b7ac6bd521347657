"""Fit a recipe's network, resumable from its last finished epoch."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_sample_weight

from fetal_model import anatomy
from fetal_model.architectures import build
from fetal_model.architectures.backbones import STANDARDISED
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.pipeline import augmentation, batches
from fetal_model.inference.outputs import Outputs
from fetal_model.training import fine_tuning, parallel
from fetal_model.training.callbacks import CHOOSES, Averaged, Course, Scalars, Teller, watched
from fetal_model.training.checkpoint import BEST, HISTORY, Checkpoint, read_rows, resume
from fetal_model.training.data import Scans
from fetal_model.training.imagenet import load_imagenet
from fetal_model.training.losses import group_accuracy, group_cross_entropy, loss_of
from fetal_model.training.multi_task import MultiTask, targets_of
from fetal_model.training.processes import place
from fetal_model.training.progress import Lines, Tell
from fetal_model.training.recipe import Recipe
from fetal_model.training.recipe_tables import Training
from fetal_model.training.schedule import is_over
from fetal_model.training.semi_supervised import (
    Consistent,
    epoch_length,
    steps_of,
    with_unlabelled,
)  # fmt: skip


def fit(
    recipe: Recipe,
    outputs: Outputs,
    scans: Scans,
    run: Path,
    tell: Tell | None = None,
    tensorboard: Path | None = None,
) -> keras.Model:
    """Train and return the network of the best epoch, in float32.

    Args:
        recipe: What to do.
        outputs: Meaning of the network's outputs.
        scans: Its data.
        run: Folder for checkpoints; a run that was interrupted goes on from its last epoch, and
            in float32 ends with the weights that it would have had.
        tell: Called at the beginning of every epoch, after every batch and after every epoch;
            by default prints a line for each.
        tensorboard: Folder for event files, none when None.
    """
    run.mkdir(parents=True, exist_ok=True)
    training, spec = recipe.training, recipe.input.spec
    keras.utils.set_random_seed(training.seed)
    keras.mixed_precision.set_global_policy(precision_of(recipe))
    try:
        steps = steps_of(recipe, scans)
        with parallel.strategy().scope():
            model, network = _learner(recipe, outputs, scans, steps)
            # oneDNN is faster than XLA on a CPU
            model.compile(
                _optimizer(training),
                loss=loss_of(recipe),
                metrics=[
                    keras.metrics.MeanMetricWrapper(group_accuracy, name="accuracy"),
                    keras.metrics.MeanMetricWrapper(group_cross_entropy, name="cross_entropy"),
                ],
                jit_compile=False,
            )
            # a mean teacher asks for its averages in the first step
            model.optimizer.build(model.trainable_variables)
        # one after the other, as each tidies the folder
        done = parallel.in_turn(lambda: resume(model, run, CHOOSES))
        if not is_over(training, watched(run)):
            epoch = tf.Variable(done, dtype=tf.int64, trainable=False)
            data = _batches(recipe, outputs, scans, epoch, run)
            validation = batches(
                scans.validation,
                _targets(recipe, scans.validation, outputs),
                spec,
                training.batch_size,
                folder=run,
            )
            callbacks = _callbacks(
                recipe, run, epoch, tell or Lines(training.epochs), steps, tensorboard
            )
            if place().processes > 1:
                epochs = range(done, training.epochs)
                parallel.fit(model, loss_of(recipe), data, validation, epochs, callbacks)
            else:
                model.fit(
                    data,
                    validation_data=validation,
                    initial_epoch=done,
                    epochs=training.epochs,
                    shuffle=False,  # the data shuffle themselves
                    verbose=0,
                    callbacks=callbacks,
                )
        # the checkpoint of the best epoch holds the average beside the weights
        model.load_weights(run / BEST)
        parallel.wait()  # or the first process removes the folder before another has read it
        if training.averaging:
            model.optimizer.finalize_variable_values(model.trainable_variables)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    best = build(recipe.architecture, outputs=len(outputs.names), **recipe.options)
    best.set_weights(network.get_weights())
    for layer in best.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies of its weights
    if recipe.fine_tuning:
        fine_tuning.blend(best, recipe.fine_tuning.blend)
    return best


def read_history(run: Path) -> dict[str, list[float]]:
    """Loss and accuracy of every epoch of a run, by column."""
    rows = read_rows(run)
    return {key: [round(float(row[key]), 5) for row in rows] for key in rows[0] if key != "epoch"}


def deterministic() -> None:
    """Keep this process to operations whose sums have one order; it cannot be undone."""
    tf.config.experimental.enable_op_determinism()


def precision_of(recipe: Recipe) -> str:
    """bfloat16 where the hardware multiplies it: measured 1.7 times as fast on the seed CNN."""
    if recipe.training.precision != "auto":
        return recipe.training.precision
    flags: Any = Path("/proc/cpuinfo")
    known = flags.read_text(encoding="utf-8") if flags.is_file() else ""
    fast = "amx_bf16" in known or "avx512_bf16" in known or _has_gpu()
    return "mixed_bfloat16" if fast else "float32"


def _has_gpu() -> bool:
    if keras.backend.backend() == "torch":
        return bool(importlib.import_module("torch").cuda.is_available())
    return bool(tf.config.list_physical_devices("GPU"))


def _batches(
    recipe: Recipe, outputs: Outputs, scans: Scans, epoch: tf.Variable, run: Path
) -> tf.data.Dataset:
    training, mixing = recipe.training, recipe.augmentation.mixing
    labelled = batches(
        scans.train,
        _targets(recipe, scans.train, outputs),
        recipe.input.spec,
        training.batch_size,
        augmentation(recipe.augmentation.model_dump(), training.seed),
        training.seed,
        epoch=epoch,
        weights=_weights(recipe, scans.train),
        mixed=None if mixing == "none" else mixing,
        length=epoch_length(scans),
        folder=run,
    )
    if recipe.semi_supervised is None:
        return labelled
    return with_unlabelled(labelled, recipe, scans, epoch, run)


def _callbacks(
    recipe: Recipe, run: Path, epoch: tf.Variable, tell: Tell, steps: int, tensorboard: Path | None
) -> list[keras.callbacks.Callback]:
    """In the order that each asks for; of several processes the first alone writes and tells."""
    first = place().is_first
    keep = [keras.callbacks.CSVLogger(run / HISTORY, append=True), Checkpoint(run, CHOOSES)]
    scalars = [Scalars(tensorboard)] if tensorboard else []
    return [
        *([Averaged()] if recipe.training.averaging else []),
        *(keep if first else []),
        parallel.Wait(),
        Course(recipe.training, run, epoch),
        *([*scalars, Teller(tell, steps)] if first else []),
    ]


def _learner(
    recipe: Recipe, outputs: Outputs, scans: Scans, steps: int
) -> tuple[keras.Model, keras.Model]:
    """What learns, and the plain network in it, which shares its layers."""
    if recipe.fine_tuning is not None:
        student, teacher = fine_tuning.start(recipe.options)
        return fine_tuning.Distilled(student, teacher, recipe.fine_tuning.distillation), student
    network = build(recipe.architecture, outputs=len(outputs.names), **recipe.options)
    parallel.share_statistics(network)
    if recipe.architecture == "backbone":
        _begin(network, recipe, outputs, scans)
    if recipe.semi_supervised is not None:
        return Consistent(network, recipe.semi_supervised, loss_of(recipe), steps), network
    if (asked := recipe.multi_task) is not None:
        return MultiTask(network, asked.tasks, loss_of(recipe), asked.weight), network
    return network, network


def _begin(network: keras.Model, recipe: Recipe, outputs: Outputs, scans: Scans) -> None:
    """Measure the training scans, and load first weights."""
    targets = _targets(recipe, scans.train, outputs)
    data = batches(scans.train, targets, recipe.input.spec, recipe.training.batch_size)
    grey = data.map(lambda pixels, _: pixels)
    if recipe.options.get("standardised"):
        network.get_layer(STANDARDISED).adapt(grey)
    if recipe.options.get("start") == "imagenet":
        load_imagenet(network, recipe.options["network"], grey)


def _optimizer(training: Training) -> keras.Optimizer:
    average: dict[str, Any] = {}
    if training.averaging:
        average = {"use_ema": True, "ema_momentum": training.averaging}
    match training.optimizer:
        case "adam":
            return keras.optimizers.Adam(training.learning_rate, **average)
        case "adamw":
            return keras.optimizers.AdamW(training.learning_rate, **average)
        case "sgd":
            return keras.optimizers.SGD(training.learning_rate, momentum=0.9, **average)
        case "rmsprop":
            return keras.optimizers.RMSprop(training.learning_rate, **average)
        case "lion":
            return keras.optimizers.Lion(training.learning_rate, **average)


def _weights(recipe: Recipe, records: Sequence[Record]) -> NDArray[np.float32] | None:
    if recipe.training.class_weights == "none":
        return None
    labels = [record.label for record in records]
    return compute_sample_weight("balanced", labels).astype(np.float32)


def _targets(recipe: Recipe, records: Sequence[Record], outputs: Outputs) -> NDArray[np.float32]:
    """1 for each output that belongs to the record's label, then the answers to further tasks.

    Returns:
        Shape (n, n_outputs + classes of all tasks).
    """
    count = len(outputs.names)
    known = dict(zip(anatomy.KEYS, outputs.membership.T, strict=True))
    # a label of another plane, which has an output of its own
    known |= {
        name: row
        for name, row in zip(outputs.names, np.eye(count), strict=True)
        if name not in known
    }
    rows = [known[record.label] for record in records]
    targets = np.array(rows, dtype=np.float32).reshape(-1, count)
    if recipe.multi_task is None:
        return targets
    return np.concatenate([targets, targets_of(recipe.multi_task.tasks, records)], axis=1)

"""Seconds per epoch of our pipeline and of the first report's own style, on the same network.

The report's style, as its words and Keras's own examples have it: every scan is read from its PNG
in every epoch, resized and augmented in float32, by TensorFlow as it is installed, which leaves
oneDNN off on processors without AVX-512. Both learn the seed CNN's recipe from the same scans, one
after the other in processes of their own, and are judged on the test scans of docs/experiments.md.
A third process tells how much of the ratio is oneDNN's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks import write_result
from fetal_model import anatomy
from fetal_model.architectures import build
from fetal_model.dataset.manifest import Record, read_phantoms
from fetal_model.training.data import Scans, gather
from fetal_model.training.fit import fit, precision_of
from fetal_model.training.progress import Moment
from fetal_model.training.recipe import Recipe, at_side, load_recipe, of_size
from fetal_model.training.sweep import TEST_SCANS, test_folder
from fetal_model.training.sweep_run import predict
from fetal_model.training.train import outputs_of

DATA = Path("data")
SIDE, EPOCHS = 128, 30
OURS, THEIRS, WITH_ONEDNN = "ours", "the report's style", "the report's style with oneDNN"
FEW = 5  # epochs of the third, which is not judged
CHILD = "import benchmarks.training_speed as it; it.child()"
AS_INSTALLED = "import tensorflow; "  # before ours, which turns oneDNN on


def main(arguments: Sequence[str] = ()) -> None:
    """Write `training-speed.json`; `--size` and `--epochs` make a trial of it, which is printed."""
    asked = _parser().parse_args(arguments)
    found = {
        OURS: _in_a_process(OURS, "", asked.epochs, asked.size),
        THEIRS: _in_a_process(THEIRS, AS_INSTALLED, asked.epochs, asked.size),
        WITH_ONEDNN: _in_a_process(WITH_ONEDNN, "", min(FEW, asked.epochs), asked.size),
    }
    own = found[OURS]
    result = {
        "epochs": asked.epochs,
        "side": SIDE,
        "cores": os.cpu_count(),
        "ways": found,
        "ratio_of_an_epoch": {
            way: round(found[way]["seconds_per_epoch"] / own["seconds_per_epoch"], 2)
            for way in (THEIRS, WITH_ONEDNN)
        },
        "ratio_in_all": round(found[THEIRS]["seconds_in_all"] / own["seconds_in_all"], 2),
        "simulated": True,
    }
    if asked.size or asked.epochs != EPOCHS:
        print(result)
    else:
        write_result("training-speed.json", result)


def child() -> None:
    """Train in one way, and print what was found as the last line."""
    parser = _parser()
    parser.add_argument("way", choices=(OURS, THEIRS, WITH_ONEDNN))
    asked = parser.parse_args()
    recipe = at_side(load_recipe("seed-cnn", {"epochs": asked.epochs}), SIDE)
    if asked.size:
        recipe = of_size(recipe, asked.size)
    scans = gather(recipe.data, DATA)
    model, seconds = (ours if asked.way == OURS else as_reported)(recipe, scans)
    found: dict[str, Any] = {
        "train_scans": len(scans.train),
        "batch_size": recipe.training.batch_size,
        "precision": precision_of(recipe) if asked.way == OURS else "float32",
        "epochs": asked.epochs,
        # the first epoch also traces the graph, and ours then reads the scans
        "first_epoch": round(seconds[0], 2),
        "seconds_per_epoch": round(statistics.median(seconds[1:] or seconds), 2),
        "seconds_in_all": round(sum(seconds), 1),
    }
    if asked.way != WITH_ONEDNN:
        test = read_phantoms(test_folder(DATA, TEST_SCANS))
        labels = [anatomy.KEYS.index(record.label) for record in test]
        right = predict(recipe, model, test).argmax(axis=1) == labels
        found |= {"right": int(right.sum()), "of": len(test)}
    print(json.dumps(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    return parser


def _in_a_process(way: str, first: str, epochs: int, size: int | None) -> dict[str, Any]:
    # which fetal_model has set for this process
    environment = {key: os.environ[key] for key in os.environ if key != "TF_ENABLE_ONEDNN_OPTS"}
    arguments = [way, "--epochs", str(epochs), *(["--size", str(size)] if size else [])]
    done = subprocess.run(
        [sys.executable, "-c", first + CHILD, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{way}: {found}", flush=True)
    return found


def ours(recipe: Recipe, scans: Scans) -> tuple[keras.Model, list[float]]:
    """The network of the best epoch, and the seconds of every epoch, reading included."""
    ends: list[float] = []

    def tell(moment: Moment) -> None:
        if moment.whole:
            ends.append(time.monotonic())

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as run:
        model = fit(recipe, outputs_of(recipe), scans, Path(run), tell)
    return model, np.diff([began, *ends]).tolist()


def as_reported(recipe: Recipe, scans: Scans) -> tuple[keras.Model, list[float]]:
    """The same, as a script in the style of the report would do it."""
    keras.utils.set_random_seed(recipe.training.seed)
    change = keras.Sequential(
        [
            layers.RandomFlip(recipe.augmentation.flip),
            layers.RandomRotation(recipe.augmentation.rotation, fill_mode="constant"),
        ]
    )
    train = _read_each_time(scans.train, recipe)
    train = train.batch(recipe.training.batch_size)
    train = train.map(lambda pixels, label: (change(pixels, training=True), label))
    validation = _read_each_time(scans.validation, recipe).batch(recipe.training.batch_size)
    model = build(recipe.architecture, **recipe.options)
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / "best.weights.h5"
        keep = keras.callbacks.ModelCheckpoint(
            str(best), save_best_only=True, save_weights_only=True
        )
        clock = _Clock()
        model.fit(
            train.prefetch(tf.data.AUTOTUNE),
            validation_data=validation,
            epochs=recipe.training.epochs,
            callbacks=[keep, clock],
            verbose=0,
        )
        model.load_weights(best)
    return model, clock.seconds


def _read_each_time(records: Sequence[Record], recipe: Recipe) -> tf.data.Dataset:
    files = [str(record.file) for record in records]
    labels = [anatomy.KEYS.index(record.label) for record in records]

    def read(file: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.io.decode_png(tf.io.read_file(file), channels=1)
        return tf.image.resize(pixels, (recipe.input.height, recipe.input.width)), label

    data = tf.data.Dataset.from_tensor_slices((files, labels))
    data = data.shuffle(len(files), seed=recipe.training.seed)
    return data.map(read, num_parallel_calls=tf.data.AUTOTUNE)


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds.append(time.monotonic() - self._began)


if __name__ == "__main__":
    main(sys.argv[1:])

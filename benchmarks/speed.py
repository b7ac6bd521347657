"""The full analysis of a scan against the naive way, a batched way, and one bare forward pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks import write_result
from fetal_model.phantom import simulate
from fetal_model.predictor import DROPOUT_SAMPLES, Predictor
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import preprocess
from fetal_model.store.versions import MODEL

ROUNDS = 15


def main() -> None:
    """Write `speed.json`: every way timed in turn, `ROUNDS` times, in one process."""
    import keras
    import tensorflow as tf
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    predictor = Predictor.load()
    image = simulate("femur", 1).image
    scan = Scan.from_array(image.astype(np.float32) / 255, "femur")
    batch = preprocess(scan, predictor.input)[0][np.newaxis]
    model = keras.models.load_model(predictor.version.file(MODEL), compile=False)
    best = int(np.argmax(model(batch)))
    cam = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)

    def heat() -> None:
        cam(CategoricalScore(best), batch, penultimate_layer="features")

    @tf.function
    def thirty(pixels: tf.Tensor) -> tf.Tensor:
        return model(tf.repeat(pixels, DROPOUT_SAMPLES, axis=0), training=True)

    def full() -> None:
        predictor.analyse(scan).heatmap()

    sees_all = predictor.keeping_annotations()

    def unmasked() -> None:
        sees_all.analyse(scan).heatmap()

    def masking() -> None:
        preprocess(scan, replace(predictor.input, annotations="taken away"))

    def naive() -> None:
        np.stack([model(batch, training=True) for _ in range(DROPOUT_SAMPLES)]).std(axis=0)
        heat()

    def batched() -> None:
        np.asarray(thirty(batch)).std(axis=0)
        heat()

    def bare() -> None:
        predictor.trunk(batch)

    ways = {
        "full analysis": full,
        "analysis without masking": unmasked,
        "masking": masking,
        "naive": naive,
        "batched": batched,
        "bare forward pass": bare,
    }
    seconds = timed(ways)
    full_times = np.array(seconds["full analysis"])
    ratios = {
        "naive / full analysis": np.array(seconds["naive"]) / full_times,
        "batched / full analysis": np.array(seconds["batched"]) / full_times,
        "full analysis / bare forward pass": full_times / np.array(seconds["bare forward pass"]),
        "analysis without masking / bare forward pass": np.array(
            seconds["analysis without masking"]
        )
        / np.array(seconds["bare forward pass"]),
    }
    result = {
        "version": predictor.version.label,
        "scan": f"{scan.pixels.shape[0]} rows x {scan.pixels.shape[1]} columns, simulated",
        "cores": os.cpu_count(),
        "rounds": ROUNDS,
        "milliseconds": {name: spread(1000 * np.array(t)) for name, t in seconds.items()},
        "ratios": {name: spread(values) for name, values in ratios.items()},
    }
    write_result("speed.json", result)


def timed(ways: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds of each way, in turn, after one warm-up of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if round_:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {
        "median": round(float(np.median(values)), 3),
        "minimum": round(float(values.min()), 3),
        "maximum": round(float(values.max()), 3),
    }

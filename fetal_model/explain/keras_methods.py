"""Explanations that need the network's own graph: Grad-CAM++ and Score-CAM by tf-keras-vis.

TensorFlow is imported when one of them is first used, never by importing this module. Grad-CAM
itself is closed-form and lives in `grad_cam.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.inference.outputs import Outputs
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, place, preprocess
from fetal_model.store.versions import MODEL, Version

if TYPE_CHECKING:
    import keras

Heat = NDArray[np.float32]
SCORE_CAM_MAPS = 10
"""Feature maps that Score-CAM tries, those that vary most; each costs one pass of the network."""
_ONE_AT_A_TIME = threading.Lock()


def explain(method: str, version: Version, scan: Scan, key: str) -> Heat:
    """Where a version sees one anatomy in a scan, by one of `METHODS`.

    Args:
        method: Name in `METHODS`.
        version: Its `model.keras` is checked by hash before it is loaded.
        scan: As `read_scan` returns it.
        key: The anatomy, one of `anatomy.KEYS`.

    Returns:
        float32 in [0, 1] of shape (height, width) on the uncropped scan; 0 everywhere where
        nothing speaks for the anatomy.

    Raises:
        ValueError: No such method or anatomy.
        VersionError: The file is missing or has changed.
    """
    if method not in METHODS or key not in KEYS:
        raise ValueError(
            f"explain: expected one of {', '.join(METHODS)} for one of {', '.join(KEYS)}, "
            f"received {method!r} for {key!r}"
        )
    path = version.file(MODEL)
    batch, region = preprocess(scan, InputSpec.from_dict(version.metadata["input"]))
    outputs = Outputs.from_dict(version.metadata["outputs"])
    # Two at once would only share the same cores, and hold two sets of masked scans in memory.
    with _ONE_AT_A_TIME:
        model = _load(path, version.metadata["files"][MODEL])
        heat = METHODS[method](model, batch, outputs, KEYS.index(key))
    return place(heat, region, scan.pixels.shape)


def grad_cam_plus_plus(
    model: keras.Model, pixels: NDArray[np.float32], outputs: Outputs, index: int
) -> Heat:
    """Grad-CAM++ (Chattopadhyay et al. 2018, arXiv:1710.11063).

    Args:
        model: Flat, ending in a softmax; it is cloned, never changed.
        pixels: One preprocessed scan, shape (height, width, 1).
        outputs: Meaning of the model's outputs.
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        float32 in [0, 1] on the feature grid, shape (rows, columns).
    """
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

    return gradient_map(GradcamPlusPlus, model, pixels, outputs, index)


def gradient_map(
    visualiser: type[Any],
    model: keras.Model,
    pixels: NDArray[np.float32],
    outputs: Outputs,
    index: int,
) -> Heat:
    """The map of one of tf-keras-vis's gradient methods on the layer `features`.

    The score is the log-sum-exp of the anatomy's logits, as in the closed-form Grad-CAM.
    """
    import tensorflow as tf

    members = np.flatnonzero(outputs.membership[:, index]).tolist()

    def score(logits: Any) -> Any:
        value = tf.reduce_logsumexp(tf.gather(logits, members, axis=1), axis=1)
        # Grad-CAM++ multiplies by exp(score), which overflows for a confident network. A constant
        # taken off the score scales the map by a constant, which the normalising removes.
        return value - tf.stop_gradient(value)

    heat = _linear(visualiser, model)(
        score,
        pixels[np.newaxis],
        penultimate_layer="features",
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    return _scaled(heat)


def score_cam(
    model: keras.Model, pixels: NDArray[np.float32], outputs: Outputs, index: int
) -> Heat:
    """Score-CAM (Wang et al. 2020, arXiv:1910.01279) over the most varied feature maps.

    Arguments and result as `grad_cam_plus_plus`. tf-keras-vis applies the softmax to what the model
    returns before it asks for the score, so the model is made linear here too, and the score is the
    anatomy's summed probability.
    """
    import tensorflow as tf
    from tf_keras_vis.scorecam import Scorecam

    members = np.flatnonzero(outputs.membership[:, index]).tolist()
    channels = model.get_layer("features").output.shape[-1]
    heat = _linear(Scorecam, model)(
        lambda probabilities: tf.reduce_sum(tf.gather(probabilities, members, axis=1), axis=1),
        pixels[np.newaxis],
        penultimate_layer="features",
        seek_penultimate_conv_layer=False,
        batch_size=SCORE_CAM_MAPS,
        max_N=min(SCORE_CAM_MAPS, channels),
        expand_cam=False,
        normalize_cam=False,
    )
    return _scaled(heat)


METHODS: dict[str, Callable[[keras.Model, NDArray[np.float32], Outputs, int], Heat]] = {
    "Grad-CAM++": grad_cam_plus_plus,
    "Score-CAM": score_cam,
}
"""What this module offers, by the name a reader sees."""


def _linear(visualiser: type[Any], model: keras.Model) -> Any:
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    return visualiser(model, model_modifier=ReplaceToLinear(), clone=True)


def _scaled(heat: Any) -> Heat:
    found = np.maximum(np.asarray(heat, dtype=np.float32)[0], 0)
    peak = found.max()
    return found / peak if peak > 0 else found


@lru_cache(maxsize=2)
def _load(path: Path, digest: str) -> keras.Model:
    """Load a checked model file; `digest` keys the cache, so that a new file is loaded anew."""
    import keras

    return keras.models.load_model(path, compile=False, safe_mode=True)

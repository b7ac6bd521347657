"""SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825) through tf-keras-vis."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, Network, scaled

SAMPLES = 16
NOISE = 0.2
"""Standard deviation of the noise as a share of the scan's range."""
_AT_ONCE = 4


def smooth_grad(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """How strongly each pixel moves the anatomy's logit, averaged over noisy copies of the scan.

    The noise is seeded by the scan, where tf-keras-vis would draw it anew each time.

    Args:
        network: What to explain; its graph is cloned, never changed.
        pixels: One preprocessed scan, float32 (height, width, 1).
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        On the input's own grid, shape (height, width), as every `network.Method`.
    """
    import tensorflow as tf
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    members = np.flatnonzero(network.outputs.membership[:, index]).tolist()

    def score(logits: Any) -> Any:
        return tf.reduce_logsumexp(tf.gather(logits, members, axis=1), axis=1)

    saliency = Saliency(network.graph(), model_modifier=ReplaceToLinear(), clone=True)
    rng = np.random.default_rng(seed_of(pixels))
    deviation = NOISE * float(np.ptp(pixels))
    total = np.zeros(pixels.shape[:2])
    for start in range(0, SAMPLES, _AT_ONCE):
        count = min(_AT_ONCE, SAMPLES - start)
        noisy = pixels + rng.normal(0, deviation, (count, *pixels.shape))
        total += saliency(score, noisy.astype(np.float32), normalize_map=False).sum(axis=0)
    return scaled(total)


def seed_of(pixels: NDArray[np.float32]) -> int:
    """Seed of a scan's noise."""
    return zlib.crc32(pixels.tobytes())

"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) in closed form through the NumPy head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, scaled
from fetal_model.inference.head import Head
from fetal_model.inference.outputs import Outputs


def grad_cam(features: NDArray[np.float32], head: Head, outputs: Outputs, index: int) -> Heat:
    """Where the features speak for one anatomy.

    Each channel weighs as the gradient of the anatomy's logit by its mean (equation 1). Max pooling
    in the head hands every gradient on to one cell, so the mean over cells differs from that by a
    constant factor, which the scaling removes.

    Args:
        features: Feature map, shape (rows, columns, channels).
        head: The head that follows.
        outputs: Meaning of its outputs; several outputs of one anatomy combine by log-sum-exp.
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        Shape (rows, columns), float32 in [0, 1], its maximum 1 unless nothing speaks for the
        anatomy, when it is 0 everywhere.
    """
    pooled = head.pool(features)
    direction = outputs.direction(head.logits(pooled), index)
    weights = head.gradient(pooled, direction)
    return scaled(features.astype(np.float64) @ weights)

"""Grad-CAM++ (Chattopadhyay et al. 2018, arXiv:1710.11063) in closed form, by the head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, scaled
from fetal_model.inference.head import Head
from fetal_model.inference.outputs import Outputs


def grad_cam_plus_plus(
    features: NDArray[np.float32], head: Head, outputs: Outputs, index: int
) -> Heat:
    """Grad-CAM without the channels that speak against the anatomy.

    The method weighs each cell's positive gradient by a share that depends on the channel's
    gradient in that cell and on the channel's sum (equation 19). Behind average pooling, with or
    without max pooling before it, every cell through which a channel counts has the same gradient,
    so their shares are equal and sum to 1: the channel's weight is the positive part of its
    gradient, and nothing else is left.

    Args:
        features: Feature map, shape (rows, columns, channels).
        head: The head that follows.
        outputs: Meaning of its outputs; several outputs of one anatomy combine by log-sum-exp.
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        Shape (rows, columns), as every `network.Method`.
    """
    pooled = head.pool(features)
    direction = outputs.direction(head.logits(pooled), index)
    weights = np.maximum(head.gradient(pooled, direction), 0)
    return scaled(features.astype(np.float64) @ weights)

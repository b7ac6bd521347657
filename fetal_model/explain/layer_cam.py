"""LayerCAM (Jiang et al. 2021, IEEE TIP 30, "LayerCAM: Exploring Hierarchical Class Activation Maps
for Localization") in closed form through the NumPy head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, scaled
from fetal_model.inference.head import Head
from fetal_model.inference.outputs import Outputs


def layer_cam(features: NDArray[np.float32], head: Head, outputs: Outputs, index: int) -> Heat:
    """Each feature times its own positive gradient, summed over channels.

    Behind plain average pooling every cell of a channel has the same gradient, and this is
    `grad_cam_plus_plus`; where max pooling comes first, only the greatest cell of each square
    of four has one.

    Args:
        features: Feature map, shape (rows, columns, channels), not below 0.
        head: The head that follows.
        outputs: Meaning of its outputs; several outputs of one anatomy combine by log-sum-exp.
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        Shape (rows, columns), as every `network.Method`.
    """
    pooled = head.pool(features)
    direction = outputs.direction(head.logits(pooled), index)
    weights = np.maximum(head.gradient(pooled, direction), 0)
    maps = features.astype(np.float64)
    if head.pooling == "max2-average":
        maps = maps * _greatest_of_four(maps)
    return scaled(maps @ weights)


def _greatest_of_four(maps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where 2x2 max pooling takes its values from; among equals the first.

    A last odd row or column is left out by the pooling.
    """
    rows, columns, channels = maps.shape
    taken = np.zeros(maps.shape, dtype=bool)
    high, wide = rows // 2, columns // 2
    squares = maps[: high * 2, : wide * 2].reshape(high, 2, wide, 2, channels)
    squares = squares.transpose(0, 2, 4, 1, 3).reshape(high, wide, channels, 4)
    first = squares.argmax(axis=-1)[..., np.newaxis] == np.arange(4)
    back = first.reshape(high, wide, channels, 2, 2).transpose(0, 3, 1, 4, 2)
    taken[: high * 2, : wide * 2] = back.reshape(high * 2, wide * 2, channels)
    return taken

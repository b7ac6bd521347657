"""Whether a map lies on the anatomy, given its mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mass_in_mask(heat: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Share of a map that lies on the anatomy.

    Args:
        heat: Shape (height, width), not below 0.
        mask: bool of the same shape.

    Returns:
        In [0, 1]; 0 for a map of zeros.

    Example:
        >>> heat = np.array([[3.0, 1.0]], np.float32)
        >>> mass_in_mask(heat, np.array([[True, False]]))
        0.75
    """
    total = float(heat.sum(dtype=np.float64))
    return float(heat[mask].sum(dtype=np.float64)) / total if total else 0.0


def pointing_game(heat: NDArray[np.float32], mask: NDArray[np.bool_]) -> bool:
    """Whether the hottest pixel lies on the anatomy (Zhang et al. 2016, arXiv:1608.00507).

    Args:
        heat: Shape (height, width), not below 0.
        mask: bool of the same shape.

    Returns:
        False for a map of zeros as well; of several hottest pixels the first counts.
    """
    return bool(heat.max() > 0 and mask.ravel()[heat.argmax()])

"""Maps that know nothing of the network, or nothing of the scan: what an explanation must beat."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, Method, Network, scaled

GRID = (14, 18)
"""Rows and columns of the maps that have no grid of their own."""
_WIDTH = 0.25
"""Standard deviation of the Gaussian as a share of the scan's sides."""


def random_map(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """Evenly distributed values, drawn from the scan and the anatomy, so that they repeat."""
    rng = np.random.default_rng([zlib.crc32(pixels.tobytes()), index])
    return scaled(rng.random(GRID))


def edge_filter(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """Magnitude of Sobel's gradient on the input's own grid, shape (height, width)."""
    grey = pixels[:, :, 0]
    across, down = (cv2.Sobel(grey, cv2.CV_32F, dx, dy) for dx, dy in ((1, 0), (0, 1)))
    return scaled(np.hypot(across, down))


def central_gaussian(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """The same blob in the middle of every scan: what a decorative heatmap is."""
    down, across = (
        np.exp(-0.5 * (((np.arange(side) + 0.5) / side - 0.5) / _WIDTH) ** 2) for side in GRID
    )
    return scaled(np.outer(down, across))


def class_mean(maps: Mapping[int, NDArray[np.float32]]) -> Method:
    """The map that an anatomy has on average, whatever the scan.

    Args:
        maps: For each position of an anatomy in `anatomy.KEYS` the maps of scans that show it, all
            of one grid, shape (n, rows, columns), from scans that the explanation is not judged on.

    Returns:
        A method that knows the anatomies of `maps`; asked for another it raises KeyError.

    Raises:
        ValueError: An anatomy has no map, or they are no maps.

    Example:
        >>> maps = np.array([[[0.0, 1.0]], [[0.0, 0.0]]], np.float32)
        >>> class_mean({0: maps})(None, None, 0).tolist()
        [[0.0, 1.0]]
    """
    for index, some in maps.items():
        if some.ndim != 3 or not some.size:
            raise ValueError(
                f"class_mean: expected maps of shape (n, rows, columns) of anatomy {index}, "
                f"received {some.shape}: explain some scans that show it"
            )
    means = {index: scaled(some.mean(axis=0)) for index, some in maps.items()}

    def mean_map(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
        return means[index]

    return mean_map


BASELINES: dict[str, Method] = {
    "Random": random_map,
    "Edge filter": edge_filter,
    "Central Gaussian": central_gaussian,
}
"""Those that need nothing but the scan; the fourth, `class_mean`, is made from maps."""

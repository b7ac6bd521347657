"""Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901): what hiding a part costs the answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.network import Heat, Network, scaled

GRID = (14, 18)
"""Rows and columns of cells; a square of `SPAN` by `SPAN` cells is hidden at a time."""
SPAN = 3


def occlusion(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """How far the anatomy's log-probability falls where a part of the scan is hidden.

    The part is hidden behind the scan's mean grey. The logarithm keeps a network that is sure of
    its answer from giving a flat map.

    Args:
        network: What to explain.
        pixels: One preprocessed scan, float32 (height, width, 1).
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        Shape `GRID`, each cell the mean over the squares that hide it, as every `network.Method`.
    """
    places = [
        (row, column) for row in range(GRID[0] - SPAN + 1) for column in range(GRID[1] - SPAN + 1)
    ]
    down, across = (
        np.linspace(0, side, cells + 1).round().astype(int)
        for side, cells in zip(pixels.shape[:2], GRID, strict=True)
    )
    mean = pixels.mean()

    def scans() -> Iterator[NDArray[np.float32]]:
        yield pixels
        for row, column in places:
            hidden = pixels.copy()
            hidden[down[row] : down[row + SPAN], across[column] : across[column + SPAN]] = mean
            yield hidden

    whole, *left = np.log(np.maximum(network.shares(scans(), index), np.finfo(float).tiny))
    total, count = np.zeros(GRID), np.zeros(GRID)
    for (row, column), value in zip(places, left, strict=True):
        square = slice(row, row + SPAN), slice(column, column + SPAN)
        total[square] += whole - value
        count[square] += 1
    return scaled(total / count)

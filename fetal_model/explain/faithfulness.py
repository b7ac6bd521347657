"""Whether a map says what the network looks at: insertion, deletion and ROAD, by asking it again.

Whether a map lies on the anatomy is another question, see `localisation.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import spsolve

from fetal_model.explain.network import Heat, Network
from fetal_model.inference.head import Floats

STEPS = 20
"""Equal parts of the scan that are taken away or given back one after the other."""
PERCENTILES = (10, 20, 30, 40, 50, 70, 90)
"""Shares of the scan, in percent, that ROAD removes."""
_BLUR = 1 / 20
"""Standard deviation of insertion's first picture, as a share of the shorter side."""
_GRID = 4
"""Pixels along the side of a cell in which ROAD imputes."""
_NOISE = 0.01
"""Standard deviation of ROAD's noise, as a share of the scan's range."""
_NEIGHBOURS = tuple(
    (down, across, (1 / 6 if 0 in (down, across) else 1 / 12))
    for down in (-1, 0, 1)
    for across in (-1, 0, 1)
    if (down, across) != (0, 0)
)


def insertion(
    network: Network, pixels: NDArray[np.float32], heat: Heat, index: int, steps: int = STEPS
) -> float:
    """Area under the anatomy's share while the hottest pixels are given back to a blurred scan.

    Petsiuk et al. 2018, arXiv:1806.07421. Higher is better.

    Args:
        network: What the map explains.
        pixels: One preprocessed scan, float32 (height, width, 1).
        heat: Its map, shape (rows, columns) on any grid.
        index: Position of the anatomy in `anatomy.KEYS`.
        steps: Passes of the trunk less one.

    Returns:
        In [0, 1].
    """
    deviation = _BLUR * min(pixels.shape[:2])
    blurred = np.asarray(cv2.GaussianBlur(pixels[:, :, 0], (0, 0), deviation), np.float32)
    return _area(network, blurred[:, :, np.newaxis], pixels, heat, index, steps)


def deletion(
    network: Network, pixels: NDArray[np.float32], heat: Heat, index: int, steps: int = STEPS
) -> float:
    """Area under the anatomy's share while the hottest pixels turn to the scan's mean grey.

    Arguments, result and source as `insertion`. Lower is better.
    """
    return _area(network, pixels, np.full_like(pixels, pixels.mean()), heat, index, steps)


def road(
    network: Network,
    pixels: NDArray[np.float32],
    heat: Heat,
    index: int,
    percentiles: tuple[int, ...] = PERCENTILES,
) -> float:
    """By how much the anatomy's share falls further without the hottest than without the coldest.

    RemOve And Debias, Rong et al. 2022, arXiv:2202.00449: what is removed is filled with the mean
    of its neighbours and a little noise, so that the shape of the hole tells nothing.

    Args:
        network: What the map explains.
        pixels: One preprocessed scan, float32 (height, width, 1).
        heat: Its map, shape (rows, columns) on any grid.
        index: Position of the anatomy in `anatomy.KEYS`.
        percentiles: Shares of the scan that are removed.

    Returns:
        Half the mean difference over the percentiles, in [-0.5, 0.5]. Higher is better; a map that
        knows nothing gets about 0.
    """
    rows, columns = -(-pixels.shape[0] // _GRID), -(-pixels.shape[1] // _GRID)
    shrunk = cv2.resize(pixels[:, :, 0], (columns, rows), interpolation=cv2.INTER_AREA)
    coarse = np.asarray(shrunk, np.float32)
    order = _hottest_first(heat, coarse.shape)
    rng = np.random.default_rng(0)
    counts = [round(order.size * percentile / 100) for percentile in percentiles]

    def scans() -> Iterator[NDArray[np.float32]]:
        for count in counts:
            for cells in (order[:count], order[order.size - count :]):
                removed = np.zeros(coarse.size, dtype=bool)
                removed[cells] = True
                yield _imputed(pixels, coarse, removed.reshape(coarse.shape), rng)

    hottest, coldest = network.shares(scans(), index).reshape(-1, 2).T
    return float((coldest - hottest).mean() / 2)


def impute(grey: NDArray[np.floating], removed: NDArray[np.bool_]) -> Floats:
    """Each removed cell as the weighted mean of its eight neighbours, all of them at once.

    Args:
        grey: Shape (rows, columns).
        removed: bool (rows, columns), not all of them.

    Returns:
        Shape (rows, columns). Diagonal neighbours weigh half; at the border those that are missing
        leave their weight to the others.
    """
    filled = np.array(grey, dtype=np.float64)
    places = np.flatnonzero(removed)
    if not places.size:
        return filled
    number = np.full(removed.shape, -1)
    number[removed] = np.arange(places.size)
    row, column = np.nonzero(removed)
    total, right = np.zeros(places.size), np.zeros(places.size)
    entries: list[tuple[NDArray[np.intp], NDArray[np.intp], float]] = []
    for down, across, weight in _NEIGHBOURS:
        y, x = row + down, column + across
        within = (y >= 0) & (y < removed.shape[0]) & (x >= 0) & (x < removed.shape[1])
        own = np.flatnonzero(within)
        y, x = y[within], x[within]
        total[own] += weight
        known = ~removed[y, x]
        right[own[known]] += weight * filled[y[known], x[known]]
        entries.append((own[~known], number[y[~known], x[~known]], weight))
    here = np.concatenate([one for one, _, _ in entries])
    there = np.concatenate([other for _, other, _ in entries])
    weights = np.concatenate([np.full(one.size, -weight) for one, _, weight in entries])
    size = (places.size, places.size)
    mixing = coo_matrix((weights, (here, there)), size).tocsr()
    diagonal = np.arange(places.size)
    system = csr_matrix(mixing + csr_matrix((total, (diagonal, diagonal)), size))
    filled[removed] = spsolve(system, right)
    return filled


def _imputed(
    pixels: NDArray[np.float32],
    coarse: NDArray[np.float32],
    removed: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    means = impute(coarse, removed).astype(np.float32)
    smooth = cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR)
    noise = rng.normal(0, _NOISE * float(np.ptp(pixels)), (height, width))
    fill = np.asarray(smooth + noise, np.float32)
    hole = cv2.resize(removed.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(hole[:, :, np.newaxis] > 0, fill[:, :, np.newaxis], pixels)


def _area(
    network: Network,
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    heat: Heat,
    index: int,
    steps: int,
) -> float:
    """Area under the anatomy's share on the way from one picture to the other, hottest first."""
    order = _hottest_first(heat, start.shape[:2])

    def scans() -> Iterator[NDArray[np.float32]]:
        for step in range(steps + 1):
            changed = np.zeros(order.size, dtype=bool)
            changed[order[: round(order.size * step / steps)]] = True
            yield np.where(changed.reshape(*start.shape[:2], 1), end, start)

    return float(np.trapezoid(network.shares(scans(), index), dx=1 / steps))


def _hottest_first(heat: Heat, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Flat positions on another grid; what is equally hot comes in an order of no meaning."""
    size = (shape[1], shape[0])
    placed = cv2.resize(heat.astype(np.float32), size, interpolation=cv2.INTER_LINEAR).ravel()
    # Without it a map that is 0 everywhere would remove the scan from top to bottom.
    shuffled = np.random.default_rng(0).permutation(placed.size)
    return shuffled[np.argsort(-placed[shuffled], kind="stable")]

"""Where the named structures of a simulated scan lie, as outlines that a page can point at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.structures import STRUCTURES

_LEAST_PIXELS = 24
_TOLERANCE_PX = 0.8


@dataclass(frozen=True)
class Region:
    """One structure in a picture.

    Attributes:
        name: One of `structures.STRUCTURES`.
        share: Of the picture's pixels, 0 to 1.
        loops: Closed outlines, holes among them (even-odd rule); points (x, y) as shares of the
            picture's width and height.
        middle: A point (x, y) of the structure, near its centre, for its name.
    """

    name: str
    share: float
    loops: tuple[tuple[tuple[float, float], ...], ...]
    middle: tuple[float, float]


def regions(codes: NDArray[np.uint8]) -> tuple[Region, ...]:
    """The structures of a label map, the largest first, those of a few pixels left out.

    Args:
        codes: `Phantom.structures`, uint8 (height, width).

    Example:
        >>> codes = np.zeros((40, 40), np.uint8)
        >>> codes[10:30, 10:30] = 1
        >>> (found,) = regions(codes)
        >>> found.name, found.share, found.loops[0][0]
        ('skull', 0.25, (0.25, 0.25))
    """
    counts = np.bincount(codes.ravel(), minlength=len(STRUCTURES) + 1)
    present = [code for code in range(1, len(counts)) if counts[code] >= _LEAST_PIXELS]
    present.sort(key=lambda code: -counts[code])
    return tuple(_region(codes, code, float(counts[code] / codes.size)) for code in present)


def _region(codes: NDArray[np.uint8], code: int, share: float) -> Region:
    height, width = codes.shape
    mask = (codes == code).astype(np.uint8)
    # A border of one pixel lets the outline of what touches the edge of the picture close.
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    loops = [cv2.approxPolyDP(loop, _TOLERANCE_PX, closed=True)[:, 0] for loop in found]
    return Region(
        STRUCTURES[code - 1],
        share,
        tuple(
            tuple((float(x / width), float(y / height)) for x, y in loop)
            for loop in loops
            if len(loop) > 2
        ),
        (float((column - 0.5) / width), float((row - 0.5) / height)),
    )

"""Text that a scanner burned into a scan: rows of small, even, bright characters on dark ground.

Found by shape alone, nothing is read. How many it finds and misses is in `docs/results.md`.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST = 3
"""Characters that make a row of text."""
_STROKE = 11
"""Pixels; strokes of characters are thinner, tissue mostly is not."""
_CONTRAST = 60
"""Grey levels of 255 that a stroke stands out by."""
_HEIGHTS = (5, 1 / 16)
"""Shortest character in pixels, tallest as a share of the scan's height."""
_GROUND = 0.5
"""Largest grey beside a character, as a share of its own."""


class _Character(NamedTuple):
    left: int
    top: int
    width: int
    height: int
    grey: float

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def base(self) -> int:
        return self.top + self.height


def longest_row(grey: NDArray[np.uint8]) -> int:
    """Characters of the longest row of text on a scan, 0 where there is none.

    Args:
        grey: uint8 (height, width).

    Example:
        >>> screen = np.zeros((300, 400), np.uint8)
        >>> longest_row(screen)
        0
        >>> drawn = cv2.putText(screen, "Gn -7", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 200)
        >>> longest_row(screen) >= LEAST
        True
    """
    rows: list[list[_Character]] = []
    for character in sorted(_characters(grey)):
        row = next((row for row in rows if _follows(character, row[-1])), None)
        if row is None:
            rows.append([character])
        else:
            row.append(character)
    return max(map(len, rows), default=0)


def _characters(grey: NDArray[np.uint8]) -> list[_Character]:
    element = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))
    thin = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, element) > _CONTRAST
    count, marks, statistics, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8))
    tallest = max(12, round(grey.shape[0] * _HEIGHTS[1]))
    found = []
    for mark in range(1, count):
        left, top, width, height, area = map(int, statistics[mark])
        fits = _HEIGHTS[0] <= height <= tallest and width <= 2 * height
        if not fits or area < 0.15 * width * height:
            continue
        around = (
            slice(max(0, top - 2), top + height + 2),
            slice(max(0, left - 2), left + width + 2),
        )
        own = marks[around] == mark
        ground = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
        if not ground.any():
            continue
        level = float(np.percentile(grey[around][own], 75))
        if np.percentile(grey[around][ground], 75) <= _GROUND * level:
            found.append(_Character(left, top, width, height, level))
    return found


def _follows(character: _Character, before: _Character) -> bool:
    """Whether it stands next in a row: close by, on the same line, of like height and grey."""
    tall, short = max(character.height, before.height), min(character.height, before.height)
    return (
        -1 <= character.left - before.right <= 1.3 * tall
        and abs(character.base - before.base) <= 0.35 * tall
        and tall <= 1.8 * short
        and min(character.grey, before.grey) > 0.75 * max(character.grey, before.grey)
    )

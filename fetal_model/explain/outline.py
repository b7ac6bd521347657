"""The outline of an anatomy's mask drawn on a scan, so that what lies within stays as it was."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RIM = (16, 16, 16)
_LINES_PER_SIDE = 260
"""The line is this share of the longer side thick, so that it looks the same on every scan."""


def outline(display: NDArray[np.uint8], mask: NDArray[np.uint8], colour: str) -> NDArray[np.uint8]:
    """Draw the contours of a mask, holes included, as a line with a dark rim.

    Args:
        display: RGB, uint8 of shape (height, width, 3).
        mask: Non-zero where the anatomy is, uint8 of shape (height, width).
        colour: `#rrggbb`.

    Returns:
        RGB, uint8 of shape (height, width, 3); equal to `display` for an empty mask.

    Raises:
        ValueError: Shapes, or a colour of another form.

    Example:
        >>> scan, mask = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8)
        >>> mask[10:30, 10:30] = 1
        >>> drawn = outline(scan, mask, "#009E73")
        >>> drawn[10, 20].tolist(), drawn[20, 20].tolist()
        ([0, 158, 115], [0, 0, 0])
    """
    if display.ndim != 3 or display.shape[2] != 3 or mask.shape != display.shape[:2]:
        raise ValueError(
            "outline: expected a scan of shape (height, width, 3) and a mask of its height and "
            f"width, received {display.shape} and {mask.shape}"
        )
    line = max(2, round(max(mask.shape) / _LINES_PER_SIDE))
    drawn = np.ascontiguousarray(display).copy()
    found: Any
    found, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for shade, thickness in ((RIM, line + 2), (_rgb(colour), line)):
        cv2.drawContours(drawn, found, -1, shade, thickness, cv2.LINE_AA)
    return drawn


def _rgb(colour: str) -> tuple[int, int, int]:
    try:
        if len(colour) != 7 or colour[0] != "#":
            raise ValueError
        red, green, blue = bytes.fromhex(colour[1:])
    except ValueError:
        raise ValueError(f"colour: expected #rrggbb, received {colour!r}") from None
    return red, green, blue

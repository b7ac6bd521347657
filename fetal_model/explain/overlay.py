"""A heatmap laid over a scan so that tissue stays readable, and the legend that explains it."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.float32)

# Perceptually uniform, told apart by colour-blind readers, and without the greys that tissue has.
COLOUR_MAP = cv2.COLORMAP_INFERNO
LONGEST_SIDE = 1600
"""More pixels than a page shows; larger pictures only make every move of a slider slow."""


def overlay(
    display: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float
) -> NDArray[np.uint8]:
    """Lay a heatmap over a scan; what has no heat stays exactly as it was.

    Args:
        display: RGB, uint8 of shape (height, width, 3).
        heat: float32 in [0, 1] of shape (height, width).
        opacity: In [0, 1]: how much of the scan the hottest pixel hides. A pixel's own opacity is
            this times its heat.

    Returns:
        RGB, uint8 of shape (height, width, 3).

    Raises:
        ValueError: Shapes, or values outside [0, 1].

    Example:
        >>> scan = np.full((2, 2, 3), 90, np.uint8)
        >>> overlay(scan, np.zeros((2, 2), np.float32), 1.0)[0, 0].tolist()
        [90, 90, 90]
    """
    if display.ndim != 3 or display.shape[2] != 3 or heat.shape != display.shape[:2]:
        raise ValueError(
            "overlay: expected a scan of shape (height, width, 3) and a heatmap of its height and "
            f"width, received {display.shape} and {heat.shape}"
        )
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity: expected a value in [0, 1], received {opacity}")
    if heat.size and not (heat.min() >= 0 and heat.max() <= 1):  # NaN fails this as well
        raise ValueError(f"heat: expected values in [0, 1], received {heat.min()} to {heat.max()}")
    colour = colours(heat)
    alpha = (opacity * heat)[:, :, np.newaxis]
    mixed = display * (1 - alpha) + colour * alpha
    return np.rint(mixed).astype(np.uint8)


def colours(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Opaque RGB colours of heat values in [0, 1], shape (height, width, 3)."""
    levels = np.rint(heat * 255).astype(np.uint8)
    coloured = cv2.cvtColor(cv2.applyColorMap(levels, COLOUR_MAP), cv2.COLOR_BGR2RGB)
    return np.asarray(coloured, dtype=np.uint8)


def legend_strip(opacity: float, width: int = 600, height: int = 10) -> NDArray[np.uint8]:
    """What heat 0 to 1, from left to right, looks like over mid-grey tissue at this opacity.

    Returns:
        RGB, uint8 of shape (height, width, 3).
    """
    tissue = np.full((height, width, 3), 80, np.uint8)
    ramp = np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))
    return overlay(tissue, ramp, opacity)


def fit_screen(picture: NDArray[Pixel], longest: int = LONGEST_SIDE) -> NDArray[Pixel]:
    """A picture or a heatmap, shrunk if a side is longer than `longest` pixels.

    Args:
        picture: uint8 or float32 of shape (height, width) or (height, width, 3).
        longest: Of the result, in pixels; the aspect ratio stays.
    """
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    shrunk: Any = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return shrunk

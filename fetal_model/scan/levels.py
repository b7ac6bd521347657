"""Which stored value is white: the bit depth that a picture uses, not the one of its container."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def white_level(maximum: float, bits: int) -> int:
    """Return the stored value that stands for white.

    A 16-bit file may hold 8- or 12-bit greys, because its writer only widened the container;
    divided by 65535 they would be black to the eye and to a model. So where the brightest pixel
    uses less than a sixteenth of the declared range, the smallest of 8 and 12 bits that holds it
    is taken. A scan that really is that dark would show nothing at all; scans have calipers,
    text or bone near white, so the two cases do not meet in practice.

    Args:
        maximum: Largest stored value.
        bits: Bits per sample that the file declares.

    Example:
        >>> white_level(60_000, 16), white_level(4_095, 16), white_level(255, 16)
        (65535, 4095, 255)
        >>> white_level(200, 10)  # a fifth of the range: dark, but meant so
        1023
    """
    for depth in (8, 12):
        if depth + 4 <= bits and maximum < 2**depth:
            return 2**depth - 1
    return 2**bits - 1


def scale_to_white(values: NDArray[np.number], white: float) -> NDArray[np.float32]:
    """Divide stored values by the value of white; float32 in [0, 1], overshoot clipped."""
    scaled = values.astype(np.float32) / np.float32(white)
    return np.clip(scaled, 0.0, 1.0, out=scaled)


def colour_to_grey(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the luma (ITU-R BT.601) of uint8 RGB (height, width, 3) as float32 in [0, 1].

    OpenCV's integer weights add up to one exactly, so a grey picture saved as RGB comes out with
    the very values it has when it is saved as greyscale.
    """
    return scale_to_white(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 255)

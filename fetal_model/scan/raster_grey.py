"""Stored greys of more than 8 bits in PNG and TIFF to grey levels: which value is white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fetal_model.scan.levels import scale_to_white, white_level
from fetal_model.scan.types import ScanError

# Values of white that floats are written with, besides 1: those of 8, 12 and 16 bits.
_FLOAT_WHITES = (1.0, 255.0, 4095.0, 65535.0)
# Interpolation leaves floats a little outside their range.
_OVERSHOOT = 1e-3


def sixteen_bit_to_grey(
    image: Image.Image, bits: int, white_is_zero: bool
) -> tuple[NDArray[np.float32], str]:
    """16-bit values over the value of white for the depth in use, and their range in words."""
    values = np.asarray(image).astype(np.uint16)
    white = white_level(int(values.max()), bits)
    if white_is_zero:  # Pillow inverts such a TIFF at 8 bits, but not at 16
        return scale_to_white(white - values.astype(np.int32), white), f"{white} to 0"
    return scale_to_white(values, white), f"0 to {white}"


def integers_to_grey(image: Image.Image, name: str) -> tuple[NDArray[np.float32], str]:
    """32-bit integers are read when they fit 16 bits; beyond, white could be anywhere."""
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise _range_error(name, "integers from 0 to 65535", f"{low} to {high}")
    white = white_level(high, 16)
    return scale_to_white(values, white), f"0 to {white}"


def floats_to_grey(image: Image.Image, name: str) -> tuple[NDArray[np.float32], str]:
    """Floats carry no value of white; it is taken from the maximum where only one can be meant.

    A maximum up to 1, or from a sixteenth of 255, 4095 or 65535 up to it, has one reading; what
    lies between (a maximum of 3, say) is refused rather than guessed.
    """
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise _range_error(name, "a number in every pixel", "pixels that are not a number")
    low, high = float(values.min()), float(values.max())
    for white in _FLOAT_WHITES:
        floor = 0.0 if white == 1.0 else white / 16
        if floor <= high <= white * (1 + _OVERSHOOT) and low >= -white * _OVERSHOOT:
            return scale_to_white(values, white), f"0 to {white:g}"
    raise _range_error(name, "values from 0 to 1 or from 0 to 255", f"{low:.4g} to {high:.4g}")


def _range_error(name: str, expected: str, found: str) -> ScanError:
    return ScanError.of(
        name, expected=expected, found=found, advice="Export the scan as an 8-bit PNG"
    )

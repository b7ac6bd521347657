"""How big and how small a file may be; checked before anything is decoded."""

from __future__ import annotations

from fetal_model.scan.types import ScanError
from fetal_model.settings import read_settings

_SETTINGS = read_settings()
MAX_BYTES = _SETTINGS.max_bytes
# A deflated DICOM file may grow to the largest picture in colour, 3 bytes a pixel.
MAX_INFLATED_BYTES = 2 * MAX_BYTES
MAX_PIXELS = _SETTINGS.max_pixels
# Below this, nothing of an anatomy is left to recognise.
MIN_SIDE = 32
# Counting the pages of a file stops here: a forged TIFF can chain millions of empty ones.
MAX_FRAMES_COUNTED = _SETTINGS.max_frames_counted


def check_bytes(name: str, size: int) -> None:
    """Raise `ScanError` when a file has no bytes or too many."""
    if size == 0:
        raise ScanError.of(
            name,
            expected="a scan",
            found="an empty file",
            advice="Copy or export it again",
        )
    if size > MAX_BYTES:
        raise ScanError.of(
            name,
            expected=f"at most {MAX_BYTES // 1024**2} MiB",
            found=f"more than that ({size / 1024**2:.0f} MiB)",
            advice="Export a single still",
        )


def check_size(name: str, width: int, height: int) -> None:
    """Raise `ScanError` when a picture has too few or too many pixels."""
    if min(width, height) < MIN_SIDE:
        raise ScanError.of(
            name,
            expected=f"at least {MIN_SIDE} x {MIN_SIDE} pixels",
            found=f"{width} x {height}",
            advice="Export the scan at its full size",
        )
    if width * height > MAX_PIXELS:
        raise ScanError.of(
            name,
            expected=f"at most {MAX_PIXELS // 10**6} megapixels",
            found=f"{width} x {height} ({width * height / 1e6:.0f} megapixels)",
            advice="Export the scan at the size of the scanner's screen",
        )

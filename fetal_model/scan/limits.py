"""How big and how small a file may be; checked before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from fetal_model.scan.types import ScanError
from fetal_model.settings import read_settings

_SETTINGS = read_settings()
MAX_BYTES = _SETTINGS.max_bytes
# A deflated DICOM file may grow to the largest picture in colour, 3 bytes a pixel.
MAX_INFLATED_BYTES = 2 * MAX_BYTES
MAX_PIXELS = _SETTINGS.max_pixels
# Below this, nothing of an anatomy is left to recognise.
MIN_SIDE = 32
# A scanner's screen is at most 2.4 times as wide as high; a strip is no scan.
MAX_ASPECT = 10
# Counting the pages of a file stops here: a forged TIFF can chain millions of empty ones.
MAX_FRAMES_COUNTED = _SETTINGS.max_frames_counted

INFLATED_ON_PAGE = 1024**3
"""Bytes of the members of all ZIPs that the first page takes; they stay in memory."""


@dataclass(frozen=True)
class Limits:
    """How much a clip, an archive or a folder may hold; each can be read on a small computer.

    Attributes:
        clip_bytes: Bytes of a clip. Two minutes uncompressed in colour are some 4 GiB, but what
            scanners store compressed, and sweeps of ten seconds, are below 1.
        frames: Frames of a clip.
        files: Files in one folder, archive or DICOMDIR.
        archive_bytes: Bytes of an archive, packed.
        inflated_bytes: Bytes of an archive's members, unpacked, all together.
        ratio: Unpacked over packed bytes of a member above `MAX_BYTES`: black pictures deflate by
            up to 1,000, scans by 1 to 5.
    """

    clip_bytes: int = 1024**3
    frames: int = 5000
    files: int = 10_000
    archive_bytes: int = 4 * 1024**3
    inflated_bytes: int = 8 * 1024**3
    ratio: int = 100


LIMITS = Limits()


def check_bytes(name: str, size: int, most: int = MAX_BYTES) -> None:
    """Raise `ScanError` when a file has no bytes or too many."""
    if size == 0:
        raise ScanError.of(
            name,
            expected="a scan",
            found="an empty file",
            advice="Copy or export it again",
        )
    if size > most:
        raise ScanError.of(
            name,
            expected=f"at most {most // 1024**2} MiB",
            found=f"more than that ({size / 1024**2:.0f} MiB)",
            advice="Export a single still" if most == MAX_BYTES else "Export a part of it",
        )


def check_frames(name: str, frames: int, limits: Limits) -> None:
    """Raise `ScanError` when a clip has too many frames."""
    if frames > limits.frames:
        raise ScanError.of(
            name,
            expected=f"a clip of at most {limits.frames:,} frames",
            found="more than that",
            advice="Export the part of it that shows the plane",
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
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ScanError.of(
            name,
            expected=f"sides of at most {MAX_ASPECT} to 1",
            found=f"{width} x {height}",
            advice="Export the scan as the scanner shows it",
        )
    if width * height > MAX_PIXELS:
        raise ScanError.of(
            name,
            expected=f"at most {MAX_PIXELS // 10**6} megapixels",
            found=f"{width} x {height} ({width * height / 1e6:.0f} megapixels)",
            advice="Export the scan at the size of the scanner's screen",
        )

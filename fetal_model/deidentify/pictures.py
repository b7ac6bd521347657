"""What a PNG, JPEG or TIFF file says beside its pixels, counted and named, never read.

`read_scan` takes the pixels only, so all of it stays behind at the door.
"""

from __future__ import annotations

from collections import Counter
from io import BytesIO

from PIL import Image

from fetal_model.scan.content import RASTER_FORMATS, VIDEO_FORMATS

_PNG_TEXT = frozenset({"tEXt", "zTXt", "iTXt", "eXIf", "tIME", "iCCP"})
_PNG_HEAD = 8
_JPEG_PIXELS = frozenset({"APP0", "APP14"})
"""Segments of JFIF and Adobe that say how pixels are stored."""
_TIFF_PIXELS = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 296,
     317, 320, 322, 323, 324, 325, 338, 339, 340, 341, 347, 529, 530, 531, 532}
)  # fmt: skip
"""Tags that say how pixels are stored."""


def left_behind(data: bytes, kind: str) -> Counter[str]:
    """Count the elements of a file that hold no pixels.

    Args:
        data: A file that `open_scan` has opened.
        kind: What `scan.content.recognise` says it is, but for DICOM.

    Returns:
        How often there is each PNG chunk ("tEXt"), JPEG segment ("APP1", "COM") or TIFF tag
        ("270"); of a video its header, which is not looked into, counts as one.
    """
    if kind in VIDEO_FORMATS:
        return Counter([kind])
    if kind == "PNG":
        return Counter(name for name in _png_chunks(data) if name in _PNG_TEXT)
    if kind == "BMP":
        return Counter()
    with Image.open(BytesIO(data), formats=RASTER_FORMATS) as image:
        if kind == "JPEG":
            segments = [name for name, _ in getattr(image, "applist", [])]
            return Counter(name for name in segments if name not in _JPEG_PIXELS)
        tags = getattr(image, "tag_v2", {})
        return Counter(str(tag) for tag in tags if tag not in _TIFF_PIXELS)


def _png_chunks(data: bytes) -> list[str]:
    names, start = [], _PNG_HEAD
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        names.append(data[start + 4 : start + 8].decode("latin-1"))
        start += 12 + length
    return names

"""The size of a WebP picture from its header: Pillow takes the memory as soon as it opens one."""

from __future__ import annotations

import struct

from fetal_model.scan.limits import check_size
from fetal_model.scan.types import ScanError, damaged

_ANIMATED = 0x02


def check_webp(data: bytes, name: str) -> None:
    """Refuse a WebP that is animated, too small or too big, before a decoder is given a byte.

    After RFC 9649. Of an animation Pillow would decode every picture up to the one asked for.

    Raises:
        ScanError: If it is one of these, or states no size.
    """
    size = _size(data)
    if size is None:
        raise damaged(name, "WEBP")
    if data[12:16] == b"VP8X" and data[20] & _ANIMATED:
        raise ScanError.of(
            name,
            expected="a still WebP picture",
            found="an animated one",
            advice="Export the clip as MP4, AVI or DICOM, or a single still of it",
        )
    check_size(name, *size)


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height that the first chunk states."""
    chunk = data[12:16]
    if len(data) < 30:
        return None
    if chunk == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if chunk == b"VP8L" and data[20] == 0x2F:
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None

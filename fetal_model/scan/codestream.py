"""The size a compressed picture inside a DICOM file will decode to, read from its own header.

Rows and Columns of the data set are only a claim: a decoder allocates what the picture says.
"""

from __future__ import annotations

import struct

_JPEG_START = b"\xff\xd8"
_JPEG2000_START = b"\xff\x4f\xff\x51"
# Start-of-frame markers: C0 to CF without DHT (C4), JPG (C8) and DAC (CC), and F7 for JPEG-LS.
_FRAME_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN = 0xDA


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Return (height, width) as a JPEG, JPEG-LS or JPEG 2000 codestream states it.

    None when it states none that can be found, as RLE never does.

    Example:
        >>> codestream_size(bytes.fromhex("ffd8 ffc0 000b 08 0064 00c8 01 01 11 00"))
        (100, 200)
    """
    # Some writers put the JP2 file header before the codestream, which DICOM does not allow.
    start = frame.find(_JPEG2000_START, 0, 4096)
    if start >= 0 and not frame.startswith(_JPEG_START):
        try:
            right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
        except struct.error:
            return None
        return bottom - top, right - left
    return _jpeg_size(frame) if frame.startswith(_JPEG_START) else None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        elif marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">2H", frame, position + 5)
            return height, width
        elif marker == _START_OF_SCAN:
            return None
        else:
            position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    return None

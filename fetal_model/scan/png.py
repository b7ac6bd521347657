"""The checksums of a PNG's pixels, which Pillow does not look at: it decodes what is damaged."""

from __future__ import annotations

import zlib

from fetal_model.scan.types import damaged

_FIRST_CHUNK = 8
_PIXELS = b"IDAT"


def check_png(data: bytes, name: str) -> None:
    """Refuse a PNG whose pixels are not those that were written.

    Pillow checks the other chunks itself, and refuses a file that ends early.

    Raises:
        ScanError: If a checksum does not fit.
    """
    at = _FIRST_CHUNK
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = memoryview(data)[at + 4 : at + 8 + length]
        stated = data[at + 8 + length : at + 12 + length]
        whole = len(stated) == 4
        if body[:4] == _PIXELS and whole and zlib.crc32(body).to_bytes(4, "big") != stated:
            raise damaged(name, "PNG")
        at += 12 + length

"""Deflated DICOM, inflated up to a limit: pydicom has none and would make gigabytes of a bomb."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from fetal_model.scan.limits import MAX_INFLATED_BYTES
from fetal_model.scan.types import ScanError

_CHUNK = 1024**2


def inflate(stream: BinaryIO, name: str) -> bytes:
    """Inflate what follows the File Meta Information.

    Raises:
        ScanError: If it inflates to more than `MAX_INFLATED_BYTES`.
        zlib.error: If it is damaged.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    size = 0
    deflated = stream.read(_CHUNK)
    while deflated and not inflater.eof:
        parts.append(inflater.decompress(deflated, _CHUNK))
        size += len(parts[-1])
        deflated = inflater.unconsumed_tail or stream.read(_CHUNK)
        if size > MAX_INFLATED_BYTES:
            raise ScanError.of(
                name,
                expected=f"at most {MAX_INFLATED_BYTES // 1024**2} MiB once inflated",
                found="more than that",
                advice="Export a single still image from it",
            )
    return b"".join(parts)

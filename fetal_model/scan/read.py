"""The door for a still: read its bytes within limits, tell what it is, hand it to its reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fetal_model.scan.content import RASTER_FORMATS, STILLS, describe, recognise
from fetal_model.scan.dicom import read_dicom
from fetal_model.scan.limits import MAX_BYTES
from fetal_model.scan.raster import read_raster
from fetal_model.scan.source import Source
from fetal_model.scan.types import Scan, ScanError, damaged


def read_scan(source: bytes | str | Path, name: str | None = None) -> Scan:
    """Read one still scan: PNG, JPEG, TIFF, BMP, WebP or single-frame DICOM.

    Content decides what a file is, never its extension. Of a file with several pages the first is
    read and `facts.frames` says how many there are; a DICOM clip is refused (`open_clip` opens it).

    Args:
        source: The bytes of a file, or the path to one.
        name: What to call the scan in messages; by default the file name of a path, or "scan".

    Returns:
        A `Scan`: `pixels` float32 (height, width) in [0, 1] and `display` uint8 RGB
        (height, width, 3), both read-only.

    Raises:
        ScanError: For whatever is wrong with the file, and nothing else is raised for a file.
        TypeError: If `source` is neither bytes nor a path.

    Example:
        >>> read_scan(b"hello", name="note.png")
        Traceback (most recent call last):
            ...
        fetal_model.scan.types.ScanError: note.png: expected PNG, JPEG, TIFF, BMP, WebP or DICOM, \
found text. Export the scan in one of these formats.
    """
    given = Source.of(source, name)
    data = given.read(MAX_BYTES)
    kind = recognise(data)
    if kind not in (*RASTER_FORMATS, "DICOM"):
        raise unknown(given.name, data, STILLS)
    with worded(given.name, kind):
        if kind == "DICOM":
            return read_dicom(data, given.name)
        return read_raster(data, given.name, kind)


def unknown(name: str, data: bytes, expected: str) -> ScanError:
    """What is said of a file of another kind."""
    return ScanError.of(
        name,
        expected=expected,
        found=describe(data),
        advice="Export the scan in one of these formats",
    )


@contextmanager
def worded(name: str, kind: str) -> Iterator[None]:
    """Put whatever a decoder raises into words.

    Decoders fail on damaged bytes in every way there is: OSError, SyntaxError, struct.error,
    RecursionError, MemoryError. One bad file must cost that file a message, nothing else.
    """
    try:
        yield
    except ScanError:
        raise
    except Exception:
        # what a decoder says may quote the file, and is dropped for good
        raise damaged(name, kind) from None

"""The door for a file: read its bytes within limits, tell what it is, hand it to its reader."""

from __future__ import annotations

from pathlib import Path

from fetal_model.scan.content import RASTER_FORMATS, describe, recognise
from fetal_model.scan.dicom import read_dicom
from fetal_model.scan.limits import MAX_BYTES, check_bytes
from fetal_model.scan.raster import read_raster
from fetal_model.scan.types import Scan, ScanError


def read_scan(source: bytes | str | Path, name: str | None = None) -> Scan:
    """Read one still scan: PNG, JPEG, TIFF, BMP or single-frame DICOM.

    Content decides what a file is, never its extension. Of a file with several pages the first is
    read and `facts.frames` says how many there are; a DICOM clip is refused.

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
        fetal_model.scan.types.ScanError: note.png: expected PNG, JPEG, TIFF, BMP or DICOM, found \
text. Export the scan in one of these formats.
    """
    if isinstance(source, bytes):
        name = name or "scan"
        data = source
        check_bytes(name, len(data))
    elif isinstance(source, str | Path):
        path = Path(source)
        name = name or path.name or str(path)
        data = _read_bytes(path, name)
    else:
        raise TypeError(f"read_scan: expected bytes or a path, received {type(source).__name__}.")

    kind = recognise(data)
    if kind is None:
        raise ScanError.of(
            name,
            expected="PNG, JPEG, TIFF, BMP or DICOM",
            found=describe(data),
            advice="Export the scan in one of these formats",
        )
    try:
        return read_raster(data, name, kind) if kind in RASTER_FORMATS else read_dicom(data, name)
    except ScanError:
        raise
    except Exception:
        # Decoders fail on damaged bytes in every way there is: OSError, SyntaxError, struct.error,
        # RecursionError, MemoryError. One bad file must cost that file a message, nothing else.
        # What they say may quote the file, and is dropped for good.
        raise ScanError.of(
            name,
            expected=f"a complete {kind} file",
            found="a damaged or unusual one that cannot be decoded",
            advice="Copy or export it again",
        ) from None


def _read_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a regular file, refusing a big one before it is read."""
    try:
        if not path.is_file():  # a pipe or a device would block or never end
            raise ScanError.of(
                name,
                expected="a file",
                found="a folder or device" if path.exists() else "no such file",
                advice="Check the path",
            )
        check_bytes(name, path.stat().st_size)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)  # the file may have grown since
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        if isinstance(error, ScanError):
            raise
        raise ScanError.of(
            name,
            expected="a file that can be opened",
            found="one that the system refuses",
            advice="Check the path and its permissions",
        ) from error
    check_bytes(name, len(data))
    return data

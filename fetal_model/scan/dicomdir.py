"""A DICOMDIR: the list of files on a disc or in an export, and finding them beside it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pydicom import dcmread

from fetal_model.scan.limits import Limits
from fetal_model.scan.types import ScanError, damaged

# Media Storage SOP Class UID: Media Storage Directory Storage, as the File Meta Information
# encodes it.
_MARK = b"\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10"


def is_dicomdir(head: bytes) -> bool:
    """Whether a file that begins so is a DICOMDIR."""
    return head[128:132] == b"DICM" and _MARK in head


def references(data: bytes, name: str, limits: Limits) -> list[tuple[str, ...]]:
    """The files that a DICOMDIR lists, in its order, as the parts of their paths.

    Raises:
        ScanError: If it is damaged, lists nothing or too much.
    """
    try:
        records = dcmread(BytesIO(data), force=True).get("DirectoryRecordSequence") or ()
        listed = [record.ReferencedFileID for record in records if "ReferencedFileID" in record]
        found = [(each,) if isinstance(each, str) else tuple(map(str, each)) for each in listed]
    except Exception as error:  # pydicom fails on damaged bytes in many ways
        raise damaged(name, "DICOMDIR") from error
    found = [tuple(part.strip() for part in parts) for parts in found if parts]
    if not found or len(found) > limits.files:
        raise ScanError.of(
            name,
            expected=f"a DICOMDIR of 1 to {limits.files:,} files",
            found=f"one of {len(found):,}",
            advice="Choose the files themselves",
        )
    return found


def find_beside(root: Path, parts: tuple[str, ...]) -> Path | None:
    """The file that a DICOMDIR in `root` names so, None where there is none.

    Discs are often copied with their names in lower case. A name that leads out of the folder, by
    dots or by a link, is taken for missing.
    """
    path = root
    try:
        for part in parts:
            if part in ("", ".", "..") or set(part) & set("/\\\0"):
                return None
            if not (path / part).exists():
                alike = (each for each in path.iterdir() if each.name.casefold() == part.casefold())
                path = min(alike, default=path / part)
            else:
                path = path / part
        inside = path.resolve().is_relative_to(root.resolve())
        return path if inside and path.is_file() else None
    except OSError:  # no folder of that name, or a name that no file can have
        return None


def missing(name: str) -> ScanError:
    """What is said of a file that is listed and not there."""
    return ScanError.of(
        name,
        expected="the file that the DICOMDIR lists",
        found="none there",
        advice="Copy the whole disc or export",
    )

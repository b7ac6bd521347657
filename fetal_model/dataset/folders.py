"""A folder with one sub-folder for each anatomy, dropped as files or as a ZIP, as labelled scans.

Everything stays in memory. Whether a file is a scan at all is not decided here.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from fetal_model.dataset.manifest import LABELS
from fetal_model.scan.limits import MAX_BYTES

MOST_SCANS = 500
MOST_BYTES = 512 * 1024**2
"""Of all scans together: they are kept in memory while the page is open."""
_CLUTTER = ("Thumbs.db", "desktop.ini", "__MACOSX")


class FolderError(ValueError):
    """A whole folder or ZIP that cannot be used; the message can be shown as it is."""


@dataclass(frozen=True)
class LabelledFile:
    """One scan as a file, and what it shows.

    Attributes:
        scan: Path in its folder, with forward slashes.
        label: Truth, one of `LABELS`.
        data: The file.
        source: Where it comes from.
        patient: Identifier, empty where unknown.
        simulated: Whether it is a phantom.
    """

    scan: str
    label: str
    data: bytes
    source: str = "upload"
    patient: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Folder:
    """What was found: the scans in the order of `LABELS` and of their paths, and sentences on what
    was left out."""

    files: tuple[LabelledFile, ...]
    problems: tuple[str, ...]


Call = Callable[[str, bytes], str]
"""What to call a file of this path and content."""


def by_path(path: str, data: bytes) -> str:
    """Call a file by its own path."""
    return path


def label_files(files: Iterable[tuple[str, bytes]], call: Call = by_path) -> Folder:
    """Label each file with the name of the folder in which it lies.

    Args:
        files: Path with forward slashes, and content.
        call: What to call a file; a folder that names no anatomy is called by it too, as if it
            were an empty file.

    Raises:
        FolderError: No file lies in a folder that names an anatomy, or there are too many.

    Example:
        >>> label_files([("set/Femur/1.png", b"...")]).files[0].label
        'femur'
    """
    found: list[tuple[str, str, bytes]] = []
    strangers: Counter[str] = Counter()
    for path, data in files:
        parts = PurePosixPath(path.replace("\\", "/")).parts
        if not parts or _is_clutter(parts):
            continue
        folder = parts[-2] if len(parts) > 1 else ""
        if folder.lower() in LABELS:
            found.append((folder.lower(), "/".join(parts), data))
        else:
            strangers[call(folder, b"") if folder else ""] += 1
    wanted = ", ".join(LABELS)
    problems = tuple(
        f"{_place(folder)}: expected a sub-folder named {wanted}; left out "
        f"{count} {'file' if count == 1 else 'files'}. Rename the folder to use what is in it."
        for folder, count in strangers.items()
    )
    if not found:
        raise FolderError(
            f"expected scans in sub-folders named {wanted}, found none"
            + (f" ({', '.join(map(_place, strangers))})" if strangers else "")
            + ". Sort the scans into such folders and drop the folder that holds them."
        )
    _check_limits(len(found), sum(len(data) for _, _, data in found))
    # by their paths, so that what they are called does not change their order
    found.sort(key=lambda file: (LABELS.index(file[0]), file[1]))
    return Folder(
        tuple(LabelledFile(call(path, data), label, data) for label, path, data in found), problems
    )


def read_zip(data: bytes, call: Call = by_path) -> Folder:
    """Label the files of a ZIP; nothing is written to disk.

    Args:
        data: The ZIP.
        call: As in `label_files`.

    Raises:
        FolderError: It is no ZIP that can be read, too large when unpacked, or holds no sub-folder
            that names an anatomy.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not _is_clutter(PurePosixPath(member.filename).parts)
            ]
            # The sizes are checked before anything is unpacked; `zipfile` reads no further than
            # the size that a member declares.
            _check_limits(len(members), sum(member.file_size for member in members))
            large = [member.filename for member in members if member.file_size > MAX_BYTES]
            unpacked = [
                (member.filename, archive.read(member))
                for member in members
                if member.file_size <= MAX_BYTES
            ]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError) as error:
        # RuntimeError is how `zipfile` says that a password is needed
        raise FolderError(
            "expected a ZIP without a password, found one that cannot be unpacked. Make it again "
            "with the system's own tool."
        ) from error
    folder = label_files(unpacked, call)
    problems = tuple(
        f"{call(name, b'')}: expected at most {MAX_BYTES // 1024**2} MiB, found more. "
        "Export a single still."
        for name in large
    )
    return Folder(folder.files, folder.problems + problems)


def _place(folder: str) -> str:
    return f"folder {folder!r}" if folder else "files in no sub-folder"


def _is_clutter(parts: tuple[str, ...]) -> bool:
    """What systems leave beside a user's files."""
    return any(part.startswith(".") or part in _CLUTTER for part in parts)


def _check_limits(count: int, size: int) -> None:
    if count > MOST_SCANS or size > MOST_BYTES:
        raise FolderError(
            f"expected at most {MOST_SCANS} scans of {MOST_BYTES // 1024**2} MiB together, found "
            f"{count} of {size / 1024**2:.0f} MiB. Choose some of them."
        )

"""Unpacking a ZIP that came from elsewhere: nothing outside its folder, nothing half done."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

_CHUNK = 1 << 20
_SPARE = 64 * 1024**2
"""Bytes that stay free on the disk."""


def unpack(
    archive: Path, folder: Path, table: str, progress: Callable[[int, int], None] | None = None
) -> None:
    """Unpack the part of a ZIP that lies beside a file, into a folder that appears when whole.

    Args:
        archive: The ZIP.
        folder: A new or empty folder.
        table: Name of the file that marks the root; what lies elsewhere is left out.
        progress: Called with (done, total) bytes.

    Raises:
        ValueError: It is damaged, lacks the file, does not fit on the disk, or has a member that
            would be written outside the folder.
        OSError: The disk cannot be written.
    """
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(archive, opened, table)
            total = sum(member.file_size for member in members.values())
            check_space(folder.parent, total)
            done = 0
            for name, member in members.items():
                target = beside / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("wb") as file:
                    while chunk := source.read(_CHUNK):
                        file.write(chunk)
                        done += len(chunk)
                        if progress is not None:
                            progress(done, total)
        if folder.is_dir():
            folder.rmdir()
        beside.rename(folder)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        # RuntimeError is how `zipfile` says that a password is needed
        raise ValueError(
            f"{archive}: expected a ZIP that can be unpacked, found a damaged or locked one "
            f"({error}). Delete it and fetch it again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_space(folder: Path, needed: int) -> None:
    """Refuse what the disk has no room for.

    Raises:
        ValueError: Fewer bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise ValueError(
            f"{folder}: expected {(needed + _SPARE) / 1024**2:,.0f} MiB free, found "
            f"{free / 1024**2:,.0f}. Make room, or name a folder on another disk."
        )


def _members(archive: Path, opened: zipfile.ZipFile, table: str) -> dict[str, zipfile.ZipInfo]:
    """The files to unpack, by their path below the root, after every one of them was checked."""
    files = [member for member in opened.infolist() if not member.is_dir()]
    for member in files:
        path = _path(member)
        mode = member.external_attr >> 16
        outside = path.is_absolute() or ".." in path.parts or set(member.filename) & set("\\:\0")
        if outside or (mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode)):
            raise ValueError(
                f"{archive}: expected plain files below one folder, found {member.filename!r}. "
                "Nothing was unpacked; do not use this archive."
            )
    roots = [path.parent for path in map(_path, files) if path.name == table]
    if not roots:
        raise ValueError(
            f"{archive}: expected a {table} in it, found none among {len(files)} files. "
            "Is it another archive?"
        )
    root = min(roots, key=lambda path: (len(path.parts), path))
    return {
        _path(member).relative_to(root).as_posix(): member
        for member in files
        if _path(member).is_relative_to(root)
    }


def _path(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename)

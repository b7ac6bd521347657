"""ZIPs: their members one at a time, in memory, within limits; nothing is written anywhere."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from fetal_model.scan.content import ARCHIVE, recognise
from fetal_model.scan.limits import MAX_BYTES, Limits, check_bytes
from fetal_model.scan.source import Source, readable
from fetal_model.scan.types import ScanError, damaged

_OFFICE = "[Content_Types].xml"
_LEFT_OUT = "__MACOSX"
# LZMA and bzip2 take memory by what the archive says.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_TAIL = 22 + 65535 + 20 + 56
_ENCRYPTED = 0x1
_BYTES_OF_A_NAME = 1024
_FAILURES = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError,
    NotImplementedError, ValueError, UnicodeError, OverflowError,
)  # fmt: skip

Member = tuple[str, bytes | ScanError, Sequence[str]]


def members(source: Source, limits: Limits) -> Iterator[Member]:
    """Unpack a ZIP's members, by name, each when it is asked for.

    Folders, hidden files and what a Mac adds are left out.

    Args:
        source: The ZIP.
        limits: How much it may hold.

    Yields:
        `archive.zip/inner.png`, its bytes or what is wrong with it, and the names of all members.

    Raises:
        ScanError: If the ZIP itself cannot be read.
    """
    check_bytes(source.name, source.size, limits.archive_bytes)
    with readable(source.name):
        stream = source.open()
    with stream:
        with readable(source.name):
            _check_directory(stream, source.name, limits)
        try:
            opened = zipfile.ZipFile(stream)
        except _FAILURES as error:
            raise damaged(source.name, "ZIP") from error
        with opened:
            files = _files(opened, source.name, limits)
            names = [_called(source.name, info) for info in files]
            inflated = 0
            for name, info in zip(names, files, strict=True):
                inflated += info.file_size
                if inflated > limits.inflated_bytes:
                    yield name, _too_much(name, limits), names
                    return
                yield name, _unpack(opened, info, name, limits), names


def _files(opened: zipfile.ZipFile, name: str, limits: Limits) -> list[zipfile.ZipInfo]:
    # not `is_dir`, which fails on an empty name
    infos = [info for info in opened.infolist() if not info.filename.endswith("/")]
    if any(info.filename == _OFFICE for info in infos):
        raise ScanError.of(
            name,
            expected="a ZIP of scans",
            found="an office document",
            advice="Save the pictures in it as files",
        )
    kept = [
        info
        for info in infos
        if not any(
            part == _LEFT_OUT or (part.startswith(".") and part.strip("."))
            for part in info.filename.split("/")
        )
    ]
    if not 1 <= len(kept) <= limits.files:
        raise ScanError.of(
            name,
            expected=f"a ZIP of 1 to {limits.files:,} files",
            found=f"one of {len(kept):,}",
            advice="Pack the scans again",
        )
    return sorted(kept, key=lambda info: info.filename.split("/"))


def _unpack(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, limits: Limits
) -> bytes | ScanError:
    """The bytes of a member; `zipfile` itself stops at the size that was checked."""
    refusal = _refusal(info, limits)
    if refusal is not None:
        found, advice = refusal
        return ScanError.of(name, expected="a scan in a ZIP", found=found, advice=advice)
    try:
        with opened.open(info) as member:
            data = member.read(info.file_size + 1)
    except _FAILURES:
        return damaged(name, "packed")
    if len(data) != info.file_size:
        return damaged(name, "packed")
    if recognise(data) == ARCHIVE:
        return ScanError.of(
            name,
            expected="scans in a ZIP",
            found="another ZIP",
            advice="Unpack it and choose what is in it",
        )
    return data


def _refusal(info: zipfile.ZipInfo, limits: Limits) -> tuple[str, str] | None:
    """What speaks against unpacking a member, and what to do."""
    path = PurePosixPath(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or set(info.filename) & set("\\:\0"):
        return "a name that leads out of it", "Do not use this archive"
    if kind not in (0, stat.S_IFREG):
        return "a link or device", "Pack the files themselves"
    if info.flag_bits & _ENCRYPTED:
        return "one that needs a password", "Unpack it and choose what is in it"
    if info.compress_type not in _METHODS:
        return "an unusual kind of compression", "Pack the scans again as a plain ZIP"
    if info.file_size > limits.clip_bytes:
        return f"more than {limits.clip_bytes // 1024**2} MiB", "Export a part of it"
    if info.file_size > MAX_BYTES and info.file_size > limits.ratio * info.compress_size:
        return f"one that grows more than {limits.ratio}-fold", "Unpack it and choose what is in it"
    return None


def _check_directory(stream: BinaryIO, name: str, limits: Limits) -> None:
    """Refuse a list of members that would fill the memory before `zipfile` reads it."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    stream.seek(0)
    end, end_64 = tail.rfind(_END), tail.rfind(_END_64)
    listed = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if end_64 >= 0 and listed in (0, 0xFFFFFFFF):
        listed = int.from_bytes(tail[end_64 + 40 : end_64 + 48], "little")
    if listed > limits.files * _BYTES_OF_A_NAME:
        raise ScanError.of(
            name,
            expected=f"a ZIP of 1 to {limits.files:,} files",
            found="a far longer list",
            advice="Pack the scans again",
        )


def _called(archive: str, info: zipfile.ZipInfo) -> str:
    return f"{archive}/" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}"
                                   for c in info.filename)  # fmt: skip


def _too_much(name: str, limits: Limits) -> ScanError:
    return ScanError.of(
        name,
        expected=f"at most {limits.inflated_bytes // 1024**2:,} MiB in a ZIP, unpacked",
        found="more; this is the first file beyond it",
        advice="Pack fewer scans at once",
    )

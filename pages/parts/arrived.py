"""The files that a reader has dropped, each scan of a ZIP as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fetal_model.scan import ScanError
from fetal_model.scan.batch import unpack
from fetal_model.scan.content import ARCHIVE, recognise
from fetal_model.scan.dicomdir import is_dicomdir
from fetal_model.scan.limits import INFLATED_ON_PAGE, LIMITS, Limits
from fetal_model.scan.source import Source as File
from pages.parts.answers import Source
from pages.parts.kept import ARCHIVES
from pages.parts.names import called


@dataclass(frozen=True)
class _Archive:
    """What is in a ZIP, as far as a page takes it."""

    files: tuple[Source, ...]
    left_out: bool


def arrived(uploads: Sequence[UploadedFile], most: int) -> tuple[list[Source], bool]:
    """What to answer about.

    Args:
        uploads: As the reader gave them.
        most: At most so many are taken, the first ones.

    Returns:
        The files, and whether some were left out.
    """
    archives: dict[str, _Archive] = st.session_state.setdefault(ARCHIVES, {})
    for gone in set(archives) - {upload.file_id for upload in uploads}:
        del archives[gone]
    taken: list[Source] = []
    left_out = False
    for upload in uploads:
        if len(taken) >= most:
            left_out = True
            break
        data = upload.getvalue()
        if len(uploads) > 1 and (upload.name.startswith(".") or is_dicomdir(data[:512])):
            continue  # as of a folder on the command line: the list of what comes anyway
        if recognise(data[:512]) != ARCHIVE:
            taken.append(Source(upload.name, data, upload.file_id))
            continue
        if upload.file_id not in archives:
            held = sum(len(file.data) for one in archives.values() for file in one.files)
            archives[upload.file_id] = _open(upload, data, most, INFLATED_ON_PAGE - held)
        archive = archives[upload.file_id]
        left_out |= archive.left_out
        taken += archive.files
    return [_renamed(source) for source in taken[:most]], left_out or len(taken) > most


def _open(upload: UploadedFile, data: bytes, most: int, room: int) -> _Archive:
    files: list[Source] = []
    limits = replace(LIMITS, inflated_bytes=room)
    with st.spinner("Unpacking"):
        for name, member in _members(File.of(data, upload.name), limits):
            if len(files) == most:
                return _Archive(tuple(files), left_out=True)
            identity = f"{upload.file_id}-{len(files)}"
            if isinstance(member, ScanError):
                files.append(Source(name, b"", identity, refusal=str(member)))
            else:
                files.append(Source(name, member, identity))
    return _Archive(tuple(files), left_out=False)


def _members(archive: File, limits: Limits) -> Iterator[tuple[str, bytes | ScanError]]:
    """The members, or the archive itself where it cannot be read."""
    try:
        yield from unpack(archive, limits)
    except ScanError as error:
        yield archive.name, error


def _renamed(source: Source) -> Source:
    name = called(source.name, source.data, source.identity)
    refusal = name + source.refusal.removeprefix(source.name) if source.refusal else ""
    return replace(source, name=name, refusal=refusal)

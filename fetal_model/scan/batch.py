"""The door for many files: folders, ZIPs and DICOMDIRs, each file opened when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fetal_model.scan.archive import members
from fetal_model.scan.clip import Clip
from fetal_model.scan.content import ARCHIVE, recognise
from fetal_model.scan.dicomdir import find_beside, is_dicomdir, missing, references
from fetal_model.scan.limits import LIMITS, MAX_BYTES, Limits
from fetal_model.scan.opening import open_source
from fetal_model.scan.source import Source
from fetal_model.scan.types import Scan, ScanError

Opened = tuple[str, Scan | Clip | ScanError]


def open_all(
    sources: Iterable[str | Path | tuple[str, bytes]], limits: Limits = LIMITS
) -> Iterator[Opened]:
    """Open everything, each file when it is asked for.

    A folder gives its files and those of its sub-folders, by name; files whose name begins with a
    dot are left out. A ZIP gives its members, by name; ZIPs within it are refused. A DICOMDIR
    gives the files it lists; where a folder or a ZIP holds one, its files come anyway, and it adds
    a message for each that is not there.

    Args:
        sources: Paths to files and folders, or name and bytes of a file.
        limits: How much clips, archives and folders may hold.

    Yields:
        What to call a file, and what it is, or what is wrong with it. The name of a file in a
        folder is `folder/inner.png`, in a ZIP `archive.zip/inner.png`.
    """
    for source in sources:
        if isinstance(source, tuple):
            yield from _file(Source.of(source[1], source[0]), limits)
        elif _is_folder(Path(source)):
            yield from _folder(Path(source), str(source), limits)
        else:
            yield from _path(Path(source), str(source), limits)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have; what reads files words it
        return False


def _attempt(source: Source, limits: Limits) -> Scan | Clip | ScanError:
    try:
        return open_source(source, limits)
    except ScanError as error:
        return error


def _path(path: Path, name: str, limits: Limits) -> Iterator[Opened]:
    try:
        source = Source.of(path, name)
    except ScanError as error:
        yield name, error
        return
    yield from _file(source, limits)


def _file(source: Source, limits: Limits, listed: bool = False) -> Iterator[Opened]:
    """What a file holds; `listed` where the files of a DICOMDIR come by themselves."""
    try:
        head = source.head()
        if recognise(head) == ARCHIVE:
            yield from _archive(source, limits)
            return
        if is_dicomdir(head):
            yield from _directory(source, limits, listed)
            return
    except ScanError as error:
        yield source.name, error
        return
    yield source.name, _attempt(source, limits)


def _folder(folder: Path, name: str, limits: Limits) -> Iterator[Opened]:
    count = 0
    closed: list[OSError] = []
    for where, inner, files in os.walk(folder, onerror=closed.append):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        for each in sorted(each for each in files if not each.startswith(".")):
            path = Path(where) / each
            called = f"{name.rstrip('/')}/{path.relative_to(folder).as_posix()}"
            count += 1
            if count > limits.files:
                yield called, _too_many(called, limits)
                return
            try:
                source = Source.of(path, called)
            except ScanError as error:
                yield called, error
                continue
            yield from _file(source, limits, listed=True)
    for refusal in closed:
        called = f"{name.rstrip('/')}/{Path(refusal.filename).relative_to(folder).as_posix()}"
        yield called, _refused(called, "a folder that can be opened", "one that the system refuses")
    if not count and not closed:
        yield name, _refused(name, "scans in the folder", "none")


def unpack(source: Source, limits: Limits = LIMITS) -> Iterator[tuple[str, bytes | ScanError]]:
    """The files of a ZIP, by name, each unpacked when it is asked for.

    A DICOMDIR in it gives a message for each file that it lists and that is not there.

    Args:
        source: The ZIP.
        limits: How much it may hold.

    Yields:
        `archive.zip/inner.png`, and its bytes or what is wrong with it.

    Raises:
        ScanError: If the ZIP itself cannot be read.
    """
    for name, data, names in members(source, limits):
        if isinstance(data, ScanError) or not is_dicomdir(data[:512]):
            yield name, data
            continue
        folder, _, _ = name.rpartition("/")
        try:
            listed = references(data, name, limits)
        except ScanError as error:
            yield name, error
            continue
        there = {each.casefold() for each in names}
        for parts in listed:
            called = "/".join((folder, *parts))
            if called.casefold() not in there:
                yield called, missing(called)


def _archive(source: Source, limits: Limits) -> Iterator[Opened]:
    for name, data in unpack(source, limits):
        if isinstance(data, ScanError):
            yield name, data
        else:
            yield name, _attempt(Source.of(data, name), limits)


def _directory(source: Source, limits: Limits, listed: bool) -> Iterator[Opened]:
    """The files that a DICOMDIR lists, or only those that are missing."""
    if source.path is None:
        raise ScanError.of(
            source.name,
            expected="a DICOMDIR with its files beside it",
            found="the DICOMDIR alone",
            advice="Choose the folder that it lies in, or a ZIP of it",
        )
    root = source.path.parent
    folder, slash, _ = source.name.rpartition("/")
    for parts in references(source.read(MAX_BYTES), source.name, limits):
        called = folder + slash + "/".join(parts)
        path = find_beside(root, parts)
        if path is None:
            yield called, missing(called)
        elif not listed:
            yield from _path(path, called, limits)


def _refused(name: str, expected: str, found: str) -> ScanError:
    return ScanError.of(name, expected=expected, found=found, advice="Choose another folder")


def _too_many(name: str, limits: Limits) -> ScanError:
    return ScanError.of(
        name,
        expected=f"at most {limits.files:,} files at once",
        found="more, of which this is the first",
        advice="Choose a smaller folder",
    )

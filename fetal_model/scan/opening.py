"""The door for one file of any kind: a still is read, a clip is opened."""

from __future__ import annotations

from pathlib import Path

from fetal_model.scan.clip import Clip
from fetal_model.scan.clip_dicom import is_video, open_dicom_clip
from fetal_model.scan.clip_pages import open_pages
from fetal_model.scan.clip_video import open_video
from fetal_model.scan.content import ARCHIVE, SCANS, VIDEO_FORMATS, recognise
from fetal_model.scan.dicom import frame_to_scan
from fetal_model.scan.dicom_file import open_dicom
from fetal_model.scan.dicom_header import picture_size
from fetal_model.scan.limits import LIMITS, MAX_BYTES, Limits, check_bytes, check_frames
from fetal_model.scan.raster import count_pages, read_raster
from fetal_model.scan.read import unknown, worded
from fetal_model.scan.source import Source
from fetal_model.scan.types import Facts, Scan, ScanError


def open_scan(
    source: bytes | str | Path, name: str | None = None, limits: Limits = LIMITS
) -> Scan | Clip:
    """Read a still, or open a clip, whichever the file is.

    Args:
        source: The bytes of a file, or the path to one. A path's file must stay there while the
            clip is used: frames of a DICOM clip are read from it when they are asked for.
        name: What to call it in messages; by default the file name of a path, or "scan".
        limits: How much a clip may hold.

    Raises:
        ScanError: For whatever is wrong with the file, and nothing else is raised for a file.
        TypeError: If `source` is neither bytes nor a path.
    """
    return open_source(Source.of(source, name), limits)


def open_clip(source: bytes | str | Path, name: str | None = None, limits: Limits = LIMITS) -> Clip:
    """Open a clip: DICOM of several frames, MP4, AVI, or a TIFF of several pages.

    Args:
        source: As `open_scan`.
        name: As `open_scan`.
        limits: As `open_scan`.

    Raises:
        ScanError: As `open_scan`, or if the file is a still.
        TypeError: If `source` is neither bytes nor a path.
    """
    made = open_scan(source, name, limits)
    if isinstance(made, Clip):
        return made
    raise ScanError.of(
        made.name,
        expected="a clip",
        found="a single picture",
        advice="Open it as a still, or choose a clip",
    )


def open_source(source: Source, limits: Limits) -> Scan | Clip:
    """As `open_scan`."""
    check_bytes(source.name, source.size, limits.clip_bytes)
    head = source.head()
    kind = recognise(head)
    if kind is None or kind == ARCHIVE:
        raise unknown(source.name, head, SCANS)
    with worded(source.name, kind):
        if kind == "DICOM":
            return _dicom(source, limits)
        if kind in VIDEO_FORMATS:
            facts = Facts(kind, 0, 0, "", 8, "0 to 255")
            return open_video(source.read(limits.clip_bytes), source.name, limits, facts)
        data = source.read(limits.clip_bytes if kind == "TIFF" else MAX_BYTES)
        pages = count_pages(data) if kind == "TIFF" else 1
        if pages > 1:
            check_frames(source.name, pages, limits)
            return open_pages(data, source.name, pages)
        check_bytes(source.name, len(data))
        return read_raster(data, source.name, kind)


def _dicom(source: Source, limits: Limits) -> Scan | Clip:
    file = open_dicom(source.open, source.name)
    size = picture_size(file, source.name)
    if size.frames > 1 or is_video(file):
        return open_dicom_clip(file, size, source.name, limits)
    check_bytes(source.name, source.size)
    return frame_to_scan(file.frame(0, 1), file, size, source.name)

"""DICOM clips: frames read from the file one by one, and when each of them was."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydicom import Dataset
from pydicom.encaps import generate_fragments, parse_basic_offsets
from pydicom.uid import MPEGTransferSyntaxes

from fetal_model.scan.clip import Clip, spread
from fetal_model.scan.clip_video import open_video
from fetal_model.scan.dicom import dicom_facts, frame_to_scan
from fetal_model.scan.dicom_decode import decode_frame
from fetal_model.scan.dicom_file import DicomFile
from fetal_model.scan.dicom_header import PictureSize
from fetal_model.scan.limits import Limits, check_frames
from fetal_model.scan.types import Scan, ScanError, damaged

# How the streams begin that DICOM allows: MP4, MPEG transport stream, a bare elementary stream.
_MP4, _TRANSPORT, _ELEMENTARY = b"ftyp", b"\x47", b"\0\0"
_DEEP = 8
_LOOKED_AT = 5
"""Frames of a clip of more than 8 bits that are decoded to tell which stored value is white."""


def is_video(file: DicomFile) -> bool:
    """Whether all frames are in one MPEG-2, H.264 or H.265 stream."""
    return file.syntax in MPEGTransferSyntaxes and file.offset is not None


def open_dicom_clip(file: DicomFile, size: PictureSize, name: str, limits: Limits) -> Clip:
    """Be ready to decode the frames of a DICOM clip; the first is decoded to see that it can be.

    Args:
        file: The file.
        size: What its header says.
        name: What to call the clip.
        limits: How many frames it may have.

    Raises:
        ScanError: If it has too many frames or lacks some, or the first one cannot be decoded.
    """
    if is_video(file):
        return open_video(_stream(file, name), name, limits, dicom_facts(file.header, file, size))
    check_frames(name, size.frames, limits)
    _check_length(file, size, name)
    if size.bits > _DEEP:
        size = replace(size, brightest=_brightest(file, size, name))

    def frames(indices: Sequence[int]) -> Iterator[Scan | ScanError]:
        rest = list(indices)
        try:
            for single in file.frames(indices, size.frames):
                yield _scan(single, file, size, name, rest.pop(0))
        except Exception:  # where frames cannot be told apart, none of the rest can be had
            pass
        for _ in rest:
            yield damaged(name, "DICOM")

    (first,) = frames([0])
    if isinstance(first, ScanError):
        raise first
    return Clip(name, replace(first.facts, frame=0), _seconds(file.header, size.frames), frames)


def _scan(
    single: Dataset, file: DicomFile, size: PictureSize, name: str, index: int
) -> Scan | ScanError:
    try:
        return frame_to_scan(single, file, size, name, index)
    except ScanError as error:
        return error
    except Exception:  # decoders fail in every way there is
        return damaged(name, "DICOM")


def _brightest(file: DicomFile, size: PictureSize, name: str) -> int:
    """Largest stored value of some frames, of those that can be decoded."""
    found = 0
    for index in spread(size.frames, _LOOKED_AT):
        try:
            stored, _ = decode_frame(file.frame(index, size.frames), file.syntax, name)
        except Exception:  # said when the frame itself is asked for
            continue
        found = max(found, int(stored.max()))
    return found


def _check_length(file: DicomFile, size: PictureSize, name: str) -> None:
    """Refuse an uncompressed clip that ends early, instead of failing at its last frames."""
    if file.length is None or file.offset is None:
        return
    with file.open() as stream:
        there = min(file.length, stream.seek(0, 2) - file.offset)
    expected = file.expected_length()
    if there < expected:
        raise ScanError.of(
            name,
            expected=f"{size.frames} frames, as its header says",
            found=f"the bytes of {there * size.frames // expected}",
            advice="Copy or export it again",
        )


def _stream(file: DicomFile, name: str) -> bytes:
    """The video within the file, whole: it is compressed, and no longer than the file."""
    if file.length is not None:
        raise damaged(name, "DICOM")
    with file.open() as stream:
        stream.seek(file.offset or 0)
        parse_basic_offsets(stream)
        data = b"".join(generate_fragments(stream))
    # FFmpeg reads other formats too, among them lists of addresses to fetch.
    if data[4:8] != _MP4 and not data.startswith((_TRANSPORT, _ELEMENTARY)):
        raise damaged(name, "DICOM")
    return data


def _seconds(header: Dataset, count: int) -> tuple[float, ...] | None:
    """When each frame begins: from the times between frames, the time of one, or the rate."""
    vector = _numbers(header.get("FrameTimeVector"))
    if len(vector) == count and min(vector) >= 0 and sum(vector[1:]) > 0:
        # The first entry is the time before the first frame.
        return tuple(at / 1000 for at in itertools.accumulate([0.0, *vector[1:]]))
    for keyword in ("FrameTime", "CineRate", "RecommendedDisplayFrameRate"):
        value = next(iter(_numbers(header.get(keyword))), 0.0)
        if value > 0:
            step = value / 1000 if keyword == "FrameTime" else 1 / value
            return tuple(index * step for index in range(count))
    return None


def _numbers(value: Any) -> list[float]:
    """The finite numbers of an element; none where one of them is not."""
    try:
        several = isinstance(value, list | tuple) or hasattr(value, "append")
        numbers = [float(item) for item in (value if several else [value])]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(map(math.isfinite, numbers)) else []

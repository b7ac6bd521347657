"""MP4 and AVI clips, and the videos that some scanners put into DICOM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fetal_model.scan.clip import Clip
from fetal_model.scan.levels import colour_to_grey
from fetal_model.scan.limits import MAX_PIXELS, Limits, check_frames, check_size
from fetal_model.scan.types import Facts, Scan, ScanError, damaged
from fetal_model.scan.video_apart import decode, examine


def open_video(data: bytes, name: str, limits: Limits, facts: Facts) -> Clip:
    """Count a video's frames and be ready to decode them.

    Args:
        data: The file.
        name: What to call the clip.
        limits: How many frames it may have.
        facts: What is known of it: its format, and what a DICOM header says; size, codec and
            frames are filled in.

    Raises:
        ScanError: If it cannot be decoded, is too long or its frames are too big.
    """
    try:
        found = examine(data, limits.frames, MAX_PIXELS)
    except RuntimeError as error:
        raise damaged(name, facts.format) from error
    check_size(name, found.width, found.height)
    if not found.seconds:
        raise damaged(name, facts.format)
    check_frames(name, len(found.seconds), limits)
    told = replace(
        _sized(facts, found.width, found.height),
        photometric=found.codec or "unknown codec",
        frames=len(found.seconds),
    )

    def frames(indices: Sequence[int]) -> Iterator[Scan | ScanError]:
        left = list(indices)
        for index, display in decode(data, left, MAX_PIXELS) if left else ():
            while left[0] < index:
                left.pop(0)
                yield damaged(name, facts.format)
            left.pop(0)
            height, width = display.shape[:2]
            of_frame = replace(_sized(told, width, height), frame=index)
            yield Scan(colour_to_grey(display), display, name, of_frame)
        for _ in left:
            yield damaged(name, facts.format)

    return Clip(name, told, found.seconds, frames)


def _sized(facts: Facts, width: int, height: int) -> Facts:
    """What a DICOM header says about places in a picture holds for the size it states, no other."""
    if (facts.width, facts.height) == (width, height):
        return facts
    return replace(facts, width=width, height=height, region=None, mm_per_pixel=None)

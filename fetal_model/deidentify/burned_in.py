"""Text that a scanner or a person has written into the pixels around the ultrasound picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.deidentify.removed import Removed
from fetal_model.scan.annotations import Annotations, Mask, find_annotations
from fetal_model.scan.types import Scan

_WORKING_WIDTH = 960
"""Columns at which the picture's outline is looked for, as in `annotations`."""
_SHOWN = 4
"""Grey of 255 above which a pixel shows something."""
_GAP = 3
"""Gaps that part nothing, in strokes of 1.5% of the shorter side."""
_LARGE, _SMALL = 0.15, 0.005
"""Shares of the largest piece from which on a piece is part of the picture, or tissue beside it."""
_FULL = 0.88
"""Share of its frame that the outline of a small piece fills when it is a rectangle."""


def blank_burned_in(scan: Scan) -> tuple[Scan, Removed]:
    """Blacken all that is shown outside the ultrasound picture; within it nothing changes.

    Not only what was found to be text goes: the blurred, the coloured and the handwritten are not
    found. Where there is no ultrasound picture, all that is shown goes.

    Args:
        scan: As `read_scan` returns it.

    Returns:
        The scan with the same `pixels`, which a model sees, and `display` blanked; and how many
        regions of text lie outside and inside the picture.
    """
    found = find_annotations(scan.pixels)
    fan = picture_area(scan.pixels, found)
    beside, regions, left = _beside(found.text, fan)
    shown = fan & ~beside
    display = np.where(shown[:, :, np.newaxis], scan.display, np.uint8(0))
    return replace(scan, display=display), Removed(regions=regions, left=left)


def picture_area(pixels: NDArray[np.float32], found: Annotations) -> Mask:
    """Where the ultrasound picture is, with its faint and broken edges.

    Wider than `Annotations.fan`: there a thin rim of tissue is no loss, here it would be cut off.

    Args:
        pixels: float32 (height, width) in [0, 1].
        found: What is drawn over it.

    Returns:
        bool (height, width).
    """
    height, width = pixels.shape
    scale = min(1.0, _WORKING_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # A little more than what was found, or the remains of a word beside the picture join it.
    text = cv2.dilate(found.text.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    hidden = text | found.bars | found.boxes
    grey = np.where(hidden, 0, np.rint(pixels * 255)).astype(np.uint8)
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    shown = cv2.medianBlur((small > _SHOWN).astype(np.uint8), 5)
    stroke = max(5, round(0.015 * min(size)) | 1)
    brush = np.ones((stroke, stroke), np.uint8)
    gap = _GAP * stroke
    # The margin keeps the gap between the picture's edge and the scan's from counting as one.
    wide = cv2.copyMakeBorder(shown, gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    closed = closed[gap:-gap, gap:-gap]
    solid = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, brush), np.uint8)
    area = np.zeros(small.shape, np.uint8)
    for hull in _hulls(solid):
        cv2.fillConvexPoly(area, hull, 1)
    area = np.asarray(cv2.dilate(area, brush), np.uint8)  # what opening takes from the corners
    return cv2.resize(area, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _hulls(solid: NDArray[np.uint8]) -> Iterator[NDArray[np.int32]]:
    """The outline of the picture, and of each smaller piece of tissue beside it.

    Shadows part a picture, so what is large is one piece; what is small and fills its frame is a
    box, a bar or an inset.
    """
    count, marks, statistics, _ = cv2.connectedComponentsWithStats(solid)
    if count == 1:
        return
    areas = statistics[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = 0
    frames = statistics[:, cv2.CC_STAT_WIDTH] * statistics[:, cv2.CC_STAT_HEIGHT]
    large = areas > _LARGE * areas.max()
    yield _hull(np.isin(marks, np.flatnonzero(large)))
    for piece in np.flatnonzero(~large & (areas > _SMALL * areas.max())):
        hull = _hull(marks == piece)
        if cv2.contourArea(hull) < _FULL * frames[piece]:
            yield hull


def _hull(piece: Mask) -> NDArray[np.int32]:
    rows, columns = np.nonzero(piece)
    return np.asarray(cv2.convexHull(np.column_stack([columns, rows]).astype(np.int32)), np.int32)


def _beside(text: Mask, fan: Mask) -> tuple[Mask, int, int]:
    """Writing of which most is outside the picture, up to its last letter; near lines are one.

    Returns:
        Where it is, a little widened; how many regions it has; and how many are on the picture.
    """
    near = max(3, round(0.02 * text.shape[1]) | 1)
    joined = cv2.dilate(text.astype(np.uint8), np.ones((near, 2 * near + 1), np.uint8))
    count, marks = cv2.connectedComponents(joined)
    drawn = np.bincount(marks[text], minlength=count)
    within = np.bincount(marks[text & fan], minlength=count)
    outside = 2 * within <= drawn
    outside[0] = False
    beside = cv2.dilate((text & outside[marks]).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    regions = int(outside.sum())
    return beside, regions, count - 1 - regions

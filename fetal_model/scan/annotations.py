"""What a scanner or a person drew over a scan: text, marks, bars, boxes; and the ultrasound's fan.

Found by what tissue never is: an ultrasound picture is blurred by its beam, so that nothing in it
changes within one pixel, and what is drawn over it has edges that do. Nothing is read. How much of
each kind is found and how much tissue is taken for it is in `docs/results/annotations.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_WORKING_WIDTH = 960
"""Columns; a larger scan is shrunk first, so that the sizes below hold for every scan."""
_CRISP = (14.0, 6.5)
"""Grey levels of 255 by which a drawn pixel stands out of its surroundings of one pixel: at least
the first, and at least the second times the typical deviation in tissue."""
_THIN = 40.0
"""Grey levels by which a stroke stands out of what is wider than it."""
_STRONG, _WEAK = 1.6, 0.55
"""A mark that stands alone must be crisper than a character in a row, by the first factor; what
lies beside something found may be less crisp, by the second."""
_ROW = 3
"""Characters that make a row of text."""
_EDGE = 9
"""Pixels; within half of it of the fan's edge nothing that stands alone is believed."""
_RAMP = 150
"""Grey levels that a bar spans."""
_SHOWN = 4
"""Grey above which a pixel shows something."""
_RIM = 0.9
"""Share of each side of a box that is of the box's grey."""


@dataclass(frozen=True)
class Annotations:
    """What was found on a scan; each mask is bool of the scan's shape (height, width).

    Attributes:
        text: Strokes of rows of characters.
        marks: Strokes of calipers, depth ticks and single characters.
        bars: Bars of grey levels.
        boxes: Boxes of one grey.
        fan: Where the ultrasound picture is; what is drawn within it is still part of it.
    """

    text: Mask
    marks: Mask
    bars: Mask
    boxes: Mask
    fan: Mask

    @property
    def strokes(self) -> Mask:
        """What is thin enough to be filled from around it."""
        return self.text | self.marks

    @property
    def hidden(self) -> Mask:
        """What shows no tissue: bars, boxes, and all outside the fan, where there is one."""
        outside = ~self.fan if self.fan.any() else np.zeros_like(self.fan)
        return self.bars | self.boxes | outside

    @property
    def drawn(self) -> Mask:
        """All that is annotation, within the fan or not."""
        return self.strokes | self.bars | self.boxes

    @property
    def removed(self) -> float:
        """Share of the fan that is hidden by annotation, or goes when it is taken away."""
        fan = int(self.fan.sum())
        return float((self.drawn & self.fan).sum()) / fan if fan else 0.0


def find_annotations(pixels: NDArray[np.float32]) -> Annotations:
    """Find what was drawn over a scan.

    Args:
        pixels: float32 (height, width) in [0, 1], as it was exported: a scan that was enlarged, or
            blurred after the drawing, has lost the edges by which this finds anything.

    Example:
        >>> screen = np.zeros((300, 400), np.uint8)
        >>> drawn = cv2.putText(screen, "Gn -7", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 200)
        >>> bool(find_annotations(screen.astype(np.float32) / 255).drawn.any())
        True
    """
    height, width = pixels.shape
    grey = np.rint(pixels * 255).astype(np.uint8)
    if width > _WORKING_WIDTH:
        size = (_WORKING_WIDTH, round(height * _WORKING_WIDTH / width))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    bars, boxes = _bars(grey), _boxes(grey)
    rows, joined, marks = _strokes(grey, bars)
    drawn = rows | joined | marks | bars
    fan = find_fan(np.where(drawn, 0, grey).astype(np.uint8))
    # The fan's own edge is cut as sharply as if it were drawn.
    inner = cv2.erode(fan.astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8), borderValue=0) > 0
    believed = inner | ~fan
    text = rows | (joined & believed)
    marks &= ~text & believed
    masks = (text, marks, bars, boxes, fan)
    if grey.shape == pixels.shape:
        return Annotations(*masks)
    # Whatever share of a pixel is drawn on, it is drawn on.
    return Annotations(
        *(
            cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
            for mask in masks
        )
    )


def without_annotations(
    grey: NDArray[np.float32], strokes: Mask, hidden: Mask
) -> NDArray[np.float32]:
    """Fill strokes from around them (Telea 2004), and blacken what shows no tissue.

    Args:
        grey: float32 (height, width) in [0, 1], at a model's input resolution: little is invented
            there, and nothing that is finer than the model sees.
        strokes: bool (height, width), what to fill.
        hidden: bool (height, width), what to blacken: under a box there is nothing to fill from.

    Returns:
        float32 (height, width) in [0, 1]; outside both masks exactly `grey`.
    """
    kept = np.where(hidden, np.float32(0), grey)
    fill = strokes & ~hidden
    if not fill.any():
        return kept
    levels = np.rint(kept * 255).astype(np.uint8)
    filled = cv2.inpaint(levels, fill.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.where(fill, filled.astype(np.float32) / 255, kept)


def find_fan(grey: NDArray[np.uint8]) -> Mask:
    """Where the ultrasound picture is: the hull of what is drawn in one piece.

    Args:
        grey: uint8 (height, width), without annotation.

    Returns:
        bool (height, width); empty where nothing large is drawn.
    """
    stroke = max(5, round(0.015 * min(grey.shape)) | 1)
    shown = cv2.medianBlur((grey > _SHOWN).astype(np.uint8), 5)
    solid = cv2.morphologyEx(shown, cv2.MORPH_OPEN, np.ones((stroke, stroke), np.uint8))
    count, marks, statistics, _ = cv2.connectedComponentsWithStats(solid)
    fan = np.zeros(grey.shape, np.uint8)
    if count > 1:
        areas = statistics[1:, cv2.CC_STAT_AREA]
        large = 1 + np.flatnonzero(areas >= 0.02 * areas.max())
        kept = np.zeros(count, dtype=bool)
        kept[large] = True
        shape = kept[marks]
        # the outermost pixels of each row have the same hull as all of them
        rows = np.flatnonzero(shape.any(axis=1))
        left = shape[rows].argmax(axis=1)
        right = shape.shape[1] - 1 - shape[rows, ::-1].argmax(axis=1)
        ends = np.concatenate([np.column_stack([left, rows]), np.column_stack([right, rows])])
        cv2.fillConvexPoly(fan, cv2.convexHull(ends.astype(np.int32)), 1)
    return fan > 0


def _strokes(grey: NDArray[np.uint8], bars: Mask) -> tuple[Mask, Mask, Mask]:
    """Crisp thin strokes: characters in rows, words whose characters are joined, and the others."""
    values = grey.astype(np.float32)
    crisp = values - cv2.GaussianBlur(values, (0, 0), 1.0)
    side = max(7, round(grey.shape[1] / 80) | 1)
    thin = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8))
    seen = np.abs(crisp[grey > 10])
    # on a screen without tissue all that shows is drawn
    typical = 1.48 * float(np.median(seen)) if seen.size > grey.size // 20 else 0.0
    least = max(_CRISP[0], _CRISP[1] * typical)
    seeds = (crisp > least) & (thin > _THIN) & ~bars
    strokes = _grown(seeds, thin > 0.6 * _THIN, 2)
    count, found, statistics, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8))
    marks = np.asarray(found, np.int32)
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, marks[seeds], crisp[seeds])
    sums = np.bincount(marks[seeds], weights=crisp[seeds], minlength=count)
    tallest = max(14, round(grey.shape[0] / 14))
    fits = (statistics[:, cv2.CC_STAT_HEIGHT] <= tallest) & (
        statistics[:, cv2.CC_STAT_WIDTH] <= 4 * tallest
    )
    fits[0] = False
    in_rows = _rows(np.asarray(statistics, np.int32), fits & (sums > 2 * least))
    alone = fits & (peaks > _STRONG * least) & (sums > 3 * least)
    wide = statistics[:, cv2.CC_STAT_WIDTH] > 1.5 * statistics[:, cv2.CC_STAT_HEIGHT]
    tall = statistics[:, cv2.CC_STAT_HEIGHT] >= 5
    joined = alone & wide & tall & ~in_rows
    marked = alone & ~joined & ~in_rows
    weak = (crisp > _WEAK * least) & (thin > _WEAK * _THIN) & ~bars
    masks = []
    line = (7, 2 * tallest + 1)
    for parts, near in ((in_rows, line), (joined, line), (marked, (5, 5))):
        sure = parts[marks]
        around = cv2.dilate(sure.astype(np.uint8), np.ones(near, np.uint8)) > 0
        stroke = sure | _grown(weak & around, thin > _WEAK * _THIN, 1)
        masks.append(cv2.dilate(stroke.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    return masks[0], masks[1], masks[2]


def _grown(seeds: Mask, within: Mask, steps: int) -> Mask:
    """Seeds, spread over their neighbours of a kind."""
    grown = seeds.astype(np.uint8)
    for _ in range(steps):
        grown = cv2.dilate(grown, np.ones((3, 3), np.uint8)) & within.astype(np.uint8)
    return grown > 0


def _rows(statistics: NDArray[np.int32], fits: Mask) -> Mask:
    """Which parts stand in a row of at least `_ROW`: side by side, on one line, of like height."""
    parts = statistics.tolist()
    rows: list[list[int]] = []
    open_rows: list[list[int]] = []
    for part in np.argsort(statistics[:, cv2.CC_STAT_LEFT]).tolist():
        if not fits[part]:
            continue
        left = parts[part][0]
        # A row that ends too far to the left is over.
        open_rows = [r for r in open_rows if left - sum(parts[r[-1]][0:3:2]) <= 3 * parts[r[-1]][3]]
        row = next((row for row in open_rows if _follows(parts[part], parts[row[-1]])), None)
        if row is None:
            row = []
            rows.append(row)
            open_rows.append(row)
        row.append(part)
    found = np.zeros(len(parts), dtype=bool)
    for row in rows:
        found[row] = len(row) >= _ROW
    return found


def _follows(part: list[int], before: list[int]) -> bool:
    """Whether it stands next in a row; both are left, top, width, height and area."""
    left, top, _, height, _ = part
    start, other_top, width, other_height, _ = before
    tall, short = max(height, other_height), min(height, other_height)
    return (
        5 <= tall <= 2 * short
        and -2 <= left - start - width <= 1.5 * tall
        and abs(top + height - other_top - other_height) <= 0.4 * tall
    )


def _bars(grey: NDArray[np.uint8]) -> Mask:
    """Ramps from white to black, which no column of speckle is."""
    height, width = grey.shape
    found = np.zeros(grey.shape, dtype=bool)
    margin = round(0.08 * width)
    least = max(24, height // 12)
    # a column that does not span a ramp's greys holds none
    spans = np.ptp(grey, axis=0) >= _RAMP
    sides = np.r_[:margin, width - margin : width]
    for column in sides[spans[sides]]:
        steps = np.diff(grey[:, column].astype(int))
        for sign in (-1, 1):
            even = np.concatenate([[False], (sign * steps >= 0) & (abs(steps) <= 12), [False]])
            starts, ends = np.flatnonzero(np.diff(even.astype(int))).reshape(-1, 2).T
            long = ends - starts >= least
            for start, end in zip(starts[long], ends[long], strict=True):
                run = grey[start : end + 1, column].astype(int)
                changes = np.flatnonzero(np.diff(run))
                if not changes.size:
                    continue
                start, end = start + int(changes[0]), start + int(changes[-1]) + 1
                drop = abs(int(grey[end, column]) - int(grey[start, column]))
                if end - start >= least and drop >= _RAMP:
                    found[max(0, start - 1) : end + 2, column] = True
    # a single column is a streak, not a bar
    return cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, 3), np.uint8)) > 0


def _boxes(grey: NDArray[np.uint8]) -> Mask:
    """Rectangles of one grey: tissue is never of one grey up to four straight sides."""
    level = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) <= 1
    _, marks, statistics, _ = cv2.connectedComponentsWithStats(level.astype(np.uint8))
    found = np.zeros(grey.shape, dtype=bool)
    area = statistics[:, cv2.CC_STAT_WIDTH] * statistics[:, cv2.CC_STAT_HEIGHT]
    fits = (statistics[:, cv2.CC_STAT_AREA] >= max(200, grey.size // 1000)) & (
        area <= grey.size // 6
    )
    for mark in 1 + np.flatnonzero(fits[1:]):
        left, top, width, height, _ = (int(value) for value in statistics[mark])
        if min(width, height) < 8:
            continue
        own = marks[top : top + height, left : left + width] == mark
        rim = min(side.mean() for side in (own[0], own[-1], own[:, 0], own[:, -1]))
        if rim >= _RIM:
            found[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1] = True
    return found

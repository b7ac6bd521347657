"""Whether a picture is an ultrasound scan of acceptable quality, told from the picture alone.

Cheap checks before any network answers. What ultrasound cannot hide is its grain: speckle is finer
along the beam than across it, as the pulse is shorter than the beam is wide (Wagner et al. 1983,
IEEE Transactions on Sonics and Ultrasonics 30:156), and in a picture the beam runs down. Limits lie
outside what the real training scans and simulated scans show, by a margin for machines not among
them; no other picture was used to set them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.scan.preprocess import find_content
from fetal_model.scan.types import Scan

ULTRASOUND = frozenset({"US", "IVUS", "OT"})
"""DICOM modalities that a scan may state; screen captures are filed under OT, "other"."""
MOST_COLOUR = 0.2
"""Share of the picture in colour. Scans are grey; a flow box or a marker may be coloured."""
LEAST_WHITE = 0.25
"""Grey that the brightest hundredth reaches. Real scans: from 0.33."""
LEAST_BLACK = 0.02
"""Share that is black. Fluid, shadow or ground: from 0.058 in real scans, 0.034 in simulated."""
MOST_WHITE = 0.15
"""Share that is nearly white, where a gain too high hides the tissue. Real scans: up to 0.09."""
LEAST_FIELD = 0.15
"""Share of the picture that shows tissue. Real scans: from 0.20."""
LEAST_CONTRAST = 0.05
"""Standard deviation of the greys. Real scans: from 0.08."""
LEAST_TEXTURE = 0.045
"""Fine variation of the tissue over its grey. Real scans: from 0.060; less is out of focus."""
MOST_TEXTURE = 0.45
"""The same where there are edges and no tissue, as in letters. Real scans: up to 0.29."""
MOST_FLAT = 0.12
"""Share of the tissue that has no grain at all, as what is drawn has. Real scans: up to 0.063."""
MOST_ONE_GREY = 0.35
"""Share with one and the same grey that is not black, as the ground of a screen. Real scans: up to
0.06; some scanners' screens have a grey margin."""
LEAST_GRAIN = 0.22
"""How much more alike neighbours across the beam are than along it. Real scans: from 0.28."""
MOST_ALONG = 0.1
"""Likeness of neighbours three pixels apart along the beam. Real scans: up to 0.04."""

_SIDE = 400
"""Pixels of the longer side that grain is looked at with: less blurs it, more only costs time."""
_THINNED = 300
"""Pixels of the longer side from which on a picture is thinned to find where it ends."""
_COLOURED = 25
"""Levels of 255 between channels that JPEG does not make out of grey."""
_DRAWN, _BLACK, _NEARLY_WHITE, _TISSUE, _FLAT = 0.04, 0.06, 0.75, 0.08, 0.004
_LEAST_TISSUE = 125
"""Places in tissue from which on its grain can be measured."""


@dataclass(frozen=True)
class Quality:
    """What was measured; shares and greys in [0, 1].

    Attributes:
        colour: Share of the picture in colour.
        white: Grey that the brightest hundredth reaches.
        black: Share that is black.
        nearly_white: Share that is nearly white.
        field: Share of the whole picture that shows tissue.
        contrast: Standard deviation of the greys.
        texture: Median standard deviation of the fine detail, over the grey around it.
        flat: Share of the tissue without any detail.
        one_grey: Share of the whole picture that has its most frequent level above black.
        grain: Correlation of neighbours two pixels apart across the beam less along it, in [-2, 2].
        along: Correlation of neighbours three pixels apart along the beam, in [-1, 1].
    """

    colour: float
    white: float
    black: float
    nearly_white: float
    field: float
    contrast: float
    texture: float
    flat: float
    one_grey: float
    grain: float
    along: float


def measure_quality(scan: Scan) -> Quality:
    """Measure a scan.

    Args:
        scan: As `read_scan` returns it; letters and margins around the picture may be there.
    """
    # neighbours tell the same: a quarter of them is enough
    some = np.s_[::2, ::2]
    channels = cv2.split(
        cv2.resize(scan.display, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
    )
    highest = cv2.max(cv2.max(channels[0], channels[1]), channels[2])
    lowest = cv2.min(cv2.min(channels[0], channels[1]), channels[2])
    levels = cv2.calcHist([highest], [0], None, [256], [0, 256])
    grey, share = _content(scan.pixels)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 2)
    deviation = cv2.sqrt(_around(detail * detail, 13))
    tissue = _around(grey, 21) > _TISSUE
    # every place counts alike: without this a few bright edges decide
    even = detail / (deviation + 1e-3)
    texture = deviation[some][tissue[some]]
    measurable = texture.size >= _LEAST_TISSUE
    level = _around(grey, 13)[some][tissue[some]]
    greys = np.ascontiguousarray(grey[some])
    return Quality(
        colour=_share(highest - lowest > _COLOURED),
        white=float(np.quantile(greys, 0.99)),
        black=_share(greys < _BLACK),
        nearly_white=_share(greys > _NEARLY_WHITE),
        field=_share(tissue) * share,
        contrast=float(greys.std()),
        texture=float(np.median(texture / np.maximum(level, 1 / 255))) if measurable else 0.0,
        flat=_share(texture < _FLAT) if measurable else 1.0,
        one_grey=float(levels[round(255 * _DRAWN) :].max()) / highest.size,
        grain=_likeness(even, tissue, 0, 2) - _likeness(even, tissue, 2, 0),
        along=_likeness(even, tissue, 3, 0),
    )


def find_faults(scan: Scan, quality: Quality) -> tuple[str, ...]:
    """Why a picture is not taken for a usable ultrasound scan.

    Args:
        scan: The scan.
        quality: What was measured of it.

    Returns:
        One sentence for each fault, the plainest first; empty when there is none.
    """
    modality = scan.facts.modality
    q = quality
    faults = [
        (
            modality is not None and modality not in ULTRASOUND,
            f"The file says that it is no ultrasound (modality {modality}).",
        ),
        (
            q.white < LEAST_WHITE,
            f"The picture is almost black (its brightest parts reach {q.white:.0%} of white).",
        ),
        (q.colour > MOST_COLOUR, f"{q.colour:.0%} of the picture is in colour; scans are grey."),
        (
            q.black < LEAST_BLACK,
            "Hardly anything is black; scans have fluid, shadow or a dark ground, unless the gain "
            "is far too high.",
        ),
        (
            q.nearly_white > MOST_WHITE,
            f"{q.nearly_white:.0%} of the picture is nearly white: the gain is too high, or it is "
            "no scan.",
        ),
        (
            q.field < LEAST_FIELD,
            f"Only {q.field:.0%} of the picture shows tissue: the gain or the field of view is too "
            "small.",
        ),
        (q.contrast < LEAST_CONTRAST, "The picture has hardly any contrast."),
        (
            q.texture < LEAST_TEXTURE or q.along > MOST_ALONG,
            "The picture is blurred: tissue in a scan has fine grain.",
        ),
        (q.texture > MOST_TEXTURE, "It shows edges and points, as letters and lines, not tissue."),
        (
            q.flat > MOST_FLAT,
            f"{q.flat:.0%} of it has no grain at all, as in drawings, screens and documents.",
        ),
        (
            q.one_grey > MOST_ONE_GREY,
            f"{q.one_grey:.0%} of the picture has one and the same grey, as a screen has.",
        ),
        (
            q.grain < LEAST_GRAIN,
            "Its grain is not that of ultrasound, which is finer along the beam than across it: "
            "another kind of picture, or a scan that was turned.",
        ),
    ]
    return tuple(sentence for found, sentence in faults if found)


def _content(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """What is drawn, its longer side `_SIDE` pixels, and its share of the whole picture."""
    # where the picture ends is as plain on a thinned one, and found in a fraction of the time
    thinned = max(1, round(max(pixels.shape) / _THINNED))
    region = find_content(np.ascontiguousarray(pixels[::thinned, ::thinned]))
    rows, columns = (
        slice(first * thinned, last * thinned)
        for first, last in ((region.top, region.bottom), (region.left, region.right))
    )
    cut = pixels[rows, columns]
    scale = _SIDE / max(cut.shape)
    size = tuple(max(8, round(side * scale)) for side in cut.shape[::-1])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, size, interpolation=method)), cut.size / pixels.size


def _share(found: NDArray[np.bool_]) -> float:
    return np.count_nonzero(found) / found.size  # many times faster than a mean


def _around(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(values, (side, side)))


def _likeness(even: NDArray[np.float32], tissue: NDArray[np.bool_], down: int, right: int) -> float:
    """Correlation of the detail with itself some pixels away, where both are tissue; 0 of none."""
    rows, columns = even.shape
    # every second row is enough
    first = np.s_[: rows - down : 2, : columns - right]
    second = np.s_[down::2, right:]
    both = tissue[first] & tissue[second]
    here, there = even[first][both], even[second][both]
    size = math.sqrt(float(here @ here) * float(there @ there))
    return float(here @ there) / size if size > 0 else 0.0

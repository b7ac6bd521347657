"""Where the ultrasound picture is on a scanner's screen, and how big its pixels are.

From the Sequence of Ultrasound Regions (DICOM PS3.3 C.8.5.5). What is stated wrongly is taken for
not stated: nothing here costs the file its picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydicom import Dataset

from fetal_model.scan.limits import MIN_SIDE
from fetal_model.scan.types import Region

_TWO_DIMENSIONAL, _TISSUE, _CENTIMETRES = 1, 1, 3
_MM_PER_CM = 10.0
# From a pixel of a thousandth of a millimetre to one of a centimetre.
_PLAUSIBLE_MM = (1e-3, 10.0)

MmPerPixel = tuple[float, float]


def ultrasound_region(
    dataset: Dataset, rows: int, columns: int
) -> tuple[Region | None, MmPerPixel | None]:
    """Find the two-dimensional picture.

    Of several the largest of tissue is taken (a colour flow box lies within it), or where none is
    said to show tissue, the largest. Where two pictures stand side by side that is one of them.

    Args:
        dataset: The data set.
        rows: Of the picture.
        columns: Of the picture.

    Returns:
        Its place, cut to the picture, and the size of its pixels down and across in mm; without a
        region the size is that of Pixel Spacing. None for what the file does not state.
    """
    try:
        found = [
            (item.get("RegionDataType") == _TISSUE, region.height * region.width, region, item)
            for item in dataset.get("SequenceOfUltrasoundRegions") or ()
            if item.get("RegionSpatialFormat") == _TWO_DIMENSIONAL
            and (region := _place(item, rows, columns)) is not None
        ]
    except Exception:  # pydicom converts values, and fails on them, when they are asked for
        found = []
    if not found:
        return None, _spacing(dataset)
    *_, region, item = max(found, key=lambda entry: entry[:2])
    return region, _calibration(item)


def _place(item: Dataset, rows: int, columns: int) -> Region | None:
    sides = ("MinY0", "MinX0", "MaxY1", "MaxX1")
    top, left, bottom, right = (int(item.get(f"RegionLocation{side}")) for side in sides)
    # The last row and column are within; scanners also write the size there, one too many.
    top, left = max(0, top), max(0, left)
    bottom, right = min(rows, bottom + 1), min(columns, right + 1)
    return Region(top, left, bottom, right) if min(bottom - top, right - left) >= MIN_SIDE else None


def _calibration(item: Dataset) -> MmPerPixel | None:
    try:
        units = {item.get(f"PhysicalUnits{axis}Direction") for axis in "XY"}
        # A delta is negative where the axis points up or to the left.
        sizes = [abs(float(item.get(f"PhysicalDelta{axis}"))) * _MM_PER_CM for axis in "YX"]
    except Exception:
        return None
    return _plausible(sizes) if units == {_CENTIMETRES} else None


def _spacing(dataset: Dataset) -> MmPerPixel | None:
    try:
        return _plausible([float(value) for value in dataset.get("PixelSpacing") or ()])
    except Exception:
        return None


def _plausible(sizes: Sequence[float]) -> MmPerPixel | None:
    low, high = _PLAUSIBLE_MM
    if len(sizes) != 2 or not all(math.isfinite(size) and low <= size <= high for size in sizes):
        return None
    return sizes[0], sizes[1]

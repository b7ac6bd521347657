"""From a `Scan` to what one model expects, and from a model's map back onto the scan.

How a model wants its input is an `InputSpec` in its version folder; nothing about it is decided
anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.scan.annotations import Annotations, find_annotations, without_annotations
from fetal_model.scan.types import Region, Scan

Scaling = Literal["0-255", "0-1", "standardise"]
Crop = Literal["none", "content"]
Writing = Literal["kept", "taken away"]

_MAX_SIDE = 4096
# Grey above which a pixel counts as drawn: JPEG leaves up to about 8 of 255 in a black ground.
_DRAWN = 0.04
# Strokes of text are thinner than this share of the shorter side, and vanish when opened by it.
_STROKE = 0.02
# A part smaller than this share of the largest one is a speck or a line of text.
_PART = 0.1
_SMALLEST_CROP = 0.25
_OPTIONAL = ("crop", "annotations")


@dataclass(frozen=True)
class InputSpec:
    """How a model expects a scan.

    Attributes:
        height: Rows of the input.
        width: Columns of the input.
        scaling: "0-255", "0-1", or "standardise": 255 * (x - mean) / standard deviation of the
            one image, as the published SonoNet expects. A model that holds its own
            `Rescaling(1/255)` declares "0-255", so that nothing is scaled twice.
        crop: "none" feeds the whole scan; "content" cuts it to the part that is not black.
        annotations: "kept" feeds what is written and drawn on the scan too; "taken away" fills it
            from around it and blackens what lies outside the fan, see `annotations`.

    Raises:
        ValueError: If a value is none of these.
    """

    height: int
    width: int
    scaling: Scaling
    crop: Crop = "none"
    annotations: Writing = "kept"

    def __post_init__(self) -> None:
        for side in ("height", "width"):
            value = getattr(self, side)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 1 <= value <= _MAX_SIDE:
                raise ValueError(
                    f"InputSpec.{side}: expected a whole number from 1 to {_MAX_SIDE}, "
                    f"received {value!r}."
                )
        for choice, kinds in (("scaling", Scaling), ("crop", Crop), ("annotations", Writing)):
            allowed = get_args(kinds)
            value = getattr(self, choice)
            if value not in allowed:
                raise ValueError(
                    f"InputSpec.{choice}: expected one of {', '.join(allowed)}; received {value!r}."
                )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> InputSpec:
        """Read a specification from the metadata of a version.

        Raises:
            ValueError: If a key is missing or unknown, or a value is not allowed.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"InputSpec: expected an object, received {values!r}.")
        known = {field.name for field in fields(cls)}
        unknown, missing = values.keys() - known, known - {*_OPTIONAL} - values.keys()
        if unknown or missing:
            raise ValueError(
                f"InputSpec: expected {', '.join(sorted(known))} ({' and '.join(_OPTIONAL)} may be "
                "left out); "
                f"missing {sorted(missing)}, unknown {sorted(map(str, unknown))}."
            )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, ready for JSON.

        Example:
            >>> InputSpec(224, 288, "standardise").to_dict()
            {'height': 224, 'width': 288, 'scaling': 'standardise', 'crop': 'none', \
'annotations': 'kept'}
        """
        return asdict(self)


def preprocess(
    scan: Scan, spec: InputSpec, annotations: Annotations | None = None
) -> tuple[NDArray[np.float32], Region]:
    """Bring a scan to the input of a model.

    The cut is resized to the input without keeping its aspect ratio, by averaging along an axis
    that shrinks and linearly along one that grows. An image of one grey standardises to zeros.

    Args:
        scan: The scan; `pixels` float32 (height, width) in [0, 1].
        spec: What the model expects.
        annotations: What was found on the scan, where it is known already; else it is looked for
            if the model wants it taken away.

    Returns:
        float32 array of shape (spec.height, spec.width, 1), and the part of the scan it shows.
    """
    height, width = scan.pixels.shape
    region = Region(0, 0, height, width)
    if spec.crop == "content":
        region = find_content(scan.pixels, scan.facts.region)
    cut = scan.pixels[region.top : region.bottom, region.left : region.right]
    grey = _resize(cut, spec.height, spec.width)
    if spec.annotations == "taken away":
        annotations = annotations or find_annotations(scan.pixels)
        inside = slice(region.top, region.bottom), slice(region.left, region.right)
        strokes, hidden = (
            _resize(mask[inside].astype(np.float32), spec.height, spec.width)
            for mask in (annotations.strokes, annotations.hidden)
        )
        grey = without_annotations(grey, strokes > 0, hidden > 0.5)
    values = _scale(grey, spec.scaling)
    return values[:, :, np.newaxis], region


def find_content(pixels: NDArray[np.float32], within: Region | None = None) -> Region:
    """Return the bounding box of what is drawn, without isolated text and specks.

    Args:
        pixels: float32 array of shape (height, width) in [0, 1].
        within: The part that is scan, where the file says which (`Facts.region`); what a scanner
            drew around it, such as its own marks and menus, is then not looked at.

    Returns:
        The box; the whole picture, or all of `within`, when nothing large is drawn, or when the
        box would keep less than a quarter of it, which is more likely a mistake than a margin.
    """
    if within is not None:
        inner = find_content(pixels[within.top : within.bottom, within.left : within.right])
        down, right = within.top, within.left
        return Region(
            inner.top + down, inner.left + right, inner.bottom + down, inner.right + right
        )
    height, width = pixels.shape
    whole = Region(0, 0, height, width)
    stroke = max(3, round(_STROKE * min(height, width)) | 1)
    # Speckle leaves holes in tissue, which opening would tear further apart.
    drawn = cv2.medianBlur((pixels > _DRAWN).astype(np.uint8), 5)
    solid = cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones((stroke, stroke), np.uint8))
    count, _, statistics, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count < 2:  # part 0 is the ground
        return whole
    parts = statistics[1:]
    areas = parts[:, cv2.CC_STAT_AREA]
    parts = parts[areas >= _PART * areas.max()]
    left, top = parts[:, cv2.CC_STAT_LEFT], parts[:, cv2.CC_STAT_TOP]
    right, bottom = left + parts[:, cv2.CC_STAT_WIDTH], top + parts[:, cv2.CC_STAT_HEIGHT]
    margin = stroke // 2  # opening rounds off the tips of the sector
    box = Region(
        max(0, int(top.min()) - margin),
        max(0, int(left.min()) - margin),
        min(height, int(bottom.max()) + margin),
        min(width, int(right.max()) + margin),
    )
    return box if box.height * box.width >= _SMALLEST_CROP * height * width else whole


def place(map_: NDArray[np.float32], region: Region, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Put a model's map back onto the uncropped scan.

    Each value of the map stands at the centre of its cell, and the cells divide the region
    evenly; between centres the values are interpolated linearly.

    Args:
        map_: float32 array of shape (rows, columns), such as a feature grid.
        region: The part of the scan that the model saw, from `preprocess`.
        shape: (height, width) of the scan.

    Returns:
        float32 array of shape `shape`: the map within the region, 0 outside it.

    Raises:
        ValueError: If the map has not two dimensions or the region reaches outside the scan.
    """
    if map_.ndim != 2 or not map_.size:
        raise ValueError(f"place: expected a map of shape (rows, columns), received {map_.shape}.")
    if region.bottom > shape[0] or region.right > shape[1]:
        raise ValueError(f"place: expected a region within {shape}, received {region}.")
    placed = np.zeros(shape, np.float32)
    # OpenCV takes pixel centres at half coordinates, which is the cell-centred convention.
    placed[region.top : region.bottom, region.left : region.right] = cv2.resize(
        map_.astype(np.float32, copy=False),
        (region.width, region.height),
        interpolation=cv2.INTER_LINEAR,
    )
    return placed


def _resize(pixels: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Shrink first and grow after: INTER_AREA averages only where both axes shrink."""
    smaller = (min(height, pixels.shape[0]), min(width, pixels.shape[1]))
    resized: NDArray[Any] = pixels
    if smaller != pixels.shape:
        resized = cv2.resize(resized, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != (height, width):
        resized = cv2.resize(resized, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized


def _scale(pixels: NDArray[np.float32], scaling: Scaling) -> NDArray[np.float32]:
    if scaling == "0-1":
        return pixels.copy()  # the cut may be the scan's own read-only array
    if scaling == "0-255":
        return pixels * np.float32(255)
    mean, deviation = float(pixels.mean(dtype=np.float64)), float(pixels.std(dtype=np.float64))
    if deviation < 1e-6:  # less than a thousandth of a grey level: rounding, no picture
        return np.zeros_like(pixels)
    return ((pixels - np.float32(mean)) * np.float32(255 / deviation)).astype(np.float32)

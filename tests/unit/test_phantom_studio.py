"""The studio's knobs do what their sentences say, and structures are outlined where they lie."""

from __future__ import annotations

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.regions import regions
from fetal_model.phantom.structures import CODES
from fetal_model.phantom.studio import Knobs, first_knobs, turned
from fetal_model.wording_phantom import KNOBS, label_name, plane_name

FIRST = first_knobs("transthalamic", 1)


def picture(**changes: float) -> np.ndarray:
    return turned("transthalamic", 1, replace(FIRST, **changes)).image.astype(float)


def head_size(**changes: float) -> int:
    return int(turned("transthalamic", 1, replace(FIRST, **changes)).mask.sum())


def grain(image: np.ndarray) -> float:
    """How fine the speckle is: likeness of neighbours two pixels apart."""
    fine = image - cv2.GaussianBlur(image, (0, 0), 4)
    return float(np.corrcoef(fine[:, :-3].ravel(), fine[:, 3:].ravel())[0, 1])


def test_gain_brightens_and_a_wide_range_shows_more_grey() -> None:
    assert picture(gain_db=6).mean() > picture(gain_db=-6).mean() + 20
    narrow, wide = (picture(dynamic_range_db=value) for value in (35, 70))
    assert (narrow < 5).mean() > (wide < 5).mean()


def test_a_higher_frequency_is_finer() -> None:
    assert grain(picture(frequency_mhz=7.0)) < grain(picture(frequency_mhz=2.6))


def test_more_depth_shows_it_smaller_and_an_older_head_is_larger() -> None:
    assert head_size(depth_mm=150) < 0.7 * head_size(depth_mm=100)
    assert head_size(weeks=22, depth_mm=160) > 1.5 * head_size(weeks=16, depth_mm=160)


def test_a_wider_sector_shows_more_at_the_sides() -> None:
    narrow, wide = (picture(sector_degrees=value, depth_mm=100) for value in (44, 76))
    assert (wide[200] > 0).mean() > (narrow[200] > 0).mean()


def test_landmarks_fade_away_from_the_plane() -> None:
    def thalami(offset: float) -> int:
        codes = turned("transthalamic", 1, replace(FIRST, offset=offset)).structures
        return int((codes == CODES["thalamus"]).sum())

    assert thalami(0.0) > 0
    assert thalami(1.0) < thalami(0.0)


@pytest.mark.parametrize("plane", PLANES)
def test_every_plane_has_a_studio_and_a_name(plane: str) -> None:
    knobs = first_knobs(plane, 2)
    assert knobs.offset == 0 and not knobs.annotated
    phantom = turned(plane, 2, knobs)
    assert (phantom.plane, phantom.label) == (plane, PLANES[plane].label)
    assert phantom.image.tobytes() == turned(plane, 2, knobs).image.tobytes()
    assert plane_name(plane)[0].isupper() and label_name(phantom.label)[0].isupper()


def test_every_number_of_the_knobs_has_a_slider_with_a_sentence() -> None:
    names = {field.name for field in fields(Knobs)} - {"annotated"}
    assert {knob.field for knob in KNOBS} == names
    for knob in KNOBS:
        assert knob.low < knob.high
        assert knob.does.endswith(".") and knob.does.count(". ") == 0


def drawn(loops: tuple, shape: tuple[int, int]) -> np.ndarray:
    size = np.array(shape[::-1])
    polygons = [np.round(np.array(loop) * size).astype(np.int32) for loop in loops]
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, polygons, 1)
    return mask


def test_outlines_fill_the_structures_they_name() -> None:
    phantom = turned("transthalamic", 1, FIRST)
    found = regions(phantom.structures)
    assert [region.share for region in found] == sorted((r.share for r in found), reverse=True)
    assert "skull" in [region.name for region in found]
    for region in found[:3]:
        truth = phantom.structures == CODES[region.name]
        filled = drawn(region.loops, truth.shape) > 0
        assert (filled & truth).sum() / (filled | truth).sum() > 0.6, region.name
        column, row = (int(share * n) for share, n in zip(region.middle, (576, 448), strict=True))
        assert truth[row, column]


def test_a_ring_keeps_its_hole_and_specks_have_no_name() -> None:
    codes = np.zeros((100, 100), np.uint8)
    cv2.circle(codes, (50, 50), 30, CODES["skull"], 6)
    codes[0, :10] = CODES["falx"]
    (ring,) = regions(codes)
    assert ring.name == "skull"
    assert len(ring.loops) == 2
    assert drawn(ring.loops, codes.shape)[50, 50] == 0
    assert regions(np.zeros((20, 20), np.uint8)) == ()


@pytest.mark.parametrize("plane", PLANES)
def test_no_setting_of_the_knobs_breaks_a_plane(plane: str) -> None:
    first = first_knobs(plane, 1)
    deep = turned(plane, 1, replace(first, weeks=40.0, depth_mm=60.0))
    shallow = turned(plane, 1, replace(first, weeks=14.0, depth_mm=240.0, offset=1.0))
    assert deep.image.shape == shallow.image.shape == (448, 576)

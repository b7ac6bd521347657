"""The simulated thigh: shaft length, what surrounds it, and how it leaves the section."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fetal_model.phantom import MACHINES, Patient, Phantom
from fetal_model.phantom import femur as femur_module
from fetal_model.phantom.biometry import mean_size, standard_deviation
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.femur import SHORT_FEMUR
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.probe import View
from fetal_model.phantom.scene import draw_scene
from fetal_model.phantom.simulate import render
from fetal_model.phantom.structures import CODES


def level_scan(weeks: float = 21.0, offset: float = 0.0, seed: int = 3, angle: float = 0.1,
               pathology: str = "") -> Phantom:  # fmt: skip
    patient = Patient("P00001", weeks, next(iter(MACHINES)))
    scene = draw_scene("femur", seed, patient, quality="good", annotations=False)
    view = replace(scene.view, mm_per_pixel=0.25, left_mm=-72.0, top_mm=-5.0, depth_mm=130.0,
                   half_angle=0.75)  # fmt: skip
    cut = Cut("femur", 1.0, offset, pathology)
    return render(replace(scene, cut=cut, view=view, angle=angle, centre=(0.0, 50.0)))


def shaft_mm(scan: Phantom) -> tuple[float, float]:
    """Length and thickness of the shaft in the mask, mm."""
    sides = cv2.minAreaRect(np.argwhere(scan.mask > 0).astype(np.float32))[1]
    pixel = scan.scene.view.mm_per_pixel
    return max(sides) * pixel, min(sides) * pixel


def names(scan: Phantom) -> set[str]:
    return {name for name, code in CODES.items() if np.any(scan.structures == code)}


@pytest.mark.parametrize("weeks", [15.0, 21.0, 30.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi])
def test_shaft_length_follows_biometry(weeks, angle):
    length, thickness = shaft_mm(level_scan(weeks, angle=angle))
    # The stroke is rounded, so the mask is longer by the bone's thickness.
    assert length == pytest.approx(mean_size("femur_length", weeks) + 2.5, abs=3.0)
    assert thickness < 0.25 * length


@pytest.mark.parametrize("seed", [3, 4])
def test_the_standard_plane_names_the_thigh_and_its_bone(seed):
    wanted = {"femoral shaft", "metaphysis", "epiphyseal cartilage", "thigh"}
    assert wanted <= names(level_scan(seed=seed))


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_short_femur_is_far_below_the_mean_for_age(seed):
    weeks = 24.0
    limit = mean_size("femur_length", weeks) - 2.5 * standard_deviation("femur_length", weeks)
    short, _ = shaft_mm(level_scan(weeks, seed=seed, pathology=SHORT_FEMUR))
    normal, _ = shaft_mm(level_scan(weeks, seed=seed))
    assert short < limit + 3.0
    assert short < normal - 3.0


def test_off_the_plane_the_shaft_is_cut_short_and_its_ends_are_lost():
    on, off = level_scan(), level_scan(offset=1.0)
    assert shaft_mm(off)[0] < 0.5 * shaft_mm(on)[0]
    assert not {"metaphysis", "epiphyseal cartilage"} & names(off)
    lengths = [shaft_mm(level_scan(offset=o))[0] for o in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert np.all(np.diff(lengths) < 0)


def test_draws_do_not_depend_on_the_offset_or_the_pathology():
    view = View(radius_mm=50.0, half_angle=0.7, depth_mm=120.0, mm_per_pixel=0.27, left_mm=-77.0,
                top_mm=0.0)  # fmt: skip
    patient = Patient("P00001", 21.0, next(iter(MACHINES)))
    after = set()
    for cut in (Cut("femur"), Cut("femur", offset=0.9), Cut("femur", offset=-0.9),
                Cut("femur", pathology=SHORT_FEMUR)):  # fmt: skip
        medium = Medium(view, np.random.default_rng(0))
        section = Section(medium, np.random.default_rng(1), (0.0, 60.0), 0.0, mirrored=False,
                          warp_mm=0.0, scale_mm=50.0)  # fmt: skip
        rng = np.random.default_rng(2)
        femur_module.build(section, rng, patient, cut)
        after.add(float(rng.random()))
    assert len(after) == 1


def test_the_shaft_is_the_brightest_structure_and_shades_what_is_below():
    shaft, below, above = [], [], []
    for seed in range(3, 9):
        scan = level_scan(seed=seed, angle=0.0)
        rows, columns = np.nonzero(scan.mask)
        middle = slice(*np.quantile(columns, [0.3, 0.7]).astype(int))
        shaft.append(scan.image[scan.mask > 0].mean())
        below.append(scan.image[rows.max() + 8 : rows.max() + 28, middle].mean())
        above.append(scan.image[rows.min() - 28 : rows.min() - 8, middle].mean())
    assert np.mean(shaft) > 150
    assert np.mean(below) < 0.7 * np.mean(above)
    assert np.mean(shaft) > 2.0 * np.mean(above)

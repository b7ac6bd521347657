"""The simulated abdomen: what the standard plane must hold, and what a wrong level loses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fetal_model.phantom import CODES, Patient, abdomen
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.probe import View

PATIENT = Patient("P00001", 20.0, "sim-a")
SEEDS = range(6)
PERFECT = Cut("transabdominal")


def painted(seed: int, cut: Cut, *, mirrored: bool = False) -> tuple[Section, str]:
    """A section 60 mm deep, and the state of its random stream afterwards."""
    view = View(50.0, 0.6, 120.0, 0.27, -77.0, 0.0)
    rng = np.random.default_rng(seed)
    medium = Medium(view, np.random.default_rng(99))
    section = Section(medium, rng, (0.0, 60.0), 0.3, mirrored=mirrored, warp_mm=0.0, scale_mm=50.0)
    abdomen.build(section, rng, PATIENT, cut)
    return section, str(rng.bit_generator.state)


def area_mm2(section: Section, structure: str) -> float:
    """Area of what bears a name."""
    view = section.medium.view
    ranges = view.radius_mm + np.linspace(0.0, view.depth_mm, section.medium.echo.shape[0])
    cell = view.depth_step * view.beam_step * ranges[:, None]
    return float(np.sum((section.medium.structures == CODES[structure]) * cell))


def middle(section: Section, structure: str) -> tuple[float, float]:
    """Mean position (u, v) of what bears a name, mm."""
    here = section.medium.structures == CODES[structure]
    return float(section.u[here].mean()), float(section.v[here].mean())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_standard_plane_holds_its_structures_on_their_sides(seed, mirrored):
    section, _ = painted(seed, PERFECT, mirrored=mirrored)
    for structure in (
        "body wall", "liver", "stomach", "umbilical vein", "portal sinus", "vertebral body",
        "vertebral arch", "spinal canal", "descending aorta", "inferior vena cava",
        "adrenal gland",
    ):  # fmt: skip
        assert area_mm2(section, structure) > 0, structure
    a, _ = abdomen.half_axes(PATIENT)
    assert middle(section, "stomach")[1] > 0.3 * a
    assert middle(section, "liver")[1] < 0
    assert middle(section, "portal sinus")[1] < middle(section, "umbilical vein")[1]
    assert middle(section, "umbilical vein")[0] > 0.1 * a
    assert middle(section, "vertebral body")[0] < -0.5 * a
    assert middle(section, "descending aorta")[1] > 0 > middle(section, "inferior vena cava")[1]
    for structure in ("kidney", "renal pelvis", "lung", "myocardium"):
        assert area_mm2(section, structure) == 0, structure


def test_sizes_are_plausible_at_twenty_weeks():
    sections = [painted(seed, PERFECT)[0] for seed in SEEDS]
    sizes = {
        structure: np.mean([area_mm2(section, structure) for section in sections])
        for structure in ("stomach", "descending aorta", "vertebral body", "liver")
    }
    assert 25 < sizes["stomach"] < 120
    assert 4 < sizes["descending aorta"] < 14
    assert 4 < sizes["vertebral body"] < 20
    a, b = abdomen.half_axes(PATIENT)
    assert 0.3 < sizes["liver"] / (np.pi * a * b) < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dilated_stomach_is_larger(seed):
    normal, _ = painted(seed, PERFECT)
    dilated, _ = painted(seed, replace(PERFECT, pathology=abdomen.DILATED_STOMACH))
    assert area_mm2(dilated, "stomach") > 2.5 * area_mm2(normal, "stomach")
    assert middle(dilated, "stomach")[1] > 0


def test_below_the_plane_are_kidneys_and_no_portal_sinus():
    section, _ = painted(1, replace(PERFECT, offset=1.0))
    for structure in ("portal sinus", "umbilical vein", "stomach"):
        assert area_mm2(section, structure) == 0, structure
    kidneys = section.v[section.medium.structures == CODES["kidney"]]
    assert (kidneys > 5).any()
    assert (kidneys < -5).any()
    assert area_mm2(section, "renal pelvis") > 0


def test_above_the_plane_are_lung_and_heart():
    section, _ = painted(1, replace(PERFECT, offset=-1.0))
    assert area_mm2(section, "portal sinus") == 0
    assert area_mm2(section, "lung") > 0
    assert area_mm2(section, "myocardium") > 0


def test_a_sweep_keeps_the_anatomy_and_changes_smoothly():
    sweep = [painted(2, replace(PERFECT, offset=offset)) for offset in (-1.0, 0.0, 0.02, 1.0)]
    assert len({state for _, state in sweep}) == 1
    _, still, next_frame, far = (section.medium.echo for section, _ in sweep)
    near_change = np.abs(next_frame - still).mean()
    assert 0 < near_change < 0.1 * np.abs(far - still).mean()


def test_the_vein_and_the_stomach_are_dark():
    section, _ = painted(3, PERFECT)
    marks, echo = section.medium.structures, section.medium.echo
    liver = np.median(echo[marks == CODES["liver"]])
    for structure in ("stomach", "umbilical vein", "descending aorta"):
        assert np.median(echo[marks == CODES[structure]]) < liver - 15, structure
    assert np.median(echo[marks == CODES["vertebral body"]]) > liver + 5

"""The simulated chest: the four cardiac planes, the sides, the sizes, an enlarged heart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from fetal_model.phantom import CODES, Patient, thorax
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.probe import View

PATIENT = Patient("P00001", 20.0, "sim-a")
SEEDS = range(6)
CHAMBERS = ("left ventricle", "right ventricle", "left atrium", "right atrium")
HEART = (
    *CHAMBERS, "myocardium", "ventricular septum", "atrial septum", "mitral valve",
    "tricuspid valve", "moderator band",
)  # fmt: skip
EXPECTED = {
    "four-chamber": HEART,
    "left-outflow": ("left ventricle", "right ventricle", "left atrium", "ascending aorta",
                     "ventricular septum", "mitral valve", "myocardium"),
    "right-outflow": ("right ventricle", "pulmonary trunk", "arterial duct", "ascending aorta",
                      "superior vena cava", "myocardium"),
    "three-vessel": ("pulmonary trunk", "arterial duct", "ascending aorta", "superior vena cava",
                     "trachea", "thymus"),
}  # fmt: skip


def painted(seed: int, cut: Cut, *, mirrored: bool = False) -> tuple[Section, str]:
    """A section 60 mm deep, and the state of its random stream afterwards."""
    view = View(50.0, 0.6, 120.0, 0.27, -77.0, 0.0)
    rng = np.random.default_rng(seed)
    medium = Medium(view, np.random.default_rng(99))
    section = Section(medium, rng, (0.0, 60.0), 0.3, mirrored=mirrored, warp_mm=0.0, scale_mm=50.0)
    thorax.build(section, rng, PATIENT, cut)
    return section, str(rng.bit_generator.state)


def cells(section: Section) -> np.ndarray:
    """Area of each sample of the polar grid, mm2."""
    view = section.medium.view
    ranges = view.radius_mm + np.linspace(0.0, view.depth_mm, section.medium.echo.shape[0])
    return np.repeat(view.depth_step * view.beam_step * ranges[:, None],
                     section.medium.echo.shape[1], axis=1)  # fmt: skip


def area_mm2(section: Section, *structures: str) -> float:
    """Area of what bears one of the names."""
    here = np.isin(section.medium.structures, [CODES[structure] for structure in structures])
    return float(np.sum(here * cells(section)))


def middle(section: Section, structure: str) -> tuple[float, float]:
    """Mean position (u, v) of what bears a name, mm."""
    here = section.medium.structures == CODES[structure]
    return float(section.u[here].mean()), float(section.v[here].mean())


def heart_share(section: Section) -> float:
    """Area of the heart over the area inside the ribs."""
    a, b = thorax.half_axes(PATIENT)
    inside = np.hypot(section.u / (0.91 * a), section.v / (0.91 * b)) < 1
    return area_mm2(section, *HEART) / float(np.sum(inside * cells(section)))


def test_each_plane_of_the_chest_can_be_drawn():
    of_thorax = {name: plane.share for name, plane in PLANES.items() if plane.label == "thorax"}
    assert set(of_thorax) == set(EXPECTED)
    assert max(of_thorax, key=of_thorax.__getitem__) == "four-chamber"


@pytest.mark.parametrize("plane", EXPECTED)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_plane_holds_its_structures(plane, seed):
    section, _ = painted(seed, Cut(plane))
    everywhere = ("lung", "descending aorta", "vertebral body", "vertebral arch", "spinal canal")
    for structure in (*EXPECTED[plane], *everywhere):
        assert area_mm2(section, structure) > 0, structure
    assert middle(section, "descending aorta")[1] > 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_apex_points_left_and_the_left_heart_lies_behind(seed, mirrored):
    section, _ = painted(seed, Cut("four-chamber"), mirrored=mirrored)
    base = np.mean([middle(section, name) for name in ("left atrium", "right atrium")], axis=0)
    apex = np.mean([middle(section, name) for name in CHAMBERS[:2]], axis=0)
    forward, left = apex - base
    assert np.deg2rad(20) < np.arctan2(left, forward) < np.deg2rad(72)
    for cavity in ("ventricle", "atrium"):
        assert middle(section, f"left {cavity}")[0] < middle(section, f"right {cavity}")[0]
        assert middle(section, f"left {cavity}")[1] > middle(section, f"right {cavity}")[1]
    assert middle(section, "tricuspid valve")[1] < middle(section, "mitral valve")[1]


def test_the_heart_takes_a_third_of_the_chest():
    shares = [heart_share(painted(seed, Cut("four-chamber"))[0]) for seed in SEEDS]
    assert 0.28 < np.mean(shares) < 0.42
    assert max(shares) < 0.48
    balance = [
        area_mm2(section, "left ventricle") / area_mm2(section, "right ventricle")
        for section in (painted(seed, Cut("four-chamber"))[0] for seed in SEEDS)
    ]
    assert 0.7 < np.mean(balance) < 1.6


@pytest.mark.parametrize("seed", SEEDS)
def test_an_enlarged_heart_fills_more_than_half_of_the_chest(seed):
    cut = Cut("four-chamber", pathology=thorax.CARDIOMEGALY)
    enlarged = heart_share(painted(seed, cut)[0])
    assert 0.5 < enlarged < 0.75
    assert enlarged > 1.25 * heart_share(painted(seed, Cut("four-chamber"))[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_three_vessels_stand_in_a_row_and_grow_smaller_to_the_right(seed):
    section, _ = painted(seed, Cut("three-vessel"))
    row = [middle(section, name) for name in
           ("pulmonary trunk", "ascending aorta", "superior vena cava")]  # fmt: skip
    for before, after in pairwise(row):
        assert after[0] < before[0]
        assert after[1] < before[1]
    assert area_mm2(section, "ascending aorta") > 1.3 * area_mm2(section, "superior vena cava")
    diameter = 2 * np.sqrt(area_mm2(section, "ascending aorta") / np.pi)
    assert 2.5 < diameter < 7
    assert middle(section, "thymus")[0] > row[0][0]
    assert middle(section, "trachea")[0] < row[2][0]


def test_the_outflow_vessels_run_on_from_their_ventricles():
    left, _ = painted(4, Cut("left-outflow"))
    right, _ = painted(4, Cut("right-outflow"))
    assert middle(left, "ascending aorta")[1] < middle(left, "left ventricle")[1]
    assert middle(left, "right ventricle")[0] > middle(left, "left atrium")[0]
    assert middle(right, "pulmonary trunk")[0] < middle(right, "right ventricle")[0]
    assert middle(right, "pulmonary trunk")[1] > middle(right, "ascending aorta")[1]
    assert middle(right, "ascending aorta")[1] > middle(right, "superior vena cava")[1]


@pytest.mark.parametrize("plane", EXPECTED)
def test_off_the_plane_its_marks_are_lost_and_the_anatomy_stays(plane):
    cut = Cut(plane)
    offsets = (-1.0, 0.0, 0.02, 1.0)
    sections, states = zip(
        *(painted(2, replace(cut, offset=offset)) for offset in offsets), strict=True
    )
    assert len(set(states)) == 1
    for section in (sections[0], sections[-1]):
        for structure in set(EXPECTED[plane]) - {"thymus"}:
            assert area_mm2(section, structure) == 0, structure
    _, still, next_frame, far = (section.medium.echo for section in sections)
    assert 0 < np.abs(next_frame - still).mean() < 0.1 * np.abs(far - still).mean()


def test_below_lies_the_liver_and_above_the_arch():
    assert area_mm2(painted(1, Cut("four-chamber", offset=-1.0))[0], "liver") > 0
    assert area_mm2(painted(1, Cut("four-chamber", offset=1.0))[0], "aortic arch") > 0


def test_blood_is_darker_than_muscle_and_muscle_than_lung():
    levels = []
    for seed in SEEDS:
        section, _ = painted(seed, Cut("four-chamber"))
        marks, echo = section.medium.structures, section.medium.echo
        names = ("lung", "myocardium", "left ventricle")
        levels.append([np.median(echo[marks == CODES[name]]) for name in names])
    lung, muscle, blood = np.transpose(levels)
    assert np.all(blood < muscle - 5)
    assert np.all(muscle < lung)
    assert np.mean(blood) < np.mean(muscle) - 8
    assert np.mean(muscle) < np.mean(lung) - 2


def test_no_wall_stands_between_the_pulmonary_trunk_and_its_duct():
    joints, rims = [], []
    for seed in SEEDS:
        section, _ = painted(seed, Cut("three-vessel"))
        marks, gloss = section.medium.structures, section.medium.gloss
        trunk, duct = (marks == CODES[name] for name in ("pulmonary trunk", "arterial duct"))
        around = np.ones((3, 3))
        joint = (cv2.dilate(duct.astype(np.uint8), around) > 0) & trunk
        rim = trunk & (cv2.erode(trunk.astype(np.uint8), around) == 0) & ~joint
        assert np.median(section.medium.echo[joint]) < -40
        assert np.median(gloss[joint]) < 0.05
        joints.append(gloss[joint].mean())
        rims.append(gloss[rim].mean())
    # a wall would be half as bright again as the blood side of the rim
    assert sum(joints) < 1.4 * sum(rims)

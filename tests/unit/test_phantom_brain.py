"""The simulated head: what each plane shows, how large it is, and how it goes off the plane."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fetal_model.phantom import MACHINES, Patient, Phantom, simulate
from fetal_model.phantom import brain as brain_module
from fetal_model.phantom.biometry import cerebellar_diameter, head_axes
from fetal_model.phantom.brain_structures import VENTRICULOMEGALY
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.probe import View
from fetal_model.phantom.scene import draw_scene
from fetal_model.phantom.simulate import render, section_outline
from fetal_model.phantom.structures import CODES

PLANES = {
    "transthalamic": {
        "skull", "falx", "cavum septi pellucidi", "thalamus", "third ventricle",
        "hippocampal gyrus", "insula",
    },
    "transventricular": {
        "skull", "falx", "cavum septi pellucidi", "lateral ventricle", "choroid plexus",
    },
    "transcerebellar": {
        "skull", "falx", "cavum septi pellucidi", "cerebellum", "vermis", "cisterna magna",
        "brainstem",
    },
}  # fmt: skip
ELSEWHERE = {
    "transthalamic": {"cerebellum", "vermis", "cisterna magna"},
    "transventricular": {"cerebellum", "vermis", "third ventricle", "hippocampal gyrus"},
    "transcerebellar": {"choroid plexus", "thalamus", "third ventricle"},
}


def patient_of(weeks: float = 21.0) -> Patient:
    return Patient("P00001", weeks, next(iter(MACHINES)))


def level_scan(plane: str, weeks: float = 21.0, offset: float = 0.0, seed: int = 3,
               pathology: str = "") -> Phantom:  # fmt: skip
    """A head with a level midline in the middle of the screen, at a chosen offset."""
    scene = draw_scene("brain", seed, patient_of(weeks), plane=plane, quality="good",
                       annotations=False, pathology=pathology)  # fmt: skip
    cut = Cut(plane, 1.0, offset, pathology)
    view = replace(scene.view, mm_per_pixel=0.3, left_mm=-86.0, top_mm=-5.0, depth_mm=140.0,
                   half_angle=0.75)  # fmt: skip
    return render(replace(scene, cut=cut, view=view, angle=0.0, mirrored=False, centre=(0.0, 60.0)))


def size_mm(scan: Phantom, *names: str) -> tuple[float, float]:
    """Width and height of the box around structures, mm."""
    rows, columns = np.nonzero(np.isin(scan.structures, [CODES[name] for name in names]))
    pixel = scan.scene.view.mm_per_pixel
    return float(np.ptp(columns) + 1) * pixel, float(np.ptp(rows) + 1) * pixel


def shown(scan: Phantom) -> set[str]:
    return {name for name, code in CODES.items() if np.any(scan.structures == code)}


def in_medium(cut: Cut, weeks: float = 21.0) -> tuple[Medium, np.random.Generator]:
    """A head in a medium without warp or anything around it, and the generator it drew from."""
    view = View(radius_mm=50.0, half_angle=0.7, depth_mm=140.0, mm_per_pixel=0.3, left_mm=-86.0,
                top_mm=0.0)  # fmt: skip
    medium = Medium(view, np.random.default_rng(0))
    section = Section(medium, np.random.default_rng(1), (0.0, 65.0), 0.0, mirrored=False,
                      warp_mm=0.0, scale_mm=50.0)  # fmt: skip
    rng = np.random.default_rng(2)
    patient = patient_of(weeks)
    medium.outline[:] = section_outline(section, brain_module.half_axes(patient))
    brain_module.build(section, rng, patient, cut)
    return medium, rng


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_standard_plane_shows_its_structures_and_not_those_of_the_others(plane, seed):
    names = shown(level_scan(plane, seed=seed))
    assert PLANES[plane] <= names
    assert not ELSEWHERE[plane] & names


@pytest.mark.parametrize("weeks", [16.0, 21.0, 32.0])
def test_biparietal_diameter_of_the_skull_follows_biometry(weeks):
    length, breadth = head_axes(weeks)
    width, height = size_mm(level_scan("transthalamic", weeks), "skull")
    assert width == pytest.approx(length, rel=0.1)
    assert height == pytest.approx(breadth, rel=0.1)


@pytest.mark.parametrize("weeks", [17.0, 21.0, 30.0])
def test_cerebellum_follows_biometry_and_lies_before_a_normal_cistern(weeks):
    scan = level_scan("transcerebellar", weeks)
    _, height = size_mm(scan, "cerebellum", "vermis")
    assert height == pytest.approx(cerebellar_diameter(weeks), abs=4.5)
    rows, columns = np.nonzero(scan.structures == CODES["vermis"])
    middle = int(np.median(rows))
    cistern = np.flatnonzero(scan.structures[middle] == CODES["cisterna magna"])
    assert cistern.size
    assert cistern.max() <= columns.min() + 1  # u runs to the right: the occiput is on the left
    assert 1.5 < cistern.size * scan.scene.view.mm_per_pixel < 11.0


def atria_mm(scan: Phantom) -> list[float]:
    """Breadth of each atrium across its long axis, mm."""
    mask = np.isin(scan.structures, [CODES["lateral ventricle"], CODES["choroid plexus"]])
    pixel = scan.scene.view.mm_per_pixel
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = np.argsort(stats[1:, cv2.CC_STAT_AREA])[-2:] + 1
    widths = []
    for label in largest:
        points = np.argwhere(labels == label).astype(np.float32)
        widths.append(min(cv2.minAreaRect(points)[1]) * pixel)
    return widths


@pytest.mark.parametrize("weeks", [19.0, 28.0, 36.0])
def test_atrium_is_below_ten_millimetres_at_every_age(weeks):
    widths = atria_mm(level_scan("transventricular", weeks))
    assert len(widths) == 2
    assert 4.5 < min(widths) <= max(widths) < 10.5


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_ventriculomegaly_is_an_atrium_of_ten_millimetres_and_more(seed):
    normal = atria_mm(level_scan("transventricular", 26.0, seed=seed))
    wide = atria_mm(level_scan("transventricular", 26.0, seed=seed, pathology=VENTRICULOMEGALY))
    assert 9.5 < min(wide) <= max(wide) < 21.5
    assert min(wide) > max(normal)


def test_pathology_is_off_by_default():
    assert simulate("brain", 5).pathology == ""


@pytest.mark.parametrize("plane", PLANES)
def test_off_the_plane_the_inner_structures_are_lost_and_the_head_is_smaller(plane):
    on, above, below = (level_scan(plane, offset=offset) for offset in (0.0, -1.0, 1.0))
    inner = PLANES[plane] - {"skull", "falx"}
    for off in (above, below):
        assert not inner & shown(off)
        assert 0.75 < off.mask.sum() / on.mask.sum() < 0.98
    assert "skull base" in shown(below)
    assert "skull base" not in shown(above)


@pytest.mark.parametrize("plane", PLANES)
def test_draws_do_not_depend_on_the_offset_or_the_pathology(plane):
    cuts = [Cut(plane, offset=offset) for offset in (-1.0, 0.0, 0.4, 1.0)]
    cuts.append(Cut(plane, pathology=VENTRICULOMEGALY))
    after = {float(in_medium(cut)[1].random()) for cut in cuts}
    assert len(after) == 1


@pytest.mark.parametrize("plane", PLANES)
def test_structures_come_and_go_smoothly(plane):
    """Half a tenth of an offset changes the tissue far less than a whole offset does."""
    here, near, far = (in_medium(Cut(plane, offset=o))[0].echo for o in (0.0, 0.05, 1.0))
    assert np.abs(near - here).mean() < 0.25 * np.abs(far - here).mean()


def test_older_brains_are_more_folded():
    """More of the tissue between the structures is a fine line brighter than its surroundings."""
    share = {}
    for weeks in (18.0, 34.0):
        medium, _ = in_medium(Cut("transthalamic"), weeks)
        inside = (medium.outline < -6.0) & (medium.structures == 0)
        above = medium.echo - cv2.GaussianBlur(medium.echo, (0, 0), 12)
        share[weeks] = np.mean(above[inside] > 8.0)
    assert share[34.0] > 1.5 * share[18.0]

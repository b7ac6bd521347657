"""Simulated planes that are none of the four classes: the maternal cervix and the rest."""

import numpy as np
import pytest

from fetal_model.phantom import draw_patient, simulate
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.none_of_them.shapes import outline, row, sleeve
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.probe import View
from fetal_model.phantom.structures import CODES

# What each plane is told by; of kidneys, limb, hand or foot one look is enough.
TELLING = {
    "maternal cervix": {"cervix", "cervical canal", "bladder", "vagina"},
    "spine-sagittal": {"vertebral body", "vertebral arch", "spinal canal"},
    "spine-coronal": {"vertebral arch", "spinal canal", "rib"},
    "kidneys": {"kidney", "renal pelvis", "vertebral arch"},
    "lips": {"nose", "upper lip", "lower lip", "chin"},
    "profile": {"forehead", "nasal bone", "nose", "upper lip", "lower lip", "chin", "skull"},
    "placenta": {"placenta", "amniotic fluid"},
    "amniotic fluid": {"amniotic fluid"},
    "limb": {"long bone", "soft tissue"},
    "hand or foot": set(),
}
NEW = [name for name, plane in PLANES.items() if plane.label in ("cervix", "other")]
VIEW = View(50.0, np.deg2rad(38), 140.0, 0.25, -72.0, 0.0)


def _section(angle: float = 0.0, seed: int = 1) -> Section:
    medium = Medium(VIEW, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    return Section(medium, rng, (0.0, 70.0), angle, mirrored=False, warp_mm=0.0, scale_mm=50.0)


def _paint(plane: str, offset: float, seed: int) -> tuple[Section, np.random.Generator]:
    section, rng = _section(0.2, seed), np.random.default_rng(seed)
    patient = draw_patient(1, seed, weeks=(20.0, 20.0))
    PLANES[plane].painter.build(section, rng, patient, Cut(plane, 0.9, offset))
    return section, rng


def test_every_plane_is_told_by_something() -> None:
    assert set(TELLING) == set(NEW)


@pytest.mark.parametrize("plane", NEW)
def test_the_standard_plane_shows_and_names_what_it_is_told_by(plane: str) -> None:
    label = PLANES[plane].label
    scan = simulate(label, 5, draw_patient(1, 2, weeks=(20.0, 22.0)), plane=plane, quality="good")
    assert scan.image.shape == scan.mask.shape == scan.structures.shape == (448, 576)
    assert scan.label == label and scan.plane == plane
    assert 0.001 < scan.mask.mean() < 0.8
    named = {name for name, code in CODES.items() if (scan.structures == code).any()}
    assert named >= TELLING[plane]
    if plane == "hand or foot":
        assert named & {"hand", "foot"}
    assert (scan.structures[scan.mask == 1] > 0).mean() > 0.7


@pytest.mark.parametrize("plane", NEW)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_offset_changes_no_draw(plane: str, seed: int) -> None:
    after = [_paint(plane, offset, seed)[1].random() for offset in (0.0, 0.6, -1.0)]
    assert after[0] == after[1] == after[2]


@pytest.mark.parametrize("plane", NEW)
def test_a_sweep_is_smooth_and_leads_away(plane: str) -> None:
    echoes = [_paint(plane, offset, 4)[0].medium.echo for offset in (0.0, 0.02, 0.9)]
    near, far = (float(np.abs(echo - echoes[0]).mean()) for echo in echoes[1:])
    assert far > 0.0
    assert near < 0.5 * far


@pytest.mark.parametrize("plane", NEW)
def test_extremes_of_age_can_be_painted(plane: str) -> None:
    for weeks in (14.0, 40.0):
        patient = draw_patient(3, 1, weeks=(weeks, weeks))
        scan = simulate(PLANES[plane].label, 9, patient, plane=plane, quality="poor")
        assert np.ptp(scan.image) > 50


def test_a_free_outline_measures_distance_like_a_circle() -> None:
    section = _section()
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    window, distance = outline(
        section, [(20 * float(np.cos(t)), 20 * float(np.sin(t))) for t in turns]
    )
    true = np.hypot(section.u[window], section.v[window]) - 20
    near = np.abs(true) < 4
    assert np.abs(distance - true)[near].max() < 0.4


def test_a_sleeve_is_as_wide_as_asked() -> None:
    section = _section()
    path = [(float(u), 0.0) for u in np.linspace(-20, 20, 9)]
    window, distance = sleeve(section, path, [5.0] * 9)
    middle = np.abs(section.u[window]) < 8
    inside = np.abs(section.v[window])[middle & (distance < 0)]
    assert inside.max() == pytest.approx(5.0, abs=0.4)


def test_a_row_has_as_many_beads_as_asked() -> None:
    section = _section()
    lay = row(section, [(-30.0, 0.0), (0.0, 0.0), (30.0, 0.0)], 10.0)
    assert lay.length == pytest.approx(60.0, rel=1e-3)
    window, distance = lay.beads(12, 0.0, 0.3, 2.0)
    on_axis = np.abs(section.v[window]) < 0.4
    order = np.argsort(section.u[window][on_axis])
    inside = (distance[on_axis] < 0)[order].astype(int)
    assert (np.diff(inside) == 1).sum() == 12

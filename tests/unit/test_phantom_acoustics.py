"""The physics of the simulated scans: speckle, beam, losses, artefacts, and the scanner's knobs."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.stats import kstest

from fetal_model.phantom import MACHINES, draw_scene, render
from fetal_model.phantom.acoustics import (
    LARGEST_TGC_DB,
    compress,
    envelope,
    reduce_speckle,
    time_gain_db,
    transmission_db,
)
from fetal_model.phantom.beam import beam_profile, blur_with_depth
from fetal_model.phantom.framing import hold_probe, whole_sector
from fetal_model.phantom.machine import ENDOVAGINAL, SECTOR
from fetal_model.phantom.medium import ATTENUATION, FLUID_DB, Medium, Section, two_way_loss
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import BEAMS, DEPTHS, HEIGHT, WIDTH, View
from fetal_model.phantom.scene import with_knobs
from fetal_model.phantom.settings import TGC_SLIDERS, Settings

VIEW = View(50.0, 0.5, 120.0, 0.27, -77.0, 0.0)
PLAIN = Settings(
    frequency_mhz=4.0, focus_mm=60.0, aperture=1.0, dynamic_range_db=55.0, gain_db=0.0,
    tgc_db=0.0, black_db=5.0, gamma=1.0, looks=1, smoothing_px=0.0, sharpening=0.0,
    noise_db=-120.0, clutter=0.0,
)  # fmt: skip
BANDS = [slice(40, 110), slice(190, 260), slice(300, 370), slice(420, 490)]


def homogeneous(echo: float = -20.0, view: View = VIEW) -> Medium:
    medium = Medium(view, np.random.default_rng(0))
    medium.echo[:] = echo
    return medium


def section_on(medium: Medium, depth_mm: float = 60.0) -> Section:
    return Section(medium, np.random.default_rng(1), (0.0, depth_mm), 0.0, mirrored=False,
                   warp_mm=0.0, scale_mm=50.0)  # fmt: skip


@pytest.fixture(scope="module")
def looks() -> list[np.ndarray]:
    medium = homogeneous()
    return [envelope(medium, np.random.default_rng(seed), PLAIN) for seed in range(12)]


@pytest.mark.parametrize("band", BANDS, ids=["near", "focus", "beyond", "far"])
def test_speckle_of_one_look_is_rayleigh(looks, band):
    axial, lateral = beam_profile(VIEW, PLAIN)
    down, across = int(np.ceil(6 * axial)), int(np.ceil(6 * lateral[band].max()))
    samples = np.concatenate([look[band][::down, ::across].ravel() for look in looks])
    assert samples.size > 500
    scale = np.sqrt(np.mean(np.square(samples)) / 2)
    assert kstest(samples, "rayleigh", args=(0, scale)).pvalue > 0.01


def correlation_width(fields: list[np.ndarray], axis: int) -> float:
    """Full width at half height of the intensity's autocorrelation, samples."""
    lags = np.zeros(12)
    for field in fields:
        power = np.moveaxis(np.square(field), axis, 0)
        power = power - power.mean()
        lags += [np.mean(power[: len(power) - lag] * power[lag:]) for lag in range(12)]
    lags /= lags[0]
    last = int(np.argmax(lags < 0.5))
    return 2 * (last - 1 + (lags[last - 1] - 0.5) / (lags[last - 1] - lags[last]))


@pytest.mark.parametrize("band", BANDS, ids=["near", "focus", "beyond", "far"])
def test_speckle_is_as_large_as_the_beam(looks, band):
    axial, lateral = beam_profile(VIEW, PLAIN)
    # A Gaussian field's intensity correlates as exp(-lag^2 / (2 sigma^2)).
    expected = 2 * np.sqrt(2 * np.log(2))
    parts = [look[band] for look in looks]
    wide = correlation_width(parts, 1) / expected
    assert wide == pytest.approx(float(lateral[band].mean()), rel=0.15)
    assert correlation_width(parts, 0) / expected == pytest.approx(axial, rel=0.15)


def test_beam_is_narrowest_about_its_focus_and_finer_at_high_frequency():
    millimetres = (VIEW.radius_mm + np.linspace(0, 120, DEPTHS)) * VIEW.beam_step
    for focus in (40.0, 80.0):
        width = beam_profile(VIEW, replace(PLAIN, focus_mm=focus))[1] * millimetres
        at = round(focus / VIEW.depth_step)
        assert width[at] <= 1.1 * width.min()
        assert width[-1] > 1.2 * width[at]
    plain = beam_profile(VIEW, PLAIN)
    for finer in (replace(PLAIN, frequency_mhz=3.0), replace(PLAIN, aperture=0.6)):
        assert np.mean(beam_profile(VIEW, finer)[1]) > np.mean(plain[1])
    assert np.mean(beam_profile(VIEW, replace(PLAIN, harmonic=True))[1]) < np.mean(plain[1])


def test_beam_keeps_constants_and_the_power_of_noise():
    axial, lateral = beam_profile(VIEW, PLAIN)
    flat = blur_with_depth(np.ones((DEPTHS, BEAMS), np.float32), axial, lateral, unit_power=False)
    assert flat == pytest.approx(1.0, abs=1e-4)
    noise = np.random.default_rng(0).standard_normal((DEPTHS, BEAMS), dtype=np.float32)
    filtered = blur_with_depth(noise, axial, lateral, unit_power=True)
    assert filtered.std() == pytest.approx(1.0, abs=0.05)
    for band in BANDS:
        assert filtered[band].std() == pytest.approx(1.0, abs=0.12)


def test_losses_grow_with_the_frequency_and_tissue_needs_none():
    medium = homogeneous()
    medium.loss[100:140] = 20.0
    slow, fast = (transmission_db(medium, f)[-1].mean() for f in (3.0, 6.0))
    assert slow > 3.0
    assert fast > 1.3 * slow
    assert two_way_loss(ATTENUATION["soft tissue"]) == 0.0
    assert two_way_loss(ATTENUATION["amniotic fluid"]) < two_way_loss(ATTENUATION["blood"]) < 0.0


def test_gain_follows_the_two_way_loss_until_the_amplifier_ends():
    gain = time_gain_db(VIEW, 4.0)
    assert gain[-1] == pytest.approx(2 * 0.5 * 4.0 * 12.0, rel=1e-3)
    assert time_gain_db(VIEW, 9.0)[-1] == LARGEST_TGC_DB
    medium = homogeneous()
    low, high = (
        envelope(medium, np.random.default_rng(2), replace(PLAIN, frequency_mhz=f))
        for f in (4.0, 8.0)
    )
    assert high[-60:].mean() < 0.2 * low[-60:].mean()
    assert high[:60].mean() == pytest.approx(low[:60].mean(), rel=0.1)


def test_noise_shows_in_the_depth_first():
    quiet, noisy = (
        envelope(homogeneous(FLUID_DB), np.random.default_rng(3), replace(PLAIN, noise_db=n))
        for n in (-120.0, -30.0)
    )
    assert noisy[:60].mean() < 2 * quiet[:60].mean()
    assert noisy[-60:].mean() > 10 * quiet[-60:].mean()


def test_each_slider_changes_its_own_depth():
    medium = homogeneous()
    sliders = [0.0] * TGC_SLIDERS
    sliders[-1] = 12.0
    even, lifted = (
        envelope(medium, np.random.default_rng(2), replace(PLAIN, tgc_sliders=tuple(values)))
        for values in ([0.0] * TGC_SLIDERS, sliders)
    )
    np.testing.assert_allclose(even[:400], lifted[:400], rtol=1e-3)
    assert lifted[-5:].mean() > 2.5 * even[-5:].mean()


@pytest.mark.parametrize("size", [5.0, 20.0])
def test_rounded_shapes_cast_narrow_edge_shadows(size):
    medium = homogeneous()
    window, distance = section_on(medium).ellipse(0, 0, size, size)
    medium.refract(window, distance, 4.0)
    lost = transmission_db(medium)[-80]
    sides = [lost[:128].max(), lost[128:].max()]
    assert min(sides) > 1.0
    assert max(sides) < 8.0
    assert lost[126:130].max() < 0.2  # none behind the middle
    assert np.mean(lost > 0.5 * max(sides)) < 0.15


def test_a_straight_wall_along_the_beam_casts_no_edge_shadow():
    medium = homogeneous()
    window, distance = section_on(medium).stroke([(0.0, -30.0), (0.0, 30.0)], 0.5)
    away = np.abs(section_on(medium).v[window]) < 25
    before = medium.loss.copy()
    medium.refract(window, distance, 4.0)
    assert (medium.loss - before)[window][away].max() < 1.0


def reflector() -> Medium:
    medium = homogeneous(FLUID_DB)
    medium.gloss[150:154, 118:138] = 1.2
    return medium


def test_side_lobes_smear_bright_reflectors_into_fluid():
    clean, smeared, harmonic = (
        envelope(reflector(), np.random.default_rng(3), settings)[150:154]
        for settings in (
            PLAIN,
            replace(PLAIN, clutter=1.0),
            replace(PLAIN, clutter=1.0, harmonic=True),
        )
    )
    beside = slice(142, 150)
    assert smeared[:, beside].mean() > 5 * clean[:, beside].mean()
    assert harmonic[:, beside].mean() < 0.6 * smeared[:, beside].mean()


def test_a_strong_reflector_comes_back_at_twice_its_depth():
    clean, echoed = (
        envelope(reflector(), np.random.default_rng(3), replace(PLAIN, clutter=amount))
        for amount in (0.0, 1.0)
    )
    again = (slice(298, 312), slice(122, 134))
    assert echoed[again].max() > 5 * clean[again].max()
    assert echoed[again].max() < 0.1 * echoed[148:156, 122:134].max()


def test_speckle_reduction_smooths_tissue_and_spares_edges():
    medium = homogeneous()
    medium.echo[:, 128:] = FLUID_DB
    shown = compress(envelope(medium, np.random.default_rng(5), PLAIN), PLAIN)
    smooth = reduce_speckle(shown, replace(PLAIN, reduction=1.0))
    tissue = (slice(200, 400), slice(20, 110))
    assert smooth[tissue].std() < 0.75 * shown[tissue].std()
    assert np.array_equal(reduce_speckle(shown, PLAIN), shown)
    step = cv2.blur(shown, (1, 201))[300], cv2.blur(smooth, (1, 201))[300]
    assert step[1][124] > 0.8 * step[0][124]
    assert step[1][133] < 0.15 * step[1][124]


def test_probes_differ_in_footprint_and_angle():
    machine = next(iter(MACHINES.values()))
    for probe in (SECTOR, ENDOVAGINAL):
        held = machine.holding(probe)
        assert held.probe_radius_mm[1] < machine.probe_radius_mm[0]
        assert held.half_angle[1] > machine.half_angle[1]
        assert held.name == machine.name
    assert ENDOVAGINAL.frequency_mhz[0] > SECTOR.frequency_mhz[1]


def test_the_probe_depends_on_cervix_and_age_but_on_none_of_the_four_classes():
    machine = next(iter(MACHINES.values()))

    def held(label: str, weeks: float) -> list[tuple[float, float]]:
        rng = np.random.default_rng(6)
        patient = Patient("P00001", weeks, machine.name)
        return [hold_probe(rng, machine, patient, label).probe_radius_mm for _ in range(300)]

    assert held("brain", 20.0) == held("thorax", 20.0)
    assert ENDOVAGINAL.radius_mm not in held("brain", 20.0)
    assert 0 < held("brain", 20.0).count(SECTOR.radius_mm) < 60
    assert held("femur", 15.0).count(ENDOVAGINAL.radius_mm) > 40
    assert held("cervix", 20.0).count(ENDOVAGINAL.radius_mm) > 140


@pytest.mark.parametrize("half_angle", [0.3, 0.6, 1.1])
def test_the_whole_sector_fits_the_screen(half_angle):
    view = whole_sector(replace(VIEW, half_angle=half_angle, radius_mm=12.0))
    x, y = view.polar_grid()
    columns, rows = view.to_pixel(x, y)
    assert columns.min() > 0
    assert columns.max() < WIDTH
    assert rows.min() > -1
    assert rows.max() < HEIGHT
    assert max(np.ptp(columns) / WIDTH, np.ptp(rows) / HEIGHT) > 0.9


def test_knobs_change_the_picture_and_leave_the_anatomy():
    scene = draw_scene("thorax", 12, quality="good", annotations=False)
    assert with_knobs(scene) == scene
    loud = with_knobs(scene, gain_db=scene.settings.gain_db + 6.0)
    assert render(loud).image.mean() > render(scene).image.mean() + 5
    assert np.array_equal(render(loud).mask, render(scene).mask)
    turned = with_knobs(
        scene, depth_mm=scene.view.depth_mm + 20, half_angle=0.6, frequency_mhz=3.0,
        dynamic_range_db=70.0,
    )  # fmt: skip
    assert turned.settings.frequency_mhz == 3.0
    assert turned.settings.dynamic_range_db == 70.0
    assert turned.view.half_angle == 0.6
    assert turned.centre == scene.centre
    same = with_knobs(scene, half_angle=scene.view.half_angle)
    areas = [render(made).mask.sum() * made.view.mm_per_pixel**2 for made in (same, turned)]
    assert areas[0] == pytest.approx(areas[1], rel=0.05)


def test_a_reach_beyond_the_apex_takes_in_every_beam() -> None:
    wide = View(10.0, 1.2, 120.0, 0.27, -77.0, 0.0)
    medium = Medium(wide, np.random.default_rng(0))
    assert medium.window((30.0, 40.0), 480.0) == (slice(0, DEPTHS), slice(0, BEAMS))

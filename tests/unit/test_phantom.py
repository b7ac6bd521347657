"""The simulated scans: determinism, plausible truth, the physics that makes them look real."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.phantom import (
    MACHINES,
    QUALITIES,
    Patient,
    abdomen,
    simulate,
)
from fetal_model.phantom import simulate as simulate_function
from fetal_model.phantom.acoustics import (
    Settings,
    beam_profile,
    compress,
    envelope,
    transmission_db,
)
from fetal_model.phantom.biometry import head_axes, mean_size
from fetal_model.phantom.framing import extents, frame
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.probe import DEPTHS, View
from fetal_model.phantom.trunk import spine

SEEDS = range(40, 46)


@pytest.fixture(scope="module")
def scans() -> dict[str, list]:
    return {label: [simulate(label, seed) for seed in SEEDS] for label in KEYS}


def flat_view() -> View:
    return View(
        radius_mm=50.0, half_angle=0.5, depth_mm=120.0, mm_per_pixel=0.27, left_mm=-77.0, top_mm=0.0
    )


def plain_settings(**changes: float) -> Settings:
    values = {
        "frequency_mhz": 4.0, "focus_mm": 60.0, "aperture": 1.0, "dynamic_range_db": 55.0,
        "gain_db": 0.0, "tgc_db": 0.0, "black_db": 5.0, "gamma": 1.0, "looks": 1,
        "smoothing_px": 0.0, "sharpening": 0.0, "noise_db": -90.0, "clutter": 0.0,
    }  # fmt: skip
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def test_image_and_mask_have_the_promised_form(scans):
    for label, group in scans.items():
        for scan in group:
            assert scan.label == label
            assert scan.image.shape == scan.mask.shape == (448, 576)
            assert scan.image.dtype == scan.mask.dtype == np.uint8
            assert set(np.unique(scan.mask)) == {0, 1}
            assert scan.machine in MACHINES
            assert scan.quality in QUALITIES
            assert scan.pathology == ""
            assert scan.image.max() > 120
            assert 8 < scan.image.mean() < 110
            assert np.mean(scan.image < 12) > 0.01


def test_masks_cover_a_plausible_share(scans):
    for label, (low, high) in {
        "brain": (0.05, 0.9), "abdomen": (0.05, 0.9), "thorax": (0.05, 0.9), "femur": (0.002, 0.08)
    }.items():  # fmt: skip
        for scan in scans[label]:
            assert low < scan.mask.mean() < high, (label, scan.seed)


def test_same_seed_same_bytes_whatever_ran_before():
    first = simulate("thorax", 5)
    simulate("brain", 6)
    np.random.seed(1)  # noqa: NPY002 - the global state must not matter
    again = simulate("thorax", 5)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.mask.tobytes() == again.mask.tobytes()
    assert simulate("thorax", 7).image.tobytes() != first.image.tobytes()


def test_annotation_changes_nothing_underneath():
    bare, drawn = (simulate("abdomen", 11, annotations=on) for on in (False, True))
    differing = bare.image != drawn.image
    assert 0 < differing.mean() < 0.15
    assert np.array_equal(bare.mask, drawn.mask)
    central = (slice(150, 300), slice(40, 480))
    assert differing[central].mean() < 0.01


def test_classes_share_framing_scanner_and_annotation():
    by_label = [simulate(label, 21) for label in KEYS]
    for attribute in ("patient", "machine", "quality", "gestational_age_weeks"):
        assert len({getattr(scan, attribute) for scan in by_label}) == 1, attribute
    annotated = [
        np.flatnonzero(simulate(label, 21, annotations=True).image
                       != simulate(label, 21, annotations=False).image).size > 0
        for label in KEYS
    ]  # fmt: skip
    assert all(annotated)
    rngs = [np.random.default_rng(3) for _ in range(2)]
    machine = next(iter(MACHINES.values()))
    views = [
        frame(rng, machine, Patient("P00001", 20.0, machine.name), axes, 0.2, "good")[0]
        for rng, axes in zip(rngs, ((30.0, 25.0), (30.0, 25.0)), strict=True)
    ]
    assert views[0] == views[1]


def test_femur_shaft_is_bright_and_casts_a_shadow():
    """Below the shaft it is darker than beside the shadow at the same depth."""
    shaft, shadow, beside = [], [], []
    for seed in range(60, 72):
        scan = simulate("femur", seed, quality="good", annotations=False)
        rows, columns = np.nonzero(scan.mask)
        left, right = np.quantile(columns, [0.15, 0.85]).astype(int)
        depth = int(rows.max()) + 12
        if depth + 40 > 448:
            continue
        band = scan.image[depth : depth + 40]
        outer = np.concatenate(
            [band[:, max(0, columns.min() - 90) : max(1, columns.min() - 25)].ravel(),
             band[:, columns.max() + 25 : columns.max() + 90].ravel()]
        )  # fmt: skip
        shaft.append(scan.image[scan.mask > 0].mean())
        shadow.append(band[:, left:right].mean())
        beside.append(outer.mean())
    assert len(shaft) >= 6
    assert np.mean(shaft) > 100
    assert np.mean(shadow) < 0.75 * np.mean(beside)
    assert np.mean(shaft) > 2.5 * np.mean(shadow)


def test_spine_casts_a_shadow():
    medium = Medium(flat_view(), np.random.default_rng(0))
    section = Section(medium, np.random.default_rng(1), (0.0, 60.0), np.pi / 2, mirrored=False,
                      warp_mm=0.0, scale_mm=50.0)  # fmt: skip
    spine(section, np.random.default_rng(2), 25.0, 25.0)
    lost = transmission_db(medium)
    behind = lost[-40:, 124:132].mean()
    beside = lost[-40:, :30].mean()
    assert behind > beside + 5.0


def test_fluid_enhances_what_lies_behind():
    medium = Medium(flat_view(), np.random.default_rng(0))
    section = Section(medium, np.random.default_rng(1), (0.0, 50.0), 0.0, mirrored=False,
                      warp_mm=0.0, scale_mm=50.0)  # fmt: skip
    section.cavity(section.ellipse(0, 0, 20, 20))
    lost = transmission_db(medium)
    assert lost[-40:, 128].mean() < lost[-40:, 5].mean() - 2.0


def test_stomach_is_darker_than_liver():
    medium = Medium(flat_view(), np.random.default_rng(0))
    medium.echo[:] = -22.0
    section = Section(medium, np.random.default_rng(1), (0.0, 60.0), 0.4, mirrored=True,
                      warp_mm=0.5, scale_mm=50.0)  # fmt: skip
    abdomen._stomach(section, np.random.default_rng(2), 25.0, 25.0, 1.0)
    shown = compress(envelope(medium, np.random.default_rng(3), plain_settings()), plain_settings())
    u, v = section.u, section.v
    bubble = cv2.erode((medium.loss < -1.0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert bubble.sum() > 100
    assert v[bubble].mean() > 5.0  # on the left, whichever way the fetus lies
    liver = (np.hypot(u, v) < 22) & (v < -2)
    assert shown[bubble].mean() < 0.2 * shown[liver].mean()


def test_interfaces_reflect_most_when_square_to_the_beam():
    medium = Medium(flat_view(), np.random.default_rng(0))
    medium.patches[:] = 1.0
    section = Section(medium, np.random.default_rng(1), (0.0, 60.0), 0.0, mirrored=False,
                      warp_mm=0.0, scale_mm=50.0)  # fmt: skip
    shape = section.ellipse(0, 0, 25, 25)
    medium.reflect(*shape, 1.0, 1.0)
    top = medium.gloss[(np.abs(medium.x) < 3) & (medium.y < 60)].max()
    side = medium.gloss[(np.abs(medium.y - 63) < 2)].max()
    assert top > 0.9
    assert side < 0.4 * top


def test_speckle_of_one_look_is_rayleigh_and_widens_with_depth():
    medium = Medium(flat_view(), np.random.default_rng(0))
    medium.echo[:] = -20.0
    amplitude = envelope(medium, np.random.default_rng(4), plain_settings())
    # The gain is never quite even from beam to beam: look at the grain alone.
    middle = (amplitude / cv2.GaussianBlur(amplitude, (0, 0), 20))[100:400]
    # Mean over standard deviation is 1.91 for a Rayleigh distribution.
    assert 1.75 < 1.0 / middle.std() < 2.1
    _, lateral = beam_profile(flat_view(), plain_settings())
    widths = lateral * (flat_view().radius_mm + np.linspace(0, 120, DEPTHS))
    assert widths[-1] > 1.3 * widths[DEPTHS // 2]


def test_biometry_follows_the_published_tables():
    assert mean_size("femur_length", 20) == pytest.approx(32.2, abs=0.5)
    assert mean_size("biparietal_diameter", 20) == pytest.approx(46.5, abs=1.0)
    assert mean_size("abdominal_circumference", 30) == pytest.approx(260, abs=6)
    length, breadth = head_axes(20, 0.78)
    assert breadth / length == pytest.approx(0.78)
    assert np.pi * (length + breadth) / 2 == pytest.approx(175, abs=5)
    with pytest.raises(ValueError, match="weeks"):
        mean_size("femur_length", 60)
    with pytest.raises(ValueError, match="femur_length"):
        mean_size("nose", 20)


def test_extents_of_a_turned_ellipse():
    assert extents((40, 20), 0.0) == pytest.approx((40, 20))
    assert extents((40, 20), np.pi / 2) == pytest.approx((20, 40))


def test_unknown_label_seed_and_quality_are_refused():
    with pytest.raises(ValueError, match="brain, abdomen, femur, thorax"):
        simulate_function("heart", 1)
    with pytest.raises(ValueError, match="seed"):
        simulate("brain", -1)
    with pytest.raises(ValueError, match="good, fair, poor"):
        simulate("brain", 1, quality="excellent")
    with pytest.raises(ValueError, match="'short femur' or empty"):
        simulate("femur", 1, pathology="cardiomegaly")
    with pytest.raises(ValueError, match="three-vessel"):
        simulate("thorax", 1, plane="three-vessel", pathology="cardiomegaly")

"""The simulated scans: determinism, plausible truth, the physics that makes them look real."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.phantom import (
    COLUMNS,
    MACHINES,
    QUALITIES,
    Patient,
    abdomen,
    draw_patient,
    simulate,
    write_phantoms,
)
from fetal_model.phantom import generate as generate_module
from fetal_model.phantom import simulate as simulate_function
from fetal_model.phantom.acoustics import (
    Settings,
    beam_profile,
    compress,
    envelope,
    transmission_db,
)
from fetal_model.phantom.biometry import head_axes, mean_size
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.probe import DEPTHS, View
from fetal_model.phantom.simulate import extents, frame
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


def folder_digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms") / "one"
    seen: list[tuple[int, int]] = []
    manifest = write_phantoms(
        folder, {"brain": 3, "femur": 3, "thorax": 4}, seed=9, workers=1,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert manifest == folder / "manifest.csv"
    assert seen == [(count, 10) for count in range(1, 11)]
    return folder


def test_manifest_says_what_was_written(written):
    with (written / "manifest.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    assert ",".join(COLUMNS) == (
        "path,mask,label,plane,patient,gestational_age_weeks,machine,quality,pathology,seed"
    )
    assert [row["label"] for row in rows] == ["brain"] * 3 + ["femur"] * 3 + ["thorax"] * 4
    assert len({row["seed"] for row in rows}) == 10
    patients = {row["patient"] for row in rows}
    shared = {(row["patient"], row["gestational_age_weeks"], row["machine"]) for row in rows}
    assert 4 <= len(patients) <= 5
    assert len(shared) == len(patients)
    for row in rows:
        image = cv2.imread(str(written / row["path"]), cv2.IMREAD_UNCHANGED)
        mask = cv2.imread(str(written / row["mask"]), cv2.IMREAD_UNCHANGED)
        assert image.shape == mask.shape == (448, 576)
        assert set(np.unique(mask)) == {0, 255}
    again = simulate(rows[4]["label"], int(rows[4]["seed"]),
                     draw_patient(9, int(rows[4]["patient"][1:])))  # fmt: skip
    stored = cv2.imread(str(written / rows[4]["path"]), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(again.image, stored)


def test_scans_of_a_patient_share_age_and_machine():
    orders = generate_module.plan(dict.fromkeys(KEYS, 50), 3)
    per_patient: dict[int, list[str]] = {}
    for order in orders:
        per_patient.setdefault(order.patient, []).append(order.label)
    sizes = [len(labels) for labels in per_patient.values()]
    assert 2.0 <= np.mean(sizes) <= 3.0
    assert max(sizes) == 3
    assert any(len(set(labels)) > 1 for labels in per_patient.values())
    patient = draw_patient(3, 5)
    assert patient == draw_patient(3, 5)
    assert patient.name == "P00005"
    scans = [simulate(label, seed, patient) for label, seed in (("brain", 1), ("femur", 2))]
    assert {scan.patient for scan in scans} == {"P00005"}
    assert {scan.machine for scan in scans} == {patient.machine}
    assert {scan.gestational_age_weeks for scan in scans} == {patient.gestational_age_weeks}


def test_worker_count_does_not_change_the_bytes(written, tmp_path):
    write_phantoms(tmp_path, {"brain": 3, "femur": 3, "thorax": 4}, seed=9, workers=2)
    assert folder_digest(tmp_path) == folder_digest(written)


def test_interrupted_write_leaves_no_manifest_and_can_be_repeated(tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantoms(tmp_path, 1, seed=1, workers=1, progress=stop)
    assert list(tmp_path.iterdir()) == []
    write_phantoms(tmp_path, {"femur": 1}, seed=1, workers=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "manifest.csv", "masks"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_class": 0}, "per_class"),
        ({"per_class": -2}, "per_class"),
        ({"per_class": {"heart": 2}}, "heart"),
        ({"per_class": {"brain": 1.5}}, "1.5"),
        ({"seed": -1}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"workers": 0}, "workers"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    target = tmp_path / "new"
    with pytest.raises(ValueError, match=message) as caught:
        write_phantoms(target, **{"per_class": 1, "seed": 1, "workers": 1, **arguments})
    assert "expected" in str(caught.value)
    assert "received" in str(caught.value)
    assert not target.exists()


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        write_phantoms(tmp_path, 1, seed=1, workers=1)
    with pytest.raises(ValueError, match="folder"):
        write_phantoms(tmp_path / "notes.txt", 1, seed=1, workers=1)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_unknown_label_seed_and_quality_are_refused():
    with pytest.raises(ValueError, match="brain, abdomen, femur, thorax"):
        simulate_function("heart", 1)
    with pytest.raises(ValueError, match="seed"):
        simulate("brain", -1)
    with pytest.raises(ValueError, match="good, fair, poor"):
        simulate("brain", 1, quality="excellent")

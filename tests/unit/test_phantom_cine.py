"""Probe sweeps and DICOM: smooth from one side of a plane to the other, true, and readable."""

from __future__ import annotations

import csv
import io
import tracemalloc
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from fetal_model.phantom import Cine, draw_cine, render, simulate, write_cine
from fetal_model.phantom import cine as cine_module
from fetal_model.phantom.cine import FRAMES, NO_LABEL, TRUTH_COLUMNS, plane_quality
from fetal_model.phantom.dicom import write_clip, write_still
from fetal_model.phantom.drift import DriftingGenerator
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.structures import STRUCTURES
from fetal_model.scan import ScanError, open_clip, read_scan
from fetal_model.scan.types import Region

SWEEPS = [(plane.label, name) for name, plane in PLANES.items()]


def grain(image: np.ndarray) -> np.ndarray:
    """The speckle alone: what is finer than the anatomy."""
    picture = image.astype(np.float32)
    return picture - cv2.GaussianBlur(picture, (0, 0), 5)


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(grain(first).ravel(), grain(second).ravel())[0, 1])


@pytest.mark.parametrize(("label", "plane"), SWEEPS)
def test_offset_goes_smoothly_through_the_plane(label: str, plane: str) -> None:
    cine = draw_cine(label, 3, plane=plane)
    offsets = np.array([scene.cut.offset for scene in cine.scenes])
    steps = np.diff(offsets) * np.sign(offsets[-1])
    assert FRAMES[0] <= len(cine.scenes) <= FRAMES[1]
    assert (steps > 0).all()
    assert np.abs(np.diff(steps)).max() < 0.2 * steps.max()
    assert min(abs(offsets[0]), abs(offsets[-1])) > 1
    assert np.abs(offsets).min() < 0.03
    # the hand moves a little, and never jumps
    for values, most in (
        ([scene.centre for scene in cine.scenes], 6.0),
        ([[scene.angle] for scene in cine.scenes], 0.1),
    ):
        moved = np.asarray(values) - np.mean(values, axis=0)
        assert 0 < np.abs(moved).max() < most
        assert np.abs(np.diff(moved, axis=0)).max() < most / 10


def test_either_way_and_any_length_within_bounds() -> None:
    ways = {np.sign(draw_cine("femur", seed).scenes[0].cut.offset) for seed in range(8)}
    assert ways == {-1.0, 1.0}
    assert len({len(draw_cine("femur", seed).scenes) for seed in range(8)}) > 3
    assert len(draw_cine("femur", 1, frames=FRAMES[0]).scenes) == FRAMES[0]
    for frames in (FRAMES[0] - 1, FRAMES[1] + 1):
        with pytest.raises(ValueError, match="expected frames from 60 to 200"):
            draw_cine("femur", 1, frames=frames)


@pytest.fixture(scope="module")
def sweep() -> Cine:
    return draw_cine("abdomen", 5, quality="good", annotations=False, frames=60)


def test_the_same_seed_gives_the_same_frames_in_any_order(sweep: Cine) -> None:
    again = draw_cine("abdomen", 5, quality="good", annotations=False, frames=60)
    assert again == sweep
    late, early = (render(again.scenes[number]).image for number in (31, 30))
    assert np.array_equal(early, render(sweep.scenes[30]).image)
    assert np.array_equal(late, render(sweep.scenes[31]).image)


def test_speckle_changes_little_by_little(sweep: Cine) -> None:
    frames = {number: render(sweep.scenes[number]).image for number in (20, 21, 25, 45)}
    near, further, far = (likeness(frames[20], frames[number]) for number in (21, 25, 45))
    assert near > 0.85
    assert near > further + 0.1
    assert further > far + 0.1


def test_a_drifting_stream_keeps_its_variance_and_forgets() -> None:
    source = np.random.SeedSequence(7).spawn(2)[1]

    def field(drift: float) -> np.ndarray:
        return DriftingGenerator(source, drift).standard_normal((200, 200), dtype=np.float32)

    start = field(0.3)
    assert start.dtype == np.float32
    for drift, expected in ((0.3, 1.0), (0.5, np.cos(0.1 * np.pi)), (2.4, 0.0), (9.7, 0.0)):
        other = field(drift)
        assert other.std() == pytest.approx(1.0, abs=0.03)
        assert np.corrcoef(start.ravel(), other.ravel())[0, 1] == pytest.approx(expected, abs=0.03)
    # across a whole number it goes on without a jump
    before, after = field(1.99), field(2.01)
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.99
    # what is not normal does not move: a reverberation keeps its delay
    draws = {DriftingGenerator(source, drift).uniform() for drift in (0.1, 1.3, 8.0)}
    assert len(draws) == 1


@pytest.fixture(scope="module")
def written(sweep: Cine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cine")
    seen: list[tuple[int, int]] = []
    write_cine(sweep, folder / "sweep.dcm", folder / "sweep.csv", lambda *pair: seen.append(pair))
    assert seen == [(number, 60) for number in range(1, 61)]
    return folder


def test_truth_of_every_frame(written: Path, sweep: Cine) -> None:
    with (written / "sweep.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == TRUTH_COLUMNS
    assert [int(row["frame"]) for row in rows] == list(range(60))
    for row, scene in zip(rows, sweep.scenes, strict=True):
        assert float(row["offset"]) == pytest.approx(scene.cut.offset, abs=1e-4)
        assert float(row["plane_quality"]) == pytest.approx(plane_quality(scene), abs=1e-4)
        assert row["plane"] == "transabdominal"
        assert set(filter(None, row["structures"].split(";"))) <= set(STRUCTURES)
    assert {row["label"] for row in rows} == {"abdomen", NO_LABEL}
    assert rows[0]["label"] == rows[-1]["label"] == NO_LABEL
    best = max(rows, key=lambda row: float(row["plane_quality"]))
    assert best["label"] == "abdomen"
    assert float(best["plane_quality"]) > 0.99
    assert "stomach" in best["structures"].split(";")
    labels = [row["label"] for row in rows]
    assert sum(a != b for a, b in pairwise(labels)) == 2


def test_a_sweep_is_a_multi_frame_ultrasound_image(written: Path, sweep: Cine) -> None:
    dataset = dcmread(written / "sweep.dcm")
    assert dataset.SOPClassUID == UltrasoundMultiFrameImageStorage
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.3.1"
    assert (dataset.NumberOfFrames, dataset.Rows, dataset.Columns) == (60, 448, 576)
    assert dataset.FrameTime == pytest.approx(40)
    assert dataset.FrameIncrementPointer == 0x00181063
    pixels = dataset.pixel_array
    for number in (0, 31, 59):
        assert np.array_equal(pixels[number], render(sweep.scenes[number]).image)
    check_header(dataset)


def test_our_reader_refuses_a_sweep_with_its_number_of_frames(written: Path) -> None:
    with pytest.raises(ScanError, match="a clip of 60 frames"):
        read_scan((written / "sweep.dcm").read_bytes())


def test_our_reader_opens_a_sweep_as_a_clip(written: Path, sweep: Cine) -> None:
    clip = open_clip(written / "sweep.dcm")
    assert len(clip) == 60
    assert clip.frames_per_second == pytest.approx(sweep.frame_rate_hz)
    assert clip.facts.region == Region(0, 0, 448, 576)
    size = sweep.scenes[0].view.mm_per_pixel
    assert clip.facts.mm_per_pixel == pytest.approx((size, size))
    for number in (0, 31, 59):
        image = render(sweep.scenes[number]).image
        assert np.array_equal(np.rint(255 * clip.frame(number).pixels), image)


def test_frames_are_streamed(sweep: Cine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long sweep no more than some frames are ever in memory."""
    phantom = render(sweep.scenes[0])
    frames = 2000
    tracemalloc.start()
    write_clip(
        tmp_path / "long.dcm", sweep.scenes[0], (phantom.image.copy() for _ in range(frames)),
        frames, 25.0,
    )  # fmt: skip
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "long.dcm").stat().st_size > frames * phantom.image.size
    assert peak < 20 * phantom.image.size
    monkeypatch.setattr(cine_module, "render", lambda scene: (_ for _ in ()).throw(AssertionError))
    sweep.phantoms()  # nothing is made before it is asked for


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_frames_than_announced_is_refused(
    count: int, sweep: Cine, tmp_path: Path
) -> None:
    blank = np.zeros((448, 576), np.uint8)
    with pytest.raises(ValueError, match=f"expected 2 frames, received {count}"):
        write_clip(tmp_path / "clip.dcm", sweep.scenes[0], [blank] * count, 2, 25.0)
    with pytest.raises(ValueError, match="expected frames of uint8"):
        write_clip(tmp_path / "clip.dcm", sweep.scenes[0], [blank[:9]], 1, 25.0)


def check_header(dataset: Dataset) -> None:
    """What stills and clips have in common."""
    assert dataset.SyntheticData == "YES"
    assert dataset.ImageComments.startswith("SIMULATED")
    assert str(dataset.PatientName).startswith("Simulated^P")
    for empty in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber"):
        assert not dataset[empty].value
    (region,) = dataset.SequenceOfUltrasoundRegions
    assert region.PhysicalUnitsXDirection == region.PhysicalUnitsYDirection == 3
    assert region.PhysicalDeltaX == region.PhysicalDeltaY
    assert (region.RegionLocationMaxX1, region.RegionLocationMaxY1) == (575, 447)


def test_a_still_is_read_back_as_it_was_made(tmp_path: Path) -> None:
    phantom = simulate("femur", 3)
    write_still(tmp_path / "femur.dcm", phantom)
    scan = read_scan((tmp_path / "femur.dcm").read_bytes(), "femur.dcm")
    assert np.array_equal(np.rint(255 * scan.pixels).astype(np.uint8), phantom.image)
    assert scan.facts.modality == "US"
    dataset = dcmread(tmp_path / "femur.dcm")
    assert dataset.SOPClassUID == UltrasoundImageStorage
    check_header(dataset)
    # the shaft measured on the file, against the patient's
    region = dataset.SequenceOfUltrasoundRegions[0]
    assert region.PhysicalDeltaX * 10 == pytest.approx(phantom.scene.view.mm_per_pixel)


def test_files_of_a_patient_are_one_study_and_always_the_same(tmp_path: Path) -> None:
    scans = [simulate("brain", 3), simulate("femur", 3), simulate("brain", 4)]
    files = []
    for number, scan in enumerate(scans):
        write_still(tmp_path / f"{number}.dcm", scan)
        files.append(dcmread(tmp_path / f"{number}.dcm"))
    assert files[0].StudyInstanceUID == files[1].StudyInstanceUID != files[2].StudyInstanceUID
    assert len({file.SOPInstanceUID for file in files}) == 3
    write_still(tmp_path / "again.dcm", simulate("brain", 3))
    assert (tmp_path / "again.dcm").read_bytes() == (tmp_path / "0.dcm").read_bytes()
    assert io.BytesIO((tmp_path / "0.dcm").read_bytes()).read(132).endswith(b"DICM")

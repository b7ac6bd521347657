"""Margins go and tissue stays; a header keeps what a picture needs; pseudonyms have a key."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset, dcmread

from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.deidentify.door import without_patient
from fetal_model.deidentify.header import clean_header
from fetal_model.deidentify.pseudonym import _of_this_process, pseudonym
from fetal_model.phantom import simulate
from fetal_model.scan import Scan, ScanError, read_scan

TEST_FILES = Path(pydicom.data.__file__).parent / "test_files"
SEEDS = (("brain", 980_000), ("abdomen", 980_001), ("femur", 980_002), ("thorax", 980_003))
MARGIN = 130


@pytest.fixture(scope="module")
def screens() -> dict[str, np.ndarray]:
    """Simulated pictures with black beside them, where a scanner writes."""
    return {
        key: np.pad(simulate(key, seed, annotations=False).image, ((0, 0), (MARGIN, MARGIN)))
        for key, seed in SEEDS
    }


def scan_of(image: np.ndarray) -> Scan:
    return Scan.from_array(image / 255, "screen")


def test_tissue_is_shown_as_it_was(screens: dict[str, np.ndarray]) -> None:
    for key, image in screens.items():
        scan = scan_of(image)
        shown, removed = blank_burned_in(scan)
        same = (shown.display == scan.display).all(axis=2)
        tissue = image > 20
        assert (same & tissue).sum() > 0.995 * tissue.sum(), key
        assert removed.regions == 0, key
        assert np.array_equal(shown.pixels, scan.pixels), key


def test_writing_beside_the_picture_goes_even_when_it_is_not_found(
    screens: dict[str, np.ndarray],
) -> None:
    for key, image in screens.items():
        written = image.copy()
        cv2.putText(written, "Doe J", (8, 200), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 200, 2)
        written = cv2.GaussianBlur(written, (0, 0), 1.5)  # nothing crisp is left to find it by
        shown, _ = blank_burned_in(scan_of(written))
        assert not shown.display[175:215, : MARGIN - 20].any(), key


def test_a_box_with_writing_goes(screens: dict[str, np.ndarray]) -> None:
    for key, image in screens.items():
        written = image.copy()
        written[150:230, 6:116] = 120
        cv2.putText(written, "Doe Jane", (14, 195), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 250, 1)
        shown, _ = blank_burned_in(scan_of(written))
        assert not shown.display[155:225, 10:112].any(), key


def test_writing_on_the_picture_stays_and_is_told(screens: dict[str, np.ndarray]) -> None:
    image = screens["brain"].copy()
    where = image.shape[1] // 2 - 60
    cv2.putText(image, "Cardiac", (where, 220), cv2.FONT_HERSHEY_DUPLEX, 0.8, 250, 2, cv2.LINE_AA)
    shown, removed = blank_burned_in(scan_of(image))
    assert removed.left == 1
    assert "1 text region on the picture itself stays" in removed.words()
    assert shown.display[200:225, where : where + 100].any()


def test_where_there_is_no_picture_nothing_is_shown() -> None:
    page = np.zeros((200, 300), np.uint8)
    cv2.putText(page, "Doe Jane 1987", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 220, 1)
    shown, removed = blank_burned_in(scan_of(page))
    assert not shown.display.any()
    assert removed.regions == 1


@pytest.mark.parametrize("shape", [(32, 32), (32, 2000), (1600, 40)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    shown, _ = blank_burned_in(scan_of(noise))
    assert shown.display.shape == (*shape, 3)


@pytest.mark.parametrize(
    "name",
    ["examples_rgb_color.dcm", "examples_palette.dcm", "examples_jpeg2k.dcm", "MR_small_RLE.dcm",
     "CT_small.dcm", "MR_small_implicit.dcm", "ExplVR_BigEnd.dcm", "SC_rgb_jpeg.dcm",
     "image_dfl.dcm", "MR_small_expb.dcm"],
)  # fmt: skip
def test_a_cleaned_file_shows_the_same_picture(name: str) -> None:
    original = dcmread(TEST_FILES / name)
    before = deepcopy(original)
    cleaned, removed = clean_header(original)
    assert original == before
    file = BytesIO()
    cleaned.save_as(file, enforce_file_format="TransferSyntaxUID" in cleaned.file_meta)
    one, other = read_scan(TEST_FILES / name), read_scan(file.getvalue())
    assert np.array_equal(one.display, other.display)
    assert np.array_equal(one.pixels, other.pixels)
    assert removed.header.total() > 5
    assert cleaned.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in cleaned.DeidentificationMethodCodeSequence] == [
        "113100",
        "113110",
    ]
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        assert cleaned.get(keyword) == original.get(keyword)


def test_every_file_of_the_collection_passes_the_door() -> None:
    passed = 0
    for path in sorted(TEST_FILES.glob("*.dcm")):
        data = path.read_bytes()
        try:
            scan = read_scan(data)
        except ScanError:
            continue
        without_patient(scan, data)
        passed += 1
    assert passed > 30


def test_calibration_stays_and_what_is_typed_does_not() -> None:
    region = Dataset()
    region.PhysicalDeltaX, region.RegionFlags = 0.01, 0
    region.add_new(0x00186031, "CS", "DOE")
    dataset = Dataset()
    dataset.SequenceOfUltrasoundRegions = [region]
    dataset.WindowCenter, dataset.WindowWidth, dataset.RescaleSlope = "40", "400", "19870412"
    dataset.PatientName, dataset.SeriesNumber = "Doe^Jane", "70351264"
    cleaned, removed = clean_header(dataset)
    assert cleaned.SequenceOfUltrasoundRegions[0].PhysicalDeltaX == 0.01
    assert "TransducerType" not in cleaned.SequenceOfUltrasoundRegions[0]
    assert (cleaned.WindowCenter, cleaned.WindowWidth) == (40, 400)
    assert "RescaleSlope" not in cleaned
    assert "SeriesNumber" not in cleaned
    assert not cleaned.PatientName
    assert set(removed.header) == {
        "(0010,0010)", "(0018,6031)", "(0020,0011)", "(0028,1053)",
    }  # fmt: skip


def test_a_pseudonym_depends_on_name_content_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [pseudonym("a.png", b"1"), pseudonym("b.png", b"1"), pseudonym("a.png", b"2")]
    assert len(set(names)) == 3
    assert names[0] == pseudonym("a.png", b"1")
    _of_this_process.cache_clear()
    assert pseudonym("a.png", b"1") != names[0]
    monkeypatch.setenv("FETAL_PSEUDONYM_KEY", "correct horse battery")
    kept = pseudonym("a.png", b"1")
    _of_this_process.cache_clear()
    assert pseudonym("a.png", b"1") == kept
    monkeypatch.setenv("FETAL_PSEUDONYM_KEY", "another horse battery")
    assert pseudonym("a.png", b"1") != kept


def test_a_name_that_is_no_unicode_has_a_pseudonym() -> None:
    assert pseudonym("odd-\udcff.png", b"1").startswith("scan-")

"""A patient planted wherever a file can hold one is nowhere in what is shown, kept or logged."""

from __future__ import annotations

import logging
import pickle
import traceback
from dataclasses import replace
from io import BytesIO

import numpy as np
import planted
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from fetal_model.deidentify.door import without_patient
from fetal_model.deidentify.header import clean_header
from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.phantom import simulate
from fetal_model.scan import Scan, ScanError, read_scan


@pytest.fixture(scope="module")
def bare() -> np.ndarray:
    """A simulated scan with the margins of a scanner's screen."""
    image = simulate("femur", 980_002, annotations=False).image
    return np.pad(image, ((30, 30), (140, 140)))


@pytest.fixture(scope="module")
def files(bare: np.ndarray) -> dict[str, bytes]:
    """A file of each kind, with a patient in it and in the corners of its picture."""
    written, _ = planted.corners(bare)
    return {
        f"{planted.FILE_NAME}.dcm": planted.dicom(written, readable=True)[0],
        f"{planted.FILE_NAME}.png": planted.png(written),
        f"{planted.FILE_NAME}.jpg": planted.jpeg(written),
        f"{planted.FILE_NAME}.tif": planted.tiff(written),
    }


def kept(scan: Scan) -> bytes:
    """All that a scan holds, and its picture as a page or an export would write it."""
    file = BytesIO()
    Image.fromarray(scan.display).save(file, "PNG")
    return pickle.dumps((scan.name, scan.facts)) + repr(scan.facts).encode() + file.getvalue()


def test_no_text_is_left_in_a_dicom_header(bare: np.ndarray) -> None:
    data, count = planted.dicom(bare[:64, :64].copy(), readable=False)
    assert count > 7000
    assert set(planted.left(data)) >= {*planted.NAMES, "19870412", *planted.NUMBERS}
    cleaned, removed = clean_header(dcmread(BytesIO(data)))
    file = BytesIO()
    cleaned.save_as(file, enforce_file_format=True)
    assert planted.left(file.getvalue()) == []
    assert planted.left(cleaned.to_json().encode()) == []
    assert planted.left(repr(removed).encode()) == []
    assert removed.header.total() > 2000
    assert cleaned.PixelData == bare[:64, :64].tobytes()


def test_nothing_of_a_patient_is_kept_of_any_file(
    files: dict[str, bytes], bare: np.ndarray
) -> None:
    _, drawn = planted.corners(bare)
    for name, data in files.items():
        assert planted.left(data + name.encode()), name
        scan = read_scan(data, pseudonym(name, data))
        shown, removed = without_patient(scan, data)
        assert planted.left(kept(shown)) == [], name
        assert planted.left((repr(removed) + removed.words()).encode()) == [], name
        assert not shown.display[drawn].any(), name
        assert removed.regions == 4, name
        assert removed.header.total() >= 3, name
        assert np.array_equal(shown.pixels, scan.pixels), name


def test_nothing_of_a_patient_is_logged_or_said(
    files: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    logging.captureWarnings(True)
    with caplog.at_level(logging.DEBUG):
        for name, data in files.items():
            # whole, cut off in header and picture, and damaged in either
            half = bytearray(data)
            half[len(data) // 2 : len(data) // 2 + 400] = b"\xff" * 400
            early = bytearray(data)
            early[200:260] = b"\xfe" * 60
            for variant in (data, data[: len(data) // 3], data[:700], bytes(half), bytes(early)):
                alias = pseudonym(name, variant)
                try:
                    without_patient(read_scan(variant, alias), variant)
                except ScanError as error:
                    assert str(error).startswith(alias)
                    said.append("".join(traceback.format_exception(error)))
    logging.captureWarnings(False)
    said += [f"{r.getMessage()} {r.args!r} {r.exc_text}" for r in caplog.records]
    assert len(said) > 5
    for text in said:
        assert planted.left(text.encode()) == [], text


@pytest.mark.parametrize("keyword", ["PhotometricInterpretation", "Modality", "TransferSyntaxUID"])
def test_a_header_is_not_quoted(keyword: str) -> None:
    name = planted.NAMES[2]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    planted.picture(dataset, np.full((64, 64), 90, np.uint8))
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Modality = "US"
    if keyword != "TransferSyntaxUID":
        setattr(dataset, keyword, name)
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    data = file.getvalue()
    if keyword == "TransferSyntaxUID":
        data = data.replace(b"1.2.840.10008.1.2.1\0", name.encode().ljust(20, b"\0"), 1)
    assert planted.left(data, [name])
    try:
        said = repr(read_scan(data, "scan-1").facts)
    except ScanError as error:
        said = "".join(traceback.format_exception(error))
    assert name not in said


def test_a_cleaned_file_shows_the_same_picture(files: dict[str, bytes]) -> None:
    data = files[f"{planted.FILE_NAME}.dcm"]
    cleaned, _ = clean_header(dcmread(BytesIO(data)))
    file = BytesIO()
    cleaned.save_as(file, enforce_file_format=True)
    one, other = read_scan(data, "x"), read_scan(file.getvalue(), "x")
    assert np.array_equal(one.pixels, other.pixels)
    assert replace(one.facts, modality=None) == replace(other.facts, modality=None)

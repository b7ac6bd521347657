"""What the tests of the exports share: answers of the version in service about a few phantoms."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fetal_model.export.entry import Entry
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_still
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan

UNREAD = "note.png: expected PNG, JPEG, TIFF, BMP or DICOM, found text. Export the scan."


@pytest.fixture(scope="session")
def when() -> datetime:
    return datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=1), "CET"))


@pytest.fixture(scope="session")
def served() -> Predictor:
    predictor = Predictor.load()
    assert predictor.offers_dropout
    return predictor


@pytest.fixture(scope="session")
def dicom_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated femur as DICOM."""
    path = tmp_path_factory.mktemp("dicom") / "femur.dcm"
    write_still(path, simulate("femur", 4))
    return path


@pytest.fixture(scope="session")
def entries(served: Predictor, dicom_file: Path, phantom_files: dict[str, Path]) -> list[Entry]:
    """A femur from DICOM, a brain from PNG, a file that could not be read, a rejected thorax."""
    made = []
    for file in (dicom_file, phantom_files["brain"], phantom_files["thorax"]):
        scan = read_scan(file)
        finding = served.analyse(scan)
        made.append(Entry(file.name, finding, lambda scan=scan: scan, file.read_bytes))
    reasons = ("This looks like another plane.", "Unsure between thorax and abdomen.")
    rejected = replace(made[2].answer, rejected=True, decision="look again", reasons=reasons)
    unread = Entry("note.png", UNREAD, made[0].scan, lambda: b"not a picture")
    return [made[0], made[1], unread, replace(made[2], answer=rejected)]

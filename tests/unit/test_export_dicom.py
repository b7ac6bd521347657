"""DICOM results refer to their source, hold the answer, and repeat no more of the patient."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.sr import MeasurementReport, srread
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.sr.codedict import codes
from pydicom.uid import SecondaryCaptureImageStorage

from fetal_model.anatomy import ANATOMIES
from fetal_model.export.dicom_files import dicom_files
from fetal_model.export.entry import DISCLAIMER, Entry
from fetal_model.export.overlays import overlay_picture
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_clip
from fetal_model.predictor import Predictor
from fetal_model.predictor_clip import analyse_clip
from fetal_model.scan import ScanError, open_clip, read_scan

RETIRED_ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6"
Made = dict[str, bytes]


@pytest.fixture(scope="module")
def make(served: Predictor, when: datetime) -> Callable[[Entry], Made]:
    return lambda entry: dicom_files(entry, entry.answer, served.version, when)


@pytest.fixture(scope="module")
def files(make: Callable[[Entry], Made], entries: list[Entry]) -> Made:
    return make(entries[0])


@pytest.fixture(scope="module")
def source(dicom_file: Path) -> Dataset:
    return dcmread(dicom_file)


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


def both(made: Made) -> list[Dataset]:
    return [read(made["-report.dcm"]), read(made["-overlay.dcm"])]


def changed(entry: Entry, change: Callable[[Dataset], None]) -> Entry:
    """The entry with another header."""
    dataset = read(entry.file())
    change(dataset)
    file = io.BytesIO()
    dcmwrite(file, dataset)
    return replace(entry, file=file.getvalue)


def words(data: bytes) -> str:
    """Every value in full; pydicom's own listing cuts long ones."""
    return "\n".join(str(element.value) for element in read(data).iterall())


def measured(data: bytes) -> Any:
    content = srread(io.BytesIO(data)).content
    assert isinstance(content, MeasurementReport)
    (group,) = content.get_image_measurement_groups()
    return group


def test_report_holds_every_probability(files: Made, entries: list[Entry]) -> None:
    finding = entries[0].answer
    certainties = measured(files["-report.dcm"]).get_measurements(codes.DCM.CertaintyOfFinding)
    plain = [m for m in certainties if m.derivation is None]
    spread = [m for m in certainties if m.derivation is not None]
    assert {m.derivation.value for m in spread} == {codes.SCT.StandardDeviation.value}
    for found, values in ((plain, finding.probabilities), (spread, finding.standard_deviation)):
        sites = [measurement.finding_sites[0].value for measurement in found]
        assert [site.value for site in sites] == [anatomy.snomed for anatomy in ANATOMIES]
        assert [site.scheme_designator for site in sites] == ["SCT"] * 4
        assert {measurement.unit.value for measurement in found} == {"%"}
        shares = [measurement.value / 100 for measurement in found]
        assert shares == pytest.approx(values.tolist(), abs=1e-12)


def test_report_says_which_algorithm_with_which_settings(files: Made, served: Predictor) -> None:
    text = words(files["-report.dcm"])
    for part in (
        f"Fetal Anatomy Lab {served.version.name}",
        f"version_hash={served.version.hash}",
        "dropout_samples=30",
        "annotations=taken away",
        DISCLAIMER,
    ):
        assert part in text


def test_decision_and_reasons_are_in_the_report(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    rejected = replace(entries[0], answer=entries[3].answer, scan=entries[3].scan)
    made = make(rejected)
    group = measured(made["-report.dcm"])
    (decision,) = group.get_qualitative_evaluations()
    assert decision.value.meaning == "Look again"
    assert not group.finding_sites
    text = words(made["-report.dcm"])
    assert all(reason in text for reason in rejected.answer.reasons)


def test_both_refer_to_the_instance_they_are_about(files: Made, source: Dataset) -> None:
    report, overlay = both(files)
    for made in (report, overlay):
        assert made.StudyInstanceUID == source.StudyInstanceUID
        assert made.SeriesInstanceUID != source.SeriesInstanceUID
        assert (made.PatientName, made.PatientID) == (source.PatientName, source.PatientID)
        assert made.SyntheticData == "YES"
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    (evidence,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == source.StudyInstanceUID
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    (image,) = overlay.SourceImageSequence
    for reference in (evidence, image):
        assert reference.ReferencedSOPClassUID == source.SOPClassUID
        assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    (of_group,) = measured(files["-report.dcm"]).source_images
    assert of_group.referenced_sop_instance_uid == source.SOPInstanceUID
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


def test_identifiers_are_fresh(
    files: Made, make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    uids = [
        uid
        for made in (*both(files), *both(make(entries[0])))
        for uid in (made.SOPInstanceUID, made.SeriesInstanceUID)
    ]
    assert len(set(uids)) == 8


def test_overlay_is_the_picture_and_can_be_read_again(files: Made, entries: list[Entry]) -> None:
    overlay = read(files["-overlay.dcm"])
    expected = overlay_picture(entries[0].scan(), entries[0].answer)
    assert overlay.SOPClassUID == SecondaryCaptureImageStorage
    assert list(overlay.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert np.array_equal(overlay.pixel_array, expected)
    assert np.array_equal(read_scan(files["-overlay.dcm"], "o.dcm").display, expected)


def test_no_more_of_the_patient_than_its_identification(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    planted = {
        "PatientComments": "PLANTED1", "OtherPatientNames": "PLANTED2^X", "PatientAddress":
        "PLANTED3", "InstitutionName": "PLANTED4", "OperatorsName": "PLANTED5^X",
        "PatientMotherBirthName": "PLANTED6^X", "StudyDescription": "PLANTED7",
        "AdditionalPatientHistory": "PLANTED8", "StationName": "PLANTED9",
    }  # fmt: skip

    def plant(dataset: Dataset) -> None:
        for keyword, value in planted.items():
            setattr(dataset, keyword, value)
        dataset.private_block(0x0019, "PLANTED10", create=True).add_new(1, "LO", "PLANTED11")

    for data in make(changed(entries[0], plant)).values():
        assert b"PLANTED" not in data


def test_a_name_in_another_script_survives(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"

    def rename(dataset: Dataset) -> None:
        dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        dataset.PatientName = name

    for made in both(make(changed(entries[0], rename))):
        assert str(made.PatientName) == name


def test_no_warning_and_no_log_quotes_the_patient(
    make: Callable[[Entry], Made],
    entries: list[Entry],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    def rename(dataset: Dataset) -> None:
        dataset.PatientName = dataset.ReferringPhysicianName = "PLANTED"
        dataset.PatientID = "PLANTED" * 12
        dataset.add_new("StudyID", "SH", "PLANTED" * 3)
        dataset.add_new("PatientBirthDate", "DA", "PLANTED")

    entry = changed(entries[0], rename)
    caplog.set_level("DEBUG")
    recwarn.clear()
    for made in both(make(entry)):
        assert made.PatientName == made.ReferringPhysicianName == "PLANTED"
    assert "PLANTED" not in caplog.text
    assert not [warning for warning in recwarn if "PLANTED" in str(warning.message)]


def test_what_breaks_the_rules_in_the_source_is_left_empty(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    def break_rules(dataset: Dataset) -> None:
        dataset.add_new("PatientBirthDate", "DA", "around 1990")
        dataset.add_new("StudyTime", "TM", "noon")
        dataset.add_new("PatientSex", "CS", "female")
        del dataset.StudyID

    for made in both(make(changed(entries[0], break_rules))):
        empty = ("PatientBirthDate", "StudyTime", "PatientSex", "StudyID")
        assert [made[keyword].value or "" for keyword in empty] == [""] * 4


def test_lossy_compression_and_burned_in_text_are_carried_on(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    overlay = both(make(entries[0]))[1]
    assert (overlay.BurnedInAnnotation, overlay.LossyImageCompression) == ("NO", "00")

    def lossy(dataset: Dataset) -> None:
        dataset.LossyImageCompression = "01"
        del dataset.BurnedInAnnotation

    overlay = both(make(changed(entries[0], lossy)))[1]
    assert (overlay.BurnedInAnnotation, overlay.LossyImageCompression) == ("YES", "01")


def test_real_files_of_other_makers(make: Callable[[Entry], Made], served: Predictor) -> None:
    for name in ("examples_rgb_color.dcm", "CT_small.dcm", "MR_small_bigendian.dcm"):
        path = Path(str(get_testdata_file(name)))
        scan = read_scan(path)
        entry = Entry(name, served.analyse(scan), lambda scan=scan: scan, path.read_bytes)
        original = dcmread(path)
        for made in both(make(entry)):
            assert made.PatientID == original.PatientID
            assert made.StudyInstanceUID == original.StudyInstanceUID


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: setattr(d, "StudyInstanceUID", ""), "a valid StudyInstanceUID"),
        (lambda d: setattr(d, "SOPClassUID", RETIRED_ULTRASOUND), "a retired or private one"),
        (lambda d: setattr(d, "SOPClassUID", "1.2.3.4"), "a retired or private one"),
    ],
)
def test_a_header_that_cannot_be_referred_to_is_explained(
    change: Callable[[Dataset], None],
    said: str,
    make: Callable[[Entry], Made],
    entries: list[Entry],
) -> None:
    with pytest.raises(ScanError, match=said) as caught:
        make(changed(entries[0], change))
    assert str(caught.value).startswith("femur.dcm: expected ")


def test_other_formats_are_told_that_there_is_nothing_to_refer_to(
    make: Callable[[Entry], Made], entries: list[Entry]
) -> None:
    with pytest.raises(ScanError, match=r"brain\.png: .* found a PNG file"):
        make(entries[1])


def test_results_about_a_clip_name_the_frame_they_are_about(
    served: Predictor, when: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "sweep.dcm"
    femur = simulate("femur", 3, annotations=False)
    black = np.zeros_like(femur.image)
    write_clip(path, femur.scene, [black, black, femur.image], 3, rate_hz=10)
    opened = open_clip(path)
    clip = analyse_clip(served, opened)
    assert clip.best == 2
    entry = Entry(path.name, clip.finding, lambda: clip.scan, path.read_bytes, clip)
    made = dicom_files(entry, clip.finding, served.version, when)
    source = dcmread(path, stop_before_pixels=True)
    (referred,) = measured(made["-report.dcm"]).source_images
    assert referred.referenced_sop_instance_uid == source.SOPInstanceUID
    assert referred.referenced_frame_numbers == [3], "DICOM counts from 1"
    (shown,) = read(made["-overlay.dcm"]).SourceImageSequence
    assert (shown.ReferencedSOPInstanceUID, shown.ReferencedFrameNumber) == (
        source.SOPInstanceUID,
        3,
    )


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="dcmtk is not installed")
def test_dcmtk_reads_the_report(files: Made, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(files["-report.dcm"])
    done = subprocess.run(["dsrdump", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "E:" not in done.stderr
    for line in (
        '"Imaging Measurement Report"',
        '(121026,DCM,"Fetus")',
        '(71341001,SCT,"Femur")',
        '"Certainty of Finding"',
        "IMAGE:",
    ):
        assert line in done.stdout

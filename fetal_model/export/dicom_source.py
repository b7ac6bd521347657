"""The DICOM instance a result is about: what a new instance of the same study must repeat of it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import UID
from pydicom.valuerep import DA, TM

from fetal_model.export.entry import Entry
from fetal_model.scan import ScanError
from fetal_model.scan.content import recognise

MANUFACTURER = "Fetal Anatomy Lab project"
UTF8 = "ISO_IR 192"
NAMES = ("PatientName", "ReferringPhysicianName")
_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_TEXTS = (*NAMES, "PatientID", "PatientSex", "StudyID", "AccessionNumber")
_ON_PICTURE = ("LossyImageCompression", "BurnedInAnnotation", "SyntheticData")
_TIMES: dict[str, Callable[[str], object]] = {
    "PatientBirthDate": DA,
    "StudyDate": DA,
    "StudyTime": TM,
}


def source_instance(entry: Entry) -> Dataset:
    """Identifiers of the study and the patient of an entry's file, and nothing else of it.

    Returns:
        A data set without pixels. Dates, times and a sex that break the rules of their type are
        left empty, so that nothing new is invalid because the source was.

    Raises:
        ScanError: The file is not DICOM, or says not which instance of which study it is.
    """
    data = entry.file()
    kind = recognise(data)
    if kind != "DICOM":
        raise ScanError.of(
            entry.name,
            expected="a scan that came from DICOM, for a DICOM result to refer to",
            found=f"a {kind or 'different'} file",
            advice="Choose another export for it",
        )
    source = _read(data, entry.name)
    made = Dataset()
    made.SpecificCharacterSet = UTF8
    for keyword in _UIDS:
        uid = UID(str(source.get(keyword) or ""))
        if not uid.is_valid:
            raise ScanError.of(
                entry.name,
                expected=f"a valid {keyword}, for a DICOM result to refer to",
                found="none",
                advice="Export the scan again from where it is archived",
            )
        setattr(made, keyword, uid)
    for keyword in _TEXTS:
        setattr(made, keyword, source.get(keyword) or "")
    if made.PatientSex not in ("M", "F", "O"):
        made.PatientSex = ""
    for keyword, kind_of in _TIMES.items():
        setattr(made, keyword, _valid(kind_of, str(source.get(keyword) or "")))
    made.PatientOrientation = source.get("PatientOrientation") or ""
    for keyword in _ON_PICTURE:
        setattr(made, keyword, source.get(keyword) or "")
    return made


def _read(data: bytes, name: str) -> Dataset:
    """What is repeated or referred to, as text whatever character set it is in."""
    wanted: list[Any] = [*_UIDS, *_TEXTS, *_TIMES, *_ON_PICTURE, "PatientOrientation"]
    try:
        source = dcmread(BytesIO(data), stop_before_pixels=True, force=True, specific_tags=wanted)
        source.decode()
    except Exception as error:  # as in `read_scan`: damaged bytes fail in every way there is
        raise ScanError.of(
            name,
            expected="a header that a DICOM result can repeat",
            found="a damaged or unusual one",
            advice="Export the scan again from where it is archived",
        ) from error
    return source


def _valid(kind: Callable[[str], object], value: str) -> str:
    try:
        kind(value)
    except ValueError:
        return ""
    return value

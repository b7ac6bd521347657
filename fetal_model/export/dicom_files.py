"""Both DICOM exports of an entry as files."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from pydicom import Dataset, dcmwrite

from fetal_model.export.dicom_picture import secondary_capture
from fetal_model.export.dicom_report import structured_report
from fetal_model.export.dicom_source import NAMES, source_instance
from fetal_model.export.entry import Entry
from fetal_model.export.overlays import overlay_picture
from fetal_model.predictor import Finding
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version


def dicom_files(
    entry: Entry, finding: Finding, version: Version, when: datetime
) -> dict[str, bytes]:
    """A Structured Report and a Secondary Capture of the overlay.

    Args:
        entry: A scan that came from DICOM, or a clip, of which the results name the best frame.
        finding: Its answer.
        version: The version that answered.
        when: When they are made, in local time.

    Returns:
        The end of each file's name, and the file.

    Raises:
        ScanError: It did not come from DICOM, or its header cannot be referred to.
    """
    source = source_instance(entry)
    frame = entry.clip.best if entry.clip else None
    picture = overlay_picture(entry.scan(), finding)
    # put back below: highdicom's warnings quote a name that it doubts
    names = {keyword: source[keyword].value for keyword in NAMES}
    for keyword in NAMES:
        setattr(source, keyword, "")
    try:
        made = {
            "-report.dcm": structured_report(source, finding, version, when, frame),
            "-overlay.dcm": secondary_capture(source, picture, finding, version, when, frame),
        }
    except KeyError as error:  # highdicom looks up what a class of images has
        raise ScanError.of(
            entry.name,
            expected="an image class that DICOM still has",
            found="a retired or private one",
            advice="Export the scan again from where it is archived",
        ) from error
    except ValueError as error:
        raise ScanError.of(
            entry.name,
            expected="a header that a DICOM result can repeat",
            found="values that DICOM does not allow",
            advice="Export the scan again from where it is archived",
        ) from error
    for dataset in made.values():
        for keyword, name in names.items():
            setattr(dataset, keyword, name)
        if source.SyntheticData:
            dataset.SyntheticData = source.SyntheticData
    return {name: _encoded(dataset) for name, dataset in made.items()}


def _encoded(dataset: Dataset) -> bytes:
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()

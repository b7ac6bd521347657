"""What a DICOM header says about the pixels, checked before any is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import UID

from fetal_model.scan.dicom_file import DicomFile
from fetal_model.scan.limits import check_size
from fetal_model.scan.types import ScanError


@dataclass(frozen=True)
class PictureSize:
    """What the header says about the pixels.

    Attributes:
        rows: Of every frame.
        columns: Of every frame.
        bits: Stored in a sample, 1 to 16.
        frames: How many there are.
        brightest: Largest stored value known of other frames, so that a dark frame of a clip of
            more than 8 bits is not taken for one of 8.
    """

    rows: int
    columns: int
    bits: int
    frames: int
    brightest: int = 0


def picture_size(file: DicomFile, name: str) -> PictureSize:
    """Check what the header says about the pixels, before any is decoded.

    Raises:
        ScanError: If there is no picture, or one that is too small, too big or too deep.
    """
    header = file.header
    sop_class = _sop_class(header)
    if file.offset is None:
        raise ScanError.of(
            name,
            expected="a DICOM image",
            found=f"{sop_class} without integer pixel data",
            advice="Choose the image that it belongs to",
        )
    allocated = _whole_number(header, "BitsAllocated", name)
    bits = _whole_number(header, "BitsStored", name, default=allocated)
    if allocated not in (8, 16) or not 1 <= bits <= allocated:
        raise ScanError.of(
            name,
            expected="8 to 16 bits per sample",
            found=f"{bits} in {sop_class}",
            advice="Choose an ultrasound image",
        )
    frames = _whole_number(header, "NumberOfFrames", name, default=1)
    rows = _whole_number(header, "Rows", name)
    columns = _whole_number(header, "Columns", name)
    check_size(name, columns, rows)
    return PictureSize(rows, columns, bits, max(1, frames))


def _whole_number(dataset: Dataset, keyword: str, name: str, default: int | None = None) -> int:
    try:
        value = dataset.get(keyword)
        return default if value in (None, "") and default is not None else int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ScanError.of(
            name,
            expected=f"a whole number for {keyword}",
            found="something else or nothing",
            advice="Export it again",
        ) from error


def _sop_class(dataset: Dataset) -> str:
    # A DICOMDIR names its class in the File Meta Information only.
    uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    # Only a name that the standard defines is quoted: an unknown one is the file's own text.
    known = isinstance(uid, UID) and uid.name != str(uid)
    return str(uid.name) if known else "a DICOM data set of unknown kind"

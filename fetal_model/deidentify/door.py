"""What a file loses on its way to a page or into an export."""

from __future__ import annotations

from io import BytesIO

from pydicom import dcmread

from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.deidentify.header import clean_header
from fetal_model.deidentify.pictures import left_behind
from fetal_model.deidentify.removed import Removed
from fetal_model.scan.types import Scan


def without_patient(scan: Scan, data: bytes) -> tuple[Scan, Removed]:
    """A scan as it may be shown and exported, and what its file held beside it.

    Args:
        scan: As `read_scan` returned it for `data`.
        data: The file.

    Returns:
        The scan with the same `pixels`, and with `display` blanked around the ultrasound picture;
        and what the file's header held and the scan does not, together with what was blanked.
    """
    blanked, removed = blank_burned_in(scan)
    return blanked, removed + _header(data, scan.facts.format)


def _header(data: bytes, kind: str) -> Removed:
    if kind == "DICOM":
        return clean_header(dcmread(BytesIO(data), force=True, stop_before_pixels=True))[1]
    return Removed(left_behind(data, kind))

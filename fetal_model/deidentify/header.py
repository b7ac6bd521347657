"""A DICOM data set without its patient; the pixels are not looked at here."""

from __future__ import annotations

from collections import Counter

from pydicom import DataElement, Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from fetal_model.deidentify.profile import action
from fetal_model.deidentify.removed import Removed

_META = frozenset({0x00020002, 0x00020003, 0x00020010, 0x00020012})
"""Class, instance, transfer syntax and implementation: what a reader needs."""
_WRITTEN_ANEW = frozenset({0x00020000, 0x00020001})
"""Length and version of the File Meta Information, which say nothing."""
_SEALS = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280303})
"""What is written anew, so that what stood there does not count as lost."""
METHOD = "PS3.15 Basic Profile, Retain UIDs; all other text removed"
_CODES = {
    "113100": "Basic Application Confidentiality Profile",
    "113110": "Retain UIDs Option",
}
"""Of PS3.16 CID 7050, and their meanings."""


def clean_header(dataset: Dataset) -> tuple[Dataset, Removed]:
    """Take out of a data set whatever may tell who the patient is.

    The standard profile, with identifiers of studies, series and images retained, and beyond it
    every private element and every text that a picture does not need. What is written into the
    pixels stays, and so do comments inside compressed ones.

    Args:
        dataset: As pydicom reads it; it is not changed.

    Returns:
        Another data set, which shares the pixels and says how it was cleaned; and what was taken
        out, in tags.
    """
    removed: Counter[str] = Counter()
    cleaned = _cleaned(dataset, removed)
    cleaned.file_meta = _meta(dataset, removed)
    cleaned.set_original_encoding(*dataset.original_encoding)
    cleaned.preamble = bytes(128)
    if any(getattr(dataset, "preamble", None) or b""):
        removed["preamble"] += 1
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.DeidentificationMethod = METHOD
    cleaned.DeidentificationMethodCodeSequence = Sequence(map(_code, _CODES))
    cleaned.LongitudinalTemporalInformationModified = "REMOVED"
    return cleaned, Removed(removed)


def _cleaned(dataset: Dataset, removed: Counter[str]) -> Dataset:
    kept = Dataset()
    for tag in list(dataset.keys()):
        if tag in _SEALS or tag.group == 2:
            continue
        try:
            element = dataset[tag]
            values = _values(element)
            what = action(tag, element.VR, values)
        except Exception:  # bytes that cannot be understood may be anything
            removed[str(tag)] += 1
            continue
        if what == "descend":
            items = [_cleaned(item, removed) for item in element.value or []]
            kept[tag] = DataElement(tag, "SQ", Sequence(items))
        elif what == "keep":
            kept[tag] = element
        else:
            if values:
                removed[str(tag)] += 1
            if what == "empty":
                kept[tag] = _empty(tag, element.VR)
    return kept


def _meta(dataset: Dataset, removed: Counter[str]) -> FileMetaDataset:
    kept = FileMetaDataset()
    for element in getattr(dataset, "file_meta", None) or ():
        if element.tag in _META and action(element.tag, element.VR, _values(element)) == "keep":
            kept[element.tag] = element
        elif element.tag not in _WRITTEN_ANEW:
            removed[str(element.tag)] += 1
    return kept


def _values(element: DataElement) -> list[object]:
    value = element.value
    if isinstance(value, MultiValue | Sequence | list | tuple):
        return list(value)
    return [] if value is None or value in ("", b"") else [value]


def _empty(tag: BaseTag, vr: str) -> DataElement:
    return DataElement(tag, vr, Sequence() if vr == "SQ" else None)


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", _CODES[value]
    return item

"""The standard profile for DICOM headers, as data: what to do with each element.

PS3.15 Table E.1-1 (2026c), Basic Application Level Confidentiality Profile with the Retain UIDs
Option, comes from dicom-anonymizer. The profile names some 700 elements; text in any other, such as
a name typed into Series Number's neighbour, would stay. So what the profile does not name stays
only when it cannot be text, or is text that a picture needs and has the form it must have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Literal

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag
from pydicom.uid import UID

from fetal_model.scan.dicom_codes import MODALITIES, PHOTOMETRIC

Action = Literal["keep", "remove", "empty", "descend"]

_EDITION = "dicomfields_2026c"
_EMPTIED = ("Z_TAGS", "Z_D_TAGS", "X_Z_TAGS", "X_Z_D_TAGS", "X_Z_U_STAR_TAGS")
_REMOVED = ("X_TAGS", "X_D_TAGS", "D_TAGS")
"""A dummy in place of a value (D) would serve a stricter reader; no ultrasound image needs one."""
_NUMBERS = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_PIXELS = frozenset(
    tag_for_keyword(keyword)
    for keyword in (
        "PixelData", "LUTData", "RedPaletteColorLookupTableData",
        "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
        "SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData",
        "SegmentedBluePaletteColorLookupTableData",
    )
)  # fmt: skip
_CODES = {
    "Modality": "|".join(MODALITIES),
    "PhotometricInterpretation": "|".join(PHOTOMETRIC),
    "ImageType": r"ORIGINAL|DERIVED|PRIMARY|SECONDARY|OBSTETRICAL|ABDOMINAL|INTRACAVITARY|\d{4}|",
    "LossyImageCompression": "00|01",
    "SyntheticData": "YES|NO",
    "BurnedInAnnotation": "YES|NO",
    "PresentationLUTShape": "IDENTITY|INVERSE",
    "VOILUTFunction": "LINEAR|LINEAR_EXACT|SIGMOID",
}
_IN_TEXT = (
    "NumberOfFrames", "RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth",
    "PixelSpacing", "PixelAspectRatio", "FrameTime", "CineRate", "RecommendedDisplayFrameRate",
    "MechanicalIndex", "SoftTissueThermalIndex", "BoneThermalIndex", "DepthOfScanField",
)  # fmt: skip
_LARGEST = 1e6
"""Beyond it a number written as text is an identifier or a date, not a measure of a picture."""


def action(tag: BaseTag, vr: str, values: list[object]) -> Action:
    """What is done with an element of a data set.

    Args:
        tag: Its tag.
        vr: The value representation that the file gives it.
        values: Its values, in a list also when there is one or none.
    """
    if tag.is_private or not dictionary_has_tag(tag) or vr not in dictionary_VR(tag):
        return "remove"
    if tag in _PIXELS:
        return "keep"
    said = named(tag)
    if vr == "UI" and said != "remove":
        return "keep" if all(UID(str(value)).is_valid for value in values) else "remove"
    if said is not None:
        return said
    if vr == "SQ":
        return "descend"
    if vr in _NUMBERS:
        return "keep"
    form = _forms().get(tag)
    return "keep" if form and all(form(str(value)) for value in values) else "remove"


def named(tag: BaseTag) -> Action | None:
    """What the profile says, None when it does not name the element; identifiers are retained."""
    single, ranges = _table()
    if tag in single:
        return single[tag]
    for group, element, group_mask, element_mask in ranges:
        if tag.group & group_mask == group and tag.element & element_mask == element:
            return "remove"
    return None


@cache
def _table() -> tuple[dict[int, Action], list[tuple[int, ...]]]:
    names = dicom_anonymization_database_selector(_EDITION)
    single: dict[int, Action] = {}
    ranges: list[tuple[int, ...]] = []
    for kinds, what in ((_EMPTIED, "empty"), (_REMOVED, "remove")):
        for tag in (tag for kind in kinds for tag in names[kind]):
            if len(tag) == 2:
                single[tag[0] << 16 | tag[1]] = what  # type: ignore[assignment]
            else:
                group, element, group_mask, element_mask = tag
                ranges.append(
                    (group & group_mask, element & element_mask, group_mask, element_mask)
                )
    return single, ranges


@cache
def _forms() -> dict[int | None, Callable[[str], bool]]:
    """The form of each text that a picture needs, by tag."""

    def like(pattern: str) -> Callable[[str], bool]:
        return lambda value: re.fullmatch(pattern, value) is not None

    forms = {tag_for_keyword(keyword): like(pattern) for keyword, pattern in _CODES.items()}
    return forms | dict.fromkeys(map(tag_for_keyword, _IN_TEXT), _is_measure)


def _is_measure(value: str) -> bool:
    """Whether a text is a number that a picture can have.

    >>> _is_measure("-12.5"), _is_measure("19870412"), _is_measure("Jane")
    (True, False, False)
    """
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and abs(number) < _LARGEST

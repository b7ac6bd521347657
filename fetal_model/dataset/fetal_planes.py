"""FETAL_PLANES_DB as it is published: its table, its classes, and what its file names say.

Burgos-Artizzu et al. 2020, Scientific Reports 10:10200. Getting it is in `fetch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

TABLE, IMAGES = "FETAL_PLANES_DB_data.csv", "Images"
SOURCE = "fetal_planes"
CLASSES = {
    "Fetal brain": "brain",
    "Fetal abdomen": "abdomen",
    "Fetal femur": "femur",
    "Fetal thorax": "thorax",
    "Maternal cervix": "cervix",
    "Other": "other",
}
"""Our label for each published class."""
PLANES = ("other", "abdomen", "brain", "cervix", "femur", "thorax")
"""Label that each plane number of a file name stands for, from 1."""
COLUMNS = {
    "Plane": "plane",
    "Brain_plane": "brain_plane",
    "Operator": "operator",
    "US_Machine": "machine",
}
"""Our name for each published column that is kept as it is."""
PARTS = {"1": "train", "0": "test"}
"""Part of the published split that each value of the column `Train` stands for."""
_NAME = re.compile(r"Patient(?P<patient>\d+)_Plane(?P<plane>[1-6])_\d+_of_\d+")


class Named(NamedTuple):
    """What a published file name says: the patient, and the label of the plane."""

    patient: str
    label: str


def read_name(scan: str) -> Named | None:
    """What the name of a scan says, whatever its folder and ending; None for other names.

    Example:
        >>> read_name("Images/Patient01018_Plane3_2_of_3.png")
        Named(patient='Patient01018', label='brain')
        >>> read_name("scan-3.png")
    """
    found = _NAME.fullmatch(PurePosixPath(scan).name.split(".")[0])
    if not found:
        return None
    return Named(patient_name(found["patient"]), PLANES[int(found["plane"]) - 1])


def patient_name(number: str) -> str:
    """The patient as the file names write it.

    Example:
        >>> patient_name("12")
        'Patient00012'
    """
    return f"Patient{int(number):05d}" if number.isdecimal() else number


def manifest_row(row: Mapping[str, str]) -> dict[str, str]:
    """One published row in the words of a manifest: `path`, `label`, `patient` and the rest.

    Only `Image_name` and `Plane` have to be there. A column that is not the publisher's keeps its
    name.

    Raises:
        ValueError: The class, the patient or the part is none of the published.
    """
    name, plane = row["Image_name"], row["Plane"]
    if plane not in CLASSES:
        raise ValueError(f"expected a Plane out of {', '.join(CLASSES)}, found {plane!r}")
    suffix = "" if name.lower().endswith(".png") else ".png"
    made = {
        "path": f"{IMAGES}/{name}{suffix}" if name else "",
        "label": CLASSES[plane],
        "patient": patient_name(row.get("Patient_num", "")),
    }
    for column, value in row.items():
        if column == "Train":
            if value not in PARTS:
                raise ValueError(f"expected 1 or 0 in the column Train, found {value!r}")
            made["part"] = PARTS[value]
        elif column not in ("Image_name", "Patient_num"):
            made[COLUMNS.get(column, column)] = value
    return made

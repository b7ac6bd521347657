"""The label set: the one source of the order, names, colours and codes of the four anatomies."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.codedict import codes


@dataclass(frozen=True)
class Anatomy:
    """One anatomy the models recognise.

    Attributes:
        key: Stable lower-case name used in files and in code.
        name: Name shown to a reader.
        colour: Okabe-Ito colour `#rrggbb`, told apart by colour-blind readers as well.
        snomed: SNOMED CT concept identifier, from pydicom's code dictionary.
        good_plane: One sentence on what a good plane of it shows.
    """

    key: str
    name: str
    colour: str
    snomed: str
    good_plane: str


ANATOMIES: tuple[Anatomy, ...] = (
    Anatomy(
        "brain",
        "Brain",
        "#56B4E9",
        codes.SCT.Brain.value,
        "An oval skull with an unbroken midline, the cavum septi pellucidi in its anterior third "
        "and symmetrical hemispheres.",
    ),
    Anatomy(
        "abdomen",
        "Abdomen",
        "#E69F00",
        codes.SCT.Abdomen.value,
        "A round section with the stomach bubble, the umbilical vein at the portal sinus and the "
        "spine in cross-section, without kidneys.",
    ),
    Anatomy(
        "femur",
        "Femur",
        "#009E73",
        codes.SCT.Femur.value,
        "The whole ossified shaft lying square to the beam, both ends clearly visible, with its "
        "shadow behind it.",
    ),
    Anatomy(
        "thorax",
        "Thorax",
        "#CC79A7",
        codes.SCT.Thorax.value,
        "A round section with a whole rib on each side, the four chambers of the heart and the "
        "lungs on both sides of it.",
    ),
)

KEYS: tuple[str, ...] = tuple(anatomy.key for anatomy in ANATOMIES)
BY_KEY: dict[str, Anatomy] = {anatomy.key: anatomy for anatomy in ANATOMIES}

"""Simulated planes and the scanner's knobs in a reader's words. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fetal_model.anatomy import BY_KEY


@dataclass(frozen=True)
class Knob:
    """A slider: its field of `studio.Knobs`, its range, and what it does in physics.

    Attributes:
        field: Name of the field.
        name: Name shown to a reader.
        unit: Written behind the value, as a printf format of it.
        low, high, step: Of the slider.
        does: One sentence.
    """

    field: str
    name: str
    unit: str
    low: float
    high: float
    step: float
    does: str


KNOBS: tuple[Knob, ...] = (
    Knob(
        "offset", "Distance from the plane", "%.2f", -1.0, 1.0, 0.05,
        "The probe slides off the standard plane, 0, to either side: its landmarks fade, and "
        "those of the neighbouring sections come into view.",
    ),
    Knob(
        "weeks", "Gestational age", "%.1f weeks", 14.0, 40.0, 0.5,
        "The fetus grows by published biometry while the scanner stays as it is: an older one "
        "fills the sector and needs more depth.",
    ),
    Knob(
        "gain_db", "Gain", "%d dB", -24.0, 18.0, 1.0,
        "Amplifies every echo alike once it has come back: haze and noise brighten with the "
        "anatomy, so gain never adds information.",
    ),
    Knob(
        "dynamic_range_db", "Dynamic range", "%d dB", 30.0, 80.0, 1.0,
        "How many decibels lie between black and white: a narrow range is hard black and white, a "
        "wide one shows faint echoes as greys.",
    ),
    Knob(
        "frequency_mhz", "Frequency", "%.1f MHz", 2.0, 9.0, 0.2,
        "A higher frequency has a shorter wave, so speckle is finer and edges are sharper; on a "
        "real scanner tissue also absorbs it sooner, so it reaches less deep.",
    ),
    Knob(
        "depth_mm", "Depth", "%d mm", 60.0, 240.0, 5.0,
        "How long the scanner listens, at 13 microseconds a centimetre: more depth shows more, but "
        "smaller and with fewer frames a second.",
    ),
    Knob(
        "sector_degrees", "Sector angle", "%d degrees", 40.0, 96.0, 2.0,
        "How wide the beams fan out: a wider fan sees more at the sides, with the same number of "
        "beams, so they lie further apart at depth.",
    ),
)  # fmt: skip
ANNOTATIONS = (
    "What a scanner writes on its screen: settings, ticks a centimetre apart, the grey bar. None "
    "of it says which anatomy is seen."
)
_HYPHENATED = ("four-chamber", "three-vessel")


def plane_name(plane: str) -> str:
    """The name of a plane at the head of a line.

    >>> plane_name("four-chamber"), plane_name("left-outflow")
    ('Four-chamber', 'Left outflow')
    """
    words = plane if plane in _HYPHENATED else plane.replace("-", " ")
    return words[:1].upper() + words[1:]


def label_name(label: str) -> str:
    """The name of a class, one of the four or another."""
    return BY_KEY[label].name if label in BY_KEY else label.capitalize()


def listed(names: Sequence[str]) -> str:
    """What a picture shows, as a sentence for those who cannot see it."""
    return ", ".join(names) if names else "no named structure"


def about(plane: str, label: str, weeks: float, machine: str) -> str:
    """One line on what a picture is of."""
    return (
        f"Simulated, not a patient: {plane_name(plane)} plane, {label_name(label).lower()}, "
        f"{weeks:g} weeks, scanner {machine}."
    )

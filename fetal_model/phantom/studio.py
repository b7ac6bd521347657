"""One plane under the reader's hand: a scan that is drawn once, and the knobs that change it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fetal_model.phantom.patient import draw_patient
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.probe import HEIGHT, WIDTH
from fetal_model.phantom.scene import Scene, draw_scene
from fetal_model.phantom.simulate import Phantom, render

_POPULATION = 8000
"""Of the studio's patients: no recipe's and not the built-in set's."""


@dataclass(frozen=True)
class Knobs:
    """What the reader can change.

    Attributes:
        weeks: Gestational age.
        offset: From the standard plane, -1 to 1.
        gain_db: Overall gain, dB.
        dynamic_range_db: From black to white, dB.
        frequency_mhz: Centre frequency, MHz.
        depth_mm: Depth shown, mm.
        sector_degrees: Whole angle of the sector, degrees.
        annotated: Whether the screen is annotated.
    """

    weeks: float
    offset: float
    gain_db: float
    dynamic_range_db: float
    frequency_mhz: float
    depth_mm: float
    sector_degrees: float
    annotated: bool


def studio_scene(plane: str, number: int, weeks: float | None = None) -> Scene:
    """The scan of a plane before a knob is turned: good, on the plane, without annotation.

    Args:
        plane: A key of `planes.PLANES`.
        number: Of the patient, from 1; the same number is the same patient in every plane.
        weeks: Gestational age; the patient's own when None.
    """
    patient = draw_patient(_POPULATION, number)
    if weeks is not None:
        patient = replace(patient, gestational_age_weeks=weeks)
    scene = draw_scene(
        PLANES[plane].label, _POPULATION + number, patient, plane=plane, quality="good",
        annotations=False,
    )  # fmt: skip
    return replace(scene, cut=replace(scene.cut, offset=0.0, detail=1.0))


def first_knobs(plane: str, number: int) -> Knobs:
    """Where the knobs stand at first: at what the scan was drawn with, rounded to their steps."""
    scene = studio_scene(plane, number)
    return Knobs(
        weeks=round(2 * scene.patient.gestational_age_weeks) / 2,
        offset=0.0,
        gain_db=float(round(scene.settings.gain_db)),
        dynamic_range_db=float(round(scene.settings.dynamic_range_db)),
        frequency_mhz=round(5 * scene.settings.frequency_mhz) / 5,
        depth_mm=5.0 * round(scene.view.depth_mm / 5),
        sector_degrees=float(2 * round(np.rad2deg(scene.view.half_angle))),
        annotated=False,
    )


def turned(plane: str, number: int, knobs: Knobs) -> Phantom:
    """The scan with the knobs where they are; the same arguments give the same bytes."""
    scene = studio_scene(plane, number, knobs.weeks)
    scene = replace(scene, cut=replace(scene.cut, offset=knobs.offset), annotated=knobs.annotated)
    return render(_set(scene, knobs))


def _set(scene: Scene, knobs: Knobs) -> Scene:
    half_angle = float(np.deg2rad(knobs.sector_degrees / 2))
    radius = scene.view.radius_mm
    wide = 2 * (radius + knobs.depth_mm) * np.sin(half_angle)
    top = -radius * (1 - np.cos(half_angle))
    pixel = max((knobs.depth_mm - top) / HEIGHT, wide / WIDTH)
    view = replace(
        scene.view, half_angle=half_angle, depth_mm=knobs.depth_mm, mm_per_pixel=float(pixel),
        left_mm=float(-pixel * WIDTH / 2), top_mm=float(top),
    )  # fmt: skip
    settings = replace(
        scene.settings, gain_db=knobs.gain_db, dynamic_range_db=knobs.dynamic_range_db,
        frequency_mhz=knobs.frequency_mhz,
    )  # fmt: skip
    return replace(scene, view=view, settings=settings)

"""The face from the side: skull, forehead, nasal bone, nose, lips, chin, in the midline.

Proportions are chosen after fetuses of the anomaly scan; the head's size is Hadlock's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fetal_model.phantom.biometry import head_axes
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, smooth_noise, smooth_path, wander
from fetal_model.phantom.none_of_them.shapes import (
    Shape,
    away,
    main_structure,
    outline,
    pool,
    smooth_outline,
    thin_bone,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient

WARP = 0.008
Place = Callable[[float, float], Point]
"""Point of the section for a place on the head, in units of half its length."""


def _unit(patient: Patient) -> float:
    """Half of the occipitofrontal diameter, mm: the scale of the face."""
    length, _ = head_axes(patient.gestational_age_weeks, patient.cephalic_index)
    return length / 2 * patient.size * patient.head_size


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the extent from vertex to chest and from occiput to nose, mm."""
    return 1.65 * _unit(patient), 1.3 * _unit(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Direction from vertex to chin, radians: lying, either way, with some tilt."""
    return float(np.clip(rng.normal(0.0, 0.3), -0.8, 0.8)) + np.pi * float(rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a profile; u runs from vertex to chin, v across; the face most often looks up.

    Off the midline the nose and the nasal bone flatten away. Arguments as `brain.build`.
    """
    size = _unit(patient)
    ahead = -away(section) if rng.random() < 0.85 else away(section)
    sway = rng.normal(0.0, 0.02, 12)
    nose = cut.shows(0.0, 0.7)

    def at(u: float, v: float) -> Point:
        longer = u + 0.2 * max(0.0, u - 0.2)
        return (longer - 0.3) * size, ahead * v * size

    tip = 1.0 + (0.21 + sway[0]) * nose
    lips = 1.0 + 0.07 * nose
    face = [
        at(-0.62, 0.75), at(-0.25 + sway[1], 0.97), at(0.08, 0.97 + sway[2]), at(0.24, 0.92),
        at(0.36, 0.99 * (0.4 + 0.6 * tip)), at(0.46 + sway[3], tip), at(0.53, 1.0),
        at(0.6, lips + sway[4]), at(0.655, 0.995), at(0.71, lips - 0.02 + sway[5]),
        at(0.79, 0.95), at(0.88 + sway[6], 0.95 + sway[7]), at(0.97, 0.84),
    ]  # fmt: skip
    neck = [at(1.0, 0.55), at(1.02, 0.3), at(1.25, 0.42), at(1.75, 0.75), at(2.1, 0.3),
            at(1.9, -0.6), at(1.2, -0.55), at(0.75, -0.62), at(0.5, -0.86)]  # fmt: skip
    skull = [at(-0.2, -1.02), at(-0.8, -0.7), at(-1.05, 0.0), at(-0.92, 0.45)]
    head = outline(section, wander(rng, face, 0.004 * size) + neck + skull, margin=0.42 * size)
    pool(section, rng, head, half_axes(patient), least_mm=3.0, most_mm=0.4 * size)
    tissue(section, rng, head, float(rng.uniform(-27, -19)), edge=float(rng.uniform(0.1, 0.35)),
           amount=3.0)  # fmt: skip
    section.medium.mark(head, "soft tissue")
    _brain(section, rng, at, size, cut)
    _skull(section, rng, at, size)
    _bones(section, rng, at, size, cut, nose)
    _chest(section, rng, at, size)
    _names(section, at, size, nose)
    main_structure(section, _above_neck(head, section, at(1.05, 0.0)[0]))


def _above_neck(head: Shape, section: Section, chin_u: float) -> Shape:
    """The part of the outline that is head and face."""
    window, distance = head
    return window, np.maximum(distance, section.u[window] - np.float32(chin_u))


def _brain(section: Section, rng: np.random.Generator, at: Place, size: float, cut: Cut) -> None:
    """Brain, dim behind the frontal bone, with midline structures in it."""
    vault = [(-0.64, 0.72), (-0.22, 0.94), (0.1, 0.88), (0.26, 0.62), (0.36, 0.2), (0.42, -0.4),
             (0.26, -0.88), (-0.2, -1.0), (-0.79, -0.69), (-1.03, 0.0), (-0.92, 0.4)]  # fmt: skip
    brain = outline(section, [at(u, v) for u, v in vault])
    tissue(section, rng, brain, float(rng.uniform(-33, -24)), amount=3.5)
    for _ in range(int(rng.integers(4, 10))):
        u, v = rng.uniform(-0.6, 0.1), rng.uniform(-0.5, 0.5)
        reach, turn = rng.uniform(0.05, 0.25), rng.uniform(0, np.pi)
        line = section.stroke(
            [at(u, v), at(u + reach * np.cos(turn), v + reach * np.sin(turn))], 0.2
        )
        section.solid(line, -26.0, opacity=float(rng.uniform(0.2, 0.7)) * cut.detail, soft=0.7)
        section.medium.reflect(*line, float(rng.uniform(0.0, 0.3)) * cut.detail, 0.6, rest=0.1)


def _skull(section: Section, rng: np.random.Generator, at: Place, size: float) -> None:
    """Frontal bone, vertex and occiput: a brilliant curve, with gaps at the sutures."""
    ring = [(0.2, 0.86), (-0.24, 0.92), (-0.62, 0.7), (-0.9, 0.35), (-1.0, 0.0), (-0.78, -0.68),
            (-0.2, -0.97), (0.3, -0.85)]  # fmt: skip
    curve = smooth_outline([at(u, v) for u, v in ring], 7)
    whole = curve[: 7 * 7 + 1]
    loss = float(rng.uniform(30, 90))
    bright = float(rng.uniform(0.9, 1.8))
    seam, wide = int(rng.integers(12, 17)), int(rng.integers(1, 3))
    for part in (whole[: seam - wide], whole[seam + wide : 33], whole[35:]):
        bone = section.stroke(part, 0.008 * size + 0.2)
        thin_bone(section, bone, bright=bright, loss=loss)
        section.medium.mark(bone, "skull", least_mm=0.3)


def _bones(
    section: Section, rng: np.random.Generator, at: Place, size: float, cut: Cut, nose: float
) -> None:  # fmt: skip
    """Nasal bone, maxilla with palate, mandible, base of the skull; behind them it is dark."""
    medium = section.medium
    loss = float(rng.uniform(6, 22))
    nasal = section.stroke([at(0.22, 0.85), at(0.36, 0.94)], 0.02 * size + 0.2)
    medium.fill(*nasal, -8.0, loss * nose, 0.5, nose)
    medium.reflect(*nasal, 1.0 * nose, 0.9, rest=0.3, even=0.6)
    if nose > 0.4:
        medium.mark(nasal, "nasal bone", least_mm=0.4)
    for points, half, structure in (
        (
            smooth_path([at(0.5, 0.84), at(0.6, 0.82), at(0.58, 0.66), at(0.6, 0.5)], 7),
            0.04,
            "maxilla",
        ),
        (
            smooth_path([at(0.86, 0.8), at(0.93, 0.78), at(0.93, 0.66), at(0.84, 0.5)], 7),
            0.035,
            "mandible",
        ),
        ([at(0.34, 0.62), at(0.46, 0.5), at(0.4, 0.2), at(0.52, -0.1)], 0.02, "skull"),
    ):
        bone = section.stroke(wander(rng, points, 0.012 * size), half * size)
        patchy = np.clip(0.9 + 0.5 * smooth_noise(rng, 12, 16)[bone[0]], 0.1, 1.6)
        medium.fill(
            *bone,
            np.float32(rng.uniform(-14, -8)) + 2.0 * patchy,
            loss,
            0.7,
            float(rng.uniform(0.7, 1.0)),
        )
        medium.reflect(*bone, np.float32(rng.uniform(0.4, 1.2)) * patchy, 1.0, rest=0.15)
        medium.mark(bone, structure, least_mm=0.3)
    tongue = section.ellipse(*at(0.7, 0.62), 0.07 * size, 0.2 * size)
    section.solid(tongue, float(rng.uniform(-34, -26)), opacity=0.7 * cut.detail, soft=1.0)
    slit = section.stroke([at(0.655, 0.98), at(0.66, 0.85)], 0.25)
    section.cavity(slit, echo=-55.0, wall=0.15, opacity=cut.detail, soft=0.4)


def _chest(section: Section, rng: np.random.Generator, at: Place, size: float) -> None:
    """Ribs of the chest below the chin, cut across: dots with their shadows."""
    shown, forward = float(rng.uniform(0.2, 0.9)), float(rng.uniform(0.3, 0.5))
    for u in np.linspace(1.2, 1.9, 7):
        dot = section.ellipse(*at(float(u), forward), 0.03 * size, 0.022 * size)
        section.solid(dot, -15.0, edge=0.5 * shown, loss=35.0 * shown, opacity=shown)
        section.medium.mark(dot, "rib", least_mm=0.3)


def _names(section: Section, at: Place, size: float, nose: float) -> None:
    """Name the parts of the soft face."""
    for structure, u, v, a, b in (
        ("forehead", -0.2, 0.945, 0.26, 0.05), ("nose", 0.45, 1.04, 0.08, 0.1 * nose),
        ("upper lip", 0.595, 0.98, 0.045, 0.09), ("lower lip", 0.715, 0.97, 0.045, 0.08),
        ("chin", 0.88, 0.9, 0.07, 0.07),
    ):  # fmt: skip
        part = section.ellipse(*at(u, v), a * size, max(b, 0.02) * size)
        window = part[0]
        flesh = section.medium.structures[window] != 0
        section.medium.mark((window, np.where(flesh, part[1], np.float32(1e3))), structure)

"""Both kidneys: across the trunk at their level, or in a coronal section beside the spine.

Sources:
    Cohen HL, Cooper J, Eisenberg P, et al. Normal length of fetal kidneys: sonographic study in
    397 obstetric patients. AJR 1991;157:545-548 (about 1 mm more than the weeks of gestation).
    The other sizes are chosen.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import FLUID_DB, Section, smooth_noise
from fetal_model.phantom.none_of_them.shapes import (
    Shape,
    away,
    main_structure,
    outline,
    pool,
    row,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient

WARP = 0.025


def _radius(patient: Patient) -> float:
    girth = mean_size("abdominal_circumference", patient.gestational_age_weeks)
    return girth * patient.size * patient.abdomen_size / (2 * np.pi)


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the region's extent along the trunk and across it, mm."""
    return 1.25 * _radius(patient), 1.02 * _radius(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of u, radians: within 40 degrees of the horizontal, either way."""
    return float(np.clip(rng.normal(0.0, 0.25), -0.7, 0.7)) + np.pi * float(rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint both kidneys; half of them across the trunk, half coronal.

    Across, u runs from one flank to the other and v from front to back; coronal, u runs down the
    spine and v across. Off the plane the kidneys shrink and their pelves go. Arguments as
    `brain.build`.
    """
    if rng.random() < 0.5:
        _axial(section, rng, patient, cut)
    else:
        _coronal(section, rng, patient, cut)


def _kidney(
    section: Section, rng: np.random.Generator, shape: Shape, level: float, shown: float
) -> None:
    """Cortex a little darker than its surroundings, in a bright capsule of fat."""
    capsule = shape[0], np.abs(shape[1] - np.float32(0.5)) - np.float32(0.6)
    patchy = 3.0 * smooth_noise(rng, 14, 12)[shape[0]]
    section.medium.fill(*capsule, np.float32(level + rng.uniform(1, 6)) + patchy, 0.0, 1.0,
                        0.7 * shown)  # fmt: skip
    tissue(section, rng, shape, level - float(rng.uniform(3.0, 8.0)), opacity=0.9 * shown,
           edge=float(rng.uniform(0.03, 0.2)) * shown, soft=1.2, amount=2.2)  # fmt: skip
    if shown > 0.4:
        section.medium.mark(shape, "kidney")


def _pelvis(section: Section, shape: Shape, shown: float) -> None:
    section.cavity(shape, echo=FLUID_DB, wall=0.25 * shown, opacity=shown, soft=0.4)
    if shown > 0.4:
        section.medium.mark(shape, "renal pelvis")


def _axial(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    r = _radius(patient)
    toward = -away(section) if rng.random() < 0.75 else away(section)
    trunk = section.ellipse(
        0, 0, r * float(rng.uniform(0.96, 1.1)), r * float(rng.uniform(0.86, 0.98))
    )
    pool(section, rng, trunk, half_axes(patient), least_mm=-3.0, most_mm=8.0)
    level = float(rng.uniform(-27, -20))
    tissue(section, rng, trunk, level, edge=float(rng.uniform(0.1, 0.45)), amount=2.6)
    section.medium.mark(trunk, "soft tissue")
    inner = trunk[0], np.abs(trunk[1] + np.float32(0.1 * r)) - np.float32(0.03 * r)
    section.medium.fill(*inner, level - 8.0, 0.0, 0.6, float(rng.uniform(0.0, 0.7)))
    # Bowel in front: coarse, with small dark and bright loops.
    for _ in range(int(rng.integers(6, 14))):
        u, v = rng.uniform(-0.6, 0.6) * r, -toward * rng.uniform(0.05, 0.7) * r
        loop = section.ellipse(u, v, rng.uniform(0.04, 0.12) * r, rng.uniform(0.03, 0.07) * r,
                               turn=float(rng.uniform(0, np.pi)))  # fmt: skip
        section.solid(loop, level + float(rng.uniform(-9, 6)), opacity=0.7, soft=0.8)
    shown = cut.shows(0.0, 0.7)
    size = (patient.gestational_age_weeks + 1.0) * patient.size * 0.29
    kidneys: list[Shape] = []
    for side in (-1, 1):
        u = side * rng.uniform(0.37, 0.44) * r
        v = toward * rng.uniform(0.3, 0.4) * r
        a, b = size * rng.uniform(0.95, 1.2), size * rng.uniform(0.85, 1.0)
        shape = section.ellipse(u, v, a, b, turn=side * toward * float(rng.uniform(-0.9, -0.2)))
        _kidney(section, rng, shape, level, shown)
        kidneys.append(shape)
        hilum = section.ellipse(
            u - side * 0.15 * a,
            v - toward * 0.2 * b,
            rng.uniform(0.22, 0.45) * a,
            rng.uniform(0.5, 1.6),
            turn=side * toward * 0.5,
        )
        _pelvis(section, hilum, cut.detail * cut.shows(0.0, 0.45))
    _vertebra(section, rng, r, toward)
    main_structure(section, *kidneys)


def _vertebra(section: Section, rng: np.random.Generator, r: float, toward: float) -> None:
    """Vertebra between the kidneys: three ossification centres around the canal, in shadow."""
    loss = float(rng.uniform(12, 40))
    place = toward * 0.5 * r
    canal = section.ellipse(0, place + toward * 0.11 * r, 0.065 * r, 0.06 * r)
    section.solid(canal, -44.0)
    section.medium.mark(canal, "spinal canal")
    body = section.ellipse(0, place, rng.uniform(0.08, 0.11) * r, rng.uniform(0.055, 0.08) * r)
    section.bone(body, echo=float(rng.uniform(-10, -4)), edge=0.6, loss=loss)
    section.medium.mark(body, "vertebral body")
    for side in (-1, 1):
        arch = section.stroke([(side * 0.13 * r, place + toward * 0.08 * r),
                               (side * 0.07 * r, place + toward * 0.2 * r)], 0.03 * r)  # fmt: skip
        section.bone(arch, echo=float(rng.uniform(-10, -5)), edge=0.6, loss=loss)
        section.medium.mark(arch, "vertebral arch")


def _coronal(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    r = _radius(patient)
    trunk = outline(section, [
        (-1.3 * r, 0.8 * r), (-0.5 * r, 0.9 * r), (0.4 * r, 0.86 * r), (1.3 * r, 0.6 * r),
        (1.6 * r, 0.0), (1.3 * r, -0.6 * r), (0.4 * r, -0.86 * r), (-0.5 * r, -0.9 * r),
        (-1.3 * r, -0.8 * r), (-1.6 * r, 0.0),
    ])  # fmt: skip
    pool(section, rng, trunk, half_axes(patient), least_mm=-3.0, most_mm=8.0)
    level = float(rng.uniform(-27, -20))
    tissue(section, rng, trunk, level, edge=float(rng.uniform(0.1, 0.45)), amount=2.6)
    section.medium.mark(trunk, "soft tissue")
    length = (patient.gestational_age_weeks + 1.0) * patient.size
    shown = cut.shows(0.0, 0.7)
    kidneys: list[Shape] = []
    for side in (-1, 1):
        u, v = rng.normal(0.05, 0.07) * r, side * rng.uniform(0.4, 0.5) * r
        a, b = length * rng.uniform(0.46, 0.54), length * rng.uniform(0.22, 0.27)
        turn = side * float(rng.uniform(0.05, 0.3))
        shape = section.ellipse(u, v, a, b, turn=turn)
        _kidney(section, rng, shape, level, shown)
        kidneys.append(shape)
        # Pyramids: dark spots around the sinus.
        for place in np.linspace(-0.62, 0.62, 5):
            spot = section.ellipse(
                u + place * a, v + side * (0.3 * b + place * turn * a), 0.09 * a, 0.16 * b
            )
            section.solid(
                spot, level - 12.0, opacity=float(rng.uniform(0.2, 0.7)) * cut.detail * shown
            )
        sinus = section.ellipse(u, v - side * 0.15 * b, rng.uniform(0.25, 0.45) * a,
                                rng.uniform(0.6, 2.0), turn=turn)  # fmt: skip
        _pelvis(section, sinus, cut.detail * cut.shows(0.0, 0.45))
    spine = row(
        section, [(-1.5 * r, 0.0), (-0.5 * r, 0.0), (0.5 * r, 0.0), (1.5 * r, 0.0)], 0.3 * r
    )
    loss = float(rng.uniform(10, 35))
    for side in (-1, 1):
        arches = spine.beads(21, side * 0.1 * r, 0.42, 0.032 * r)
        section.medium.fill(*arches, float(rng.uniform(-17, -8)), loss, 0.6)
        section.medium.reflect(*arches, 0.3, 0.8, rest=0.1)
        section.medium.mark(arches, "vertebral arch", least_mm=0.3)
    main_structure(section, *kidneys)

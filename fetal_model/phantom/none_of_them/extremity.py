"""Hand or foot: an open hand with its fingers, or the sole of a foot with its toes.

Sources:
    Campbell J, Henderson A, Campbell S. The fetal femur/foot length ratio: a new parameter to
    assess dysplastic limb reduction. Obstet Gynecol 1988;72:181-184 (about 1).
    The hand's length and the other proportions are chosen.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, wander
from fetal_model.phantom.none_of_them.shapes import (
    Shape,
    bone,
    main_structure,
    outline,
    pool,
    tissue,
)
from fetal_model.phantom.patient import Patient

WARP = 0.012
HAND_TO_FEMUR = 0.85


def _foot_length(patient: Patient) -> float:
    return mean_size("femur_length", patient.gestational_age_weeks) * patient.size


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the extent along and across, with the fluid around it, mm."""
    return 0.9 * _foot_length(patient), 0.68 * _foot_length(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Direction from heel or wrist to the tips, radians: any."""
    return float(rng.uniform(0, 2 * np.pi))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a hand or a foot; u runs from wrist or heel to the tips, v across.

    Off the plane fingers or toes are lost one after another. Arguments as `brain.build`.
    """
    size = _foot_length(patient)
    if rng.random() < 0.5:
        _foot(section, rng, patient, size, cut)
    else:
        _hand(section, rng, patient, HAND_TO_FEMUR * size, cut)


def _shown(cut: Cut, number: int) -> float:
    """How much of ray `number` (0 to 4) the section meets: the last ones leave it first."""
    return cut.shows(0.15 * (number - 2), 0.55)


def _foot(
    section: Section, rng: np.random.Generator, patient: Patient, size: float, cut: Cut
) -> None:
    """The sole: heel, instep, five toes of falling size; metatarsal bones shine through."""
    big = float(rng.choice([-1.0, 1.0]))

    def at(u: float, v: float) -> Point:
        return (u - 0.5) * size, big * v * size

    sole = outline(
        section,
        wander(
            rng,
            [
                at(0.0, 0.0),
                at(0.06, 0.13),
                at(0.25, 0.14),
                at(0.5, 0.13),
                at(0.72, 0.2),
                at(0.84, 0.17),
                at(0.84, 0.0),
                at(0.78, -0.15),
                at(0.65, -0.2),
                at(0.4, -0.17),
                at(0.2, -0.14),
                at(0.06, -0.12),
            ],
            0.006 * size,
        ),
        margin=15.0,
    )
    pool(section, rng, sole, half_axes(patient), least_mm=5.0, most_mm=14.0)
    level, deep = float(rng.uniform(-28, -20)), float(rng.uniform(0.0, 0.7))
    tissue(section, rng, sole, level, edge=float(rng.uniform(0.2, 0.6)), amount=2.2)
    shadow = float(rng.uniform(0.3, 2.0))
    parts: list[Shape] = [sole]
    for number in range(5):
        shown = _shown(cut, number)
        v = 0.15 - 0.077 * number
        radius = (0.062, 0.042, 0.04, 0.038, 0.035)[number]
        tip = (0.9, 0.91, 0.88, 0.845, 0.8)[number]
        toe = section.ellipse(
            *at(tip, v + float(rng.normal(0, 0.006))), radius * 1.35 * size, radius * size
        )
        section.solid(toe, level, edge=0.25 * shown, opacity=shown)
        section.medium.mark(toe, "foot")
        parts.append(toe)
        bone(section, [at(tip, v), at(tip + 0.02, v)], 0.35, bright=0.4, shadow_db=shadow,
             shown=0.6 * shown)  # fmt: skip
        ray = [at(0.5 - 0.01 * number, 0.55 * v), at(0.74 - 0.02 * number, 0.9 * v)]
        bone(section, ray, 0.4, bright=0.4, shadow_db=shadow, shown=deep * shown * cut.detail)
    heel = section.ellipse(*at(0.13, 0.0), 0.06 * size, 0.05 * size)
    section.solid(heel, level + 5.0, opacity=0.6 * cut.detail, soft=1.0)
    section.medium.mark(sole, "foot")
    main_structure(section, *parts)


def _hand(
    section: Section, rng: np.random.Generator, patient: Patient, size: float, cut: Cut
) -> None:
    """Wrist, palm, four fingers and the thumb; the bones are dashes, the joints gaps."""
    thumb = float(rng.choice([-1.0, 1.0]))
    spread, curl = float(rng.uniform(0.02, 0.2)), float(rng.uniform(0.55, 1.05))

    def at(u: float, v: float) -> Point:
        return (u - 0.45) * size, thumb * v * size

    palm = outline(
        section,
        wander(
            rng,
            [
                at(-0.35, 0.12),
                at(0.0, 0.14),
                at(0.18, 0.24),
                at(0.42, 0.22),
                at(0.48, 0.0),
                at(0.42, -0.21),
                at(0.18, -0.2),
                at(0.0, -0.14),
                at(-0.35, -0.12),
            ],
            0.006 * size,
        ),
        margin=15.0,
    )
    pool(section, rng, palm, half_axes(patient), least_mm=6.0, most_mm=14.0)
    level = float(rng.uniform(-31, -23))
    shadow = float(rng.uniform(0.3, 2.5))
    tissue(section, rng, palm, level, edge=float(rng.uniform(0.15, 0.5)), amount=2.2, opacity=0.9)
    parts: list[Shape] = [palm]
    for number in range(5):
        shown = _shown(cut, number)
        base = np.array((0.14, 0.24) if number == 0 else (0.45, 0.24 - 0.11 * number))
        turn = 0.75 if number == 0 else spread * (2.4 - number)
        turn += float(rng.normal(0, 0.06))
        reach = (0.34, 0.46, 0.52, 0.47, 0.37)[number] * curl

        way = reach * np.array([np.cos(turn), np.sin(turn)])

        finger = section.stroke([at(*(base - 0.15 * way)), at(*(base + way))], 0.045 * size)
        section.solid(finger, level, edge=0.25 * shown, opacity=shown)
        section.medium.mark(finger, "hand")
        parts.append(finger)
        for first, last in ((0.0, 0.42), (0.52, 0.75), (0.84, 0.98)):
            bone(
                section,
                [at(*(base + first * way)), at(*(base + last * way))],
                0.4,
                bright=0.6,
                shadow_db=shadow,
                shown=0.8 * shown,
            )
    for number in range(4):
        v = 0.14 - 0.093 * number
        ray = [at(0.16, 0.6 * v), at(0.4, v)]
        bone(section, ray, 0.4, bright=0.6, shadow_db=shadow, shown=0.8 * _shown(cut, number + 1))
    for side in (-1, 1):
        arm = [at(-0.4, 0.06 * side), at(-0.08, 0.065 * side)]
        bone(section, arm, 0.5, bright=0.8, shadow_db=3 * shadow, shown=cut.shows())
    section.medium.mark(palm, "hand")
    main_structure(section, *parts)

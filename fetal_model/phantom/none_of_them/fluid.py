"""A pocket of amniotic fluid with loops of cord, between uterine wall, placenta and fetus.

Sizes are chosen: a deepest pocket of 2 to 8 cm is normal.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import FLUID_DB, Section, smooth_path
from fetal_model.phantom.none_of_them.shapes import (
    bone,
    cord_across,
    cord_along,
    fluid,
    main_structure,
    outline,
    texture,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.womb import EVERYWHERE

WARP = 0.03


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the pocket's length and depth, mm; both grow a little with age."""
    reach = 24.0 + 0.45 * patient.gestational_age_weeks + 14.0 * patient.fluid
    return 1.2 * reach, 0.75 * reach


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of the pocket's long axis, radians: any."""
    return float(rng.uniform(0, 2 * np.pi))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a pocket of fluid; u runs along it. Off the plane it narrows, and the cord goes.

    Arguments as `brain.build`.
    """
    a, b = half_axes(patient)
    medium = section.medium
    top = section.centre[1] - b
    below = np.clip((medium.y - np.float32(top - 14.0)) / 6.0, 0.0, 1.0)
    level = np.float32(rng.uniform(-29, -21)) + 1.6 * texture(section, rng, EVERYWHERE, 1.6)
    medium.echo += below * (level - medium.echo)
    medium.loss *= 1.0 - below
    medium.gloss *= 1.0 - below
    _parts(section, rng, a, b)
    wide = 0.35 + 0.65 * cut.shows(0.0, 0.9)
    turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = [(float(a * r * np.cos(t)), float(b * wide * r * np.sin(t)))
            for t, r in zip(turns, rng.uniform(0.7, 1.1, 8), strict=True)]  # fmt: skip
    pocket = outline(section, ring)
    echo = float(rng.choice([FLUID_DB, -55.0, -46.0], p=[0.6, 0.25, 0.15]))
    fluid(section, pocket, echo, float(rng.uniform(0.1, 0.6)), soft=0.6)
    _cord(section, rng, a, b * wide, cut)
    main_structure(section, pocket)


def _parts(section: Section, rng: np.random.Generator, a: float, b: float) -> None:
    """Fetal parts that border the pocket: limbs with their bones, or a flank."""
    for _ in range(int(rng.integers(1, 5))):
        turn, size = rng.uniform(0, 2 * np.pi), b * float(rng.uniform(0.22, 0.7))
        u, v = 1.15 * a * np.cos(turn), 1.25 * b * np.sin(turn)
        part = section.ellipse(
            u, v, size * rng.uniform(1.0, 1.8), size, turn=float(rng.uniform(0, 3))
        )
        tissue(section, rng, part, float(rng.uniform(-29, -19)), edge=float(rng.uniform(0.1, 0.35)),
               amount=3.0)  # fmt: skip
        section.medium.mark(part, "soft tissue")
        shine, reach = float(rng.uniform(0.0, 0.9)), size * float(rng.uniform(0.2, 0.5))
        bone(section, [(u - reach, v), (u + reach, v)], 0.7, bright=shine, shadow_db=12.0,
             shown=min(1.0, 2.0 * shine))  # fmt: skip


def _cord(section: Section, rng: np.random.Generator, a: float, b: float, cut: Cut) -> None:
    """Loops of cord in the pocket, lengthwise and across."""
    radius = min(float(rng.uniform(3.5, 6.5)), 0.4 * b) * (0.4 + 0.6 * cut.shows(0.0, 0.8))
    if rng.random() < 0.55:
        sway = rng.uniform(-0.6, 0.6, 4) * b
        path = smooth_path([(-0.8 * a, sway[0]), (-0.2 * a, sway[1]), (0.3 * a, sway[2]),
                            (0.75 * a, sway[3])], 14)  # fmt: skip
        cord_along(section, rng, path, radius)
    for _ in range(int(rng.integers(0, 4))):
        place = (float(rng.uniform(-0.65, 0.65)) * a, float(rng.uniform(-0.5, 0.5)) * b)
        cord_across(section, rng, place, radius)

"""Forearm or lower leg lengthwise: two slender bones side by side, with hand or foot beyond.

Proportions to the femur are chosen after fetuses of the anomaly scan.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, wander
from fetal_model.phantom.none_of_them.shapes import bone, main_structure, pool, sleeve, tissue
from fetal_model.phantom.patient import Patient

WARP = 0.01
# Length of the ossified shaft over the femur's: radius and tibia (chosen).
FOREARM, LEG = 0.80, 0.88


def _femur(patient: Patient) -> float:
    mean = mean_size("femur_length", patient.gestational_age_weeks)
    return mean * patient.size * patient.femur_size


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the limb's length with its neighbours, and of the room across it, mm."""
    return 1.3 * _femur(patient), 0.9 * _femur(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of the limb, radians: any."""
    return float(rng.uniform(0, 2 * np.pi))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a forearm or a lower leg; u runs from elbow or knee to the fingers or toes.

    Off the plane first one bone is lost, then the other shortens. Arguments as `brain.build`.
    """
    femur = _femur(patient)
    leg = bool(rng.random() < 0.5)
    length = femur * (LEG if leg else FOREARM) * float(rng.uniform(0.95, 1.05))
    wide = length * float(rng.uniform(0.17, 0.22)) * (1.15 if leg else 1.0)
    joint, wrist = -0.62 * length, 0.46 * length
    bend = float(rng.normal(0.0, 0.02)) * length
    widths = wide * np.array([1.0, 1.12, 1.0, 0.8, 0.62])
    path = [(joint, 0.0), (0.6 * joint, bend), (0.0, bend), (0.6 * wrist, 0.5 * bend), (wrist, 0.0)]
    skin = sleeve(section, path, widths.tolist(), margin=15)
    pool(section, rng, skin, half_axes(patient), least_mm=4.0, most_mm=14.0)
    level = float(rng.uniform(-31, -22))
    _upper(section, rng, joint, length, wide, level)
    tissue(section, rng, skin, level, edge=float(rng.uniform(0.1, 0.4)), amount=2.2)
    section.medium.mark(skin, "soft tissue")
    muscle = skin[0], skin[1] + np.float32(0.22 * wide)
    tissue(section, rng, muscle, level - float(rng.uniform(3, 8)), soft=1.2, opacity=0.8)
    end = _foot if leg else _hand
    end(section, rng, wrist, length, level, cut)
    _bones(section, rng, length, wide, bend, leg, cut)


def _bones(
    section: Section, rng: np.random.Generator, length: float, wide: float, bend: float, leg: bool,
    cut: Cut,
) -> None:  # fmt: skip
    """Tibia and fibula or radius and ulna: bright lines a finger's breadth of muscle apart."""
    gap = wide * float(rng.uniform(0.42, 0.56))
    order = float(rng.choice([-1.0, 1.0]))
    bright, shadow = float(rng.uniform(0.6, 1.5)), float(rng.uniform(2, 12))
    shapes = []
    # The thicker and the slender one; the ulna begins higher up, the radius and fibula end lower.
    for side, half, first, last, at in (
        (-1, 0.026, -0.52, 0.46 if leg else 0.42, -0.15),
        (1, 0.018 if leg else 0.022, -0.46, 0.46, 0.15),
    ):
        shown = cut.shows(at, 0.7)
        middle = 0.5 * (first + last)
        reach = 0.5 * (last - first) * length * (0.3 + 0.7 * shown)
        converge = float(rng.uniform(-0.25, 0.3)) * gap
        ends = [
            (middle * length - reach, order * side * gap),
            (middle * length, order * side * gap + bend),
            (middle * length + reach, order * side * (gap - converge)),
        ]
        shaft = bone(section, wander(rng, ends, 0.006 * length), max(0.5, half * length),
                     bright=bright, shadow_db=shadow, shown=0.3 + 0.7 * shown)  # fmt: skip
        section.medium.mark(shaft, "long bone", least_mm=0.3)
        shapes.append(shaft)
    main_structure(section, *shapes)


def _upper(
    section: Section, rng: np.random.Generator, joint: float, length: float, wide: float,
    level: float,
) -> None:  # fmt: skip
    """Upper arm or thigh beyond the bent joint, with its own bone."""
    turn = float(rng.uniform(1.2, 3.0)) * float(rng.choice([-1.0, 1.0]))
    reach = length * float(rng.uniform(0.7, 0.95))
    far = (joint + reach * np.cos(turn), reach * np.sin(turn))
    at = [(joint + s * (far[0] - joint), s * far[1]) for s in (0.0, 0.5, 1.0)]
    arm = sleeve(section, at, [0.95 * wide, 1.3 * wide, 1.4 * wide])
    tissue(section, rng, arm, level, edge=float(rng.uniform(0.1, 0.5)), amount=2.2)
    section.medium.mark(arm, "soft tissue")
    shine = float(rng.uniform(0.1, 0.8))
    ends = [(joint + s * (far[0] - joint), s * far[1]) for s in (0.15, 0.9)]
    shaft = bone(section, ends, 0.9, bright=shine, shadow_db=14.0, shown=min(1.0, 1.5 * shine))
    section.medium.mark(shaft, "long bone", least_mm=0.3)


def _hand(
    section: Section, rng: np.random.Generator, wrist: float, length: float, level: float, cut: Cut
) -> None:
    """Palm and fingers beyond the wrist, each with its row of small bones."""
    shown = cut.detail * cut.shows(0.0, 0.8)
    size = 0.3 * length
    palm = section.ellipse(wrist + 0.5 * size, 0, 0.6 * size, 0.5 * size)
    tissue(section, rng, palm, level, edge=0.3, opacity=0.5 + 0.5 * shown)
    section.medium.mark(palm, "hand")
    spread = float(rng.uniform(0.1, 0.3))
    for finger in (-1.5, -0.5, 0.5, 1.5):
        turn = finger * spread + float(rng.normal(0, 0.05))
        tip = rng.uniform(1.5, 1.9) * size
        path: list[Point] = [(wrist + r * np.cos(turn), 0.12 * size * finger + r * np.sin(turn))
                             for r in (0.7 * size, tip)]  # fmt: skip
        flesh = section.stroke(path, 0.13 * size)
        section.solid(flesh, level, edge=0.25 * shown, opacity=0.4 + 0.6 * shown)
        bone(section, path, 0.4, bright=0.5, shadow_db=1.5, shown=0.2 + 0.7 * shown)
        section.medium.mark(flesh, "hand")


def _foot(
    section: Section, rng: np.random.Generator, wrist: float, length: float, level: float, cut: Cut
) -> None:
    """Foot at a right angle to the leg, seen from the side."""
    shown = cut.detail * cut.shows(0.0, 0.8)
    size, side = 0.5 * length, float(rng.choice([-1.0, 1.0]))
    heel, toes = (wrist + 0.3 * size, -0.3 * side * size), (wrist + 0.35 * size, 0.95 * side * size)
    sole = sleeve(section, [heel, (wrist + 0.28 * size, 0.3 * side * size), toes],
                  [0.24 * size, 0.26 * size, 0.14 * size])  # fmt: skip
    tissue(section, rng, sole, level, edge=0.35, opacity=0.5 + 0.5 * shown)
    section.medium.mark(sole, "foot")
    for share in (0.08, 0.4, 0.55, 0.7, 0.85):
        at = (heel[0] + share * (toes[0] - heel[0]), heel[1] + share * (toes[1] - heel[1]))
        centre = section.ellipse(*at, 0.04 * size, 0.06 * size)
        section.solid(centre, -16.0, edge=0.4 * shown, loss=10.0, opacity=0.3 + 0.6 * shown)

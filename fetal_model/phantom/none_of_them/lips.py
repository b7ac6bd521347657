"""The front of the face in a coronal section: nostrils, upper and lower lip, chin.

Proportions are chosen after fetuses of the anomaly scan; the head's size is Hadlock's.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import head_axes
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Section, smooth_noise, smooth_path, wander
from fetal_model.phantom.none_of_them.shapes import main_structure, outline, pool, tissue
from fetal_model.phantom.patient import Patient

WARP = 0.012


def _unit(patient: Patient) -> float:
    """Half of the biparietal diameter, mm: the scale of the face."""
    _, width = head_axes(patient.gestational_age_weeks, patient.cephalic_index)
    return width / 2 * patient.size * patient.head_size


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the extent along the face and across it, with the fluid before it, mm."""
    return 1.2 * _unit(patient), 1.05 * _unit(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Direction from nose to chin, radians: any."""
    return float(rng.uniform(0, 2 * np.pi))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint nose, lips and chin; u runs from nose to chin, v across.

    Offsets above 0 cut deeper, into cheeks and jaw, where the mouth is lost. Arguments as
    `brain.build`.
    """
    size = _unit(patient)
    wide = size * float(rng.uniform(0.54, 0.74))
    long = size * float(rng.uniform(0.8, 0.95))
    cheeks = float(rng.uniform(0.6, 1.0))
    lean = float(rng.normal(0.0, 0.05)) * size
    half = [(-0.9, 0.2), (-0.68, 0.38), (-0.4, 0.46 + 0.36 * cheeks), (0.0, 0.6 + 0.42 * cheeks),
            (0.38, 0.84), (0.75, 0.56), (0.95, 0.22)]  # fmt: skip
    side = [(u * long, v * wide) for u, v in half]
    mirror = [(u * long, -v * wide + lean) for u, v in reversed(half)]
    face = outline(section, wander(rng, side + mirror, 0.02 * size), margin=0.5 * size)
    pool(section, rng, face, half_axes(patient), least_mm=3.0, most_mm=0.45 * size)
    level = float(rng.uniform(-25, -17))
    tissue(section, rng, face, level - 3.0, edge=float(rng.uniform(0.1, 0.4)), amount=2.8)
    section.medium.mark(face, "soft tissue")
    _jaws(section, rng, long, wide, cut)
    _nose(section, rng, long, wide, level, cut)
    _mouth(section, rng, long, wide, level, cut)
    main_structure(section, face)


def _jaws(section: Section, rng: np.random.Generator, long: float, wide: float, cut: Cut) -> None:
    """Alveolar ridge and mandible behind the lips: bright arcs with tooth buds, often in sight."""
    for middle, structure in ((0.02, "maxilla"), (0.5, "mandible")):
        shown = float(rng.uniform(0.0, 0.6)) * cut.shows(0.7, 0.9)
        path = smooth_path(wander(rng, [
            ((middle - 0.05) * long, -0.6 * wide), ((middle + 0.16) * long, 0.0),
            ((middle - 0.05) * long, 0.6 * wide)], 0.02 * long), 9)  # fmt: skip
        ridge = section.stroke(path, 0.03 * long + 0.3)
        dots = np.clip(0.7 + 0.6 * smooth_noise(rng, 30, 30)[ridge[0]], 0.0, 1.5)
        section.solid(ridge, -15.0, loss=12.0 * shown, opacity=shown, soft=0.8)
        section.medium.reflect(*ridge, dots * np.float32(0.7 * shown), 1.0, rest=0.1)
        if shown > 0.4:
            section.medium.mark(ridge, structure)


def _nose(
    section: Section, rng: np.random.Generator, long: float, wide: float, level: float, cut: Cut
) -> None:
    """Tip of the nose with both nostrils, dark ovals in bright wings."""
    shown = cut.detail * cut.shows(-0.1, 0.7)
    tip = section.ellipse(-0.55 * long, 0, 0.33 * long, 0.36 * wide)
    tissue(section, rng, tip, level, edge=float(rng.uniform(0.1, 0.4)) * shown, opacity=shown)
    if shown > 0.4:
        section.medium.mark(tip, "nose")
    gap = float(rng.uniform(0.12, 0.17)) * wide
    for side in (-1, 1):
        wing = section.ellipse(-0.42 * long, side * 1.6 * gap, 0.16 * long, 0.16 * wide)
        section.solid(wing, level + 2.0, edge=0.35 * shown, opacity=0.8 * shown, soft=0.8)
        nostril = section.ellipse(
            -0.4 * long,
            side * gap,
            rng.uniform(0.055, 0.085) * long,
            rng.uniform(0.06, 0.095) * wide,
            turn=side * float(rng.uniform(0.1, 0.6)),
        )
        section.cavity(
            nostril, echo=-62.0, wall=0.25 * shown, opacity=min(1.0, 1.2 * shown), soft=0.4
        )


def _mouth(
    section: Section, rng: np.random.Generator, long: float, wide: float, level: float, cut: Cut
) -> None:
    """Both lips, bright and full, the dark slit between them, and the chin below a furrow."""
    shown = cut.detail * cut.shows(0.0, 0.6)
    reach = float(rng.uniform(0.48, 0.68)) * wide
    arch, open_ = float(rng.uniform(0.02, 0.1)) * long, float(rng.exponential(0.018)) * long
    slit = float(rng.uniform(0.06, 0.14)) * long

    def lip(u: float, dip: float, share: float) -> list[tuple[float, float]]:
        ends = [
            (slit + 0.02 * long, -share * reach),
            (u - dip, -0.5 * share * reach),
            (u + 0.3 * dip, 0.0),
            (u - dip, 0.5 * share * reach),
            (slit + 0.02 * long, share * reach),
        ]
        return wander(rng, ends, 0.008 * long)

    for u, half, dip, share, structure in (
        (slit - 0.12 * long, 0.075, arch, 0.95, "upper lip"),
        (slit + 0.15 * long, 0.085, -arch, 0.8, "lower lip"),
    ):  # fmt: skip
        part = section.stroke(smooth_path(lip(u, dip, share), 9), half * long)
        tissue(section, rng, part, level + float(rng.uniform(1.0, 5.0)), opacity=0.9 * shown,
               edge=float(rng.uniform(0.15, 0.5)) * shown)  # fmt: skip
        if shown > 0.4:
            section.medium.mark(part, structure)
    mouth = section.stroke(smooth_path(lip(slit, 0.3 * arch, 1.0), 9), 0.3 + open_)
    section.cavity(mouth, echo=-60.0, wall=0.3 * shown, opacity=shown, soft=0.4)
    furrow = section.stroke(
        smooth_path(
            [
                (slit + 0.33 * long, -0.35 * wide),
                (slit + 0.28 * long, 0.0),
                (slit + 0.33 * long, 0.35 * wide),
            ],
            5,
        ),
        0.6,
    )
    section.solid(furrow, level - 14.0, opacity=0.7 * shown, soft=1.0)
    chin = section.ellipse(0.68 * long, 0, 0.2 * long, 0.3 * wide)
    section.solid(chin, level, edge=0.2 * shown, opacity=0.7 * shown, soft=1.2)
    if shown > 0.4:
        section.medium.mark(chin, "chin")

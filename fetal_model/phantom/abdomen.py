"""The transabdominal section: liver, stomach, umbilical vein, spine, great vessels, ribs.

Where no source is named, sizes are chosen to look as they do at the anomaly scan.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import FLUID_DB, Section, Window, smooth_noise, smooth_path, waves
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import Map
from fetal_model.phantom.trunk import body_wall, draw_angle, lining, name, ribs, spine, vessel

__all__ = ["DILATED_STOMACH", "WARP", "build", "draw_angle", "half_axes"]

WARP = 0.017
DILATED_STOMACH = "dilated stomach"
"""Pathology: a stomach about twice as wide and long, as with duodenal atresia."""


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the anteroposterior and transverse diameters, mm, from the circumference."""
    circumference = mean_size("abdominal_circumference", patient.gestational_age_weeks)
    radius = circumference * patient.size * patient.abdomen_size / (2 * np.pi)
    return radius * 1.02, radius * 0.98


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint an abdomen; u runs from the spine to the navel, v from the right to the left side.

    Offsets above 0 lead to the kidneys, below 0 to the heart. Arguments as `brain.build`.
    """
    a, b = half_axes(patient)
    level = float(rng.uniform(-23, -16))
    thick = body_wall(section, rng, a, b, level, (-5.0, 3.0))
    inside = section.ellipse(0, 0, a - thick, b - thick)
    _parenchyma(section, rng, inside, a, b, level, cut.detail)
    lining(section, rng, inside)
    _liver_vessels(section, rng, a, b, cut.detail * cut.shows(0.0, 1.2))
    _chest_base(section, rng, a, b, level, cut.detail * cut.shows(-1.0, 0.5))
    _kidneys(section, rng, a, b, level, cut)
    _great_vessels(section, rng, a, b, cut.detail)
    _umbilical_vein(section, rng, a, b, cut)
    scale = 1.9 if cut.pathology == DILATED_STOMACH else 1.0
    _stomach(section, rng, a, b, cut.detail, shown=cut.shows(-0.1, 0.75), scale=scale)
    spine(section, rng, a, b)
    ribs(section, rng, a, b, length=(0.4, 1.0), chance=0.75, loss=float(rng.uniform(10, 60)))


def _parenchyma(
    section: Section, rng: np.random.Generator, inside: tuple[Window, Map], a: float, b: float,
    level: float, detail: float,
) -> None:  # fmt: skip
    """Liver (`level` dB) on the right and in front, spleen and bowel behind on the left."""
    medium = section.medium
    window, distance = inside
    grain = 1.0 * smooth_noise(rng, 12, 10)[window] + 0.8 * smooth_noise(rng, 52, 40)[window]
    # Lobes and segments differ in brightness.
    grain += np.float32(rng.uniform(0.5, 2.5)) * waves(
        rng, section.u[window], section.v[window], 1.0, 0.9 * a
    )
    # Portal tracts: fine bright specks.
    grain += 2.0 * np.maximum(smooth_noise(rng, 110, 80)[window] - 1.2, 0.0)
    other = np.float32(level + rng.uniform(-5.0, 2.0))
    medium.fill(window, distance, other + grain, 0.0, 0.5)
    u, v = section.u[window], section.v[window]
    edge = v - np.float32(rng.uniform(0.08, 0.22) * b) - np.float32(0.4) * u
    liver = np.maximum(distance, np.float32(0.93) * edge)
    medium.fill(window, liver, np.float32(level) + grain, 0.0, 1.2)
    medium.mark((window, liver), "liver")
    spleen = section.ellipse(
        -0.38 * a, 0.56 * b, rng.uniform(0.24, 0.34) * a, rng.uniform(0.15, 0.22) * b, turn=0.7
    )
    section.solid(spleen, level - float(rng.uniform(0, 3)), edge=0.1 * detail,
                  opacity=0.8 * detail, soft=1.2)  # fmt: skip
    medium.mark(spleen, "spleen")


def _liver_vessels(
    section: Section, rng: np.random.Generator, a: float, b: float, shown: float
) -> None:
    """Small portal and hepatic veins: short dark dashes, the portal ones with bright walls."""
    for _ in range(int(rng.integers(3, 11))):
        radius, turn = np.sqrt(rng.uniform(0.05, 0.5)), rng.uniform(0.35, 1.75) * np.pi
        u, v = radius * a * np.cos(turn), radius * b * np.sin(turn)
        dash = section.ellipse(
            u, v, rng.uniform(0.02, 0.11) * a, rng.uniform(0.3, 0.7), turn=rng.uniform(0, np.pi)
        )
        section.cavity(dash, echo=-42.0, wall=float(rng.uniform(0.05, 0.6)) * shown, loss=0.0,
                       thickness=0.4, opacity=0.8 * shown, soft=0.4)  # fmt: skip


def _great_vessels(
    section: Section, rng: np.random.Generator, a: float, b: float, detail: float
) -> None:
    """Aorta before the spine on the left, cava on the right and further in front; adrenals.

    The aorta is about 3 mm wide at 20 weeks (chosen).
    """
    for side in (-1, 1):
        middle = (-0.46 * a, side * rng.uniform(0.27, 0.36) * b)
        turn = side * rng.uniform(0.5, 1.1)
        gland = section.ellipse(*middle, 0.14 * a, 0.05 * a, turn=turn)
        section.solid(gland, float(rng.uniform(-38, -31)), opacity=0.7 * detail)
        medulla = section.ellipse(*middle, 0.1 * a, 0.4, turn=turn)
        section.solid(medulla, -21.0, opacity=0.7 * detail, soft=0.4)
        section.medium.mark(gland, "adrenal gland")
    blood = float(rng.uniform(-58, -42))
    for u, v, size, structure in (
        (-0.41, 0.11, 0.06, "descending aorta"), (-0.30, -0.17, 0.055, "inferior vena cava"),
    ):  # fmt: skip
        place = ((u + rng.normal(0, 0.02)) * a, (v + rng.normal(0, 0.02)) * b)
        vessel(section, [place], size * a * float(rng.uniform(0.85, 1.2)), structure,
               blood=blood, wall=float(rng.uniform(0.05, 0.3)), shown=detail)  # fmt: skip


def _umbilical_vein(
    section: Section, rng: np.random.Generator, a: float, b: float, cut: Cut
) -> None:
    """Vein from the navel straight back, then the portal sinus, turning to the right.

    Lower sections meet the vein nearer to the navel, and no sinus.
    """
    half = float(rng.uniform(0.06, 0.09)) * a
    front, bend = float(rng.uniform(0.36, 0.6)) * a, float(rng.uniform(0.06, 0.18)) * a
    wall = float(rng.uniform(0.15, 0.7))
    drift = 0.25 * a * max(0.0, cut.offset)
    sway, reach = float(rng.normal(0.0, 0.04)) * b, float(rng.uniform(0.2, 0.42)) * b
    blood = float(rng.uniform(-66, -54))
    depth = bend - 0.14 * a
    path = smooth_path([(front, sway), (bend + 0.05 * a, sway), (bend - 0.06 * a, sway),
                        (depth, -0.3 * reach), (depth, -reach)], 14)  # fmt: skip
    turn = 8  # from here on it is the sinus
    vessel(section, path[turn:], half * float(rng.uniform(0.65, 0.95)), "portal sinus", blood=blood,
           wall=0.7 * wall, shown=float(rng.uniform(0.35, 0.9)) * cut.shows(0.0, 0.5))  # fmt: skip
    vein = [(u + drift, v) for u, v in path[: turn + 1]]
    vessel(section, vein, half, "umbilical vein", blood=blood, wall=wall,
           shown=cut.detail * cut.shows(0.1, 0.7))  # fmt: skip


def _stomach(
    section: Section, rng: np.random.Generator, a: float, b: float, detail: float, *,
    shown: float = 1.0, scale: float = 1.0,
) -> None:  # fmt: skip
    """A black bubble on the left, round to bean-shaped; `scale` widens and lengthens it."""
    half = float(rng.uniform(0.12, 0.18)) * scale * b
    u, v = float(rng.uniform(-0.2, 0.02)) * a, float(rng.uniform(0.44, 0.56)) * b
    v = min(v, 0.86 * b - half)
    turn, span = rng.uniform(-1.0, 0.9), rng.uniform(0.04, 0.14) * scale * a
    bend = rng.uniform(0.0, 0.12) * b
    arm = (span * np.cos(turn), span * np.sin(turn))
    path = smooth_path(
        [(u - arm[0], v - arm[1]), (u, v + bend), (u + arm[0], v + arm[1] - bend)], 6
    )
    bubble = section.stroke(path, half)
    # Swallowed vernix and debris may cloud it.
    contents = FLUID_DB if rng.random() < 0.7 else float(rng.uniform(-55, -36))
    section.cavity(bubble, echo=contents, wall=float(rng.uniform(0.02, 0.2)) * shown,
                   opacity=max(0.8, detail) * shown, soft=1.0)  # fmt: skip
    name(section, bubble, "stomach", shown)


def _kidneys(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float, cut: Cut
) -> None:
    """Below the standard plane a kidney lies on each side of the spine, its pelvis dark."""
    shown = cut.shows(1.0, 0.45)
    for side in (-1, 1):
        u, v = rng.uniform(-0.5, -0.42) * a, side * rng.uniform(0.38, 0.44) * b
        radius = rng.uniform(0.2, 0.25) * a
        turn = side * rng.uniform(0.2, 0.6)
        kidney = section.ellipse(u, v, radius * 1.1, radius * 0.9, turn=turn)
        section.solid(kidney, level - float(rng.uniform(3, 8)), edge=0.4 * shown, opacity=shown)
        name(section, kidney, "kidney", shown)
        pelvis = section.ellipse(u, v * 0.94, radius * 0.32, radius * rng.uniform(0.1, 0.2))
        section.cavity(pelvis, echo=-60.0, wall=0.3 * shown, opacity=shown)
        name(section, pelvis, "renal pelvis", shown)


def _chest_base(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float, shown: float
) -> None:
    """Above the standard plane: the lung bases behind, the lower wall of the heart in front."""
    for side in (-1, 1):
        lung = section.ellipse(-0.4 * a, side * 0.46 * b, 0.4 * a, 0.34 * b, turn=side * 0.5)
        section.solid(lung, level + float(rng.uniform(2, 5)), opacity=0.9 * shown, soft=1.5)
        name(section, lung, "lung", shown)
    place = (rng.uniform(0.4, 0.5) * a, rng.uniform(0.08, 0.2) * b)
    heart = section.ellipse(*place, 0.3 * a, 0.36 * b, turn=0.7)
    section.solid(heart, level - 9.0, edge=0.3 * shown, opacity=shown)
    name(section, heart, "myocardium", shown)
    blood = section.ellipse(*place, 0.16 * a, 0.2 * b, turn=0.7)
    section.cavity(blood, echo=-60.0, wall=0.1 * shown, opacity=shown, soft=1.0)

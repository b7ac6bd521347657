"""The transabdominal section: liver, stomach, umbilical vein, spine, great vessels, ribs."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.medium import Section, smooth_noise, smooth_path, wander
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.trunk import body_wall, ribs, spine

PLANES = ("transabdominal",)
WARP = 0.017


def half_axes(patient: Patient) -> tuple[float, float]:
    """Half of the anteroposterior and transverse diameters, mm, from the circumference."""
    circumference = mean_size("abdominal_circumference", patient.gestational_age_weeks)
    radius = circumference * patient.size * patient.abdomen_size / (2 * np.pi)
    return radius * 1.02, radius * 0.98


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of the belly, radians: any, the spine less often straight towards the probe."""
    angle = float(rng.uniform(0, 2 * np.pi))
    if np.sin(angle) > 0.8 and rng.random() < 0.7:
        angle += np.pi
    return angle


def build(section: Section, rng: np.random.Generator, patient: Patient, detail: float) -> str:
    """Paint an abdomen; u runs from the spine to the navel, v from the right to the left side.

    Arguments and return value as `brain.build`.
    """
    a, b = half_axes(patient)
    medium = section.medium
    thick = body_wall(section, rng, a, b)
    window, inside = section.ellipse(0, 0, a - thick, b - thick)
    level = float(rng.uniform(-26, -19))
    organs = (
        level + 1.2 * smooth_noise(rng, 12, 10)[window] + 0.8 * smooth_noise(rng, 40, 30)[window]
    )
    medium.fill(window, inside, organs, 0.0, 0.5)
    medium.reflect(window, inside, float(rng.uniform(0.05, 0.35)), 0.8, rest=0.05)
    # Left of the liver: spleen and bowel, a little different in brightness.
    left = section.ellipse(-0.2 * a, 0.55 * b, 0.5 * a, 0.42 * b, turn=0.2)
    section.solid(left, level + float(rng.uniform(-5, 3)), opacity=0.6 * detail, soft=2.5)
    _vessels(section, rng, a, b, detail)
    _stomach(section, rng, a, b, detail)
    spine(section, rng, a, b)
    ribs(section, rng, a, b, length=(0.3, 0.9), chance=0.7, loss=float(rng.uniform(8, 30)))
    return PLANES[0]


def _vessels(section: Section, rng: np.random.Generator, a: float, b: float, detail: float) -> None:
    """Umbilical vein turning right into the portal sinus, aorta, cava, and small liver vessels."""
    for _ in range(int(rng.integers(4, 14))):
        radius, turn = np.sqrt(rng.uniform(0.02, 0.55)), rng.uniform(0, 2 * np.pi)
        u, v = radius * a * np.cos(turn), radius * b * np.sin(turn)
        length = rng.uniform(0.5, 3.5)
        vessel = section.ellipse(u, v, length, rng.uniform(0.4, 0.9), turn=rng.uniform(0, np.pi))
        section.cavity(vessel, echo=-42.0, wall=float(rng.uniform(0.02, 0.18)), loss=0.0,
                       opacity=0.8 * detail, soft=0.4)  # fmt: skip
    width = float(rng.uniform(0.032, 0.055)) * a
    start = rng.uniform(0.25, 0.62) * a
    bend = rng.uniform(0.02, 0.14) * a
    path = [(start, 0.02 * b), (0.5 * (start + bend), 0.03 * b), (bend, -0.02 * b),
            (bend - 0.08 * a, -0.13 * b)]  # fmt: skip
    if rng.random() < 0.7:
        path.append((bend - 0.1 * a, -rng.uniform(0.2, 0.38) * b))
    vein = section.stroke(smooth_path(wander(rng, path, 0.01 * a)), width)
    section.cavity(vein, echo=-62.0, wall=float(rng.uniform(0.1, 0.45)), opacity=detail, soft=0.4)
    for u, v, size in ((-0.42, 0.1, 0.05), (-0.32, -0.2, 0.045)):
        vessel = section.ellipse(
            (u + rng.normal(0, 0.02)) * a, (v + rng.normal(0, 0.02)) * b,
            size * a * rng.uniform(0.8, 1.3), size * a,
        )  # fmt: skip
        section.cavity(vessel, echo=-58.0, wall=float(rng.uniform(0.1, 0.4)), opacity=detail,
                       soft=0.4)  # fmt: skip


def _stomach(section: Section, rng: np.random.Generator, a: float, b: float, detail: float) -> None:
    """A black bubble on the left, bean-shaped, from small to large."""
    size = float(rng.uniform(0.12, 0.27))
    u, v = rng.uniform(-0.22, 0.1) * a, rng.uniform(0.38, 0.52) * b
    turn = float(rng.uniform(0.3, 1.4))
    bubble = section.ellipse(u, v, size * a * rng.uniform(1.1, 1.6), size * b * 0.75, turn=turn)
    lobe = section.ellipse(u + 0.1 * a, v - 0.1 * b, size * a * 0.6, size * b * 0.5)
    section.cavity(bubble, wall=float(rng.uniform(0.1, 0.5)), opacity=max(0.75, detail))
    if rng.random() < 0.4:
        section.cavity(lobe, wall=0.1, opacity=max(0.75, detail))

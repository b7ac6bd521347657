"""The chest across: wall, lungs, spine, ribs, descending aorta, and the plane's heart or vessels.

The heart is in `heart`, the outflow planes in `outflow`, the three vessels in `three_vessel`.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import THORAX_TO_ABDOMEN, mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.heart import CARDIOMEGALY, draw_heart, paint_four_chambers
from fetal_model.phantom.medium import Section, Window, smooth_noise
from fetal_model.phantom.outflow import paint_left_outflow, paint_right_outflow
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import Map
from fetal_model.phantom.three_vessel import paint_three_vessels
from fetal_model.phantom.trunk import body_wall, draw_angle, lining, name, ribs, spine, vessel

__all__ = ["CARDIOMEGALY", "WARP", "build", "draw_angle", "half_axes"]

WARP = 0.02


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the anteroposterior and transverse diameters, mm."""
    circumference = mean_size("abdominal_circumference", patient.gestational_age_weeks)
    radius = circumference * THORAX_TO_ABDOMEN * patient.size * patient.abdomen_size / (2 * np.pi)
    return radius * 0.97, radius * 1.03


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a chest; u runs from the spine to the breastbone, v from the right to the left side.

    Offsets above 0 lead towards the neck, below 0 towards the liver. Arguments as `brain.build`.
    """
    a, b = half_axes(patient)
    level = float(rng.uniform(-28, -21))
    thick = body_wall(section, rng, a, b, level, (-8.0, 2.0))
    inner_a, inner_b = a - thick, b - thick
    inside = section.ellipse(0, 0, inner_a, inner_b)
    _lungs(section, rng, inside, level)
    lining(section, rng, inside)
    shown = cut.shows(0.0, 0.55)
    if cut.plane == "three-vessel":
        paint_three_vessels(section, rng, a, b, level, cut.detail, shown)
    else:
        paint = {
            "four-chamber": paint_four_chambers,
            "left-outflow": paint_left_outflow,
            "right-outflow": paint_right_outflow,
        }[cut.plane]
        heart = draw_heart(section, rng, inner_a, inner_b, scale=0.75 + 0.25 * shown,
                           enlarged=cut.pathology == CARDIOMEGALY)  # fmt: skip
        paint(heart, rng, level, cut.detail, shown)
    _neighbours(section, rng, a, b, level, cut)
    place = ((rng.normal(-0.42, 0.02)) * a, rng.normal(0.16, 0.02) * b)
    vessel(section, [place], float(rng.uniform(0.058, 0.08)) * a, "descending aorta",
           blood=float(rng.uniform(-64, -52)), wall=float(rng.uniform(0.1, 0.4)),
           shown=cut.detail)  # fmt: skip
    spine(section, rng, a, b)
    ribs(section, rng, a, b, length=(0.7, 1.6), chance=0.85, loss=float(rng.uniform(5, 20)))


def _lungs(
    section: Section, rng: np.random.Generator, inside: tuple[Window, Map], level: float
) -> None:
    """Even lungs of echogenicity `level` (dB) on both sides of the heart."""
    window, _ = inside
    grain = 1.2 * smooth_noise(rng, 10, 8)[window] + 1.0 * smooth_noise(rng, 52, 40)[window]
    section.medium.fill(*inside, np.float32(level) + grain, 0.0, 0.5)
    name(section, inside, "lung", least_mm=0.0)


def _neighbours(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float, cut: Cut
) -> None:
    """What comes into view off the plane: the dome of the liver below, the great vessels above."""
    below, above = cut.shows(-1.0, 0.5), cut.shows(1.0, 0.45)
    dome = section.ellipse(0.12 * a, -0.3 * b, 0.62 * a, 0.52 * b)
    section.solid(dome, level - float(rng.uniform(1, 4)), edge=0.3 * below, opacity=below, soft=1.5)
    name(section, dome, "liver", below)
    thymus = section.ellipse(0.5 * a, 0.05 * b, 0.24 * a, 0.42 * b)
    section.solid(thymus, level - float(rng.uniform(3, 8)), opacity=above, soft=1.2)
    name(section, thymus, "thymus", above)
    arch = [(0.3 * a, rng.uniform(-0.12, 0.0) * b), (0.0, 0.08 * b), (-0.36 * a, 0.16 * b)]
    vessel(section, arch, float(rng.uniform(0.07, 0.09)) * a, "aortic arch", blood=-58.0,
           wall=0.2, shown=above)  # fmt: skip

"""The four-chamber section of the chest: heart, lungs, descending aorta, spine, ribs."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import THORAX_TO_ABDOMEN, mean_size
from fetal_model.phantom.medium import Point, Section, smooth_noise, wander
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.trunk import body_wall, ribs, spine

PLANES = ("four-chamber",)
WARP = 0.017


def half_axes(patient: Patient) -> tuple[float, float]:
    """Half of the anteroposterior and transverse diameters, mm."""
    circumference = mean_size("abdominal_circumference", patient.gestational_age_weeks)
    radius = circumference * THORAX_TO_ABDOMEN * patient.size * patient.abdomen_size / (2 * np.pi)
    return radius * 0.97, radius * 1.03


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of the breastbone, radians: any, the spine less often straight to the probe."""
    angle = float(rng.uniform(0, 2 * np.pi))
    if np.sin(angle) > 0.8 and rng.random() < 0.7:
        angle += np.pi
    return angle


def build(section: Section, rng: np.random.Generator, patient: Patient, detail: float) -> str:
    """Paint a chest; u runs from the spine to the breastbone, v from the right to the left side.

    Arguments and return value as `brain.build`.
    """
    a, b = half_axes(patient)
    medium = section.medium
    thick = body_wall(section, rng, a, b)
    window, inside = section.ellipse(0, 0, a - thick, b - thick)
    level = float(rng.uniform(-25, -17))
    lungs = level + 1.2 * smooth_noise(rng, 10, 8)[window] + 0.8 * smooth_noise(rng, 36, 28)[window]
    medium.fill(window, inside, lungs, 0.0, 0.5)
    medium.reflect(window, inside, float(rng.uniform(0.05, 0.35)), 0.8, rest=0.05)
    _heart(section, rng, a, b, detail)
    for u, v, size in ((-0.43, 0.17, 0.065), (-0.3, -0.12, 0.03)):
        vessel = section.ellipse(
            (u + rng.normal(0, 0.02)) * a, (v + rng.normal(0, 0.02)) * b,
            size * a * rng.uniform(0.85, 1.3), size * a,
        )  # fmt: skip
        section.cavity(vessel, echo=-60.0, wall=float(rng.uniform(0.1, 0.4)), opacity=detail,
                       soft=0.4)  # fmt: skip
    spine(section, rng, a, b)
    ribs(section, rng, a, b, length=(0.6, 1.5), chance=0.8, loss=float(rng.uniform(6, 26)))
    return PLANES[0]


def _heart(section: Section, rng: np.random.Generator, a: float, b: float, detail: float) -> None:
    """Four chambers around the crux; the axis points forward and left by 45 degrees (about 25-65).

    Its area is a third of the chest (ISUOG practice guidelines, Ultrasound Obstet Gynecol
    2023;61:788-803).
    """
    axis = float(np.clip(rng.normal(0.78, 0.16), 0.42, 1.15))
    forward, across = (
        np.array([np.cos(axis), np.sin(axis)]),
        np.array([-np.sin(axis), np.cos(axis)]),
    )
    length = float(rng.uniform(0.56, 0.68)) * a  # half of base to apex
    breadth = length * float(rng.uniform(0.70, 0.84))
    centre = np.array([rng.uniform(0.04, 0.2) * a, rng.uniform(0.1, 0.24) * b])

    def place(along: float, aside: float) -> Point:
        point = centre + along * length * forward + aside * breadth * across
        return float(point[0]), float(point[1])

    whole = section.ellipse(*place(0, 0), length, breadth, turn=axis)
    muscle = float(rng.uniform(-31, -22))
    section.solid(whole, muscle, edge=float(rng.uniform(0.05, 0.35)), opacity=0.9, soft=1.0)
    beat = float(rng.uniform(0.0, 1.0))  # 0 systole: small ventricles, large atria
    crux = rng.uniform(-0.2, -0.05)
    blood = float(rng.choice([-70.0, -55.0, -46.0], p=[0.55, 0.3, 0.15]))
    # One pool of blood on each side of the septa: ventricle towards the apex, atrium towards the
    # base. The left ventricle reaches the apex; the right one ends earlier, in trabeculae.
    small, large = 0.84 + 0.18 * beat, 1.04 - 0.16 * beat
    clear = max(0.75, detail)
    for side in (-1, 1):
        reach = (0.47 if side > 0 else 0.41) * small
        ventricle = section.ellipse(
            *place(crux + 0.02 + reach, side * (0.37 if side > 0 else 0.40)), reach * length,
            (0.33 if side > 0 else 0.36) * breadth * small, turn=axis - side * 0.14,
        )  # fmt: skip
        atrium = section.ellipse(
            *place(crux - 0.36, side * 0.40), 0.40 * length * large, 0.38 * breadth * large,
            turn=axis + side * 0.25,
        )  # fmt: skip
        inflow = section.ellipse(
            *place(crux - 0.02, side * 0.38), 0.26 * length, 0.27 * breadth, turn=axis
        )
        for space in (ventricle, atrium):
            section.cavity(space, echo=blood, wall=0.14, opacity=clear, soft=0.8)
        section.cavity(inflow, echo=blood, wall=0.0, opacity=clear, soft=0.8)
    band = section.stroke([place(crux + 0.66, -0.15), place(crux + 0.6, -0.62)], 0.05 * breadth)
    section.solid(band, muscle, opacity=0.8 * detail)
    rough = section.ellipse(*place(crux + 0.72, -0.42), 0.1 * length, 0.2 * breadth, turn=axis)
    section.solid(rough, muscle - 3.0, opacity=0.7, soft=1.0)
    # Septa and valves are thin and bright: the cross of the heart.
    edge = float(rng.uniform(0.1, 0.5)) * detail
    thin = float(rng.uniform(0.02, 0.04)) * breadth
    thick = float(rng.uniform(0.045, 0.08)) * breadth
    walls = (
        ([place(crux, 0), place(crux + 0.45, 0.02), place(0.93, 0.03)], thick, 1.0),
        ([place(crux - 0.04, 0), place(crux - 0.2, 0.02)], thin, 0.9),
        ([place(crux - 0.48, -0.02), place(-0.95, 0.0)], thin, 0.9),
        ([place(crux - 0.18, 0.05), place(crux - 0.34, 0.2), place(crux - 0.5, 0.06)], 0.2, 0.5),
    )
    for points, half, share in walls:
        septum = section.stroke(wander(rng, points, 0.012 * length), half)
        section.solid(septum, muscle + 5.0, opacity=share)
        section.medium.reflect(*septum, edge, 0.7, rest=0.08)
    for side in (-1, 1):
        tip = rng.uniform(0.02, 0.3) * (1 - 0.7 * (1 - beat))
        shift = 0.06 if side < 0 else 0.0  # the tricuspid valve sits a little closer to the apex
        leaflets = (
            [place(crux + shift, side * 0.03), place(crux + shift + tip, side * 0.32)],
            [place(crux + shift, side * 0.78), place(crux + shift + tip, side * 0.42)],
        )
        for points in leaflets:
            leaflet = section.stroke(points, 0.25)
            section.solid(leaflet, -24.0, opacity=0.9 * detail)
            section.medium.reflect(*leaflet, edge * 0.8, 0.6, rest=0.15)
    if rng.random() < 0.35:
        focus = section.ellipse(*place(crux + 0.4, 0.42), 0.8, 0.8)
        section.solid(focus, -14.0, opacity=detail)
    fat = section.stroke([place(-0.85, -0.5), place(-0.95, 0.3)], 1.2)
    section.solid(fat, float(smooth_noise(rng, 1, 1)[0, 0]) - 18.0, opacity=0.5 * detail, soft=1.0)

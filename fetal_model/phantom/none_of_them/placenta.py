"""The placenta: an even grey disc on the uterine wall, the cord going into it.

Sources:
    Hoddick WK, Mahony BS, Callen PW, Filly RA. Placental thickness. J Ultrasound Med 1985;4:479-482
    (about as many millimetres as weeks). The other sizes are chosen.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import FLUID_DB, Point, Section, smooth_noise, smooth_path, wander
from fetal_model.phantom.none_of_them.shapes import (
    Shape,
    away,
    cord_across,
    cord_along,
    fluid,
    main_structure,
    outline,
    row,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient

WARP = 0.02


def _thickness(patient: Patient) -> float:
    return patient.gestational_age_weeks * patient.size


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the length of placenta in view, and of its depth with the fluid before it, mm."""
    return 2.0 * _thickness(patient), 1.25 * _thickness(patient)


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the placenta's plate against the horizontal, radians."""
    return float(np.clip(rng.normal(0.0, 0.3), -0.8, 0.8)) + np.pi * float(rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a placenta; u runs along it, v across. In front or behind, as the patient has it.

    Off the plane it thins out towards its edge. Arguments as `brain.build`.
    """
    thick = (
        _thickness(patient) * float(rng.uniform(0.8, 1.35)) * (0.35 + 0.65 * cut.shows(0.0, 0.9))
    )
    front = rng.random() < {"anterior": 1.0, "posterior": 0.0}.get(patient.placenta, 0.5)
    inward = away(section) if front else -away(section)
    half = 2.0 * _thickness(patient)
    base = -inward * 1.1 * _thickness(patient)
    hollow = float(rng.uniform(0.05, 0.25)) * half
    edge = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.5)) * half
    _cavity(section, rng, half, base, inward)
    disc, plate = _disc(section, rng, half, base, thick, hollow, edge, inward)
    _inside(section, rng, disc, patient, cut)
    _behind(section, rng, half, base, hollow, inward)
    _cord(section, rng, plate, inward, cut)
    main_structure(section, disc)


def _rolling(rng: np.random.Generator, count: int, bumps: int) -> NDArray[np.float64]:
    """Smooth random numbers, standard deviation about 1."""
    coarse = rng.standard_normal((1, bumps))
    return np.asarray(cv2.resize(coarse, (count, 1), interpolation=cv2.INTER_CUBIC)[0], float)


def _bow(u: float, half: float, hollow: float) -> float:
    """How far the uterine wall stands in front of its middle, mm."""
    return hollow * (u / half) ** 2


def _cavity(
    section: Section, rng: np.random.Generator, half: float, base: float, inward: float
) -> None:
    """Amniotic fluid before the placenta, and fetal parts at its far side."""
    deep = float(rng.uniform(1.2, 2.6)) * abs(base)
    room = outline(section, wander(rng, [
        (-2.2 * half, base), (0.0, base), (2.2 * half, base),
        (2.0 * half, base + inward * 0.8 * deep),
        (0.5 * half, base + inward * deep * 1.25), (-0.5 * half, base + inward * deep * 1.2),
        (-2.0 * half, base + inward * 0.8 * deep),
    ], 0.06 * half))  # fmt: skip
    fluid(section, room, FLUID_DB, float(rng.uniform(0.1, 0.4)))
    for _ in range(int(rng.integers(0, 4))):
        size = half * float(rng.uniform(0.1, 0.32))
        u, v = rng.uniform(-0.8, 0.8) * half, base + inward * deep * rng.uniform(0.95, 1.25)
        part = section.ellipse(
            u, v, size, size * rng.uniform(0.5, 0.9), turn=float(rng.normal(0, 0.4))
        )
        tissue(
            section,
            rng,
            part,
            float(rng.uniform(-29, -20)),
            edge=float(rng.uniform(0.1, 0.4)),
            amount=3.0,
        )
        section.medium.mark(part, "soft tissue")


def _disc(
    section: Section, rng: np.random.Generator, half: float, base: float, thick: float,
    hollow: float, edge: float, inward: float,
) -> tuple[Shape, list[Point]]:  # fmt: skip
    """The disc, thick in the middle and thin at the edge, and its fetal surface."""
    places = np.linspace(-2.2 * half, 2.2 * half, 61)
    fall = np.clip(np.abs(edge - places) / (0.5 * half), 0.0, 1.0) ** 0.6
    beyond = (places - edge) * np.sign(edge) > 0
    high = thick * np.where(beyond, 0.06, np.maximum(fall, 0.06))
    high = high * (1.0 + 0.07 * _rolling(rng, 61, 11))
    plate = [(float(u), base + inward * float(h + _bow(u, half, hollow)))
             for u, h in zip(places, high, strict=True)]  # fmt: skip
    wall = [(float(u), base + inward * _bow(u, half, hollow)) for u in places[::-1]]
    disc = outline(section, plate[::3] + wall[::3])
    tissue(section, rng, disc, float(rng.uniform(-27, -19)), amount=1.4)
    patchy = np.clip(0.8 + 0.4 * smooth_noise(rng, 8, 10)[disc[0]], 0.1, 1.5)
    section.medium.reflect(*disc, patchy * np.float32(rng.uniform(0.2, 0.8)), 0.9, rest=0.05)
    section.medium.mark(disc, "placenta")
    return disc, plate


def _inside(
    section: Section, rng: np.random.Generator, disc: Shape, patient: Patient, cut: Cut
) -> None:
    """Lakes of blood, and from the last weeks on septa and specks of calcium."""
    window, distance = disc
    medium = section.medium
    u, v = section.u[window], section.v[window]
    deep = distance < -2.0
    late = float(np.clip((patient.gestational_age_weeks - 28.0) / 9.0, 0.0, 1.0))
    spots = np.argwhere(deep)
    for _ in range(int(rng.integers(0, 7))):
        pick, size = rng.random(), rng.uniform(0.7, 3.6)
        flat, turn = rng.uniform(0.4, 0.9), rng.uniform(0, np.pi)
        if not len(spots):
            continue
        place = tuple(spots[int(pick * len(spots))])
        lake = section.ellipse(float(u[place]), float(v[place]), size, size * flat, turn=turn)
        section.cavity(lake, echo=-48.0, wall=0.12, opacity=0.85 * cut.detail, soft=0.8)
    specks = np.clip(smooth_noise(rng, 90, 70)[window] - 1.6, 0.0, 1.0)
    medium.echo[window] += np.float32(14.0 * late) * specks * deep


def _behind(
    section: Section, rng: np.random.Generator, half: float, base: float, hollow: float,
    inward: float,
) -> None:  # fmt: skip
    """Uterine muscle behind the disc: a dark band with veins in it."""
    thick = float(rng.uniform(2.0, 5.0))
    at = np.linspace(-2.1 * half, 2.1 * half, 15)
    line = [(float(u), base + inward * (_bow(u, half, hollow) - 0.6 * thick)) for u in at]
    muscle = row(section, line, 6.0).band(0.0, 0.5 * thick)
    level, shown = float(rng.uniform(-38, -30)), float(rng.uniform(0.3, 0.9))
    section.medium.fill(*muscle, level, 0.0, 1.5, shown)
    section.medium.reflect(*muscle, float(rng.uniform(0.0, 0.15)), 0.7, rest=0.02)
    for _ in range(int(rng.integers(2, 7))):
        u = float(rng.uniform(-1, 1)) * half
        v = base + inward * (_bow(u, half, hollow) - 0.5 * thick)
        vein = section.ellipse(u, v, rng.uniform(1.0, 4.0), rng.uniform(0.6, 1.3))
        section.cavity(vein, echo=-56.0, wall=0.1, opacity=0.9)


def _cord(
    section: Section, rng: np.random.Generator, plate: list[Point], inward: float, cut: Cut
) -> None:
    """Cord going into the disc, or a free loop of it before the disc, or none in this section."""
    radius = float(rng.uniform(3.5, 6.5))
    kind, share = rng.random(), int(rng.integers(22, 39))
    u, v = plate[share]
    lean = rng.normal(0.0, 8.0, 2)
    if kind < 0.45:
        path = smooth_path([(u, v - inward * 1.0), (u + lean[0], v + inward * 9.0),
                            (u + lean[0] + lean[1], v + inward * 24.0)], 10)  # fmt: skip
        cord_along(section, rng, path, radius * (0.4 + 0.6 * cut.shows(0.0, 0.8)))
    elif kind < 0.7:
        cord_across(section, rng, (u + lean[0], v + inward * (radius + 3.0 + abs(lean[1]))), radius)

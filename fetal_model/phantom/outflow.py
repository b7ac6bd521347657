"""The outflow planes: aorta from the left ventricle, pulmonary trunk from the right one.

Where no source is named, shapes are chosen.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.heart import (
    Heart,
    draw_blood,
    joined,
    leaflet,
    paint_muscle,
    septum,
)
from fetal_model.phantom.medium import smooth_path
from fetal_model.phantom.probe import Map
from fetal_model.phantom.trunk import name, vessel


def paint_left_outflow(
    heart: Heart, rng: np.random.Generator, level: float, detail: float, shown: float
) -> None:
    """Left ventricle opening into the aorta, whose front wall goes on from the septum.

    Arguments as `heart.paint_four_chambers`.
    """
    muscle = paint_muscle(heart, rng, level, min(1.0, shown * 1.5))
    blood = draw_blood(rng)
    clear = max(0.85, detail) * shown
    wall = float(rng.uniform(0.16, 0.24)) * heart.breadth
    half = float(rng.uniform(0.07, 0.11)) * heart.breadth
    root = float(rng.uniform(-0.12, 0.0))
    edge = float(rng.uniform(0.15, 0.6)) * detail
    s, t = _shares(heart)
    # The septum slants: in front of the aorta lies the right ventricle, behind it the left atrium.
    lean = np.float32(0.32) * np.clip(np.float32(root + 0.3) - s, 0.0, 1.0)
    divide = (t + lean) * np.float32(heart.breadth)
    ahead = np.float32(root * heart.length) - heart.along
    left = joined(heart.outline + np.float32(wall), np.float32(half) - divide, ahead, rounding=0.7)
    right = joined(
        heart.outline + np.float32(wall), divide + np.float32(half + 0.02 * heart.breadth),
        ahead - np.float32(0.3 * heart.length), heart.along - np.float32(0.7 * heart.length),
        rounding=0.7,
    )  # fmt: skip
    atrium = joined(
        heart.outline + np.float32(0.5 * wall), np.float32(0.28 * heart.breadth) - divide,
        np.float32(0.06 * heart.length) - ahead, rounding=0.7,
    )  # fmt: skip
    radius = float(rng.uniform(0.15, 0.19)) * heart.breadth
    bright = muscle + float(rng.uniform(6.0, 12.0))
    path = smooth_path(heart.places((root + 0.2, 0.2), (root - 0.25, 0.1), (root - 0.5, -0.16),
                                    (root - 0.95, -0.3)), 8)  # fmt: skip
    vessel(heart.section, path, radius, "ascending aorta", blood=blood,
           wall=float(rng.uniform(0.05, 0.3)) * detail, shown=clear)  # fmt: skip
    _pools(heart, {"left ventricle": left, "right ventricle": right, "left atrium": atrium},
           blood, clear)  # fmt: skip
    septum(heart, rng, [(root + 0.05, -0.02), (0.4, 0.0), (0.7, 0.03)], 0.5 * half, bright, edge,
           "ventricular septum", clear)  # fmt: skip
    leaflet(heart, [(root - 0.06, 0.02), (root - 0.16, 0.12)], "ascending aorta", edge, clear)
    tip = root + float(rng.uniform(0.05, 0.3))
    for points in ([(root, 0.34), (tip, 0.5)], [(root, 0.86), (tip, 0.58)]):
        leaflet(heart, points, "mitral valve", 0.8 * edge, clear)


def paint_right_outflow(
    heart: Heart, rng: np.random.Generator, level: float, detail: float, shown: float
) -> None:
    """Right ventricle opening into the pulmonary trunk, which crosses in front of the aorta.

    The trunk runs straight back towards the spine, into the arterial duct; the aorta and the
    superior vena cava lie to its right, across. Arguments as `heart.paint_four_chambers`.
    """
    section = heart.section
    paint_muscle(heart, rng, level, min(1.0, shown * 1.5))
    blood = draw_blood(rng)
    clear = max(0.85, detail) * shown
    wall = float(rng.uniform(0.16, 0.24)) * heart.breadth
    edge = float(rng.uniform(0.15, 0.6)) * detail
    right = joined(
        heart.outline + np.float32(wall), heart.aside - np.float32(0.4 * heart.breadth),
        np.float32(-0.02 * heart.length) - heart.along,
        heart.along - np.float32(0.66 * heart.length), rounding=0.8,
    )  # fmt: skip
    size = float(heart.length) / 0.6
    u0, v0 = heart.place(0.2, -0.1)
    half = float(rng.uniform(0.1, 0.135)) * size
    vessel_wall = float(rng.uniform(0.08, 0.4)) * detail
    duct = smooth_path([(-0.1 * size, 0.14 * size), (-0.25 * size, 0.16 * size),
                        (-0.4 * size, 0.16 * size)], 4)  # fmt: skip
    vessel(section, duct, half * 0.72, "arterial duct", blood=blood, wall=vessel_wall, shown=clear)
    path = smooth_path([(u0, v0), (0.25 * size, 0.18 * size), (-0.1 * size, 0.14 * size)], 6)
    vessel(section, path, half, "pulmonary trunk", blood=blood, wall=vessel_wall, shown=clear)
    aorta = (float(rng.uniform(0.12, 0.2)) * size, float(rng.uniform(-0.16, -0.1)) * size)
    vessel(section, [aorta], half * float(rng.uniform(0.84, 0.95)), "ascending aorta", blood=blood,
           wall=vessel_wall, shown=clear)  # fmt: skip
    cava = (aorta[0] - 0.1 * size, aorta[1] - float(rng.uniform(0.2, 0.26)) * size)
    vessel(section, [cava], half * 0.66, "superior vena cava", blood=blood, wall=vessel_wall,
           shown=clear)  # fmt: skip
    _pools(heart, {"right ventricle": right}, blood, clear)
    leaflet(heart, [(0.12, -0.22), (0.04, -0.1), (0.1, 0.06)], "pulmonary trunk", edge, clear)


def _shares(heart: Heart) -> tuple[Map, Map]:
    """Position along and aside as shares of the heart's half length and breadth."""
    return (
        heart.along * np.float32(1.0 / heart.length),
        heart.aside * np.float32(1.0 / heart.breadth),
    )


def _pools(heart: Heart, pools: dict[str, Map], blood: float, shown: float) -> None:
    """Fill chambers with blood, and name them."""
    for structure, pool in pools.items():
        shape = (heart.window, pool)
        heart.section.cavity(shape, echo=blood, wall=0.05, opacity=shown, soft=1.0)
        name(heart.section, shape, structure, shown, least_mm=0.0)

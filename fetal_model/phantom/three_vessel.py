"""The three-vessel plane: pulmonary trunk with duct, ascending aorta, superior vena cava in a row.

Left to right they lie in one line, from front to back, and each is smaller than the last (ISUOG
practice guidelines: fetal cardiac screening, Ultrasound Obstet Gynecol 2023;61:788-803); the
sizes themselves are chosen.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.heart import draw_blood
from fetal_model.phantom.medium import Point, Section, smooth_path
from fetal_model.phantom.trunk import name, vessel


def trunk_and_duct(
    section: Section, trunk: list[Point], half: float, duct: list[Point], duct_half: float, *,
    blood: float, wall: float, shown: float,
) -> None:  # fmt: skip
    """The pulmonary trunk and the arterial duct, one channel; `half` and `duct_half` radii, mm."""
    vessel(section, duct, duct_half, "arterial duct", blood=blood, wall=0.3 * wall, shown=shown)
    vessel(section, trunk, half, "pulmonary trunk", blood=blood, wall=0.5 * wall, shown=shown)
    for path, radius in ((trunk, half), (duct, duct_half)):  # no wall stands between the two
        lumen = section.stroke(path, 0.8 * radius)
        section.medium.fill(*lumen, blood, soft=0.4, opacity=shown)


def paint_three_vessels(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float, detail: float,
    shown: float,
) -> None:  # fmt: skip
    """Paint the upper mediastinum of a chest with half axes a, b (mm) and lungs at `level` dB."""
    here = max(0.85, detail) * shown
    dim = level - float(rng.uniform(9, 15))
    middle = section.ellipse(0.08 * a, 0.02 * b, 0.5 * a, rng.uniform(0.28, 0.38) * b, turn=0.25)
    section.solid(middle, dim, opacity=0.85 * shown, soft=2.5)
    thymus = section.ellipse(0.56 * a, 0.02 * b, rng.uniform(0.16, 0.24) * a,
                             rng.uniform(0.34, 0.46) * b)  # fmt: skip
    section.solid(thymus, dim + float(rng.uniform(-3, 2)), edge=0.05 * shown, opacity=here, soft=2)
    name(section, thymus, "thymus", here)
    blood = draw_blood(rng)
    wall = float(rng.uniform(0.05, 0.4))
    half = float(rng.uniform(0.115, 0.15)) * a
    u, v = float(rng.uniform(0.24, 0.32)) * a, float(rng.uniform(0.1, 0.18)) * b
    # The duct leads on to the descending aorta, and often leaves the section before.
    end = float(rng.uniform(0.1, 0.7))
    duct = smooth_path([(0.4 * u, v + 0.02 * b), (0.05 * a, v + 0.05 * b),
                        ((0.05 - 0.41 * end) * a, v + (0.1 - 0.02 * end) * b)], 6)  # fmt: skip
    trunk = [(u + 0.1 * a, v - 0.03 * b), (0.4 * u, v + 0.02 * b)]
    trunk_and_duct(section, trunk, half, duct, 0.85 * half, blood=blood, wall=wall, shown=here)
    aorta = (u - rng.uniform(0.09, 0.14) * a, v - 2.05 * half - rng.uniform(0.0, 0.04) * b)
    vessel(section, [aorta], half * float(rng.uniform(0.84, 0.95)), "ascending aorta", blood=blood,
           wall=wall, shown=here)  # fmt: skip
    cava = (aorta[0] - rng.uniform(0.06, 0.12) * a, aorta[1] - 1.65 * half)
    vessel(section, [cava], half * float(rng.uniform(0.6, 0.72)), "superior vena cava",
           blood=blood, wall=wall, shown=here)  # fmt: skip
    place = (float(rng.uniform(-0.3, -0.2)) * a, float(rng.uniform(-0.08, 0.0)) * b)
    trachea = section.ellipse(*place, 0.05 * a, 0.05 * a)
    section.solid(trachea, level + 6.0, opacity=here, soft=0.6)
    name(section, trachea, "trachea", here)
    lumen = section.ellipse(*place, 0.022 * a, 0.022 * a)
    section.cavity(lumen, echo=-48.0, wall=0.0, opacity=here, soft=0.4)

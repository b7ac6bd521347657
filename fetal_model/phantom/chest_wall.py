"""The wall of the chest: skin and fat, muscle, ribs with the pleura within, shoulder blades.

What faces the beam is a bright thin line with a grey layer before it; the sides of the chest, where
the beam runs along the ribs, are dark. Sizes are chosen.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.medium import Section, arc, smooth_noise
from fetal_model.phantom.probe import Map
from fetal_model.phantom.trunk import name


def paint_chest_wall(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float
) -> tuple[float, float]:
    """Paint the wall of a chest with half axes a, b (mm); returns those of the space inside it.

    `level` is the echogenicity of the lungs, dB. The muscles of shoulder and back make the wall
    thicker at the sides than in front and behind.
    """
    medium = section.medium
    size = (a + b) / 2
    thick = float(rng.uniform(0.09, 0.13)) * size
    inner = a - thick, b - float(rng.uniform(1.2, 1.6)) * thick
    window, distance = section.ellipse(0, 0, a, b, margin=4)
    along: Map = np.float32(1.0) - np.square(medium.facing(distance))
    fat = np.float32(level + rng.uniform(-4.0, 5.0)) + 1.8 * smooth_noise(rng, 26, 34)[window]
    medium.fill(window, distance, fat - np.float32(rng.uniform(2.0, 7.0)) * along, 0.0, 0.6)
    medium.reflect(
        window, distance + np.float32(0.5), float(rng.uniform(0.05, 0.4)), 0.6, rest=0.02
    )
    skin = float(rng.uniform(0.3, 0.5)) * thick
    muscle = section.ellipse(0, 0, a - skin, b - skin)
    dark = level - float(rng.uniform(3.0, 13.0))
    fibres = np.float32(2.5) * smooth_noise(rng, 60, 26)[muscle[0]]
    medium.fill(*muscle, np.float32(dark) + fibres, float(rng.uniform(0.0, 4.0)), 0.5)
    medium.mark((window, distance), "body wall")
    return inner


def paint_ribs(
    section: Section, rng: np.random.Generator, inner: tuple[float, float], level: float
) -> None:
    """Ribs along the inside of the wall (half axes `inner`, mm), and the pleura that joins them.

    A rib slopes, so that one section holds a stretch of it on each side; behind it lies a shadow,
    deepest where the beam runs along it.
    """
    a, b = inner
    medium = section.medium
    window, distance = section.ellipse(0, 0, a, b)
    patchy = np.clip(0.6 + 0.6 * smooth_noise(rng, 8, 10)[window], 0.0, 1.5)
    pleura = patchy * np.float32(rng.uniform(0.1, 0.5))
    medium.reflect(window, distance - np.float32(0.3), pleura, 0.7, rest=0.0)
    loss = float(rng.uniform(6.0, 28.0))
    bright = level + float(rng.uniform(4.0, 12.0))
    for side in (-1, 1):
        first = float(rng.uniform(0.12, 0.4)) * np.pi
        stop = float(rng.uniform(0.62, 0.88)) * np.pi
        path = [(u, side * v) for u, v in arc(1.01 * a, 1.01 * b, first, stop, 10)]
        rib = section.stroke(path, float(rng.uniform(0.25, 0.5)))
        along: Map = np.float32(1.0) - np.square(medium.facing(rib[1]))
        ends = np.float32(2.5) * smooth_noise(rng, 12, 16)[rib[0]]
        medium.fill(*rib, np.float32(bright) + ends - np.float32(14.0) * along, loss, 0.5)
        medium.reflect(*rib, float(rng.uniform(0.2, 0.8)), 0.8, rest=0.03, even=0.2)
        name(section, rib, "rib")


def paint_shoulder_blades(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float
) -> None:
    """The shoulder blades, in the muscle behind the ribs, as sections above the heart meet them."""
    for side in (-1, 1):
        turn = side * float(rng.uniform(0.6, 0.74)) * np.pi
        shown = float(np.clip(rng.normal(0.7, 0.35), 0.0, 1.0))
        blade = section.ellipse(
            0.9 * a * np.cos(turn), 0.9 * b * np.sin(turn), 0.13 * a, 0.03 * a,
            turn=turn + np.pi / 2 + float(rng.normal(0, 0.2)),
        )  # fmt: skip
        section.solid(blade, level + 9.0, loss=25.0 * shown, opacity=shown, soft=0.6)
        section.medium.reflect(*blade, 0.5 * shown, 0.8, rest=0.05)

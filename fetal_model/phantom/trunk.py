"""What sections of the abdomen and the chest share: the wall, the ribs, the spine, vessels."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.medium import Point, Section, Window, arc, smooth_noise, wander
from fetal_model.phantom.probe import Map

VISIBLE = 0.4
"""Share of a structure that the section must meet before the structure is named."""


def draw_angle(rng: np.random.Generator) -> float:
    """Direction of u (spine to front), radians: any, the spine less often towards the probe."""
    angle = float(rng.uniform(0, 2 * np.pi))
    if np.sin(angle) > 0.8 and rng.random() < 0.7:
        angle += np.pi
    return angle


def name(
    section: Section, shape: tuple[Window, Map], structure: str, shown: float = 1.0, *,
    least_mm: float = 0.3,
) -> None:  # fmt: skip
    """Name a structure of which the section meets a share `shown`, if that is enough."""
    if shown > VISIBLE:
        section.medium.mark(shape, structure, least_mm=least_mm)


def vessel(
    section: Section, points: list[Point], half: float, structure: str, *, blood: float,
    wall: float, shown: float = 1.0,
) -> None:  # fmt: skip
    """A vessel along `points`, or across at a single one; `half` is its radius, mm."""
    shape = (
        section.ellipse(*points[0], half * 1.06, half)
        if len(points) == 1
        else section.stroke(points, half)
    )
    section.cavity(shape, echo=blood, wall=wall * shown, thickness=0.45, opacity=shown, soft=0.4)
    name(section, shape, structure, shown)


def body_wall(
    section: Section, rng: np.random.Generator, a: float, b: float, level: float,
    contrast: tuple[float, float],
) -> float:  # fmt: skip
    """Skin, fat and muscle around a section with half axes a, b (mm); returns the thickness, mm.

    By a `contrast` (range, dB) brighter than the organs (`level`, dB) where the beam meets it
    squarely, faint where it runs along it; there the rim also bends the beam away, which leaves
    a shadow behind.
    """
    medium = section.medium
    thick = float(rng.uniform(0.055, 0.095)) * (a + b) / 2
    window, distance = section.ellipse(0, 0, a, b, margin=4)
    along: Map = np.float32(1.0) - np.square(section.medium.facing(distance))
    fade = np.float32(rng.uniform(5.0, 13.0))
    fat: Map = np.float32(level + rng.uniform(*contrast)) + 1.5 * smooth_noise(rng, 14, 18)[window]
    medium.fill(window, distance, fat - fade * along, 0.0, 0.6)
    medium.reflect(window, distance + np.float32(0.4), float(rng.uniform(0.1, 0.5)), 0.7, rest=0.05)
    muscle = np.abs(distance + np.float32(thick * 0.6)) - np.float32(thick * 0.22)
    shown = float(np.clip(rng.normal(0.2, 0.4), 0.0, 1.0))
    medium.fill(window, muscle, level - float(rng.uniform(9, 18)), 0.0, 0.5, shown)
    rim = np.maximum(0.0, 1.0 - np.square(distance * np.float32(1 / 1.5)))
    medium.loss[window] += np.float32(rng.uniform(1.0, 8.0)) * rim * np.square(along)
    medium.mark((window, np.maximum(distance, -distance - np.float32(thick))), "body wall")
    return thick


def lining(section: Section, rng: np.random.Generator, inside: tuple[Window, Map]) -> None:
    """The bright inner face of the wall: pleura or peritoneum with the ribs behind."""
    window, distance = inside
    patchy = np.clip(0.7 + 0.5 * smooth_noise(rng, 5, 6)[window], 0.0, 1.4)
    section.medium.reflect(
        window, distance, patchy * np.float32(rng.uniform(0.25, 0.9)),
        float(rng.uniform(0.5, 1.0)), rest=0.0,
    )  # fmt: skip


def ribs(
    section: Section, rng: np.random.Generator, a: float, b: float, *, length: tuple[float, float],
    chance: float, loss: float,
) -> None:  # fmt: skip
    """Bright arcs just inside the wall on both sides; `length` is the range of angles, radians."""
    start = rng.uniform(0.2, 0.42) * np.pi
    reach = rng.uniform(*length)
    for side in (-1, 1):
        if rng.random() > chance:
            continue
        first = start + rng.normal(0, 0.12)
        stop = min(first + reach * rng.uniform(0.85, 1.15), 0.9 * np.pi)
        points = [(u, side * v) for u, v in arc(0.91 * a, 0.91 * b, first, stop, 8)]
        rib = section.stroke(points, float(rng.uniform(0.4, 0.8)))
        along: Map = np.float32(1.0) - np.square(section.medium.facing(rib[1]))
        level = np.float32(rng.uniform(-17, -10)) - np.float32(12.0) * along
        section.medium.fill(*rib, level, loss, 0.5)
        section.medium.reflect(*rib, float(rng.uniform(0.4, 1.2)), 1.0, rest=0.1, even=0.4)
        name(section, rib, "rib")
    # Ribs cut across are bright dots in the wall, each with its own narrow shadow.
    for _ in range(int(rng.integers(0, 4))):
        turn = rng.uniform(0.2, 0.95) * np.pi * rng.choice([-1, 1])
        dot = section.ellipse(
            0.89 * a * np.cos(turn), 0.89 * b * np.sin(turn), rng.uniform(1.0, 2.4), 0.8,
            turn=turn + np.pi / 2,
        )  # fmt: skip
        section.bone(dot, echo=-13.0, edge=float(rng.uniform(0.3, 1.0)), loss=loss)
        name(section, dot, "rib")


def spine(section: Section, rng: np.random.Generator, a: float, b: float) -> None:
    """Vertebra across, at the end -u: the body's and the two arches' ossification centres.

    Cartilage joins them around the canal, muscle lies to both sides; bone leaves a shadow.
    """
    scale = float(rng.uniform(0.9, 1.15)) * (a + b) / 2
    place = -float(rng.uniform(0.64, 0.74)) * a
    soft = section.ellipse(place - 0.1 * a, 0, 0.22 * scale, 0.34 * scale)
    section.solid(soft, float(rng.uniform(-27, -19)), opacity=0.6, soft=2.0)
    for side in (-1, 1):
        flank = section.ellipse(place - 0.05 * a, side * 0.27 * scale, 0.12 * scale, 0.12 * scale)
        section.solid(flank, float(rng.uniform(-31, -22)), opacity=0.7, soft=1.0)
    canal = section.ellipse(place - 0.11 * scale, 0, 0.055 * scale, 0.06 * scale)
    section.solid(canal, -46.0)
    name(section, canal, "spinal canal")
    level = float(rng.uniform(-8, -2))
    loss = float(rng.uniform(20, 60))
    body = section.ellipse(place, 0, 0.06 * scale, 0.085 * scale * rng.uniform(0.85, 1.2))
    section.solid(body, level, loss=loss, soft=0.8)
    name(section, body, "vertebral body")
    for side in (-1, 1):
        arch = section.stroke(
            wander(rng, [(place - 0.07 * scale, side * 0.11 * scale),
                         (place - 0.18 * scale, side * 0.065 * scale)], 0.01 * scale),
            float(rng.uniform(0.02, 0.032)) * scale,
        )  # fmt: skip
        section.solid(arch, level + float(rng.normal(0, 2)), loss=loss, soft=0.8)
        name(section, arch, "vertebral arch")
        # Costal and transverse processes: streaks that show where they face the beam.
        for _ in range(2):
            first, reach = rng.uniform(0.1, 0.18), rng.uniform(0.22, 0.42)
            streak = section.stroke(
                [(place - first * 0.6 * scale, side * first * scale),
                 (place - rng.uniform(-0.05, 0.16) * scale, side * reach * scale)], 0.012 * scale,
            )  # fmt: skip
            strength = float(rng.uniform(0.1, 0.8))
            section.solid(streak, level - 10.0, loss=loss * 0.2, soft=0.6, opacity=strength)
            section.medium.reflect(*streak, strength, 0.9, rest=0.03)

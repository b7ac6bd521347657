"""What sections of the abdomen and the chest share: the wall, the ribs, the spine."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.medium import Section, arc, smooth_noise, wander


def body_wall(section: Section, rng: np.random.Generator, a: float, b: float) -> float:
    """Skin, fat and muscle around a section with half axes a, b (mm); returns the thickness, mm."""
    thick = float(rng.uniform(0.055, 0.095)) * (a + b) / 2
    outer = section.ellipse(0, 0, a, b, margin=4)
    section.solid(outer, float(rng.uniform(-25, -15)), edge=float(rng.uniform(0.3, 1.0)))
    window, distance = outer
    patchy = np.clip(0.8 + 0.4 * smooth_noise(rng, 5, 6)[window], 0.2, 1.4)
    section.medium.reflect(
        window, distance + np.float32(thick * 0.5), patchy * np.float32(rng.uniform(0.1, 0.7)),
        thick * 0.5, rest=0.03,
    )  # fmt: skip
    if rng.random() < 0.7:
        muscle = np.abs(distance + np.float32(thick * 0.95)) - np.float32(thick * 0.28)
        section.medium.fill(window, muscle, float(rng.uniform(-38, -28)), 0.0, 0.4, 0.8)
    return thick


def ribs(
    section: Section, rng: np.random.Generator, a: float, b: float, *, length: tuple[float, float],
    chance: float, loss: float,
) -> None:  # fmt: skip
    """Bright arcs just inside the wall on both sides; `length` is the range of angles, radians."""
    for side in (-1, 1):
        if rng.random() > chance:
            continue
        start = rng.uniform(0.15, 0.45) * np.pi
        stop = min(start + rng.uniform(*length), 0.93 * np.pi)
        points = [(u, side * v) for u, v in arc(0.91 * a, 0.91 * b, start, stop, 8)]
        rib = section.stroke(points, float(rng.uniform(0.4, 0.8)))
        section.bone(rib, echo=float(rng.uniform(-16, -9)), edge=float(rng.uniform(0.4, 1.3)),
                     loss=loss)  # fmt: skip
    # Ribs cut across are bright dots in the wall, each with its own narrow shadow.
    for _ in range(int(rng.integers(0, 4))):
        turn = rng.uniform(0.2, 0.95) * np.pi * rng.choice([-1, 1])
        dot = section.ellipse(
            0.89 * a * np.cos(turn), 0.89 * b * np.sin(turn), rng.uniform(1.0, 2.4), 0.8,
            turn=turn + np.pi / 2,
        )  # fmt: skip
        section.bone(dot, echo=-13.0, edge=float(rng.uniform(0.3, 1.0)), loss=loss)


def spine(section: Section, rng: np.random.Generator, a: float, b: float) -> None:
    """Vertebra across: the body and the two laminae around a dark canal, at the end -u."""
    scale = float(rng.uniform(0.9, 1.2)) * (a + b) / 2
    place = -0.70 * a
    soft = section.ellipse(place - 0.05 * a, 0, 0.25 * scale, 0.36 * scale)
    section.solid(soft, float(rng.uniform(-32, -24)), opacity=0.8, soft=1.5)
    for side in (-1, 1):
        flank = section.ellipse(place - 0.04 * a, side * 0.24 * scale, 0.13 * scale, 0.1 * scale)
        section.solid(flank, float(rng.uniform(-30, -22)), opacity=0.7, soft=1.0)
    canal = section.ellipse(place - 0.06 * a, 0, 0.07 * scale, 0.06 * scale)
    section.solid(canal, -48.0)
    level = float(rng.uniform(-20, -10))
    edge = float(rng.uniform(0.3, 1.0))
    loss = float(rng.uniform(25, 70))
    body = section.ellipse(place + 0.06 * scale, 0, 0.06 * scale, 0.075 * scale)
    section.bone(body, echo=level, edge=edge, loss=loss)
    for side in (-1, 1):
        lamina = section.stroke(
            wander(rng, [(place - 0.03 * scale, side * 0.1 * scale),
                         (place - 0.15 * scale, side * 0.06 * scale)], 0.008 * scale),
            float(rng.uniform(0.015, 0.024)) * scale,
        )  # fmt: skip
        section.bone(lamina, echo=level, edge=edge, loss=loss)
        if rng.random() < 0.6:
            process = section.stroke(
                [(place, side * 0.11 * scale), (place - 0.02 * a, side * 0.27 * scale)],
                0.01 * scale,
            )
            section.bone(process, echo=level - 5, edge=edge * 0.5, loss=loss * 0.5)

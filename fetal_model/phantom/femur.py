"""The thigh cut along the femur: shaft with shadow, cartilage ends, muscle, hip and knee."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.medium import Point, Section, smooth_noise, wander
from fetal_model.phantom.patient import Patient

PLANES = ("femur",)
WARP = 0.006


def shaft_length(patient: Patient) -> float:
    """Length of the ossified shaft, mm."""
    mean = mean_size("femur_length", patient.gestational_age_weeks)
    return mean * patient.size * patient.femur_size


def half_axes(patient: Patient) -> tuple[float, float]:
    """Half of the thigh's length and of its thickness in the plane, mm."""
    length = shaft_length(patient)
    return length * 0.72, length * 0.36


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the shaft against the horizontal, radians: within 35 degrees, either end left."""
    tilt = float(np.clip(rng.normal(0.0, 0.22), -0.61, 0.61))
    return tilt + np.pi * float(rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, detail: float) -> str:
    """Paint a thigh; u runs from the hip to the knee, v across. Marks the shaft as the outline.

    Arguments and return value as `brain.build`.
    """
    a, b = half_axes(patient)
    medium = section.medium
    length = shaft_length(patient)
    # v grows away from the probe, whichever way the thigh lies.
    away = 1.0 if section.to_space(0, 1)[1] > section.to_space(0, -1)[1] else -1.0
    _beyond(section, rng, a, b, away)
    thigh = section.ellipse(0, 0, a * 1.12, b, margin=4)
    window, distance = thigh
    u, v = section.u[window], section.v[window] * np.float32(away)
    level = float(rng.uniform(-31, -23))
    section.solid(thigh, level, edge=float(rng.uniform(0.1, 0.5)), soft=1.0)
    skin = float(rng.uniform(0.05, 0.12)) * b
    medium.fill(window, np.abs(distance + np.float32(skin)) - np.float32(skin),
                float(rng.uniform(-24, -14)), 0.0, 0.5, 0.8)  # fmt: skip
    # Muscle: fibres and fasciae run with the bone.
    fibres = _along(rng, u, v, b)
    medium.echo[window] += (
        np.clip(-distance / 2.0, 0, 1)
        * fibres
        * medium.patches[window]
        * np.float32(rng.uniform(0.5, 3.0))
    )
    bow = float(rng.normal(0.02, 0.025)) * length * away
    depth = float(rng.normal(-0.12, 0.14)) * b * away
    for _ in range(int(rng.integers(2, 6))):
        aside = rng.uniform(-0.75, 0.75) * b * away
        reach = rng.uniform(0.4, 0.95) * a
        start = rng.uniform(-0.8, 0.1) * a
        fascia = section.stroke(
            [(start, aside * 0.9), (start + reach / 2, aside), (start + reach, aside * 0.85)], 0.3
        )
        medium.reflect(*fascia, float(rng.uniform(0.05, 0.4)), 0.8, rest=0.05)

    def at(share: float) -> Point:
        return share * length / 2, depth + bow * (share * share - 0.4)

    _cartilage(section, rng, length, at, detail)
    half = float(np.clip(length * rng.uniform(0.018, 0.03), 0.7, 1.5))
    points = [at(s) for s in (-1.0, -0.72, -0.4, 0.0, 0.4, 0.72, 1.0)]
    shaft = section.stroke(points, half, margin=6)
    # The edge of the shaft wavers, and its brightness follows the angle and the roughness of bone.
    ragged = shaft[1] + np.float32(0.22 * half) * smooth_noise(rng, 60, 40)[shaft[0]]
    bright = float(rng.uniform(0.5, 1.6))
    level = float(rng.uniform(-17, -8))
    medium.fill(shaft[0], ragged, level + 2.5 * smooth_noise(rng, 24, 30)[shaft[0]],
                float(rng.uniform(50, 150)), 0.6)  # fmt: skip
    medium.reflect(shaft[0], ragged, bright * 0.35, half, rest=0.1, even=0.6)
    # The near cortex is the bright line; the far one is hidden behind it.
    rise = float(rng.uniform(0.2, 0.6)) * half
    crest = section.stroke([(p[0], p[1] - rise * away) for p in points], 0.2, margin=6)
    patchy = np.clip(1.0 + 0.25 * smooth_noise(rng, 2, 9)[crest[0]], 0.5, 1.5)
    medium.reflect(*crest, np.float32(bright) * patchy, half * float(rng.uniform(0.8, 1.4)),
                   rest=0.2, even=0.75)  # fmt: skip
    for end in (-1.0, 1.0):
        # The metaphyses flare; their corners give the crisp ends a caliper is set on.
        flare = float(rng.uniform(0.8, 1.9))
        tip = at(end)
        corner = section.stroke(
            [at(end * 0.84), (tip[0], tip[1] + 0.45 * half * away * flare)], half * flare * 0.6
        )
        section.bone(corner, echo=level, edge=bright * 0.4, loss=50.0)
    medium.outline[:] = 1e3
    medium.outline[shaft[0]] = shaft[1]
    return PLANES[0]


def _along(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, b: float) -> np.ndarray:
    """Fibre texture: bands across v that waver slowly along u."""
    out = np.zeros_like(v)
    for waves in (5.0, 9.5, 17.0):
        phase, slant = rng.uniform(0, 6.28), rng.normal(0, 0.03)
        out += np.sin(
            (v + np.float32(slant) * u) * np.float32(waves * 2 / b)
            + np.float32(0.8) * np.sin(u * np.float32(rng.uniform(0.05, 0.2)) + np.float32(phase))
        )
    return out.astype(np.float32) * np.float32(0.6)


def _cartilage(
    section: Section, rng: np.random.Generator, length: float, at: Callable[[float], Point],
    detail: float,
) -> None:  # fmt: skip
    """The unossified ends: dark, rounded, with a fine bright rim; knee and hip beyond them."""
    for end in (-1.0, 1.0):
        u, v = at(end)
        size = length * float(rng.uniform(0.09, 0.14))
        ball = section.ellipse(u + end * size * 0.75, v, size, size * rng.uniform(0.9, 1.25))
        section.solid(ball, float(rng.uniform(-42, -33)), edge=float(rng.uniform(0.05, 0.35)),
                      opacity=0.85)  # fmt: skip
        for _ in range(int(rng.integers(1, 5))):
            speck = section.ellipse(
                u + end * size * rng.uniform(0.6, 2.2), v + rng.normal(0, 0.8) * size,
                rng.uniform(0.7, 0.3 * size + 0.8), rng.uniform(0.6, 1.4),
                turn=float(rng.uniform(0, np.pi)),
            )  # fmt: skip
            section.solid(speck, float(rng.uniform(-20, -11)), edge=0.3 * detail)
    if rng.random() < 0.6:
        # The leg below the knee: a short bright piece at an angle, in its own soft tissue.
        u, v = at(1.0)
        turn = float(rng.uniform(0.7, 2.2)) * (1 if section.to_space(0, 1)[1] > 0 else -1)
        knee = u + 0.26 * length
        tip = (knee + 0.4 * length * np.cos(turn), v + 0.4 * length * abs(np.sin(turn)))
        soft = section.stroke([(knee, v), tip], 0.11 * length)
        section.solid(soft, float(rng.uniform(-30, -22)), edge=0.25)
        bone = section.stroke([(knee + 0.08 * length * np.cos(turn), v + 0.1 * length), tip], 0.8)
        section.bone(bone, echo=-14.0, edge=float(rng.uniform(0.2, 0.8)), loss=25.0)
    for _ in range(int(rng.integers(2, 7))):
        # Pelvis and hip: bright, irregular echoes behind the upper end.
        u, v = at(-1.0)
        piece = section.ellipse(
            u - length * rng.uniform(0.16, 0.42), v + length * rng.normal(0.08, 0.14),
            rng.uniform(1.0, 4.0), rng.uniform(0.7, 1.6), turn=float(rng.uniform(0, np.pi)),
        )  # fmt: skip
        section.bone(piece, echo=float(rng.uniform(-18, -10)), edge=0.4, loss=20.0)


def _beyond(section: Section, rng: np.random.Generator, a: float, b: float, away: float) -> None:
    """Trunk at the hip, and often the other thigh or leg below this one."""
    side = section.ellipse(-1.5 * a, away * 0.6 * b, 0.85 * a, 1.5 * b, margin=6)
    section.solid(side, float(rng.uniform(-29, -20)), edge=float(rng.uniform(0.1, 0.5)))
    if rng.random() < 0.65:
        lower = away * rng.uniform(1.7, 2.3) * b
        other = section.ellipse(rng.uniform(-0.3, 0.3) * a, lower, a, 0.75 * b,
                                turn=float(rng.normal(0, 0.12)))  # fmt: skip
        section.solid(other, float(rng.uniform(-30, -22)), edge=float(rng.uniform(0.2, 0.7)))
        for _ in range(int(rng.integers(2, 6))):
            start, at = rng.uniform(-0.7, 0.0) * a, lower + rng.uniform(-0.5, 0.5) * b
            line = section.stroke(
                wander(rng, [(start, at), (start + rng.uniform(0.3, 0.9) * a, at)], 0.4), 0.4
            )
            section.medium.reflect(*line, float(rng.uniform(0.1, 0.6)), 1.0, rest=0.1)

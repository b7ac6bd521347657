"""The fetal spine lengthwise: from the side (sagittal) and from behind (coronal).

Where no source is named, sizes are chosen to look as they do at the anomaly scan.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import mean_size
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, smooth_noise
from fetal_model.phantom.none_of_them.shapes import (
    Row,
    Shape,
    away,
    main_structure,
    outline,
    pool,
    row,
    texture,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import Map

WARP = 0.006
SAGITTAL, CORONAL = "spine-sagittal", "spine-coronal"
# Spine, neck to sacrum, over femur length (chosen).
SPINE_TO_FEMUR = 2.75
# Seven cervical, twelve thoracic and five lumbar vertebrae, and the sacrum.
VERTEBRAE = 28


def _sizes(patient: Patient) -> tuple[float, float]:
    """Length of the spine, and the trunk's radius, mm."""
    weeks = patient.gestational_age_weeks
    length = SPINE_TO_FEMUR * mean_size("femur_length", weeks) * patient.size
    girth = mean_size("abdominal_circumference", weeks) * patient.size * patient.abdomen_size
    return length, girth / (2 * np.pi)


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the length and of the depth of the trunk in the plane, mm."""
    length, radius = _sizes(patient)
    return 0.56 * length, radius * (0.95 if plane == CORONAL else 1.0)


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the spine against the horizontal, radians: within 35 degrees, either end left."""
    tilt = float(np.clip(rng.normal(0.0, 0.2), -0.61, 0.61))
    return tilt + np.pi * float(rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a trunk along its spine; u runs from neck to sacrum, v across.

    In the sagittal plane the back most often faces the probe. Off the plane the row of bodies
    breaks up from one end, as a section oblique to the spine leaves it. Arguments as `brain.build`.
    """
    if cut.plane == CORONAL:
        _coronal(section, rng, patient, cut)
    else:
        _sagittal(section, rng, patient, cut)


def _stretch(cut: Cut, tail: bool) -> tuple[float, float]:
    """The part of the spine that the section still meets, as shares of its length."""
    gone = 0.75 * abs(cut.offset) ** 1.3
    return (gone, 1.0) if (cut.offset > 0) == tail else (0.0, 1.0 - gone)


def _sagittal(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    length, radius = _sizes(patient)
    up = rng.random() < 0.8
    back = -away(section) if up else away(section)
    bend = float(rng.uniform(0.02, 0.12)) * length
    sacrum = float(rng.uniform(0.3, 1.1)) * bend

    def place(share: float, forward: float) -> Point:
        """Point so far along the spine (0 to 1) and in front of the back's chord (mm)."""
        return (share - 0.5) * length, -back * forward

    # The back is round; the sacrum and the neck turn away from the chord.
    depths = [
        bend * (1 - np.sin(np.pi * min(1.0, s * 1.08)) ** 0.8) + sacrum * max(0.0, s - 0.8) * 3
        for s in np.linspace(0, 1, 25)
    ]
    start = -0.62 * radius
    curve = [place(float(s), start + d) for s, d in zip(np.linspace(0, 1, 25), depths, strict=True)]
    skin = float(rng.uniform(0.16, 0.26)) * radius
    rear = [(u, v + back * skin) for u, v in curve[::3]]
    belly = [
        place(s, d * radius)
        for s, d in ((1.08, 0.15), (0.95, 0.75), (0.72, 1.0), (0.45, 0.95), (0.2, 0.7), (0.02, 0.3))
    ]
    trunk = outline(section, rear + belly)
    pool(section, rng, trunk, half_axes(patient, SAGITTAL), least_mm=-3.0, most_mm=9.0)
    _organs(section, rng, trunk, cut)
    lay = row(section, curve, radius)
    first, last = _stretch(cut, bool(rng.random() < 0.5))
    window = lay.window
    forward = np.float32(-back) * lay.t
    lay = Row(window, lay.s, forward, lay.length)
    gap = float(rng.uniform(0.11, 0.155)) * radius
    flesh = lay.band(-0.5 * skin, 0.5 * skin - 0.4, first, last)
    tissue(section, rng, flesh, float(rng.uniform(-33, -26)), opacity=0.8)
    canal = lay.band(gap * 0.1, gap, first, last)
    section.medium.fill(*canal, float(rng.uniform(-48, -40)), 0.0, 0.4)
    cord = lay.band(0.1 * gap, 0.42 * gap, first, 0.82 * last)
    section.medium.fill(*cord, -38.0, 0.0, 0.3, 0.8)
    section.medium.reflect(*cord, float(rng.uniform(0.05, 0.25)), 0.4, rest=0.05)
    section.medium.mark(canal, "spinal canal")
    _row(section, rng, lay, gap * 1.45, 0.36, gap * 0.4, (first, last), "vertebral body")
    _row(section, rng, lay, -gap * 1.15, 0.46, gap * 0.28, (first, last), "vertebral arch")
    main_structure(section, lay.band(gap * 0.15, gap * 1.9, first, last))


def _row(
    section: Section, rng: np.random.Generator, lay: Row, offset: float | Map, long: float,
    high: float, stretch: tuple[float, float], structure: str,
) -> None:  # fmt: skip
    """A row of ossification centres: bright, each with its shadow, some fainter than others."""
    beads = lay.beads(VERTEBRAE, offset, long, max(high, 0.55), *stretch)
    window = lay.window
    uneven = 1.8 * smooth_noise(rng, 5, 14)[window]
    ends = np.clip(-lay.beyond(*stretch) / np.float32(0.1 * lay.length), 0.0, 1.0)
    loss = float(rng.uniform(25, 70))
    level = np.float32(rng.uniform(-12, -6)) - 7.0 * (1.0 - ends)
    section.medium.fill(*beads, level + uneven, loss, 0.6)
    strength = np.float32(rng.uniform(0.4, 1.1)) * (0.2 + 0.8 * ends)
    section.medium.reflect(*beads, strength, 0.8, rest=0.1, even=0.3)
    # Cartilage between the centres carries the line on.
    line = lay.band(offset, 0.35 * max(high, 0.55), *stretch)
    section.medium.fill(*line, -17.0, 3.0, 0.6, float(rng.uniform(0.2, 0.75)))
    section.medium.mark(beads, structure, least_mm=0.4)


def _organs(section: Section, rng: np.random.Generator, trunk: Shape, cut: Cut) -> None:
    """Trunk in front of the spine: dim, with hints of lung, diaphragm, liver and vessels."""
    window, distance = trunk
    medium = section.medium
    medium.fill(
        window,
        distance,
        np.float32(rng.uniform(-31, -24)) + texture(section, rng, window, 2.2),
        0.0,
        0.8,
    )
    medium.reflect(window, distance, float(rng.uniform(0.1, 0.4)), 0.7, rest=0.02)
    medium.mark(trunk, "soft tissue")
    u = section.u[window]
    dome = np.abs(u - np.float32(rng.uniform(-8, 6)) - 0.01 * np.square(section.v[window]))
    line = np.maximum(dome - np.float32(0.4), distance + 2.0)
    medium.fill(window, line, -40.0, 0.0, 0.6, 0.7 * cut.detail)
    for _ in range(int(rng.integers(2, 6))):
        spot = section.ellipse(rng.uniform(-20, 25), rng.uniform(-4, 8), rng.uniform(1.5, 6.0),
                               rng.uniform(0.8, 2.5), turn=float(rng.normal(0, 0.5)))  # fmt: skip
        section.cavity(spot, echo=-44.0, wall=0.1, opacity=0.7 * cut.detail)


def _coronal(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    length, radius = _sizes(patient)
    bend = rng.normal(0.0, (0.025, 0.008)) * length
    shift = float(rng.normal(0.0, 0.18)) * radius
    half = float(rng.uniform(0.75, 0.95)) * radius
    shares = np.linspace(0, 1, 25)
    sway = bend[0] * np.sin(np.pi * shares) + bend[1] * np.sin(2 * np.pi * shares)
    curve = [
        ((float(s) - 0.5) * length, shift + float(d)) for s, d in zip(shares, sway, strict=True)
    ]
    flank = [(-0.54, 0.3), (-0.4, 0.62), (-0.15, 0.85), (0.15, 0.95), (0.42, 0.8), (0.56, 0.3)]
    ring = flank + [(u, -v) for u, v in reversed(flank)]
    trunk = outline(section, [(u * length, v * half) for u, v in ring])
    pool(section, rng, trunk, half_axes(patient, CORONAL), least_mm=-3.0, most_mm=9.0)
    _organs(section, rng, trunk, cut)
    lay = row(section, curve, radius)
    stretch = _stretch(cut, bool(rng.random() < 0.5))
    share = np.clip(lay.s / np.float32(lay.length), 0.0, 1.0)
    # Wider in the neck and the loin, coming together at the sacrum.
    gap = np.float32(rng.uniform(0.10, 0.15) * radius)
    wide = gap * (1.0 + 0.18 * np.cos(4 * np.pi * share) - np.clip((share - 0.75) * 3.0, 0, 0.75))
    _ribs(section, rng, lay, trunk, half)
    canal = lay.window, np.maximum(np.abs(lay.t) - wide, lay.beyond(*stretch))
    section.medium.fill(*canal, float(rng.uniform(-42, -34)), 0.0, 0.5)
    section.medium.mark(canal, "spinal canal")
    size = float(gap) * 0.3
    if rng.random() < 0.5:
        _row(section, rng, lay, 0.0, 0.4, size, stretch, "vertebral body")
    both = Row(lay.window, lay.s, np.abs(lay.t), lay.length)
    _row(section, rng, both, wide, 0.43, size, stretch, "vertebral arch")
    main_structure(section, (lay.window, canal[1] - gap * np.float32(0.4)))


def _ribs(section: Section, rng: np.random.Generator, lay: Row, trunk: Shape, half: float) -> None:
    """Ribs to both sides of the chest: a comb of fine bright lines and their shadows."""
    slant = float(rng.uniform(0.1, 0.6))
    along = np.asarray(lay.s - np.float32(slant) * np.abs(lay.t), np.float32)
    sloped = Row(lay.window, along, np.abs(lay.t), lay.length)
    strength = float(rng.uniform(0.4, 1.0))
    window, distance = trunk
    medium = section.medium
    within = np.full(medium.x.shape, 1e3, np.float32)
    within[window] = distance
    reach = float(rng.uniform(0.3, 0.42)) * half
    comb = sloped.beads(VERTEBRAE, reach + 0.18 * half, 0.2, reach, 0.24, 0.66)
    comb = comb[0], np.maximum(comb[1], within[lay.window] + 1.5)
    medium.fill(*comb, float(rng.uniform(-19, -13)), float(rng.uniform(8, 25)), 0.5, strength)
    medium.reflect(*comb, 0.5 * strength, 0.8, rest=0.05)
    medium.mark(comb, "rib", least_mm=0.2)

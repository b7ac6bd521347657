"""The thigh cut along the femur: shaft with shadow, cartilage ends, muscle, hip and knee."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fetal_model.phantom.biometry import mean_size, standard_deviation
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, Window, smooth_noise, wander
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import Map

WARP = 0.006
SHORT_FEMUR = "short femur"
VISIBLE = 0.35
"""A structure is named in the label map where the section meets at least so much of it."""


def shaft_length(patient: Patient) -> float:
    """Length of the ossified shaft, mm, when nothing is wrong with it."""
    mean = mean_size("femur_length", patient.gestational_age_weeks)
    return mean * patient.size * patient.femur_size


def short_shaft_length(patient: Patient, deviations: float) -> float:
    """Length (mm) of a shaft that is so many standard deviations below the mean for age."""
    weeks = patient.gestational_age_weeks
    return mean_size("femur_length", weeks) - deviations * standard_deviation("femur_length", weeks)


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the thigh's length and of its thickness in the plane, mm."""
    length = shaft_length(patient)
    return length * 0.95, length * 0.36


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the shaft against the horizontal, radians: within 35 degrees, either end left."""
    tilt = float(np.clip(rng.normal(0.0, 0.18), -0.61, 0.61))
    return tilt + np.pi * float(rng.integers(0, 2))


@dataclass(frozen=True)
class _Thigh:
    """A thigh on its section: along `u` from hip (negative) to knee, `deep` away from the probe.

    Attributes:
        section: Where it is painted.
        size: Length of a normal shaft at this age, mm: the scale of the soft tissue.
        length: Length of this shaft, mm.
        bow: How far the middle of the shaft is deeper than its ends, mm.
        depth: Depth of the shaft in the thigh, mm from its axis.
        away: 1 where v grows away from the probe, else -1.
    """

    section: Section
    size: float
    length: float
    bow: float
    depth: float
    away: float

    def place(self, u: float, deep: float) -> Point:
        """Point (u, v) of the section."""
        return u, deep * self.away

    def on_shaft(self, share: float) -> Point:
        """Point of the shaft's axis: share -1 is the hip end, 1 the knee end."""
        bend = self.bow * (0.4 - share * share)
        return self.place(share * self.length / 2, self.depth + bend)


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a thigh; u runs from the hip to the knee, v across. Marks the shaft as the outline.

    Off the plane the section leaves the bone, at one end first, and what is left is short.

    Arguments as `brain.build`.
    """
    size = shaft_length(patient)
    short = short_shaft_length(patient, float(rng.uniform(2.5, 4.5)))
    length = short if cut.pathology == SHORT_FEMUR else size
    thigh = _Thigh(
        section, size, length,
        bow=float(rng.normal(0.035, 0.03)) * length,
        depth=float(rng.normal(0.03, 0.04)) * size,
        away=1.0 if section.to_space(0, 1)[1] > section.to_space(0, -1)[1] else -1.0,
    )  # fmt: skip
    _beyond(thigh, rng)
    _soft_tissue(thigh, rng)
    _ends(thigh, rng, cut, patient.gestational_age_weeks)
    _shaft(thigh, rng, cut)


def _tapered(
    section: Section, points: list[Point], half_widths: list[float], margin: float = 4.0
) -> tuple[Window, Map]:
    """Signed distance (mm) to a rounded stroke whose half width changes from point to point."""
    us, vs = zip(*points, strict=True)
    middle = ((min(us) + max(us)) / 2, (min(vs) + max(vs)) / 2)
    reach = float(np.hypot(max(us) - min(us), max(vs) - min(vs))) / 2 + max(half_widths) + margin
    window = section.window(*middle, reach)
    u, v = section.u[window], section.v[window]
    best = np.full_like(u, np.inf)
    for (start, end), (wide, narrow) in zip(pairwise(points), pairwise(half_widths), strict=True):
        du, dv = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
        from_u, from_v = u - np.float32(start[0]), v - np.float32(start[1])
        along = np.clip((from_u * du + from_v * dv) / (du * du + dv * dv), 0.0, 1.0)
        distance = np.hypot(from_u - along * du, from_v - along * dv)
        np.minimum(best, distance - np.float32(wide) - along * np.float32(narrow - wide), out=best)
    return window, best


def _soft_tissue(thigh: _Thigh, rng: np.random.Generator) -> None:
    """Skin, bright fat under it, and muscle whose fibres and fasciae run with the bone."""
    section, size = thigh.section, thigh.size
    medium = section.medium
    widths = size * np.array([0.46, 0.42, 0.34, 0.27, 0.23]) * float(rng.uniform(0.8, 1.15))
    axis = [thigh.place(share * size, sag * size) for share, sag in
            ((-0.8, 0.03), (-0.4, 0.01), (0.0, 0.0), (0.4, 0.0), (0.66, 0.01))]  # fmt: skip
    limb = _tapered(section, axis, widths.tolist())
    window, distance = limb
    muscle = float(rng.uniform(-34, -24))
    fat = float(rng.uniform(0.03, 0.08)) * size
    section.solid(limb, float(rng.uniform(-27, -18)), soft=1.0)
    medium.mark(limb, "thigh")
    # Only the side towards the probe shows its skin; the far side is lost behind the bone.
    deep = section.v[window] * np.float32(thigh.away)
    near = np.clip(0.5 - deep / np.float32(0.3 * size), 0.15, 1.0)
    medium.reflect(window, distance, float(rng.uniform(0.1, 0.55)) * near, 0.6, rest=0.1, even=0.3)
    inner = distance + np.float32(fat)
    fibres = _fibres(rng, section.u[window], section.v[window], 0.3 * size)
    fibres *= medium.patches[window] * np.float32(rng.uniform(1.0, 3.5))
    medium.fill(window, inner, np.float32(muscle) + fibres, 0.0, 0.8)
    medium.reflect(window, inner, float(rng.uniform(0.05, 0.3)) * near, 0.6, rest=0.05)
    for _ in range(int(rng.integers(1, 5))):
        aside = thigh.depth - size * rng.uniform(0.09, 0.22)
        start, reach = rng.uniform(-0.5, 0.0) * size, rng.uniform(0.3, 0.7) * size
        fascia = section.stroke(
            wander(rng, [thigh.place(start + reach * s, aside) for s in (0.0, 0.5, 1.0)], 0.3), 0.1
        )
        medium.reflect(*fascia, float(rng.uniform(0.03, 0.3)), 0.5, rest=0.05)


def _fibres(rng: np.random.Generator, u: Map, v: Map, b: float) -> Map:
    """Fibre texture: bands across v that waver slowly along u."""
    out = np.zeros_like(v)
    for waves in (5.0, 9.5, 17.0):
        phase, slant = rng.uniform(0, 6.28), rng.normal(0, 0.03)
        out += np.sin(
            (v + np.float32(slant) * u) * np.float32(waves * 2 / b)
            + np.float32(0.8) * np.sin(u * np.float32(rng.uniform(0.05, 0.2)) + np.float32(phase))
        )
    return out * np.float32(0.6)


def _shaft(thigh: _Thigh, rng: np.random.Generator, cut: Cut) -> None:
    """The ossified shaft: a brilliant near surface, blunt flared ends, and a clean shadow."""
    section = thigh.section
    medium = section.medium
    gone = abs(cut.offset) ** 1.5
    side = 1.0 if cut.offset >= 0 else -1.0
    first, last = sorted((side * (1.0 - 1.35 * gone), side * (0.3 * gone - 1.0)))
    half = float(np.clip(thigh.size * rng.uniform(0.022, 0.034), 0.7, 1.8))
    points = [thigh.on_shaft(float(s)) for s in np.linspace(first, last, 9)]
    shaft = section.stroke(points, half, margin=6)
    window, distance = shaft
    ragged = distance + np.float32(0.15 * half) * smooth_noise(rng, 60, 40)[window]
    shadow_db = float(rng.uniform(7.0, 36.0))
    level = float(rng.uniform(-13, -6))
    medium.fill(window, ragged, level + 1.5 * smooth_noise(rng, 24, 30)[window],
                shadow_db / (0.2 * half), 0.5)  # fmt: skip
    # The near cortex is the bright line; the far one is hidden behind it.
    bright = float(rng.uniform(1.8, 4.0))
    rise = float(rng.uniform(0.2, 0.6)) * half * thigh.away
    crest = section.stroke([(u, v - rise) for u, v in points], 0.2, margin=6)
    patchy = np.clip(1.0 + 0.15 * smooth_noise(rng, 2, 9)[crest[0]], 0.6, 1.4)
    medium.reflect(*crest, np.float32(bright) * patchy, half * float(rng.uniform(0.9, 1.5)),
                   rest=0.3, even=0.9)  # fmt: skip
    medium.mark(shaft, "femoral shaft", least_mm=0.3)
    for end in (first, last):
        # The metaphyses flare; their corners give the crisp ends a caliper is set on.
        flare = half * float(rng.uniform(0.3, 1.1))
        u, v = thigh.on_shaft(end)
        across = thigh.away * flare
        corner = section.stroke([(u, v - 0.3 * across), (u, v + across)], 0.6 * half)
        section.bone(corner, echo=level, edge=bright * 0.2, loss=shadow_db / (0.2 * half))
        if abs(end) > 0.9:
            medium.mark(corner, "metaphysis", least_mm=0.2)
    medium.outline[:] = 1e3
    medium.outline[window] = distance


def _ends(thigh: _Thigh, rng: np.random.Generator, cut: Cut, weeks: float) -> None:
    """The unossified ends: dark, rounded, with a fine bright rim; knee and hip beyond them."""
    section, size = thigh.section, thigh.size
    medium = section.medium
    for end in (-1.0, 1.0):
        shown = cut.shows(-0.15 * end, 0.5)
        u, v = thigh.on_shaft(end)
        radius = size * float(rng.uniform(0.09, 0.125))
        ball = section.ellipse(u + end * radius * 0.8, v, radius, radius * rng.uniform(1.0, 1.35))
        section.solid(ball, float(rng.uniform(-44, -35)), edge=float(rng.uniform(0.0, 0.2)) * shown,
                      opacity=float(rng.uniform(0.6, 0.95)) * shown, soft=1.0)  # fmt: skip
        if shown > VISIBLE:
            medium.mark(ball, "epiphyseal cartilage")
        # From about 32 weeks on bone forms in the distal epiphysis.
        centre = float(np.clip((weeks - 32.0) / 8.0, 0.0, 1.0)) * 0.5 * radius
        if end > 0 and centre > 0.3:
            core = section.ellipse(u + radius * 0.85, v, centre, centre * 0.8)
            section.bone(core, echo=-12.0, edge=0.5 * shown, loss=30.0 * shown)
    # Pelvis and hip: bright, irregular echoes behind the upper end.
    u, v = thigh.on_shaft(-1.0)
    for _ in range(int(rng.integers(3, 8))):
        piece = section.ellipse(
            u - size * rng.uniform(0.24, 0.5), v + size * rng.normal(0.06, 0.13) * thigh.away,
            size * rng.uniform(0.03, 0.1), size * rng.uniform(0.015, 0.035),
            turn=float(rng.uniform(0, np.pi)),
        )  # fmt: skip
        section.solid(piece, float(rng.uniform(-22, -12)), edge=float(rng.uniform(0.1, 0.5)),
                      loss=10.0, soft=1.0)  # fmt: skip
    _lower_leg(thigh, rng)


def _lower_leg(thigh: _Thigh, rng: np.random.Generator) -> None:
    """The leg below the bent knee: shin in its soft tissue, seen in one scan out of two."""
    section, size = thigh.section, thigh.size
    seen = rng.random() < 0.5
    turn = float(rng.uniform(0.9, 2.3))
    wide = size * float(rng.uniform(0.1, 0.14))
    echo, edge, shine = rng.uniform(-30, -22), rng.uniform(0.1, 0.3), rng.uniform(0.2, 0.7)
    if not seen:
        return
    knee = thigh.place(0.62 * size, thigh.depth + 0.06 * size)
    tip = (knee[0] + 0.6 * size * np.cos(turn), knee[1] + 0.6 * size * np.sin(turn) * thigh.away)
    section.solid(section.stroke([knee, tip], wide), float(echo), edge=float(edge), soft=1.0)
    start = (0.7 * knee[0] + 0.3 * tip[0], 0.7 * knee[1] + 0.3 * tip[1])
    section.bone(section.stroke([start, tip], 0.7), echo=-16.0, edge=float(shine), loss=25.0)


def _beyond(thigh: _Thigh, rng: np.random.Generator) -> None:
    """Trunk at the hip, and often the other thigh below this one."""
    section, size = thigh.section, thigh.size
    trunk = section.ellipse(*thigh.place(-1.35 * size, 0.3 * size), 0.75 * size, 0.68 * size)
    section.solid(
        trunk, float(rng.uniform(-29, -21)), edge=float(rng.uniform(0.05, 0.35)), soft=1.5
    )
    seen = rng.random() < 0.6
    deep = size * float(rng.uniform(0.62, 0.85))
    start, slant = rng.uniform(-0.5, 0.1) * size, rng.normal(0.0, 0.1) * size
    ends = [thigh.place(start - 0.5 * size, deep), thigh.place(start + 0.6 * size, deep + slant)]
    widths = [0.24 * size, 0.15 * size]
    echo, edge = float(rng.uniform(-31, -23)), float(rng.uniform(0.05, 0.35))
    shine = float(rng.uniform(0.0, 0.4))
    if not seen:
        return
    other = _tapered(section, ends, widths)
    section.solid(other, echo, edge=edge, soft=1.0)
    section.medium.mark(other, "other thigh")
    (u, v), (end_u, end_v) = ends
    bone = [(u + s * (end_u - u), v + s * (end_v - v)) for s in (0.2, 0.9)]
    section.solid(section.stroke(bone, 0.5), echo + 6.0, edge=shine, loss=40.0, soft=1.0)

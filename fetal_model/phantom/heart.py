"""The heart in the four-chamber plane: chambers, septa, valves, moderator band, foramen ovale.

`Heart` is the frame of reference that the outflow planes share. Where no source is named, shapes
are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fetal_model.phantom.medium import Point, Section, Window, smooth_noise, wander
from fetal_model.phantom.probe import Map
from fetal_model.phantom.trunk import name

CARDIOMEGALY = "cardiomegaly"
"""Pathology: the heart fills more than half of the chest's area."""


def joined(*distances: Map, rounding: float) -> Map:
    """Signed distance to the overlap of shapes, its corners rounded by about `rounding` mm."""
    scale = np.float32(1.0 / rounding)
    total = np.exp(np.minimum(distances[0] * scale, 40.0))
    for distance in distances[1:]:
        total += np.exp(np.minimum(distance * scale, 40.0))
    return np.float32(rounding) * np.log(total + np.float32(1e-12))


@dataclass(frozen=True)
class Heart:
    """The heart's own frame: along its axis from base (-1) to apex (1), aside to its left.

    Attributes:
        section: The section of the chest it lies in.
        centre: Middle, (u, v), mm.
        axis: Direction of the apex from the front towards the left, radians.
        length, breadth: Half of its extent along and across the axis, mm.
        window: The part of the grid around it.
        along, aside: Position in that window, mm.
        outline: Signed distance to its surface, mm: an egg, broad at the base, inside the chest.
    """

    section: Section
    centre: Point
    axis: float
    length: float
    breadth: float
    window: Window
    along: Map
    aside: Map
    outline: Map

    def place(self, along: float, aside: float) -> Point:
        """A point of the heart in the section's frame, mm."""
        s, t = along * self.length, aside * self.breadth
        cos, sin = float(np.cos(self.axis)), float(np.sin(self.axis))
        return self.centre[0] + s * cos - t * sin, self.centre[1] + s * sin + t * cos

    def places(self, *points: Point) -> list[Point]:
        """Several points."""
        return [self.place(*point) for point in points]


def draw_heart(
    section: Section, rng: np.random.Generator, a: float, b: float, *, enlarged: bool = False,
    scale: float = 1.0,
) -> Heart:  # fmt: skip
    """Draw the heart's place and size in a chest with inner half axes a, b (mm).

    It lies in front and to the left, its axis at 45 degrees (within 25 to 65), and takes a third
    of the chest (ISUOG practice guidelines: fetal cardiac screening, Ultrasound Obstet Gynecol
    2023;61:788-803); an enlarged one takes more than half. `scale` is for sections off the plane.
    """
    axis = float(np.clip(rng.normal(0.78, 0.16), 0.45, 1.12))
    length = float(rng.uniform(0.58, 0.7))
    breadth = length * float(rng.uniform(0.76, 0.86))
    centre = (float(rng.uniform(0.2, 0.3)) * a, float(rng.uniform(0.14, 0.24)) * b)
    if enlarged:
        grown = float(np.sqrt(rng.uniform(0.58, 0.66) / (length * breadth)))
        length, breadth = length * grown, breadth * grown
        centre = (0.4 * centre[0], 0.4 * centre[1])
    length, breadth = length * a * scale, breadth * a * scale
    window = section.window(*centre, 1.25 * max(length, breadth) + 3.0)
    du = section.u[window] - np.float32(centre[0])
    dv = section.v[window] - np.float32(centre[1])
    cos, sin = np.float32(np.cos(axis)), np.float32(np.sin(axis))
    along, aside = du * cos + dv * sin, dv * cos - du * sin
    taper = np.clip(1.0 - np.float32(0.2 / length) * along, 0.7, 1.3)
    p, q = np.square(along / np.float32(length)), np.square(aside / (np.float32(breadth) * taper))
    radius = np.sqrt(p + q)
    slope = np.sqrt(p / np.float32(length**2) + q / np.float32(breadth**2)) + np.float32(1e-4)
    egg = radius * (radius - 1.0) / slope
    chest = np.hypot(section.u[window] / np.float32(a), section.v[window] / np.float32(b))
    chest = (chest - 1.0) * np.float32(min(a, b)) + np.float32(0.8)
    ragged = np.float32(0.22) * smooth_noise(rng, 44, 36)[window]
    outline = joined(egg, chest, rounding=0.5) + ragged
    return Heart(section, centre, axis, length, breadth, window, along, aside, outline)


def paint_muscle(heart: Heart, rng: np.random.Generator, level: float, shown: float = 1.0) -> float:
    """Fill the heart with muscle, darker than a lung of echogenicity `level`; its own, dB."""
    muscle = level - float(rng.uniform(1.0, 7.0))
    shape = (heart.window, heart.outline)
    grain = np.float32(1.8) * smooth_noise(rng, 70, 60)[heart.window]
    heart.section.medium.fill(*shape, np.float32(muscle) + grain, 0.0, 1.2, shown)
    heart.section.medium.reflect(*shape, shown * float(rng.uniform(0.02, 0.2)), 0.7)
    name(heart.section, shape, "myocardium", shown)
    return muscle


def draw_blood(rng: np.random.Generator) -> float:
    """Echogenicity of blood, dB: black, or grey where side lobes and haze fill it."""
    return float(rng.choice([-60.0, -50.0, -42.0], p=[0.3, 0.35, 0.35]))


def leaflet(heart: Heart, points: list[Point], structure: str, edge: float, shown: float) -> None:
    """A valve's leaflet: a thin line, bright where it faces the beam."""
    shape = heart.section.stroke(heart.places(*points), 0.2)
    heart.section.solid(shape, -20.0, soft=0.5, opacity=0.9 * shown)
    heart.section.medium.reflect(*shape, edge * shown, 0.3, rest=0.1)
    name(heart.section, shape, structure, shown, least_mm=0.4)


def septum(
    heart: Heart, rng: np.random.Generator, points: list[Point], half: float, level: float,
    edge: float, structure: str, shown: float,
) -> None:  # fmt: skip
    """The bright core of a wall between chambers along `points`; `half` its thickness in mm.

    It fades where the beam runs along it, as the atrial septum does in an apical view.
    """
    path = wander(rng, heart.places(*points), 0.01 * heart.length)
    shape = heart.section.stroke(path, half)
    window, distance = shape
    along: Map = np.float32(1.0) - np.square(heart.section.medium.facing(distance))
    core = np.float32(level) - np.float32(3.0) * along
    heart.section.medium.fill(window, distance, core, 0.0, 0.7, shown)
    heart.section.medium.reflect(
        window, distance + np.float32(half), edge * shown, 0.6, rest=0.03, even=0.4
    )
    name(heart.section, shape, structure, shown)


def paint_four_chambers(
    heart: Heart, rng: np.random.Generator, level: float, detail: float, shown: float
) -> None:
    """The heart cut through all four chambers.

    Args:
        heart: Where it lies.
        rng: Source of the variation.
        level: Echogenicity of the lungs, dB.
        detail: Contrast of the thin structures, 0 to 1.
        shown: How near the section is to the plane, 0 to 1.
    """
    muscle = paint_muscle(heart, rng, level, min(1.0, shown * 1.5))
    blood = draw_blood(rng)
    clear = max(0.8, detail) * shown
    beat = float(rng.uniform(0.0, 1.0))  # 0 systole: small ventricles, large atria
    crux = float(rng.uniform(-0.2, -0.05))
    # The tricuspid valve hangs a little nearer to the apex than the mitral.
    tricuspid = crux + float(rng.uniform(0.05, 0.08))
    wall = float(rng.uniform(0.14, 0.21)) * (1.25 - 0.4 * beat) * heart.breadth
    septal = float(rng.uniform(0.07, 0.11)) * (1.2 - 0.3 * beat) * heart.breadth
    thin = float(rng.uniform(0.03, 0.05)) * heart.breadth
    _chambers(heart, 1, crux, beat, wall, septal, blood, clear)
    _chambers(heart, -1, tricuspid, beat, wall, septal, blood, clear)
    _trabeculae(heart, rng, tricuspid, muscle, clear)

    edge = float(rng.uniform(0.2, 0.8)) * detail
    bright = muscle + float(rng.uniform(2.0, 8.0))
    septum(heart, rng, [(crux + 0.1, 0.0), (0.4, 0.02), (0.74, 0.03)], 0.5 * septal, bright - 1.0,
           edge, "ventricular septum", clear)  # fmt: skip
    septum(heart, rng, [(crux, 0.0), (crux + 0.14, 0.0)], thin, bright, edge,
           "ventricular septum", clear)  # fmt: skip
    septum(heart, rng, [(crux, 0.0), (crux - 0.2, 0.01)], thin, bright, edge, "atrial septum",
           clear)  # fmt: skip
    septum(heart, rng, [(crux - 0.46, -0.01), (-0.85, 0.0)], thin, bright, edge, "atrial septum",
           clear)  # fmt: skip
    flap = [(crux - 0.19, 0.04), (crux - 0.32, rng.uniform(0.12, 0.26)), (crux - 0.48, 0.05)]
    leaflet(heart, flap, "atrial septum", 0.5 * edge, 0.7 * clear)
    _valves(heart, rng, crux, tricuspid, beat, bright, edge, detail * shown)
    if rng.random() < 0.2:  # a bright papillary muscle, a variant of the normal
        focus = heart.section.ellipse(*heart.place(crux + 0.4, 0.42), 0.7, 0.7)
        heart.section.solid(focus, level + 6.0, opacity=detail * shown)


def _chambers(
    heart: Heart, side: int, valve: float, beat: float, wall: float, septal: float, blood: float,
    shown: float,
) -> None:  # fmt: skip
    """Atrium and ventricle of one side (1 left, -1 right), joined where the valve is open."""
    section = heart.section
    rounding = 0.09 * heart.breadth
    beyond = heart.along - np.float32(valve * heart.length)
    aside = np.float32(-side) * heart.aside
    gap = np.float32(0.02 * heart.length)
    ventricle = [heart.outline + np.float32(wall), aside + np.float32(septal), gap - beyond]
    if side < 0:  # the right ventricle ends before the apex
        ventricle.append(heart.along - np.float32(0.74 * heart.length))
    atrium = [heart.outline + np.float32(0.4 * wall), aside, beyond + gap]
    names = ("left ventricle", "left atrium") if side > 0 else ("right ventricle", "right atrium")
    for parts, structure in zip((ventricle, atrium), names, strict=True):
        space = (heart.window, joined(*parts, rounding=rounding))
        section.cavity(space, echo=blood, wall=0.05, opacity=shown, soft=1.2)
        name(section, space, structure, shown, least_mm=0.0)
    inflow = section.ellipse(
        *heart.place(valve, side * 0.42), 0.22 * heart.length, (0.12 + 0.16 * beat) * heart.breadth,
        turn=heart.axis,
    )  # fmt: skip
    section.cavity(inflow, echo=blood, wall=0.0, opacity=min(1.0, 0.3 + beat) * shown, soft=0.8)


def _trabeculae(
    heart: Heart, rng: np.random.Generator, tricuspid: float, muscle: float, shown: float
) -> None:
    """Papillary muscles, the rough right apex, and the moderator band that crosses before it."""
    rough = heart.section.ellipse(
        *heart.place(0.64, -0.36), 0.14 * heart.length, 0.2 * heart.breadth, turn=heart.axis
    )
    heart.section.solid(rough, muscle, opacity=0.6 * shown, soft=1.5)
    for side in (0.3, 0.62):  # the papillary muscles of the left ventricle
        papillary = heart.section.ellipse(
            *heart.place(tricuspid + rng.uniform(0.3, 0.45), side), 0.1 * heart.length,
            0.06 * heart.breadth, turn=heart.axis,
        )  # fmt: skip
        heart.section.solid(papillary, muscle, opacity=float(rng.uniform(0, 0.6)) * shown, soft=1)
    reach = tricuspid + rng.uniform(0.5, 0.62)
    path = heart.places((reach + 0.08, -0.04), (reach, -0.3), (reach - 0.04, -0.7))
    band = heart.section.stroke(path, float(rng.uniform(0.035, 0.06)) * heart.breadth)
    heart.section.solid(band, muscle, opacity=0.85 * shown)
    name(heart.section, band, "moderator band", shown)


def _valves(
    heart: Heart, rng: np.random.Generator, crux: float, tricuspid: float, beat: float,
    bright: float, edge: float, shown: float,
) -> None:  # fmt: skip
    """Mitral and tricuspid leaflets from the septum and the grooves; open in diastole."""
    groove = float(rng.uniform(0.1, 0.2))
    for side, hinge, structure in ((1, crux, "mitral valve"), (-1, tricuspid, "tricuspid valve")):
        notch = heart.section.ellipse(
            *heart.place(hinge, side * 0.9), 0.07 * heart.length, groove * heart.breadth,
            turn=heart.axis,
        )  # fmt: skip
        heart.section.solid(notch, bright, opacity=0.8 * shown, soft=0.8)
        tip = hinge + rng.uniform(0.06, 0.3) * beat
        leaflet(heart, [(hinge, side * 0.03), (tip, side * 0.36)], structure, 0.8 * edge, shown)
        leaflet(heart, [(hinge, side * 0.78), (tip, side * 0.42)], structure, 0.8 * edge, shown)

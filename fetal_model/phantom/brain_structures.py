"""What lies inside the fetal skull above the tentorium: midline, ventricles, thalami, cortex.

Places are given in shares of the head's half axes (a along u, from occiput to forehead; b along v,
from the midline to the side), sizes in mm where they are measured in practice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fetal_model.phantom.biometry import (
    ATRIUM_MEAN_MM,
    ATRIUM_SD_MM,
    CAVUM_WIDTH_MEAN_MM,
    CAVUM_WIDTH_RANGE_MM,
    CAVUM_WIDTH_SD_MM,
    VENTRICULOMEGALY_MM,
)
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Point, Section, Window, smooth_path, wander
from fetal_model.phantom.probe import Map

VENTRICULOMEGALY = "ventriculomegaly"
VISIBLE = 0.35
"""A structure is named in the label map where the section meets at least so much of it."""
FAINT = 0.02
"""A structure that the section meets less of leaves no trace and is not painted."""
SIDES = (-1.0, 1.0)


@dataclass(frozen=True)
class Head:
    """A head on its section.

    Attributes:
        section: Where it is painted.
        a: Half of the occipitofrontal diameter in this section, mm.
        b: Half of the biparietal diameter in this section, mm.
        skull: Thickness of the bone, mm.
        weeks: Gestational age.
        size: Size relative to the mean for age.
        cut: Plane, contrast and offset; negative offsets lie towards the vertex.
    """

    section: Section
    a: float
    b: float
    skull: float
    weeks: float
    size: float
    cut: Cut

    @property
    def maturity(self) -> float:
        """How far the cortex has folded: 0 at 20 weeks, 1 from 32 weeks on (chosen)."""
        return float(np.clip((self.weeks - 20.0) / 12.0, 0.0, 1.0))

    def at(self, u: float, v: float) -> Point:
        """Point (u, v) in mm from shares of the half axes."""
        return u * self.a, v * self.b

    def path(self, *points: Point) -> list[Point]:
        """Points in mm from shares of the half axes."""
        return [self.at(*p) for p in points]

    def brighten(self, shape: tuple[Window, Map], echo: float, opacity: float) -> None:
        """Lift dark tissue to an echogenicity (dB); what is brighter in it stays."""
        window, distance = shape
        medium = self.section.medium
        level = np.maximum(medium.echo[window], np.float32(echo))
        medium.fill(window, distance, level, 0.0, 4.0, opacity)

    def name(
        self, shape: tuple[Window, Map], structure: str, shown: float, least_mm: float = 0.0
    ) -> None:
        """Name a structure in the label map if the section meets enough of it."""
        if shown > VISIBLE:
            self.section.medium.mark(shape, structure, least_mm=least_mm)


def paint_midline(head: Head, rng: np.random.Generator) -> None:
    """Falx in front and behind, and the cavum septi pellucidi between its ends."""
    section, cut = head.section, head.cut
    low = cut.plane == "transcerebellar"
    strength = float(rng.uniform(0.2, 0.7)) * cut.detail * (0.7 if low else 1.0)
    bend = rng.normal(0.0, 0.008, 3)
    back = float(rng.uniform(-0.42, -0.3))
    # Above the standard planes the falx is one unbroken line.
    vertex = float(np.clip(-cut.offset, 0.0, 1.0))
    for points, shown in (
        ([(0.62, bend[0]), (0.8, bend[1]), (0.97, 0.0)], 1.0),
        ([(-0.97, 0.0), (-0.7, bend[2]), (back, 0.0)], vertex if low else 1.0),
        ([(back, 0.0), (0.2, bend[0]), (0.62, bend[0])], vertex),
    ):
        if shown < FAINT:
            continue
        falx = section.stroke(head.path(*points), 0.15)
        section.solid(falx, -25.0, opacity=0.6 * cut.detail * shown, soft=0.6)
        section.medium.reflect(*falx, strength * shown, 0.7, rest=0.15)
        head.name(falx, "falx", shown, least_mm=0.6)
    _cavum(head, rng, strength + 0.1)


def _cavum(head: Head, rng: np.random.Generator, strength: float) -> None:
    """A dark box between two bright lines; seen from about 18 to 37 weeks, wide as a variant."""
    section = head.section
    width = rng.normal(CAVUM_WIDTH_MEAN_MM, CAVUM_WIDTH_SD_MM)
    width *= 1.6 if rng.random() < 0.06 else 1.0
    # Narrower in the second trimester than the mean over pregnancy (chosen slope).
    width *= float(np.clip(head.weeks / 28.0, 0.5, 1.0))
    half = float(np.clip(width, *CAVUM_WIDTH_RANGE_MM)) / 2.0
    middle, long = rng.uniform(0.38, 0.46), rng.uniform(0.13, 0.18)
    age = np.clip((head.weeks - 14.0) / 3.0, 0.15, 1.0) * np.clip((41.0 - head.weeks) / 4.0, 0, 1)
    shown = head.cut.shows(-0.05, 0.55) * float(age)
    opacity = shown * head.cut.detail
    box = section.ellipse(middle * head.a, 0.0, long * head.a, half)
    section.medium.fill(*box, -62.0, -1.0, 0.5, opacity)
    head.name(box, "cavum septi pellucidi", shown)
    for side in SIDES:
        ends = (middle - long, side * 0.75 * half), (middle + long, side * 0.85 * half)
        line = [(ends[0][0] * head.a, ends[0][1]), (middle * head.a, side * half),
                (ends[1][0] * head.a, ends[1][1])]  # fmt: skip
        wall = section.stroke(line, 0.15)
        section.solid(wall, -23.0, opacity=0.7 * opacity, soft=0.5)
        section.medium.reflect(*wall, strength * shown, 0.6, rest=0.05, even=0.2)


def paint_thalami(head: Head, rng: np.random.Generator) -> None:
    """Two dark ovals beside the slit of the third ventricle, in brighter surroundings.

    Behind them the hippocampal gyri curve around the ambient cistern. In the transcerebellar plane
    the midbrain takes their place.
    """
    section, cut = head.section, head.cut
    low = cut.plane == "transcerebellar"
    high = cut.plane == "transventricular"
    shown = cut.shows(0.1, 0.5) * (0.45 if high else 1.0)
    opacity = shown * cut.detail
    level, contrast = rng.uniform(-32, -26), rng.uniform(3.5, 7.5)
    shift, slit = float(rng.uniform(-0.03, 0.05)), float(rng.uniform(0.5, 0.9))
    gleam, gyrus_echo = float(rng.uniform(0.1, 0.4)), float(rng.uniform(-29, -23))
    bright = section.ellipse(*head.at(shift - 0.08, 0), 0.44 * head.a, 0.52 * head.b)
    head.brighten(bright, float(level), 0.85 * opacity)
    long, wide = (0.15, 0.14) if low else (0.2, 0.17)
    for side in SIDES:
        gyrus = section.stroke(
            smooth_path(head.path((-0.16, side * 0.1), (-0.36, side * 0.16), (-0.36, side * 0.42),
                                  (-0.12, side * 0.46)), 7), 0.035 * head.b,
        )  # fmt: skip
        there = shown if cut.plane == "transthalamic" else 0.3 * shown
        section.solid(gyrus, gyrus_echo, opacity=0.8 * there * cut.detail, soft=0.8)
        head.name(gyrus, "hippocampal gyrus", there)
        oval = section.ellipse(*head.at(shift, side * (wide + 0.02)), long * head.a,
                               wide * head.b, turn=-side * 0.35)  # fmt: skip
        section.solid(oval, float(level - contrast), edge=0.06 * opacity, opacity=0.9 * opacity,
                      soft=1.2)  # fmt: skip
        head.name(oval, "brainstem" if low else "thalamus", shown)
    third = section.stroke(head.path((shift - 0.15, 0), (shift + 0.13, 0)), slit)
    ventricle = shown * (0.5 if low else 1.0)
    section.medium.fill(*third, -55.0, -0.5, 0.5, 0.85 * opacity)
    section.medium.reflect(*third, gleam * ventricle * cut.detail, 0.5, rest=0.1)
    head.name(third, "third ventricle", 0.0 if low or high else shown)


def draw_atrium(head: Head, rng: np.random.Generator) -> float:
    """Width (mm) of the lateral ventricle's atrium: the same at all ages, wide in disease."""
    normal = float(np.clip(rng.normal(ATRIUM_MEAN_MM, ATRIUM_SD_MM), 5.8, 9.4))
    wide = float(rng.uniform(VENTRICULOMEGALY_MM + 0.5, 2.0 * VENTRICULOMEGALY_MM))
    width = wide if head.cut.pathology == VENTRICULOMEGALY else normal
    return min(width, 0.9 * head.b)


def paint_ventricles(head: Head, rng: np.random.Generator) -> None:
    """Lateral ventricles: frontal horns, and the atria with the choroid plexus in them.

    The plexus fills the young ventricle, and dangles in one that is too wide.
    """
    section, cut = head.section, head.cut
    plane = cut.plane
    in_plane = {"transventricular": 1.0, "transthalamic": 0.55, "transcerebellar": 0.15}[plane]
    width = draw_atrium(head, rng)
    excess = max(0.0, width / VENTRICULOMEGALY_MM - 1.0)
    in_plane = min(1.0, in_plane + 0.4 * excess)
    filling = float(np.clip(1.0 - (head.weeks - 16.0) / 40.0, 0.6, 1.0))
    cyst_side = float(rng.choice([-1.0, 0.0, 1.0], p=[0.03, 0.94, 0.03]))
    place, back = rng.uniform(0.4, 0.47), rng.uniform(-0.46, -0.38)
    for side in SIDES:
        shown = cut.shows(-0.15, 0.5) * in_plane * float(rng.uniform(0.8, 1.0))
        opacity = min(1.0, 1.3 * shown) * cut.detail
        half = 0.5 * width + float(rng.uniform(-0.3, 0.3)) * (excess == 0)
        v = side * max(place * head.b, half + 0.06 * head.b)
        turn = -side * float(rng.uniform(0.02, 0.2))
        wall, gleam = rng.uniform(0.05, 0.3) * opacity, float(rng.uniform(0.0, 0.2)) * opacity
        horn = section.ellipse(back * head.a, v, (0.34 + 0.1 * excess) * head.a, half, turn=turn)
        section.cavity(horn, echo=-60.0, wall=float(wall), loss=-1.0, opacity=opacity)
        head.name(horn, "lateral ventricle", shown)
        # The plexus lies on the deeper wall, the more freely the wider the ventricle.
        deeper = 1.0 if section.to_space(0, 1)[1] > section.to_space(0, -1)[1] else -1.0
        thick = filling * min(half, 0.55 * ATRIUM_MEAN_MM) * float(rng.uniform(0.8, 0.98))
        dangling = deeper * (half - thick) * 0.8
        plexus = section.ellipse(
            (back + 0.03) * head.a, v + dangling, float(rng.uniform(0.17, 0.24)) * head.a, thick,
            turn=turn + float(rng.normal(0.0, 0.08)),
        )  # fmt: skip
        section.solid(plexus, float(rng.uniform(-20, -12)), opacity=opacity, soft=1.3)
        head.name(plexus, "choroid plexus", shown)
        if side == cyst_side and head.weeks < 26.0:
            cyst = section.ellipse((back + 0.05) * head.a, v + dangling, 0.45 * thick, 0.4 * thick)
            section.cavity(cyst, wall=0.2 * opacity, opacity=opacity)
            head.name(cyst, "choroid plexus cyst", shown)
        frontal = (0.06 + 0.09 * excess) * head.b
        front = section.ellipse(
            *head.at(0.46, side * (0.27 + 0.08 * excess)), 0.13 * head.a, frontal, turn=side * 0.3
        )
        seen = opacity if plane == "transventricular" else 0.6 * cut.shows(0.0, 0.5) * cut.detail
        section.cavity(front, echo=-58.0, wall=gleam, loss=-0.5, opacity=0.85 * seen)
        head.name(front, "lateral ventricle", min(shown, seen))


def paint_insula(head: Head, rng: np.random.Generator) -> None:
    """The insula under the Sylvian fissure: a shallow step when young, covered over later on."""
    section, cut = head.section, head.cut
    shown = cut.shows(0.15, 0.6)
    for side in SIDES:
        opacity = shown * cut.detail * float(rng.uniform(0.2, 0.8))
        deep = float(rng.uniform(0.58, 0.64))
        points = head.path((-0.18, side * (deep + 0.08)), (-0.08, side * deep),
                           (0.2, side * deep), (0.34, side * (deep + 0.1)))  # fmt: skip
        gleam = float(rng.uniform(0.05, 0.3))
        line = section.stroke(smooth_path(wander(rng, points, 0.015 * head.a), 7), 0.15)
        cistern = section.ellipse(*head.at(0.07, side * (deep + 0.1)), 0.2 * head.a, 0.08 * head.b)
        fluid = 0.7 * (1.0 - 0.7 * head.maturity)
        section.medium.fill(*cistern, -52.0, -0.3, 1.0, fluid * opacity)
        section.solid(line, -25.0, opacity=0.8 * opacity, soft=0.7)
        section.medium.reflect(*line, gleam * opacity, 0.6, rest=0.05)
        head.name(line, "insula", shown, least_mm=0.6)


def paint_sulci(head: Head, rng: np.random.Generator) -> None:
    """Short bright lines of sulci, vessels and septa; more and brighter as the brain matures."""
    section, detail = head.section, head.cut.detail
    count, most = int(rng.integers(8, 17)), 28
    strength = detail * (0.75 + 0.25 * head.maturity)
    count += round((most - count) * 0.6 * head.maturity)
    for number in range(most):
        radius, turn = 0.85 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        half, tilt = rng.uniform(0.02, 0.09) * head.a, rng.normal(0, 0.5)
        bent = rng.normal(0, 0.02) * head.a
        opacity, gleam = rng.uniform(0.1, 0.7), rng.uniform(0.02, 0.3)
        if number >= count:
            continue
        u, v = head.at(float(radius * np.cos(turn)), float(radius * np.sin(turn)))
        arm = (half * np.cos(tilt), half * np.sin(tilt))
        points = [(u - arm[0], v - arm[1]), (u, v + bent), (u + arm[0], v + arm[1])]
        line = section.stroke(points, 0.15, margin=2)
        section.solid(line, -26.0, opacity=float(opacity) * strength)
        section.medium.reflect(*line, float(gleam) * strength, 0.6, rest=0.05)

"""What the beams travel through: maps of echogenicity, loss and reflecting interfaces.

Everything is evaluated directly on the probe's polar grid, so shapes keep their sharpness at every
depth and the derivative of a signed distance along the first axis is the cosine between a
boundary's normal and the beam.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.probe import BEAMS, DEPTHS, Map, View
from fetal_model.phantom.structures import CODES

Window = tuple[slice, slice]
_GRAZING = 0.25  # cosine below which a beam grazes a boundary
_SHARPEST_CURVATURE = 0.16  # 1/mm: the beam is wider than what curves more
Point = tuple[float, float]
FLUID_DB = -75.0

REFERENCE_MHZ = 4.0
"""Frequency at which losses are stated; attenuation grows in proportion to it."""
TISSUE_ATTENUATION = 0.5
"""Of soft tissue, dB/cm/MHz one way: what the time-gain compensation is set for."""
ATTENUATION = {"soft tissue": TISSUE_ATTENUATION, "blood": 0.18, "amniotic fluid": 0.01}
"""Attenuation, dB/cm/MHz one way (order of magnitude as in Szabo TL, Diagnostic Ultrasound
Imaging: Inside Out, 2nd ed. 2014, appendix B; amniotic fluid taken as water)."""


def two_way_loss(attenuation: float) -> float:
    """Loss at `REFERENCE_MHZ` there and back, against what soft tissue loses, dB/cm.

    Example:
        >>> two_way_loss(ATTENUATION["soft tissue"])
        0.0
    """
    return 2.0 * REFERENCE_MHZ * (attenuation - TISSUE_ATTENUATION)


FLUID_LOSS = two_way_loss(ATTENUATION["blood"])


@cache
def _spline(bumps: int, samples: int) -> Map:
    """Cubic interpolation from a few values to many, as a matrix: float32 (samples, bumps)."""
    matrix = cv2.resize(
        np.eye(bumps, dtype=np.float32), (bumps, samples), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(matrix, np.float32)


def smooth_noise(rng: np.random.Generator, rows: int, columns: int) -> Map:
    """Smooth random field (DEPTHS, BEAMS), standard deviation near 1, of rows x columns bumps."""
    coarse = rng.standard_normal((rows + 3, columns + 3), dtype=np.float32)
    coarse *= np.float32(1.5)
    field = _spline(rows + 3, DEPTHS) @ (coarse @ _spline(columns + 3, BEAMS).T)
    return np.asarray(field, np.float32)


@dataclass
class Medium:
    """Maps over the polar grid, float32 (DEPTHS, BEAMS).

    Attributes:
        view: The scan's geometry.
        x, y: Positions, mm.
        echo: Diffuse echogenicity, dB; 0 is the white of the screen at nominal gain.
        loss: Two-way loss against the time-gain compensation at `REFERENCE_MHZ`, dB/cm; negative in
            fluid.
        gloss: Specular amplitude, linear, 1 is white.
        outline: Signed distance to the anatomy's outline, mm, negative inside.
        patches: How well interfaces reflect from place to place, 0 to 2: none is even in life.
        structures: Code of the named structure at each place (`structures.CODES`), uint8, 0 none.
    """

    view: View
    rng: np.random.Generator
    x: Map = field(init=False)
    y: Map = field(init=False)
    echo: Map = field(init=False)
    loss: Map = field(init=False)
    gloss: Map = field(init=False)
    outline: Map = field(init=False)
    patches: Map = field(init=False)
    structures: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.x, self.y = self.view.polar_grid()
        self.echo = np.full((DEPTHS, BEAMS), -24.0, np.float32)
        self.loss = np.zeros((DEPTHS, BEAMS), np.float32)
        self.gloss = np.zeros((DEPTHS, BEAMS), np.float32)
        self.outline = np.full((DEPTHS, BEAMS), 1e3, np.float32)
        rough = smooth_noise(self.rng, 24, 20) + np.float32(0.6) * smooth_noise(self.rng, 70, 60)
        self.patches = np.clip(0.8 + 0.36 * rough, 0.12, 1.8)
        self.structures = np.zeros((DEPTHS, BEAMS), np.uint8)

    def mark(
        self, shape: tuple[Window, Map], structure: str, *, least_mm: float = 0.0
    ) -> None:  # fmt: skip
        """Name what lies inside a shape; the last name given to a place stays.

        Args:
            shape: Window and signed distance, mm.
            structure: One of `structures.STRUCTURES`.
            least_mm: Widens thin shapes: places up to so far outside belong to it too.
        """
        window, distance = shape
        self.structures[window][distance < least_mm] = CODES[structure]

    def window(self, centre: Point, reach: float) -> Window:
        """The part of the grid within `reach` mm of `centre` (mm): shapes are evaluated there."""
        view = self.view
        height = centre[1] + view.radius_mm
        distance = float(np.hypot(centre[0], height))
        depth = distance - view.radius_mm
        first = int(np.clip((depth - reach) / view.depth_step, 0, DEPTHS))
        last = int(np.clip((depth + reach) / view.depth_step + 2, 0, DEPTHS))
        # Beyond the point where the beams meet, every beam is within reach.
        spread = float(np.arcsin(reach / distance)) if reach < distance else np.pi
        middle = float(np.arctan2(centre[0], height)) + view.half_angle
        left = int(np.clip((middle - spread) / view.beam_step, 0, BEAMS))
        right = int(np.clip((middle + spread) / view.beam_step + 2, 0, BEAMS))
        return slice(first, max(last, first)), slice(left, max(right, left))

    def fill(
        self, window: Window, distance: Map, echo: float | Map, loss: float = 0.0,
        soft: float = 0.5, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """Give the inside of a shape (signed `distance`, mm) an echogenicity (dB) and a loss."""
        inside = np.clip(0.5 - distance / np.float32(2.0 * soft), 0.0, 1.0)
        if opacity != 1.0:
            inside *= np.float32(opacity)
        part = self.echo[window]
        part += inside * (echo - part)
        part = self.loss[window]
        part += inside * (np.float32(loss) - part)
        self.gloss[window] *= 1.0 - inside

    def facing(self, distance: Map) -> Map:
        """How squarely the beam meets the levels of a distance (mm): 0 along them, 1 across."""
        if distance.shape[0] < 2:  # at the edge of the grid
            return np.zeros_like(distance)
        slope: Map = np.gradient(distance, np.float32(self.view.depth_step), axis=0)
        return np.minimum(np.abs(slope), np.float32(1.0))

    def reflect(
        self, window: Window, distance: Map, strength: float | Map, thickness: float = 0.8,
        rest: float = 0.07, even: float = 0.0,
    ) -> None:  # fmt: skip
        """Add a specular interface of a thickness (mm) where `distance` is zero.

        `strength` is the linear amplitude where the beam meets it square, and `rest` the share of
        it that is left where the beam runs along it. `even` takes away the patchiness (0 to 1).
        """
        if distance.shape[0] < 3 or distance.shape[1] < 1:
            return
        ridge = 1.0 - np.square(distance * np.float32(1.0 / thickness))
        np.maximum(ridge, 0.0, out=ridge)
        slope = np.empty_like(distance)
        slope[1:-1] = distance[2:] - distance[:-2]
        slope[0], slope[-1] = slope[1], slope[-2]
        square = np.minimum(np.abs(slope) * np.float32(0.5 / self.view.depth_step), 1.0)
        facing = np.float32(rest) + np.float32(1.0 - rest) * np.square(square)
        patches = np.float32(1.0 - even) * self.patches[window] + np.float32(even)
        self.gloss[window] += strength * ridge * facing * patches

    def roughen(self, rng: np.random.Generator) -> None:
        """Let the echogenicity waver a little everywhere: tissue is never homogeneous."""
        self.echo += np.float32(rng.uniform(0.4, 1.4)) * smooth_noise(rng, 95, 55)

    def refract(self, window: Window, distance: Map, strength_db: float = 4.0) -> None:
        """Add the edge shadows of a rounded shape (signed `distance`, mm).

        Where a beam grazes a curved boundary between two speeds of sound it is bent away, and a
        narrow streak behind each side of the shape stays dark (Robinson DE, Wilson LS, Kossoff G.
        Shadowing and enhancement in ultrasonic echograms by reflection and refraction. J Clin
        Ultrasound 1981;9:181-188). `strength_db` is about its depth, whatever the shape's size.
        """
        if distance.shape[0] < 3 or distance.shape[1] < 1:
            return
        step = np.float32(self.view.depth_step)
        before, here, after = distance[:-2], distance[1:-1], distance[2:]
        slope = (after - before) / (2 * step)
        curvature = np.clip((after + before - 2 * here) / (step * step), 0.0, _SHARPEST_CURVATURE)
        grazing = 1.0 - np.square(slope * np.float32(1.0 / _GRAZING))
        edge = 1.0 - np.abs(here - np.float32(0.2)) * np.float32(1.0 / 0.7)
        np.maximum(grazing, 0.0, out=grazing)
        np.maximum(edge, 0.0, out=edge)
        # The grazing part of a circle is as long as its radius: the loss must be its inverse.
        grazing *= curvature
        grazing *= edge
        grazing *= np.float32(11.0 * strength_db / _GRAZING)
        self.loss[window][1:-1] += grazing


def waves(rng: np.random.Generator, x: Map, y: Map, amount: float, scale: float) -> Map:
    """Smooth random field, standard deviation `amount`: three plane waves of about `scale` mm."""
    whole = x.shape
    if whole == (DEPTHS, BEAMS):
        # Far wider than the grid is fine: evaluated on every fourth sample.
        coarse = (BEAMS // 4, DEPTHS // 4)
        x = np.asarray(cv2.resize(x, coarse, interpolation=cv2.INTER_AREA), np.float32)
        y = np.asarray(cv2.resize(y, coarse, interpolation=cv2.INTER_AREA), np.float32)
    total = np.zeros_like(x)
    for _ in range(3):
        turn, phase = rng.uniform(0, 2 * np.pi, 2)
        number = 2 * np.pi / (scale * rng.uniform(0.7, 1.8))
        total += np.sin(
            x * np.float32(number * np.cos(turn)) + y * np.float32(number * np.sin(turn))
            + np.float32(phase)
        )  # fmt: skip
    total *= np.float32(amount * 0.8)
    if total.shape == whole:
        return total
    return np.asarray(
        cv2.resize(total, whole[::-1], interpolation=cv2.INTER_CUBIC), np.float32
    )  # fmt: skip


class Section:
    """A frame of reference laid on a medium: u along the anatomy's long axis, v across it, mm.

    A smooth warp bends the frame a little, so that no ellipse stays a perfect ellipse.
    """

    def __init__(
        self, medium: Medium, rng: np.random.Generator, centre: Point, angle: float, *,
        mirrored: bool, warp_mm: float, scale_mm: float,
    ) -> None:  # fmt: skip
        self.medium = medium
        self.centre = centre
        self.cos, self.sin = float(np.cos(angle)), float(np.sin(angle))
        self.flip = -1.0 if mirrored else 1.0
        x = medium.x - np.float32(centre[0])
        y = medium.y - np.float32(centre[1])
        if warp_mm:
            dx, dy = (waves(rng, x, y, warp_mm, scale_mm) for _ in range(2))
            x += dx
            y += dy
        self.u: Map = x * np.float32(self.cos) + y * np.float32(self.sin)
        self.v: Map = np.float32(self.flip) * (y * np.float32(self.cos) - x * np.float32(self.sin))

    def to_space(self, u: float, v: float) -> Point:
        """Position in mm of a point of the section."""
        v *= self.flip
        return (
            self.centre[0] + u * self.cos - v * self.sin,
            self.centre[1] + u * self.sin + v * self.cos,
        )

    def window(self, u: float, v: float, reach: float) -> Window:
        """Grid window around a point of the section; a margin allows for the warp."""
        return self.medium.window(self.to_space(u, v), reach * 1.1 + 3.0)

    def ellipse(
        self, u: float, v: float, a: float, b: float, turn: float = 0.0, margin: float = 3.0
    ) -> tuple[Window, Map]:
        """Signed distance (mm, first order) to an ellipse with half axes a, b turned by `turn`."""
        window = self.window(u, v, max(a, b) + margin)
        du = self.u[window] - np.float32(u)
        dv = self.v[window] - np.float32(v)
        if turn:
            cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            du, dv = du * cos + dv * sin, dv * cos - du * sin
        p, q = np.square(du / np.float32(a)), np.square(dv / np.float32(b))
        radius = np.sqrt(p + q)
        slope = np.sqrt(p / np.float32(a * a) + q / np.float32(b * b)) + np.float32(1e-4)
        return window, radius * (radius - 1.0) / slope

    def stroke(
        self, points: list[Point], half_width: float, margin: float = 3.0
    ) -> tuple[Window, Map]:
        """Signed distance (mm) to a rounded stroke through `points` (u, v)."""
        us = [p[0] for p in points]
        vs = [p[1] for p in points]
        middle = ((min(us) + max(us)) / 2, (min(vs) + max(vs)) / 2)
        reach = float(np.hypot(max(us) - min(us), max(vs) - min(vs))) / 2 + half_width + margin
        window = self.window(*middle, reach)
        u, v = self.u[window], self.v[window]
        best: Map | None = None
        for (u0, v0), (u1, v1) in pairwise(points):
            du, dv = u1 - u0, v1 - v0
            along = (u - np.float32(u0)) * np.float32(du) + (v - np.float32(v0)) * np.float32(dv)
            along = np.clip(along / np.float32(du * du + dv * dv + 1e-6), 0.0, 1.0)
            square = np.square(u - np.float32(u0) - along * np.float32(du)) + np.square(
                v - np.float32(v0) - along * np.float32(dv)
            )
            best = square if best is None else np.minimum(best, square)
        assert best is not None
        return window, np.sqrt(best) - np.float32(half_width)

    def cavity(
        self, shape: tuple[Window, Map], *, echo: float = FLUID_DB, wall: float = 0.2,
        loss: float = FLUID_LOSS, thickness: float = 0.7, soft: float = 0.5, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """A fluid space with a reflecting wall, and edge shadows behind its sides."""
        self.medium.fill(*shape, echo, loss, soft, opacity)
        self.medium.reflect(*shape, wall, thickness)
        self.medium.refract(*shape, 3.0 * opacity)

    def solid(
        self, shape: tuple[Window, Map], echo: float, *, edge: float = 0.0, loss: float = 0.0,
        thickness: float = 0.7, soft: float = 0.6, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """A tissue with an optional reflecting edge."""
        self.medium.fill(*shape, echo, loss, soft, opacity)
        if edge:
            self.medium.reflect(*shape, edge, thickness)

    def bone(
        self, shape: tuple[Window, Map], *, echo: float = -9.0, edge: float = 0.9,
        loss: float = 60.0, thickness: float = 0.9,
    ) -> None:  # fmt: skip
        """A bone: bright, and what lies behind it is in shadow."""
        self.medium.fill(*shape, echo, loss, 0.5)
        self.medium.reflect(*shape, edge, thickness, rest=0.25, even=0.6)


def arc(a: float, b: float, start: float, stop: float, count: int = 7) -> list[Point]:
    """Points (u, v) along the ellipse with half axes a, b from one angle to another, radians."""
    angles = np.linspace(start, stop, count)
    return [(float(a * np.cos(t)), float(b * np.sin(t))) for t in angles]


def wander(rng: np.random.Generator, points: list[Point], amount: float) -> list[Point]:
    """The same points, each moved a little (standard deviation in mm)."""
    moved: NDArray[np.float64] = np.asarray(points) + rng.normal(0.0, amount, (len(points), 2))
    return [(float(u), float(v)) for u, v in moved]


def smooth_path(points: list[Point], count: int = 12) -> list[Point]:
    """Points along the Bezier curve that the given points control: no corners."""
    share = np.linspace(0.0, 1.0, count)[:, None]
    curve = np.asarray(points, float)
    levels = [np.broadcast_to(p, (count, 2)) for p in curve]
    while len(levels) > 1:
        levels = [(1 - share) * p + share * q for p, q in pairwise(levels)]
    return [(float(u), float(v)) for u, v in levels[0]]

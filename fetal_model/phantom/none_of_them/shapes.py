"""What these sections are drawn with: free outlines, sleeves, curved rows, fluid, cord."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from fetal_model.phantom.framing import extents
from fetal_model.phantom.medium import FLUID_DB, FLUID_LOSS, Point, Section, Window, smooth_noise
from fetal_model.phantom.probe import Map

Shape = tuple[Window, Map]
_RASTER = 320
"""Longest side, in samples, of the raster on which the distance to a free outline is measured."""


def away(section: Section) -> float:
    """1 where v grows away from the probe, else -1."""
    return 1.0 if section.to_space(0, 1)[1] > section.to_space(0, -1)[1] else -1.0


def smooth_outline(points: list[Point], between: int = 8) -> list[Point]:
    """A closed Catmull-Rom curve through `points`, `between` points from one to the next."""
    at = np.asarray(points, float)
    before, after, beyond = np.roll(at, 1, 0), np.roll(at, -1, 0), np.roll(at, -2, 0)
    curve = [
        at + 0.5 * t * ((after - before) + t * (
            2 * before - 5 * at + 4 * after - beyond + t * (3 * (at - after) + beyond - before)))
        for t in np.linspace(0.0, 1.0, between, endpoint=False)
    ]  # fmt: skip
    return [(float(u), float(v)) for u, v in np.stack(curve, 1).reshape(-1, 2)]


def outline(section: Section, points: list[Point], margin: float = 5.0) -> Shape:
    """Signed distance (mm) to the smooth closed curve through `points`, up to `margin` outside."""
    curve = np.asarray(smooth_outline(points))
    low, high = curve.min(0) - margin, curve.max(0) + margin
    step = float((high - low).max()) / _RASTER
    columns, rows = (np.ceil((high - low) / step) + 1).astype(int)
    canvas = np.zeros((rows, columns), np.uint8)
    cv2.fillPoly(canvas, [np.round((curve - low) / step * 16).astype(np.int32)], 1, shift=4)
    beyond = cv2.distanceTransform(1 - canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
    within = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
    signed = cv2.GaussianBlur((beyond - within) * np.float32(step), (0, 0), 1.2)
    u, v = (low + high) / 2
    window = section.window(float(u), float(v), float(np.hypot(*(high - low))) / 2)
    if section.u[window].size == 0:
        return window, section.u[window]
    distance = cv2.remap(
        signed, (section.u[window] - np.float32(low[0])) * np.float32(1 / step),
        (section.v[window] - np.float32(low[1])) * np.float32(1 / step),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return window, np.asarray(distance, np.float32)


def sleeve(
    section: Section, path: list[Point], half_widths: list[float], margin: float = 5.0
) -> Shape:
    """Signed distance (mm) to a sleeve around `path` whose half width changes along it."""
    at = np.asarray(path, float)
    along = np.gradient(at, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], 1) * np.asarray(half_widths)[:, None]
    caps = [at[0] - along[0] * half_widths[0] * 0.5, at[-1] + along[-1] * half_widths[-1] * 0.5]
    across[[0, -1]] *= 0.75
    ring = np.vstack([caps[0], at + across, caps[1], (at - across)[::-1]])
    return outline(section, [(float(u), float(v)) for u, v in ring], margin)


def main_structure(section: Section, *shapes: Shape) -> None:
    """Let the scan's mask be these shapes."""
    medium = section.medium
    medium.outline[:] = 1e3
    for window, distance in shapes:
        part = medium.outline[window]
        np.minimum(part, distance, out=part)


def texture(section: Section, rng: np.random.Generator, window: Window, amount: float = 1.5) -> Map:
    """Uneven echogenicity of soft tissue, dB, coarse and fine."""
    field = smooth_noise(rng, 9, 8) + smooth_noise(rng, 40, 34)
    return np.float32(amount * 0.7) * field[window]


def tissue(
    section: Section, rng: np.random.Generator, shape: Shape, echo: float, *, edge: float = 0.0,
    amount: float = 1.5, soft: float = 0.8, opacity: float = 1.0,
) -> None:  # fmt: skip
    """Soft tissue of uneven echogenicity (dB) with an optional reflecting skin."""
    level = np.float32(echo) + texture(section, rng, shape[0], amount)
    section.medium.fill(*shape, level, 0.0, soft, opacity)
    if edge:
        section.medium.reflect(*shape, edge, 0.6, rest=0.03)


def fluid(
    section: Section, shape: Shape, echo: float, wall: float, *, soft: float = 0.7
) -> None:  # fmt: skip
    """A space of amniotic fluid; its wall (linear strength) shows only where it ends in tissue."""
    medium = section.medium
    ends = np.clip((medium.echo[shape[0]] + np.float32(44.0)) / 8.0, 0.0, 1.0)
    medium.fill(*shape, echo, FLUID_LOSS, soft)
    medium.reflect(*shape, np.float32(wall) * ends, 0.7, rest=0.0)
    medium.mark(shape, "amniotic fluid")


def pool(
    section: Section, rng: np.random.Generator, shape: Shape, half_axes: tuple[float, float], *,
    least_mm: float, most_mm: float,
) -> None:  # fmt: skip
    """Amniotic fluid around a fetal part, never above the top of the section (maternal wall).

    How wide it is, between the two limits (mm), varies from place to place; the shape's distance
    must reach as far out.
    """
    window, distance = shape
    wide = np.float32(least_mm + rng.uniform(0.2, 1.0) * (most_mm - least_mm))
    room = wide * np.clip(0.8 + 0.4 * smooth_noise(rng, 3, 4)[window], 0.1, 1.0)
    angle = float(np.arctan2(section.sin, section.cos))
    top = section.centre[1] - extents(half_axes, angle)[1]
    ceiling = np.float32(top - 1.5) + 1.5 * smooth_noise(rng, 3, 4)[window]
    space = np.maximum(distance - room, ceiling - section.medium.y[window])
    echo = float(rng.choice([FLUID_DB, -54.0], p=[0.75, 0.25]))
    fluid(section, (window, space), echo, float(rng.uniform(0.05, 0.3)))


@dataclass(frozen=True)
class Row:
    """Coordinates of a row of parts along a curve v(u).

    Attributes:
        window: Where they are evaluated.
        s: Way along the curve from its first point, mm.
        t: Distance to the curve, mm, growing with v.
        length: Length of the curve, mm.
    """

    window: Window
    s: Map
    t: Map
    length: float

    def beads(
        self, count: int, offset: float | Map, half_length: float, half_height: float,
        first: float = 0.0, last: float = 1.0,
    ) -> Shape:  # fmt: skip
        """Distance (mm, first order) to `count` evenly placed ovals, `offset` mm from the curve.

        `half_length` is a share of their spacing, `half_height` in mm; `first` and `last` are the
        shares of the curve between which they are seen.
        """
        pitch = np.float32(self.length / count)
        place = self.s / pitch
        a, b = pitch * np.float32(half_length), np.float32(half_height)
        along = (place - np.floor(place) - np.float32(0.5)) * pitch / a
        across = (self.t - offset) / b
        distance = (np.hypot(along, across) - 1.0) * min(a, b)
        return self.window, np.maximum(distance, self.beyond(first, last))

    def beyond(self, first: float = 0.0, last: float = 1.0) -> Map:
        """How far (mm) a place lies outside this stretch of the curve."""
        return np.maximum(np.float32(first * self.length) - self.s,
                          self.s - np.float32(last * self.length))  # fmt: skip

    def band(
        self, offset: float | Map, half: float, first: float = 0.0, last: float = 1.0
    ) -> Shape:
        """Signed distance (mm) to a band of half width `half` beside the curve."""
        across = np.abs(self.t - offset) - np.float32(half)
        return self.window, np.maximum(across, self.beyond(first, last))


def row(section: Section, curve: list[Point], reach: float) -> Row:
    """Lay a row along `curve`, points (u, v) with growing u, evaluated up to `reach` mm from it."""
    at = np.asarray(curve, float)
    middle = (at.min(0) + at.max(0)) / 2
    half = float(np.hypot(*(np.ptp(at, axis=0)))) / 2
    window = section.window(float(middle[0]), float(middle[1]), half + reach)
    us = np.linspace(at[0, 0], at[-1, 0], 256)
    vs = np.interp(us, at[:, 0], at[:, 1])
    vs = cv2.GaussianBlur(vs[None], (0, 0), 6.0, borderType=cv2.BORDER_REPLICATE)[0]
    slope = np.gradient(vs, us)
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(us), np.diff(vs)))])
    u, v = section.u[window], section.v[window]
    if u.size == 0:
        return Row(window, u, v, float(way[-1]))
    index = (u - np.float32(us[0])) * np.float32(255 / (us[-1] - us[0]))

    def look_up(table: np.ndarray) -> Map:
        line = table[None].astype(np.float32)
        values = cv2.remap(line, index, np.zeros_like(index), cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        return np.asarray(values, np.float32)

    tilt = look_up(slope)
    norm = 1.0 / np.sqrt(1.0 + np.square(tilt))
    rise = v - look_up(vs)
    outside = u - np.clip(u, np.float32(us[0]), np.float32(us[-1]))
    s = np.asarray(look_up(way) + (rise * tilt + outside) * norm, np.float32)
    return Row(window, s, np.asarray(rise * norm, np.float32), float(way[-1]))


def thin_bone(
    section: Section, shape: Shape, *, bright: float, loss: float, thickness: float = 0.9
) -> None:
    """A curved plate of bone: it shows where the beam meets it squarely, and drops out beside."""
    window, distance = shape
    square: Map = np.square(section.medium.facing(distance))
    section.medium.fill(window, distance, np.float32(-34.0) + np.float32(14.0) * square, loss, 0.5)
    section.medium.reflect(window, distance, np.float32(bright) * square, thickness, rest=0.0,
                           even=0.4)  # fmt: skip


def bone(
    section: Section, path: list[Point], half: float, *, bright: float, shadow_db: float,
    shown: float = 1.0,
) -> Shape:  # fmt: skip
    """A slender bone: its near face is bright, and it takes `shadow_db` from what lies behind."""
    shaft = section.stroke(path, half)
    loss = shadow_db / (0.2 * half)
    section.medium.fill(*shaft, -20.0 + 9.0 * shown, loss * shown, 0.4, shown)
    rise = 0.6 * half * away(section)
    crest = section.stroke([(u, v - rise) for u, v in path], 0.1)
    section.medium.reflect(*crest, bright * shown, max(0.6, 0.8 * half), rest=0.2, even=0.5)
    return shaft


def cord_across(section: Section, rng: np.random.Generator, at: Point, radius: float) -> Shape:
    """Umbilical cord cut across: a wide vein and two arteries in jelly."""
    disc = section.ellipse(*at, radius, radius * float(rng.uniform(0.8, 1.0)))
    section.solid(disc, float(rng.uniform(-27, -20)), edge=float(rng.uniform(0.2, 0.6)))
    turn = float(rng.uniform(0, 2 * np.pi))
    for number, size in enumerate((0.36, 0.2, 0.2)):
        way = turn + number * 2.1
        hole = section.ellipse(
            at[0] + 0.42 * radius * np.cos(way),
            at[1] + 0.42 * radius * np.sin(way),
            size * radius,
            size * radius,
        )
        section.cavity(hole, echo=-58.0, wall=float(rng.uniform(0.2, 0.5)), soft=0.3)
    section.medium.mark(disc, "umbilical cord")
    return disc


def cord_along(
    section: Section, rng: np.random.Generator, path: list[Point], radius: float
) -> Shape:
    """Umbilical cord cut lengthwise: a tube with the vessels winding in it."""
    tube = section.stroke(path, radius)
    section.solid(tube, float(rng.uniform(-27, -20)), edge=float(rng.uniform(0.2, 0.6)))
    at = np.asarray(path)
    along = np.gradient(at, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-6
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    way = np.concatenate([[0.0], np.cumsum([float(np.hypot(*(q - p))) for p, q in pairwise(at)])])
    phase = way / (radius * rng.uniform(1.6, 2.6)) + rng.uniform(0, 2 * np.pi)
    for shift, size in ((0.0, 0.3), (np.pi, 0.17)):
        winding = at + across * (0.5 * radius * np.sin(phase + shift))[:, None]
        lumen = section.stroke([(float(u), float(v)) for u, v in winding], size * radius)
        section.cavity(lumen, echo=-56.0, wall=float(rng.uniform(0.2, 0.5)), soft=0.3)
    section.medium.mark(tube, "umbilical cord")
    return tube

"""The curvilinear probe: the polar grid it samples, and the screen window it is shown in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT = 448
WIDTH = 576
DEPTHS = 512
BEAMS = 256

Map = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """Geometry of one scan. Millimetres; x to the right, y downwards from the probe's face.

    Attributes:
        radius_mm: Radius of curvature of the probe's face.
        half_angle: Half of the sector angle, radians.
        depth_mm: Depth reached along each beam.
        mm_per_pixel: Size of a screen pixel.
        left_mm: x of the screen's left edge.
        top_mm: y of the screen's top edge.
    """

    radius_mm: float
    half_angle: float
    depth_mm: float
    mm_per_pixel: float
    left_mm: float
    top_mm: float

    @property
    def depth_step(self) -> float:
        """Distance between samples along a beam, mm."""
        return self.depth_mm / (DEPTHS - 1)

    @property
    def beam_step(self) -> float:
        """Angle between beams, radians."""
        return 2.0 * self.half_angle / (BEAMS - 1)

    def polar_grid(self) -> tuple[Map, Map]:
        """Positions of the polar samples: x and y, mm, each float32 of shape (DEPTHS, BEAMS)."""
        ranges = self.radius_mm + np.linspace(0.0, self.depth_mm, DEPTHS, dtype=np.float32)
        angles = np.linspace(-self.half_angle, self.half_angle, BEAMS, dtype=np.float32)
        x = ranges[:, None] * np.sin(angles)[None, :]
        y = ranges[:, None] * np.cos(angles)[None, :] - np.float32(self.radius_mm)
        return x, y

    def screen_grid(self) -> tuple[Map, Map]:
        """Beam and depth index of every screen pixel, float32 (HEIGHT, WIDTH), for `cv2.remap`."""
        x = np.float32(self.left_mm) + np.float32(self.mm_per_pixel) * np.arange(
            WIDTH, dtype=np.float32
        )
        y = np.float32(self.top_mm + self.radius_mm) + np.float32(self.mm_per_pixel) * np.arange(
            HEIGHT, dtype=np.float32
        )
        ranges, angles = cv2.cartToPolar(
            np.broadcast_to(y[:, None], (HEIGHT, WIDTH)).copy(),
            np.broadcast_to(x[None, :], (HEIGHT, WIDTH)).copy(),
        )
        angles = np.where(angles > np.pi, angles - np.float32(2.0 * np.pi), angles)
        beam = (angles + np.float32(self.half_angle)) / np.float32(self.beam_step)
        depth = (ranges - np.float32(self.radius_mm)) / np.float32(self.depth_step)
        return beam.astype(np.float32), depth.astype(np.float32)

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """Screen column and row of a position in mm."""
        return (x - self.left_mm) / self.mm_per_pixel, (y - self.top_mm) / self.mm_per_pixel


def scan_convert(polar: Map, grid: tuple[Map, Map], outside: float = 0.0) -> Map:
    """Bring a polar map (DEPTHS, BEAMS) to the screen (HEIGHT, WIDTH); `outside` fills the rest."""
    screen = cv2.remap(
        polar, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside
    )
    return np.asarray(screen, np.float32)


def scan_convert_codes(polar: NDArray[np.uint8], grid: tuple[Map, Map]) -> NDArray[np.uint8]:
    """Bring a polar map of codes to the screen without mixing codes; 0 fills the rest."""
    screen = cv2.remap(
        polar, *grid, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(screen, np.uint8)

"""How a scan is framed and how the scanner is set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fetal_model.phantom.acoustics import Settings
from fetal_model.phantom.machine import Machine
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import HEIGHT, WIDTH, View


def extents(half_axes: tuple[float, float], angle: float) -> tuple[float, float]:
    """Half width and half height (mm) of an ellipse turned by `angle`."""
    a, b = half_axes
    return (
        float(np.hypot(a * np.cos(angle), b * np.sin(angle))),
        float(np.hypot(a * np.sin(angle), b * np.cos(angle))),
    )


TISSUE_DB = 22.0
"""Echogenicity of soft tissue below white at nominal gain."""


def frame(
    rng: np.random.Generator, machine: Machine, patient: Patient, half_axes: tuple[float, float],
    angle: float, quality: str,
) -> tuple[View, tuple[float, float], float]:  # fmt: skip
    """Choose the view: how large the anatomy appears, how deep it lies, which part is shown.

    Returns:
        The view, the anatomy's centre (mm), and its clearance from the maternal wall (mm).
    """
    half_width, half_height = extents(half_axes, angle)
    fill = rng.uniform(0.62, 0.98) if rng.random() < 0.85 else rng.uniform(0.4, 1.1)
    pixel = max(2 * half_width / WIDTH, 2 * half_height / HEIGHT) / fill
    height, width = pixel * HEIGHT, pixel * WIDTH
    clearance = float(rng.exponential(3.0 + 9.0 * patient.fluid))
    wall = patient.wall_mm * rng.uniform(0.75, 1.25)
    near = wall + clearance
    share = rng.uniform(0.4, 0.62)
    # The probe's face stays at the top edge or beyond it; a deep anatomy makes a zoomed view.
    lowest = rng.uniform(-0.06, 0.04) * height
    top = near + half_height - share * height
    if top < lowest:
        top = lowest
        near = max(near, lowest + 0.3 * height - half_height)
        clearance = near - wall
    if quality == "poor":
        top += rng.normal(0.0, 0.12) * height
    centre_y = near + half_height
    centre_x = float(rng.normal(0.0, 0.07 if quality == "good" else 0.11) * width)
    pan = centre_x * rng.uniform(0.0, 0.9) if top > 15 else rng.normal(0.0, 0.01) * width
    radius = float(rng.uniform(*machine.probe_radius_mm))
    half_angle = np.deg2rad(rng.uniform(*machine.half_angle))
    wanted = np.arctan2(abs(centre_x) + rng.uniform(0.6, 1.0) * half_width, radius + centre_y)
    half_angle = float(min(max(half_angle, wanted), np.deg2rad(48)))
    bottom = top + height
    depth = bottom * rng.uniform(1.02, 1.2) if rng.random() < 0.75 else bottom * 0.96
    depth = max(float(depth), centre_y + 0.9 * half_height)
    view = View(radius, half_angle, depth, float(pixel), float(pan - width / 2), float(top))
    return view, (centre_x, float(centre_y)), float(clearance)


def draw_settings(
    rng: np.random.Generator, machine: Machine, patient: Patient, view: View, focus_mm: float,
    quality: str,
) -> Settings:  # fmt: skip
    """Set the scanner's knobs as its user would, and worse for a poor scan."""
    poor = ("good", "fair", "poor").index(quality)
    # A shallow scan is made at a higher frequency than a deep one.
    frequency = rng.uniform(*machine.frequency_mhz) * (120.0 / max(view.depth_mm, 60.0)) ** 0.35
    span = rng.uniform(*machine.dynamic_range_db)
    settings = Settings(
        frequency_mhz=float(frequency),
        focus_mm=float(np.clip(focus_mm * rng.uniform(0.75, 1.25), 25.0, 200.0)),
        aperture=float(rng.uniform(0.75, 1.15)),
        dynamic_range_db=float(span),
        gain_db=float(rng.normal(-4.3, 2.6)),
        tgc_db=float(rng.normal(-1.0, 4.0)),
        black_db=float(rng.uniform(3.0, 14.0)),
        gamma=float(rng.uniform(*machine.gamma)),
        looks=int(rng.integers(machine.looks[0], machine.looks[1] + 1)),
        smoothing_px=float(rng.uniform(*machine.smoothing_px)),
        sharpening=float(rng.uniform(*machine.sharpening)),
        noise_db=float(rng.uniform(-62.0, -46.0)),
        clutter=float(np.clip(patient.haze * rng.uniform(0.5, 1.8), 0.0, 1.2)),
    )
    # the user turns the gain until soft tissue is a middle grey
    shown = settings.dynamic_range_db - settings.black_db
    grey = float(np.clip(rng.normal(0.42, 0.07), 0.25, 0.6)) ** (1.0 / settings.gamma)
    settings = replace(settings, gain_db=TISSUE_DB - shown * (1.0 - grey))
    if not poor:
        return settings
    return replace(
        settings,
        aperture=settings.aperture * (0.9 if poor == 1 else 0.7),
        gain_db=settings.gain_db - rng.uniform(0, 3.0) * poor,
        noise_db=settings.noise_db + rng.uniform(0, 5.0) * poor,
        clutter=settings.clutter + 0.3 * poor,
        smoothing_px=settings.smoothing_px + 0.2 * poor,
    )

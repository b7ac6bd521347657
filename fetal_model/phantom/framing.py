"""How a scan is framed and how the scanner is set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fetal_model.phantom.acoustics import LARGEST_TGC_DB
from fetal_model.phantom.machine import ENDOVAGINAL, SECTOR, Machine
from fetal_model.phantom.medium import TISSUE_ATTENUATION
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import HEIGHT, WIDTH, View
from fetal_model.phantom.settings import TGC_SLIDERS, Settings


def extents(half_axes: tuple[float, float], angle: float) -> tuple[float, float]:
    """Half width and half height (mm) of an ellipse turned by `angle`."""
    a, b = half_axes
    return (
        float(np.hypot(a * np.cos(angle), b * np.sin(angle))),
        float(np.hypot(a * np.sin(angle), b * np.cos(angle))),
    )


TISSUE_DB = 22.0
"""Echogenicity of soft tissue below white at nominal gain."""


def hold_probe(rng: np.random.Generator, machine: Machine, patient: Patient, label: str) -> Machine:
    """The scanner with the probe that is chosen for a scan: the curvilinear one as a rule.

    The endovaginal probe is for the cervix and for early pregnancies, the sector probe is rare
    (shares chosen). Among the four classes the choice does not depend on the class.
    """
    chance = float(rng.random())
    inside = 0.6 if label == "cervix" else 0.25 if patient.gestational_age_weeks < 16 else 0.0
    if chance < inside:
        return machine.holding(ENDOVAGINAL)
    return machine.holding(SECTOR) if chance > 0.97 else machine


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
    wall = patient.wall_mm * machine.wall * rng.uniform(0.75, 1.25)
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
    half_angle = float(np.deg2rad(rng.uniform(*machine.half_angle)))
    # Most users narrow the sector to what they look at: it makes the picture faster.
    spare = rng.uniform(1.2, 2.4) if rng.random() < 0.5 else rng.uniform(0.6, 1.0)
    wanted = float(np.arctan2(abs(centre_x) + spare * half_width, radius + centre_y))
    half_angle = min(half_angle, wanted) if spare > 1.0 else max(half_angle, wanted)
    widest = max(48.0, machine.half_angle[1])
    half_angle = float(np.clip(half_angle, np.deg2rad(14.0), np.deg2rad(widest)))
    bottom = top + height
    depth = bottom * rng.uniform(1.02, 1.2) if rng.random() < 0.75 else bottom * 0.96
    depth = max(float(depth), centre_y + 0.9 * half_height)
    view = View(radius, half_angle, depth, float(pixel), float(pan - width / 2), float(top))
    # Sometimes the whole sector is shown, before anyone has zoomed in; a standard plane is kept
    # magnified (share chosen).
    if rng.random() < 0.15 and quality != "good":
        view = whole_sector(view)
    return view, (centre_x, float(centre_y)), float(clearance)


def whole_sector(view: View) -> View:
    """The same beams, all of them on the screen and as large as it allows."""
    radius, turn = view.radius_mm, view.half_angle
    top = -radius * (1 - np.cos(turn))
    wide = 2 * (radius + view.depth_mm) * np.sin(min(turn, np.pi / 2))
    pixel = 1.02 * max((view.depth_mm - top) / HEIGHT, wide / WIDTH)
    return replace(
        view, mm_per_pixel=float(pixel), left_mm=float(-pixel * WIDTH / 2), top_mm=float(top)
    )  # fmt: skip


def draw_settings(
    rng: np.random.Generator, machine: Machine, patient: Patient, view: View, focus_mm: float,
    quality: str,
) -> Settings:  # fmt: skip
    """Set the scanner's knobs as its user would, and worse for a poor scan."""
    poor = ("good", "fair", "poor").index(quality)
    # A shallow scan is made at a higher frequency than a deep one, which must reach the bottom.
    frequency = rng.uniform(*machine.frequency_mhz) * (120.0 / max(view.depth_mm, 60.0)) ** 0.35
    reaching = LARGEST_TGC_DB / (2 * TISSUE_ATTENUATION * view.depth_mm / 10.0)
    frequency = float(np.clip(frequency, 2.0, max(2.0, 1.15 * reaching)))
    span = rng.uniform(*machine.dynamic_range_db)
    settings = Settings(
        frequency_mhz=frequency,
        focus_mm=float(np.clip(focus_mm * rng.uniform(0.75, 1.25), 25.0, 200.0)),
        aperture=machine.aperture * float(rng.uniform(0.75, 1.15)),
        dynamic_range_db=float(span),
        gain_db=0.0,
        tgc_db=float(rng.normal(-1.0, 4.0)),
        black_db=float(rng.uniform(3.0, 14.0)),
        gamma=float(rng.uniform(*machine.gamma)),
        looks=int(rng.integers(machine.looks[0], machine.looks[1] + 1)),
        smoothing_px=float(rng.uniform(*machine.smoothing_px)),
        sharpening=float(rng.uniform(*machine.sharpening)),
        noise_db=float(rng.uniform(-62.0, -46.0)),
        clutter=float(np.clip(patient.haze * rng.uniform(0.5, 1.8), 0.0, 1.2)),
        # The sliders are never quite even.
        tgc_sliders=tuple(float(gain) for gain in rng.normal(0.0, 1.3, TGC_SLIDERS)),
        harmonic=bool(rng.random() < machine.harmonic),
        reduction=float(rng.uniform(*machine.reduction)),
    )
    # The user turns the gain until soft tissue is a dark grey.
    shown = settings.dynamic_range_db - settings.black_db
    grey = float(np.clip(rng.normal(0.41, 0.07), 0.26, 0.57)) ** (1.0 / settings.gamma)
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

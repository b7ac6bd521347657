"""What surrounds the anatomy: the maternal wall, the uterus, placenta, fluid and other fetal parts.

The same for all four anatomies, drawn from its own random stream, so that the surroundings say
nothing about the class.
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.medium import (
    FLUID_DB,
    FLUID_LOSS,
    Medium,
    Section,
    smooth_noise,
    waves,
)
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.probe import BEAMS, DEPTHS, Map

EVERYWHERE = (slice(0, DEPTHS), slice(0, BEAMS))


def _streaks(rng: np.random.Generator, fineness: int) -> Map:
    """Bright and dark streaks across the beams, as fasciae and muscle fibres give."""
    return smooth_noise(rng, fineness, 5) + 0.7 * smooth_noise(rng, fineness * 2, 11)


def surround(
    medium: Medium, rng: np.random.Generator, patient: Patient, outline: Map, top_mm: float,
    clearance_mm: float,
) -> None:  # fmt: skip
    """Paint everything outside the anatomy.

    Args:
        medium: Painted in place.
        rng: Source of the variation.
        patient: Gives the fluid, the placenta and the haze.
        outline: Signed distance (mm) to the fetal part, float32 (DEPTHS, BEAMS).
        top_mm: Depth of the top of the fetal part, mm.
        clearance_mm: Room between the maternal wall and the fetal part, mm.
    """
    depth = np.linspace(0.0, medium.view.depth_mm, DEPTHS, dtype=np.float32)[:, None]
    wavy = depth + np.float32(2.2) * smooth_noise(rng, 2, 3)
    # Uterine wall and placenta: homogeneous tissue with slow changes of brightness.
    base = rng.uniform(-36.0, -24.0)
    medium.echo[:] = base + 3.0 * smooth_noise(rng, 6, 5) + 1.5 * smooth_noise(rng, 22, 16)
    clumps = np.float32(rng.uniform(1.0, 4.0)) * smooth_noise(rng, 40, 26)
    medium.echo += clumps * np.clip(0.5 + smooth_noise(rng, 4, 3), 0.0, 1.5)
    if rng.random() < 0.85:
        beyond = np.float32(top_mm + rng.uniform(20.0, 90.0)) - depth
        strength = np.clip(-beyond / 12.0, 0.0, 1.0) * np.float32(rng.uniform(0.2, 1.0))
        medium.echo += strength * 6.0 * _streaks(rng, 18)
    _fluid(medium, rng, patient, outline)
    for _ in range(int(rng.integers(0, 3))):
        _other_part(medium, rng, outline)
    _wall(medium, rng, wavy, max(4.0, top_mm - clearance_mm))
    _haze(medium, patient, depth)
    _poor_contact(medium, rng)


def _fluid(medium: Medium, rng: np.random.Generator, patient: Patient, outline: Map) -> None:
    """Amniotic fluid in pockets: the free room varies from side to side, and may be none."""
    mean = -6.0 + 24.0 * patient.fluid * rng.uniform(0.4, 1.3)
    room = np.float32(mean) + waves(rng, medium.x, medium.y, 10.0, 75.0)
    room += waves(rng, medium.x, medium.y, 2.5, 22.0)
    ragged = np.float32(0.5) * smooth_noise(rng, 14, 16)
    distance = outline - room + ragged
    echo = np.float32(rng.choice([FLUID_DB, -52.0, -44.0], p=[0.6, 0.25, 0.15]))
    medium.fill(EVERYWHERE, distance, float(echo), FLUID_LOSS, 0.7)
    medium.reflect(EVERYWHERE, distance, float(rng.uniform(0.04, 0.3)), 0.7, rest=0.0)


def _other_part(medium: Medium, rng: np.random.Generator, outline: Map) -> None:
    """A limb or a loop of cord somewhere beside the anatomy."""
    view = medium.view
    width = view.mm_per_pixel * 576.0
    centre = (
        float(rng.uniform(-0.5, 0.5) * width),
        float(view.top_mm + rng.uniform(0.25, 1.0) * view.mm_per_pixel * 448.0),
    )
    size = float(rng.uniform(4.0, 11.0))
    turn = float(rng.uniform(0.0, np.pi))
    section = Section(medium, rng, centre, turn, mirrored=False, warp_mm=1.2, scale_mm=size * 2)
    limb = section.ellipse(0.0, 0.0, size * rng.uniform(1.0, 2.2), size)
    free = outline[limb[0]]
    # Never over the anatomy itself, and only where there is room.
    limb = (limb[0], np.maximum(limb[1], 1.5 - free))
    section.solid(limb, float(rng.uniform(-30, -17)), edge=float(rng.uniform(0.05, 0.35)), soft=1.0)
    if rng.random() < 0.6:
        inner = section.ellipse(0.0, 0.0, size * 0.4, size * 0.28, turn=float(rng.uniform(0, 3)))
        inner = (inner[0], np.maximum(inner[1], 3.0 - outline[inner[0]]))
        section.bone(inner, edge=float(rng.uniform(0.3, 0.9)), loss=30.0)


def _wall(medium: Medium, rng: np.random.Generator, wavy: Map, thickness: float) -> None:
    """Maternal skin, fat, fasciae and muscle, then the uterine wall, down to `thickness` mm."""
    view = medium.view
    rows = slice(0, int(np.clip(thickness * 1.25 / view.depth_step + 8, 1, DEPTHS)))
    window = (rows, slice(0, BEAMS))
    local = wavy[rows]
    share = rng.uniform(0.3, 0.9)
    skin = local - np.float32(2.0)
    deep = local - np.float32(thickness * share)
    end = local - np.float32(thickness)
    tissue = rng.uniform(-27.0, -18.0)
    streaks = _streaks(rng, 34)[rows] * np.float32(rng.uniform(2.5, 7.0))
    fade = np.clip(-end / 3.0, 0.0, 1.0)
    part = medium.echo[window]
    part += fade * (np.float32(tissue) + np.where(deep < 0, streaks, 0.4 * streaks) - part)
    medium.loss[window] *= 1.0 - fade
    medium.reflect(window, skin, float(rng.uniform(0.1, 0.6)), 1.2)
    for place in rng.uniform(0.15, 1.0, int(rng.integers(1, 6))) * thickness:
        wobble = np.float32(rng.uniform(0.5, 2.5)) * smooth_noise(rng, 2, 4)[rows]
        line = local - np.float32(place) + wobble
        patchy = np.clip(0.6 + 0.6 * smooth_noise(rng, 2, 8)[rows], 0.0, 1.2)
        medium.reflect(window, line, patchy * np.float32(rng.uniform(0.06, 0.4)), 0.9)


def _haze(medium: Medium, patient: Patient, depth: Map) -> None:
    """Reverberation in the wall: a veil over the near field that even fluid shows."""
    veil = np.float32(-30.0 - 18.0 * (1.0 - patient.haze)) - depth * np.float32(0.9)
    np.maximum(medium.echo, np.maximum(veil, -90.0), out=medium.echo)


def _poor_contact(medium: Medium, rng: np.random.Generator) -> None:
    """Now and then a band of beams is weak from the skin on: a scar, the navel, or no gel."""
    beams = np.linspace(-1.0, 1.0, BEAMS, dtype=np.float32)
    bands = []
    if rng.random() < 0.3:
        bands.append((rng.uniform(-1, 1), rng.uniform(0.03, 0.16)))
    for side in (-1, 1):
        # The ends of a curved face lift off first.
        if rng.random() < 0.3:
            bands.append((side * rng.uniform(0.8, 1.1), rng.uniform(0.1, 0.35)))
    for place, width in bands:
        band = np.exp(-np.square((beams - place) / width))
        strength = rng.uniform(4.0, 22.0) / (4.0 * medium.view.depth_step / 10.0)
        medium.loss[:4] += np.float32(strength) * band.astype(np.float32)

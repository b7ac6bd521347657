"""The fetal head in its axial planes: skull, scalp and tissue; others paint what is inside.

The three standard planes are those of the ISUOG guideline on the fetal central nervous system
(Malinger G, Paladini D, Haratz KK, et al. Ultrasound Obstet Gynecol 2020;56:476-484).
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import head_axes
from fetal_model.phantom.brain_structures import (
    Head,
    paint_insula,
    paint_midline,
    paint_sulci,
    paint_thalami,
    paint_ventricles,
)
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Section, Window, smooth_noise
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.posterior_fossa import (
    paint_basal_cisterns,
    paint_cerebellum,
    paint_skull_base,
)
from fetal_model.phantom.probe import Map

WARP = 0.018


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the occipitofrontal and biparietal diameters (outer to outer), mm."""
    length, breadth = head_axes(patient.gestational_age_weeks, patient.cephalic_index)
    scale = patient.size * patient.head_size / 2.0
    return length * scale, breadth * scale


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the midline against the horizontal, radians: mostly within 30 degrees."""
    spread = 0.28 if rng.random() < 0.85 else 0.8
    return float(rng.normal(0.0, spread) + np.pi * rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a head; u runs from occiput to forehead, v from the midline to a side.

    Off the plane the head is cut a little smaller, and its structures go.

    Args:
        section: Where to paint; its `medium.outline` must hold the outline already.
        rng: Source of the variation.
        patient: Gives size and age.
        cut: Plane, contrast and offset.
    """
    weeks = patient.gestational_age_weeks
    full = half_axes(patient)
    shrunk = 1.0 - 0.06 * cut.offset**2
    a, b = full[0] * shrunk, full[1] * shrunk
    # The bone thickens with age (chosen), and the beam makes it look thicker still.
    skull = float(np.clip(0.75 + 0.035 * (weeks - 18.0), 0.6, 1.4)) * rng.uniform(1.25, 1.9)
    size = patient.size * patient.head_size
    head = Head(section, a, b, float(skull), weeks, size, cut)
    _scalp(head, rng, full)
    outer = section.ellipse(0, 0, a, b, margin=4)
    section.medium.outline[:] = 1e3
    section.medium.outline[outer[0]] = outer[1]
    _tissue(head, rng, outer)
    paint_ventricles(head, rng)
    paint_thalami(head, rng)
    paint_cerebellum(head, rng)
    paint_basal_cisterns(head, rng)
    paint_insula(head, rng)
    paint_sulci(head, rng)
    paint_midline(head, rng)
    paint_skull_base(head, rng)
    _reverberation(head, rng, outer)
    _skull(head, rng, outer)


def _scalp(head: Head, rng: np.random.Generator, full: tuple[float, float]) -> None:
    """Skin over the bone; the low posterior section meets the nuchal fold too."""
    section = head.section
    echo, edge = float(rng.uniform(-26, -17)), float(rng.uniform(0.05, 0.3))
    fold = float(rng.uniform(2.0, 4.0)) if head.cut.plane == "transcerebellar" else 0.0
    thickness = 1.8
    if fold:
        nape = section.ellipse(-full[0] + 2.0, 0, 2.0 + thickness + fold, 0.6 * full[1])
        section.solid(nape, echo, edge=edge)
        section.medium.mark(nape, "scalp")
    scalp = section.ellipse(0, 0, full[0] + thickness, full[1] + thickness, margin=6)
    section.solid(scalp, echo, edge=edge)
    section.medium.mark(scalp, "scalp")


def _tissue(head: Head, rng: np.random.Generator, outer: tuple[Window, Map]) -> None:
    """Dark parenchyma; the folds of the cortex appear as the brain matures."""
    window, distance = outer
    medium = head.section.medium
    medium.structures[window][distance < 0] = 0
    base = rng.uniform(-37.5, -30) + 2.2 * smooth_noise(rng, 16, 14)[window]
    folds = np.abs(smooth_noise(rng, 26, 20)[window] + 0.35 * smooth_noise(rng, 60, 44)[window])
    folds = np.clip(1.0 - folds * 3.0, 0, 1) * (smooth_noise(rng, 9, 8)[window] > -0.4)
    growth = (4.0 + 18.0 * head.maturity) * rng.uniform(0.4, 1.2)
    base += head.cut.detail * np.float32(growth) * folds
    medium.fill(window, distance, base, -0.6, 0.5)
    # Fluid over the brain, wide in young fetuses, dark under the skull.
    rim = np.clip(1.0 - np.abs(distance + 4.0) / np.float32(3.5 - 1.5 * head.maturity), 0, 1)
    medium.echo[window] -= np.float32(rng.uniform(0, 9)) * rim


def _reverberation(head: Head, rng: np.random.Generator, outer: tuple[Window, Map]) -> None:
    """Echoes within the near skull veil the hemisphere closest to the probe."""
    section = head.section
    medium, b = section.medium, head.b
    window, distance = outer
    v = section.v[window]
    near = (v < 0) if section.to_space(0, -b)[1] < section.to_space(0, b)[1] else (v > 0)
    veil = rng.uniform(-38, -27) - 9.0 * np.clip(-distance / np.float32(0.75 * b), 0, 1)
    veil = veil + np.float32(rng.uniform(0.5, 2.5)) * np.cos(
        distance * np.float32(2 * np.pi / rng.uniform(2.5, 5.0))
    )
    strength = np.float32(rng.uniform(0.25, 0.95))
    side = near & (distance < 0)
    part = medium.echo[window]
    part += strength * side * np.maximum(veil - part, 0)
    medium.gloss[window] *= 1.0 - np.float32(0.75) * strength * side


def _skull(head: Head, rng: np.random.Generator, outer: tuple[Window, Map]) -> None:
    """The bone: bright where the beam meets it square, faint along the beam, open at sutures."""
    section = head.section
    medium = section.medium
    window, distance = outer
    u, v = section.u[window], section.v[window]
    thick = float(np.clip(head.skull, 0.7, 2.4))
    middle = distance + np.float32(thick)
    # Low behind, the section runs through thin temporal bone and the fontanelles at the occiput.
    low = float(head.cut.plane == "transcerebellar")
    uneven = smooth_noise(rng, 5, 7)[window] * np.float32(0.35 + 0.15 * low)
    gaps = np.clip(np.float32(1.15 - 0.05 * low) + uneven, 0.25 - 0.15 * low, 1.3)
    sutures = int(rng.integers(0, 3))
    for turn in rng.uniform(0, 2 * np.pi, sutures):
        across = np.abs(u * np.float32(np.sin(turn)) - v * np.float32(np.cos(turn)))
        gaps *= np.clip(across / np.float32(rng.uniform(1.0, 2.5)), 0.2, 1.0)
    open_behind = float(rng.uniform(0.2, 0.8)) * low
    gaps *= 1.0 - np.float32(open_behind) * np.clip(-u / np.float32(0.45 * head.a) - 0.9, 0, 1)
    ring = np.clip(1.0 - np.abs(middle) / np.float32(thick), 0, 1)
    square = np.square(medium.facing(distance))
    ring = np.minimum(1.0, 2.0 * ring) * np.minimum(gaps, 1.0)
    part = medium.echo[window]
    dim = np.float32(rng.uniform(6.0, 22.0))
    part += ring * (np.float32(rng.uniform(-14, -8)) - dim * (1.0 - square) - part)
    medium.loss[window] += ring * np.float32(rng.uniform(10.0, 34.0))
    medium.reflect(
        window, middle, np.float32(rng.uniform(0.7, 1.6)) * gaps, thick * 1.1, even=0.75,
        rest=float(rng.uniform(0.0, 0.1)),
    )  # fmt: skip
    band = np.maximum(distance, -distance - np.float32(2.0 * thick))
    medium.mark((window, band), "skull")

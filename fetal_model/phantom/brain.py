"""The fetal head in its axial planes: skull, midline, cavum, thalami, ventricles, cerebellum."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import head_axes
from fetal_model.phantom.medium import Section, arc, smooth_noise, wander
from fetal_model.phantom.patient import Patient

PLANES = ("transthalamic", "transventricular", "transcerebellar")
WARP = 0.018


def half_axes(patient: Patient) -> tuple[float, float]:
    """Half of the occipitofrontal and biparietal diameters (outer to outer), mm."""
    length, breadth = head_axes(patient.gestational_age_weeks, patient.cephalic_index)
    scale = patient.size * patient.head_size / 2.0
    return length * scale, breadth * scale


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the midline against the horizontal, radians: mostly within 30 degrees."""
    spread = 0.28 if rng.random() < 0.85 else 0.8
    return float(rng.normal(0.0, spread) + np.pi * rng.integers(0, 2))


def build(section: Section, rng: np.random.Generator, patient: Patient, detail: float) -> str:
    """Paint a head; u runs from occiput to forehead, v from the midline to a side.

    Args:
        section: Where to paint; its `medium.outline` must hold the outline already.
        rng: Source of the variation.
        patient: Gives size and age.
        detail: Contrast of the inner structures, 0 to 1; lower is further off the plane.

    Returns:
        The plane, one of `PLANES`.
    """
    a, b = half_axes(patient)
    medium = section.medium
    plane = str(rng.choice(PLANES, p=[0.5, 0.3, 0.2]))
    skull = float(np.clip(0.9 + 0.035 * (patient.gestational_age_weeks - 18), 0.9, 1.5))
    skull *= rng.uniform(0.8, 1.5)
    scalp = section.ellipse(0, 0, a + 1.8, b + 1.8, margin=6)
    section.solid(scalp, float(rng.uniform(-26, -17)), edge=float(rng.uniform(0.05, 0.3)))
    outer = section.ellipse(0, 0, a, b, margin=4)
    window, distance = outer
    u, v = section.u[window], section.v[window]

    _brain_tissue(section, rng, outer, patient, detail)
    near = (v < 0) if section.to_space(0, -b)[1] < section.to_space(0, b)[1] else (v > 0)
    if plane == "transcerebellar":
        _cerebellum(section, rng, a, b, detail)
    _ventricles(section, rng, a, b, detail, patient.gestational_age_weeks, plane)
    _thalami(section, rng, a, b, detail)
    _echo_lines(section, rng, a, b, detail)
    _midline(section, rng, a, b, detail)

    # Reverberation of the near skull veils the hemisphere closest to the probe.
    veil = rng.uniform(-38, -27) - 9.0 * np.clip(-distance / np.float32(0.75 * b), 0, 1)
    veil = veil + np.float32(rng.uniform(0.5, 2.5)) * np.cos(
        distance * np.float32(2 * np.pi / rng.uniform(2.5, 5.0))
    )
    strength = np.float32(rng.uniform(0.25, 0.95))
    side = near & (distance < 0)
    part = medium.echo[window]
    part += strength * side * np.maximum(veil - part, 0)
    medium.gloss[window] *= 1.0 - np.float32(0.75) * strength * side

    # The bone: thick and bright where the beam meets it square, thin along the beam.
    thick = float(np.clip(skull * rng.uniform(0.9, 1.3), 0.8, 2.4))
    middle = distance + np.float32(thick)
    gaps = np.clip(1.15 + 0.35 * smooth_noise(rng, 5, 7)[window], 0.25, 1.3)
    if rng.random() < 0.5:
        for turn in rng.uniform(0, 2 * np.pi, int(rng.integers(1, 3))):
            suture = np.abs(u * np.float32(np.sin(turn)) - v * np.float32(np.cos(turn)))
            gaps *= np.clip(suture / np.float32(rng.uniform(1.0, 2.5)), 0.2, 1.0)
    ring = np.clip(1.0 - np.abs(middle) / np.float32(thick), 0, 1)
    slope = np.gradient(distance, medium.view.depth_step, axis=0)
    square = np.square(np.minimum(np.abs(slope), 1.0)).astype(np.float32)
    dim = np.float32(rng.uniform(0.4, 1.3))
    ring = np.minimum(1.0, 2.0 * ring) * np.minimum(gaps, 1.0)
    part = medium.echo[window]
    bone = np.float32(rng.uniform(-14, -8)) - np.float32(14.0) * dim * (1.0 - square)
    part += ring * (bone - part)
    medium.loss[window] += ring * np.float32(rng.uniform(10.0, 34.0))
    medium.reflect(
        window, middle, np.float32(rng.uniform(0.7, 1.6)) * gaps, thick * 1.1, even=0.75,
        rest=float(rng.uniform(0.0, 0.16)),
    )  # fmt: skip
    return plane


def _brain_tissue(
    section: Section, rng: np.random.Generator, outer: tuple, patient: Patient, detail: float
) -> None:
    """Dark parenchyma; the folds of the cortex appear as the brain matures."""
    window, distance = outer
    medium = section.medium
    maturity = float(np.clip((patient.gestational_age_weeks - 20.0) / 9.0, 0.0, 1.0))
    base = rng.uniform(-39, -28) + 2.2 * smooth_noise(rng, 16, 14)[window]
    folds = np.abs(smooth_noise(rng, 26, 20)[window] + 0.35 * smooth_noise(rng, 60, 44)[window])
    folds = np.clip(1.0 - folds * 3.0, 0, 1) * (smooth_noise(rng, 9, 8)[window] > -0.4)
    base += detail * np.float32((6.0 + 13.0 * maturity) * rng.uniform(0.4, 1.2)) * folds
    medium.fill(window, distance, base, -0.6, 0.5)
    # Fluid over the brain, wide in young fetuses, dark under the skull.
    rim = np.clip(1.0 - np.abs(distance + 4.0) / np.float32(3.5 - 1.5 * maturity), 0, 1)
    medium.echo[window] -= np.float32(rng.uniform(0, 9)) * rim


def _midline(section: Section, rng: np.random.Generator, a: float, b: float, detail: float) -> None:
    """Falx in front and behind, the two lines of the cavum between them."""
    strength = float(rng.uniform(0.12, 0.6)) * detail
    front, back = rng.uniform(0.5, 0.62) * a, rng.uniform(0.18, 0.3) * a
    bend = rng.normal(0, 0.006 * b, 3)
    for line in (
        [(front, bend[0]), (0.75 * a, bend[1]), (0.97 * a, 0.0)],
        [(-0.95 * a, 0.0), (-0.5 * a, bend[1]), (-0.1 * a, bend[2]), (back * 0.9, 0.0)],
    ):
        falx = section.stroke(line, 0.2)
        section.solid(falx, -26.0 + 6 * detail, opacity=0.8 * detail, soft=0.6)
        dashes = np.clip(0.75 + 0.35 * smooth_noise(rng, 16, 18)[falx[0]], 0.1, 1.3)
        section.medium.reflect(*falx, strength * dashes, 0.7, rest=0.15, even=0.5)
    if rng.random() < 0.85:
        half = float(rng.uniform(0.045, 0.085)) * b
        middle, long = (front + back) / 2, (front - back) / 2
        cavum = section.ellipse(middle, 0, long, half * 1.4)
        section.medium.fill(*cavum, -60.0, -1.0, 0.5, detail)
        for side in (-half, half):
            wall = section.stroke([(back, side * 0.8), (middle, side), (front, side * 0.9)], 0.15)
            section.solid(wall, -21.0, opacity=0.8 * detail, soft=0.5)
            section.medium.reflect(*wall, strength + 0.08, 0.7, rest=0.1, even=0.5)


def _thalami(section: Section, rng: np.random.Generator, a: float, b: float, detail: float) -> None:
    """Two dark ovals beside the third ventricle, in brighter surroundings."""
    bright = section.ellipse(-0.12 * a, 0, 0.34 * a, 0.42 * b)
    section.solid(bright, float(rng.uniform(-34, -27)), opacity=0.55 * detail, soft=3.0)
    for side in (-1, 1):
        oval = section.ellipse(-0.06 * a, side * 0.17 * b, 0.19 * a, 0.13 * b, turn=-side * 0.45)
        section.solid(oval, float(rng.uniform(-42, -35)), edge=0.05, opacity=0.8 * detail, soft=1.0)


def _ventricles(
    section: Section, rng: np.random.Generator, a: float, b: float, detail: float, weeks: float,
    plane: str,
) -> None:  # fmt: skip
    """Lateral ventricles with the choroid plexus behind, and the insula to the side."""
    # Atrium about 7 mm wide at every age: it dominates the small head and shrinks in the large one.
    half = float(np.clip(rng.normal(3.4, 0.5), 2.4, 4.6)) * (1.15 if weeks < 21 else 1.0)
    shown = 1.0 if plane == "transventricular" else rng.uniform(0.3, 0.95)
    for side in (-1, 1):
        middle = side * rng.uniform(0.4, 0.5) * b
        horn = section.ellipse(
            -0.42 * a, middle, 0.36 * a, min(half, 0.2 * b), turn=side * rng.uniform(0.12, 0.35)
        )
        strength = detail * shown
        section.medium.fill(*horn, -58.0, -1.0, 0.6, 0.85 * strength)
        section.medium.reflect(*horn, float(rng.uniform(0.05, 0.3)) * strength, 0.6, rest=0.02)
        plexus = section.ellipse(
            -0.36 * a, middle * rng.uniform(0.95, 1.08), rng.uniform(0.15, 0.24) * a,
            min(half * rng.uniform(0.7, 1.0), 0.17 * b), turn=side * rng.uniform(0.2, 0.5),
        )  # fmt: skip
        section.solid(plexus, float(rng.uniform(-23, -14)), opacity=min(1.0, strength * 1.2),
                      soft=0.8)  # fmt: skip
        wall = section.stroke(
            wander(rng, [(-0.05 * a, side * 0.3 * b), (0.25 * a, side * 0.27 * b),
                         (0.45 * a, side * 0.33 * b)], 0.012 * a), 0.15,
        )  # fmt: skip
        section.medium.reflect(*wall, float(rng.uniform(0.0, 0.35)) * strength, 0.6, rest=0.03)
        insula = section.stroke(
            wander(rng, [(-0.12 * a, side * 0.7 * b), (0.1 * a, side * 0.6 * b),
                         (0.35 * a, side * 0.66 * b)], 0.015 * a), 0.2,
        )  # fmt: skip
        section.solid(insula, -29.0, opacity=float(rng.uniform(0, 0.6)) * detail, soft=1.0)
        section.medium.reflect(*insula, float(rng.uniform(0.0, 0.3)) * detail, 0.6, rest=0.03)


def _cerebellum(
    section: Section, rng: np.random.Generator, a: float, b: float, detail: float
) -> None:
    """Two dark lobes joined by the bright vermis, before the black cisterna magna."""
    cistern = section.ellipse(-0.8 * a, 0, 0.14 * a, 0.42 * b)
    section.cavity(cistern, wall=0.1, opacity=detail)
    for side in (-1, 1):
        lobe = section.ellipse(-0.62 * a, side * 0.25 * b, 0.17 * a, 0.24 * b, turn=side * 0.3)
        section.solid(lobe, float(rng.uniform(-34, -29)), edge=0.25 * detail, opacity=detail)
    vermis = section.stroke(arc(0.1 * a, 0.06 * b, 2.0, 4.2, 4), 0.05 * b)
    section.solid(vermis, -20.0, opacity=0.3 * detail)
    middle = section.ellipse(-0.64 * a, 0, 0.1 * a, 0.07 * b)
    section.solid(middle, -19.0, opacity=0.9 * detail)


def _echo_lines(
    section: Section, rng: np.random.Generator, a: float, b: float, detail: float
) -> None:
    """Short bright lines of sulci, vessels and septa, most of them along the midline."""
    for _ in range(int(rng.integers(5, 22))):
        radius, turn = 0.85 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        u, v = radius * a * np.cos(turn), radius * b * np.sin(turn)
        half, tilt = rng.uniform(0.02, 0.1) * a, rng.normal(0, 0.4)
        arm = (half * np.cos(tilt), half * np.sin(tilt))
        bent = rng.normal(0, 0.02) * a
        line = section.stroke(
            [(u - arm[0], v - arm[1]), (u, v + bent), (u + arm[0], v + arm[1])], 0.15, margin=2
        )
        section.solid(line, -26.0, opacity=float(rng.uniform(0.1, 0.6)) * detail)
        section.medium.reflect(*line, float(rng.uniform(0.02, 0.35)) * detail, 0.6, rest=0.05)

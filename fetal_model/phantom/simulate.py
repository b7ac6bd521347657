"""One simulated scan: where the anatomy lies, how the scanner is set, and the picture of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.phantom import abdomen, brain, femur, thorax
from fetal_model.phantom.acoustics import Settings, compress, envelope, finish
from fetal_model.phantom.machine import MACHINES, Machine
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.patient import Patient, draw_patient
from fetal_model.phantom.probe import HEIGHT, WIDTH, View, scan_convert
from fetal_model.phantom.screen import annotate
from fetal_model.phantom.womb import surround

QUALITIES = ("good", "fair", "poor")
_QUALITY_SHARES = (0.55, 0.32, 0.13)
_ANATOMIES: dict[str, Any] = {
    "brain": brain,
    "abdomen": abdomen,
    "femur": femur,
    "thorax": thorax,
}


@dataclass(frozen=True)
class Phantom:
    """One simulated scan and its truth.

    Attributes:
        image: The scan, uint8 (448, 576), 0 black to 255 white.
        mask: 1 where the anatomy is, uint8 (448, 576): the skull's outer ellipse, the abdominal or
            thoracic section, or the femur's shaft.
        label: One of `anatomy.KEYS`.
        plane: The plane shown, such as `transthalamic` or `four-chamber`.
        patient: The simulated patient's name.
        gestational_age_weeks: Weeks.
        machine: Name of the simulated scanner.
        quality: `good`, `fair` or `poor`.
        pathology: Empty: no pathology is simulated.
        seed: The seed that, with label and patient, gives this scan again.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    label: str
    plane: str
    patient: str
    gestational_age_weeks: float
    machine: str
    quality: str
    pathology: str
    seed: int


def check_seed(seed: int) -> None:
    """Refuse a seed that is not a whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(
            f"expected seed to be a whole number from 0, received {seed!r}: choose such a number"
        )


def simulate(
    label: str, seed: int, patient: Patient | None = None, *, quality: str | None = None,
    annotations: bool | None = None,
) -> Phantom:  # fmt: skip
    """Simulate one scan; the same arguments give the same bytes.

    Framing, surroundings, scanner settings and annotation come from random streams of their own
    that do not know the label, so that the classes differ in nothing but the anatomy.

    Args:
        label: One of `anatomy.KEYS`.
        seed: Whole number from 0.
        patient: Whose scan it is; without one, a patient is drawn from the seed.
        quality: `good`, `fair` or `poor`; drawn when None.
        annotations: Whether the screen is annotated; drawn when None. Does not change the rest.

    Raises:
        ValueError: A label, seed or quality that does not exist.

    Example:
        >>> scan = simulate("femur", 7)
        >>> scan.image.shape, scan.plane
        ((448, 576), 'femur')
    """
    if label not in KEYS:
        raise ValueError(
            f"expected label to be one of {', '.join(KEYS)}, received {label!r}: choose one "
            "of these"
        )
    if quality is not None and quality not in QUALITIES:
        raise ValueError(
            f"expected quality to be one of {', '.join(QUALITIES)}, received {quality!r}: choose "
            "one of these, or None to draw it"
        )
    check_seed(seed)
    streams = np.random.SeedSequence(int(seed)).spawn(7)
    framing, shape, around, knobs, scatter, drawing, choice = map(np.random.default_rng, streams)
    if patient is None:
        patient = draw_patient(int(seed), int(choice.integers(0, 100_000)))
    drawn = str(choice.choice(QUALITIES, p=_QUALITY_SHARES))
    annotated = bool(choice.random() < 0.6)
    quality = drawn if quality is None else quality
    annotated = annotated if annotations is None else annotations

    module = _ANATOMIES[label]
    machine = MACHINES[patient.machine]
    half_axes = module.half_axes(patient)
    angle = module.draw_angle(shape)
    view, centre, clearance = frame(framing, machine, patient, half_axes, angle, quality)
    medium = Medium(view, around)
    section = Section(
        medium, shape, centre, angle, mirrored=bool(shape.random() < 0.5),
        warp_mm=module.WARP * sum(half_axes), scale_mm=sum(half_axes),
    )  # fmt: skip
    distance = section_outline(section, half_axes)
    medium.outline[:] = distance
    _, half_height = extents(half_axes, angle)
    surround(medium, around, patient, distance, centre[1] - half_height, clearance)
    detail = {"good": (0.85, 1.0), "fair": (0.6, 0.9), "poor": (0.3, 0.65)}[quality]
    plane = module.build(section, shape, patient, float(shape.uniform(*detail)))

    settings = draw_settings(knobs, machine, patient, view, centre[1], quality)
    polar = compress(envelope(medium, scatter, settings), settings)
    grid = view.screen_grid()
    screen = finish(scan_convert(polar, grid), settings)
    image = np.round(screen * 255.0).astype(np.uint8)
    mask = (scan_convert(medium.outline, grid, outside=1e3) < 0).astype(np.uint8)
    if annotated:
        annotate(image, drawing, view, machine.screen)
    return Phantom(
        image=image,
        mask=mask,
        label=label,
        plane=plane,
        patient=patient.name,
        gestational_age_weeks=patient.gestational_age_weeks,
        machine=machine.name,
        quality=quality,
        pathology="",
        seed=int(seed),
    )


def section_outline(section: Section, half_axes: tuple[float, float]) -> NDArray[np.float32]:
    """Signed distance (mm) to the outline of the section, over the whole grid."""
    reach = section.medium.view.depth_mm * 4
    _, distance = section.ellipse(0, 0, *half_axes, margin=reach)
    return distance


def extents(half_axes: tuple[float, float], angle: float) -> tuple[float, float]:
    """Half width and half height (mm) of an ellipse turned by `angle`."""
    a, b = half_axes
    return (
        float(np.hypot(a * np.cos(angle), b * np.sin(angle))),
        float(np.hypot(a * np.sin(angle), b * np.cos(angle))),
    )


def frame(
    rng: np.random.Generator, machine: Machine, patient: Patient, half_axes: tuple[float, float],
    angle: float, quality: str,
) -> tuple[View, tuple[float, float], float]:  # fmt: skip
    """Choose the view: how large the anatomy appears, how deep it lies, which part is shown.

    Returns:
        The view, the anatomy's centre (mm), and its clearance from the maternal wall (mm).
    """
    half_width, half_height = extents(half_axes, angle)
    fill = rng.uniform(0.5, 0.95) if rng.random() < 0.85 else rng.uniform(0.38, 1.1)
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
    poor = QUALITIES.index(quality)
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

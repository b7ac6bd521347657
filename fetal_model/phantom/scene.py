"""What is decided before a scan is simulated: anatomy, patient, view, the scanner's knobs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fetal_model.phantom.cut import Cut
from fetal_model.phantom.drift import DriftingGenerator
from fetal_model.phantom.framing import draw_settings, frame, hold_probe, whole_sector
from fetal_model.phantom.machine import MACHINES
from fetal_model.phantom.patient import Patient, draw_patient
from fetal_model.phantom.planes import LABELS, PLANES, draw_plane, pathology_of
from fetal_model.phantom.probe import View
from fetal_model.phantom.screen import Annotations
from fetal_model.phantom.settings import Settings

QUALITIES = ("good", "fair", "poor")
_QUALITY_SHARES = (0.55, 0.32, 0.13)
_DETAIL = {"good": (0.85, 1.0), "fair": (0.6, 0.9), "poor": (0.3, 0.65)}
_OFFSET = {"good": 0.06, "fair": 0.2, "poor": 0.45}  # standard deviation
STREAMS = ("framing", "pose", "shape", "around", "knobs", "scatter", "drawing", "choice")


@dataclass(frozen=True)
class Scene:
    """One scan before it is made; `render` turns it into a picture, and changes draw nothing anew.

    Attributes:
        label: Class, one of `planes.LABELS`.
        cut: Plane, its offset and contrast.
        patient: Whose scan it is.
        quality: `good`, `fair` or `poor`.
        view: Geometry of probe and screen.
        centre: Middle of the anatomy, mm.
        angle: Direction of its long axis, radians.
        mirrored: Whether left and right are swapped.
        clearance_mm: Room between the maternal wall and the anatomy.
        settings: The scanner's knobs.
        annotated: Whether the screen is annotated, or with what.
        seed: Source of all that is random in the picture.
        drift: How far the probe has moved since the sweep began, in thicknesses of the beam: the
            speckle changes with it. 0 for a still.
    """

    label: str
    cut: Cut
    patient: Patient
    quality: str
    view: View
    centre: tuple[float, float]
    angle: float
    mirrored: bool
    clearance_mm: float
    settings: Settings
    annotated: bool | Annotations
    seed: int
    drift: float = 0.0

    @property
    def half_axes(self) -> tuple[float, float]:
        """Half of the section's extent along and across its axis, mm."""
        return PLANES[self.cut.plane].painter.half_axes(self.patient, self.cut.plane)


def streams(seed: int, drift: float = 0.0) -> dict[str, np.random.Generator]:
    """A random stream for each part of a scan, so that one part's draws never move another's."""
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    rngs = {name: np.random.default_rng(c) for name, c in zip(STREAMS, children, strict=True)}
    if drift:
        rngs["scatter"] = DriftingGenerator(children[STREAMS.index("scatter")], drift)
    return rngs


def draw_scene(
    label: str, seed: int, patient: Patient | None = None, *, plane: str | None = None,
    quality: str | None = None, annotations: bool | Annotations | None = None,
    pathology: str = "",
) -> Scene:  # fmt: skip
    """Decide on a scan.

    Framing, surroundings, scanner settings and annotation come from random streams of their own
    that do not know the label, so that the classes differ in nothing but the anatomy.

    Args:
        label: One of `planes.LABELS`.
        seed: Whole number from 0.
        patient: Whose scan it is; without one, a patient is drawn from the seed.
        plane: A plane of the label; drawn when None.
        quality: `good`, `fair` or `poor`; drawn when None.
        annotations: Whether the screen is annotated (with some kinds of annotation, drawn), or with
            what; drawn when None. Does not change the rest.
        pathology: That of the plane, see `planes.pathology_of`, or empty.

    Raises:
        ValueError: A label, plane, seed, quality or pathology that does not exist.
    """
    _check(label, plane, quality, pathology)
    check_seed(seed)
    rngs = streams(int(seed))
    choice, pose = rngs["choice"], rngs["pose"]
    if patient is None:
        patient = draw_patient(int(seed), int(choice.integers(0, 100_000)))
    drawn = str(choice.choice(QUALITIES, p=_QUALITY_SHARES))
    often = bool(choice.random() < 0.6)
    quality = drawn if quality is None else quality
    annotated = often if annotations is None else annotations
    drawn_plane = draw_plane(pose, label, pathology)
    plane = drawn_plane if plane is None else plane
    painter = PLANES[plane].painter
    detail = float(pose.uniform(*_DETAIL[quality]))
    offset = float(np.clip(pose.normal(0.0, _OFFSET[quality]), -1.0, 1.0))
    angle = painter.draw_angle(pose)
    mirrored = bool(pose.random() < 0.5)
    half_axes = painter.half_axes(patient, plane)
    machine = hold_probe(rngs["framing"], MACHINES[patient.machine], patient, label)
    view, centre, clearance = frame(rngs["framing"], machine, patient, half_axes, angle, quality)
    settings = draw_settings(rngs["knobs"], machine, patient, view, centre[1], quality)
    cut = Cut(plane, detail, offset, pathology)
    return Scene(
        label, cut, patient, quality, view, centre, angle, mirrored, clearance, settings,
        annotated, int(seed),
    )  # fmt: skip


def with_knobs(
    scene: Scene, *, gain_db: float | None = None, dynamic_range_db: float | None = None,
    frequency_mhz: float | None = None, depth_mm: float | None = None,
    half_angle: float | None = None,
) -> Scene:  # fmt: skip
    """The same scene with some of the scanner's knobs turned; the anatomy stays where it is.

    Args:
        scene: As drawn.
        gain_db: Overall gain, dB.
        dynamic_range_db: From black to white, dB.
        frequency_mhz: Centre frequency, MHz.
        depth_mm: Depth of the field, mm. With it or `half_angle` the whole sector is shown.
        half_angle: Half of the sector angle, radians.
    """
    settings, view = scene.settings, scene.view
    if gain_db is not None:
        settings = replace(settings, gain_db=gain_db)
    if dynamic_range_db is not None:
        settings = replace(settings, dynamic_range_db=dynamic_range_db)
    if frequency_mhz is not None:
        settings = replace(settings, frequency_mhz=frequency_mhz)
    if depth_mm is not None:
        view = whole_sector(replace(view, depth_mm=depth_mm))
    if half_angle is not None:
        view = whole_sector(replace(view, half_angle=half_angle))
    return replace(scene, settings=settings, view=view)


def check_seed(seed: int) -> None:
    """Refuse a seed that is not a whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(
            f"expected seed to be a whole number from 0, received {seed!r}: choose such a number"
        )


def _check(label: str, plane: str | None, quality: str | None, pathology: str) -> None:
    if label not in LABELS:
        raise ValueError(
            f"expected label to be one of {', '.join(LABELS)}, received {label!r}: choose one "
            "of these"
        )
    of_label = [name for name, entry in PLANES.items() if entry.label == label]
    if plane is not None and plane not in of_label:
        raise ValueError(
            f"expected plane to be one of {', '.join(of_label)}, received {plane!r}: choose one "
            "of these, or None to draw it"
        )
    if quality is not None and quality not in QUALITIES:
        raise ValueError(
            f"expected quality to be one of {', '.join(QUALITIES)}, received {quality!r}: choose "
            "one of these, or None to draw it"
        )
    known = PLANES[plane].pathology if plane else pathology_of(label)
    if pathology and pathology != known:
        raise ValueError(
            f"expected pathology to be {known!r} or empty for {plane or label}, received "
            f"{pathology!r}: leave it out"
        )

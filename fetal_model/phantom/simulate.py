"""One simulated scan: the picture of a scene, and its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.acoustics import compress, envelope, finish, reduce_speckle
from fetal_model.phantom.framing import extents
from fetal_model.phantom.machine import MACHINES
from fetal_model.phantom.medium import Medium, Section
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.probe import scan_convert, scan_convert_codes
from fetal_model.phantom.scene import Scene, draw_scene, streams
from fetal_model.phantom.screen import Annotations, annotate
from fetal_model.phantom.womb import EVERYWHERE, surround


@dataclass(frozen=True)
class Phantom:
    """One simulated scan and its truth.

    Attributes:
        image: The scan, uint8 (448, 576), 0 black to 255 white.
        mask: 1 where the anatomy is, uint8 (448, 576): the skull's outer ellipse, the abdominal or
            thoracic section, or the femur's shaft.
        structures: Code of the named structure in each pixel (`structures.CODES`), uint8
            (448, 576), 0 none.
        scene: What it is a picture of.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    structures: NDArray[np.uint8]
    scene: Scene

    @property
    def label(self) -> str:
        """Class, one of `planes.LABELS`."""
        return self.scene.label

    @property
    def plane(self) -> str:
        """The plane aimed at, such as `transthalamic` or `four-chamber`."""
        return self.scene.cut.plane

    @property
    def patient(self) -> str:
        """The simulated patient's name."""
        return self.scene.patient.name

    @property
    def gestational_age_weeks(self) -> float:
        """Weeks."""
        return self.scene.patient.gestational_age_weeks

    @property
    def machine(self) -> str:
        """Name of the simulated scanner."""
        return self.scene.patient.machine

    @property
    def quality(self) -> str:
        """`good`, `fair` or `poor`."""
        return self.scene.quality

    @property
    def pathology(self) -> str:
        """Name of the simulated pathology, or empty."""
        return self.scene.cut.pathology

    @property
    def seed(self) -> int:
        """The seed that, with label and patient, gives this scan again."""
        return self.scene.seed


def simulate(
    label: str, seed: int, patient: Patient | None = None, *, plane: str | None = None,
    quality: str | None = None, annotations: bool | Annotations | None = None,
    pathology: str = "",
) -> Phantom:  # fmt: skip
    """Simulate one scan; the same arguments give the same bytes.

    Arguments and errors as `scene.draw_scene`.

    Example:
        >>> scan = simulate("femur", 7)
        >>> scan.image.shape, scan.plane
        ((448, 576), 'femur')
    """
    return render(
        draw_scene(
            label, seed, patient, plane=plane, quality=quality, annotations=annotations,
            pathology=pathology,
        )
    )  # fmt: skip


def render(scene: Scene) -> Phantom:
    """Make the picture of a scene; the same scene gives the same bytes."""
    rngs = streams(scene.seed, scene.drift)
    shape, around = rngs["shape"], rngs["around"]
    painter = PLANES[scene.cut.plane].painter
    half_axes, centre = scene.half_axes, scene.centre
    medium = Medium(scene.view, around)
    section = Section(
        medium, shape, centre, scene.angle, mirrored=scene.mirrored,
        warp_mm=painter.WARP * sum(half_axes), scale_mm=sum(half_axes),
    )  # fmt: skip
    distance = section_outline(section, half_axes)
    medium.outline[:] = distance
    _, half_height = extents(half_axes, scene.angle)
    top = centre[1] - half_height
    surround(medium, around, scene.patient, distance, top, scene.clearance_mm)
    medium.refract(EVERYWHERE, distance)
    painter.build(section, shape, scene.patient, scene.cut)
    medium.roughen(around)

    settings, view = scene.settings, scene.view
    amplitude = envelope(medium, rngs["scatter"], settings)
    polar = reduce_speckle(compress(amplitude, settings), settings)
    grid = view.screen_grid()
    screen = finish(scan_convert(polar, grid), settings)
    image = np.round(screen * 255.0).astype(np.uint8)
    mask = (scan_convert(medium.outline, grid, outside=1e3) < 0).astype(np.uint8)
    if scene.annotated:
        kinds = scene.annotated if isinstance(scene.annotated, Annotations) else None
        style = MACHINES[scene.patient.machine].screen
        annotate(image, rngs["drawing"], view, style, kinds, scene.label)
    return Phantom(image, mask, scan_convert_codes(medium.structures, grid), scene)


def section_outline(section: Section, half_axes: tuple[float, float]) -> NDArray[np.float32]:
    """Signed distance (mm) to the outline of the section, over the whole grid."""
    reach = section.medium.view.depth_mm * 4
    _, distance = section.ellipse(0, 0, *half_axes, margin=reach)
    return distance

"""The planes that can be simulated, and the module that paints each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fetal_model.phantom import abdomen, brain, femur, thorax
from fetal_model.phantom.brain_structures import VENTRICULOMEGALY
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import Section
from fetal_model.phantom.none_of_them import (
    cervix,
    extremity,
    fluid,
    kidneys,
    limb,
    lips,
    placenta,
    profile,
    spine_long,
)
from fetal_model.phantom.patient import Patient


class Painter(Protocol):
    """What a module that paints an anatomy offers."""

    WARP: float
    """How much the section is bent, as a share of its size."""

    def half_axes(self, patient: Patient, plane: str) -> tuple[float, float]:
        """Half of the section's extent along u and along v, mm."""
        ...

    def draw_angle(self, rng: np.random.Generator) -> float:
        """Direction of u on the screen, radians."""
        ...

    def build(self, section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
        """Paint the section, and name its structures.

        How often it draws from `rng` must not depend on `cut.offset`, so that a sweep through
        offsets shows one and the same anatomy.
        """
        ...


@dataclass(frozen=True)
class Plane:
    """One plane.

    Attributes:
        label: Class it belongs to: one of `anatomy.KEYS`, `cervix` or `other`.
        painter: Paints it.
        share: How often it is drawn among the planes of its label.
        pathology: One that it can show when asked to, or empty.
    """

    label: str
    painter: Painter
    share: float
    pathology: str = ""


PLANES: dict[str, Plane] = {
    "transthalamic": Plane("brain", brain, 0.5, VENTRICULOMEGALY),
    "transventricular": Plane("brain", brain, 0.3, VENTRICULOMEGALY),
    "transcerebellar": Plane("brain", brain, 0.2),
    "transabdominal": Plane("abdomen", abdomen, 1.0, abdomen.DILATED_STOMACH),
    "femur": Plane("femur", femur, 1.0, femur.SHORT_FEMUR),
    "four-chamber": Plane("thorax", thorax, 0.7, thorax.CARDIOMEGALY),
    "three-vessel": Plane("thorax", thorax, 0.1),
    "left-outflow": Plane("thorax", thorax, 0.1),
    "right-outflow": Plane("thorax", thorax, 0.1),
    "maternal cervix": Plane("cervix", cervix, 1.0),
    "spine-sagittal": Plane("other", spine_long, 0.14),
    "spine-coronal": Plane("other", spine_long, 0.11),
    "kidneys": Plane("other", kidneys, 0.14),
    "lips": Plane("other", lips, 0.12),
    "profile": Plane("other", profile, 0.14),
    "placenta": Plane("other", placenta, 0.11),
    "amniotic fluid": Plane("other", fluid, 0.08),
    "limb": Plane("other", limb, 0.08),
    "hand or foot": Plane("other", extremity, 0.08),
}
LABELS: tuple[str, ...] = tuple(dict.fromkeys(plane.label for plane in PLANES.values()))


def pathology_of(label: str) -> str:
    """The pathology that planes of a label can show, or empty."""
    found = (plane.pathology for plane in PLANES.values() if plane.label == label)
    return next(filter(None, found), "")


def draw_plane(rng: np.random.Generator, label: str, pathology: str = "") -> str:
    """Draw one of the planes of a label by their shares; with a pathology, one that shows it."""
    of_label = {
        name: plane.share
        for name, plane in PLANES.items()
        if plane.label == label and pathology in ("", plane.pathology)
    }
    shares = np.array(list(of_label.values()))
    return str(rng.choice(list(of_label), p=shares / shares.sum()))

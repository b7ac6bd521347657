"""The built-in labelled set: simulated scans of patients that no recipe learns from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from fetal_model.anatomy import KEYS
from fetal_model.dataset.folders import LabelledFile
from fetal_model.phantom import Phantom, draw_patient, simulate
from fetal_model.phantom.plan import plan

SEED = 7000
"""Of the set; no recipe in `fetal_model/recipes` uses it."""


@dataclass(frozen=True)
class Order:
    """One simulated scan that can be made at any time.

    Attributes:
        name: Such as `femur-00003`.
        label: One of `anatomy.KEYS`.
        seed: Of the scan.
        population: Seed of the set, which its patients share.
        patient: Number of the patient in the set.
    """

    name: str
    label: str
    seed: int
    population: int
    patient: int

    def simulate(self) -> Phantom:
        """Make the scan; about a tenth of a second."""
        return simulate(self.label, self.seed, draw_patient(self.population, self.patient))

    def file(self) -> LabelledFile:
        """Make the scan, as a PNG file."""
        phantom = self.simulate()
        file = io.BytesIO()
        Image.fromarray(phantom.image).save(file, format="PNG")
        return LabelledFile(
            f"{self.name}.png", self.label, file.getvalue(), "phantom", phantom.patient, True
        )


def orders(counts: dict[str, int], seed: int) -> Iterator[Order]:
    """The scans that the phantom command would write for these counts and this seed."""
    for job in plan(counts, seed):
        yield Order(job.name, job.label, job.seed, job.population, job.patient)


def built_in(per_class: int) -> tuple[Order, ...]:
    """The set, by anatomy: `per_class` scans of each, two or three of a patient.

    Raises:
        ValueError: `per_class` is below 1.
    """
    if per_class < 1:
        raise ValueError(f"per_class: expected at least 1, received {per_class}")
    return tuple(orders(dict.fromkeys(KEYS, per_class), SEED))

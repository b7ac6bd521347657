"""Which scans a folder is to hold: shared out to simulated patients before any of them is made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fetal_model.phantom.cine import FRAMES
from fetal_model.phantom.patient import Patient, draw_patient
from fetal_model.phantom.planes import LABELS, PLANES, pathology_of
from fetal_model.phantom.scene import QUALITIES, check_seed

SCANS_PER_PATIENT = 2.5
# What the parts of a plan are drawn from, besides the seed.
_SHUFFLE, _SCANS, _SWEEPS, _PATHOLOGY, _QUALITY = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Order:
    """One scan or probe sweep to make: enough to make it anywhere, in any order.

    Attributes:
        name: Such as `femur-00003`; of a sweep, its plane.
        label: One of `planes.LABELS`.
        seed: Of the scan.
        population: Seed of the set, which its patients share.
        patient: Number of the patient in the set.
        frames: Length of a sweep; 0 for a still.
    """

    name: str
    label: str
    seed: int
    population: int
    patient: int
    frames: int = 0


@dataclass(frozen=True)
class Request:
    """What is asked for; the same request gives the same bytes.

    Attributes:
        counts: Scans of each label.
        seed: Whole number from 0; another seed gives other patients and other scans.
        patients: How many share the scans; None for two or three scans each.
        annotations: Whether the screens are annotated; None for some with and some without.
        weeks: Youngest and oldest gestational age; None for that of routine practice.
        cine: Whether a probe sweep through each plane is made too.
        dicom: Whether each scan is written as DICOM too.
        pathology: Whether half of the scans that can show a pathology do.
        quality: Share of scans of each quality; None for that of routine practice.
    """

    counts: dict[str, int]
    seed: int
    patients: int | None = None
    annotations: bool | None = None
    weeks: tuple[float, float] | None = None
    cine: bool = False
    dicom: bool = False
    pathology: bool = False
    quality: dict[str, float] | None = None

    def __post_init__(self) -> None:
        for label, count in self.counts.items():
            if label not in LABELS:
                raise ValueError(
                    f"expected per_class to name {', '.join(LABELS)}, received {label!r}: "
                    "use these names only"
                )
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ValueError(
                    f"expected per_class to count scans from 0, received {count!r} for {label}: "
                    "give a whole number"
                )
        if self.quality is not None and not (
            set(self.quality) <= set(QUALITIES)
            and all(share >= 0 for share in self.quality.values())
            and math.isclose(sum(self.quality.values()), 1)
        ):
            raise ValueError(
                f"expected quality to give shares of {', '.join(QUALITIES)} that sum to 1, "
                f"received {self.quality!r}: change them"
            )
        total = sum(self.counts.values())
        if not total:
            raise ValueError(
                "expected per_class to ask for a scan, received none: ask for 1 or more"
            )
        check_seed(self.seed)
        if self.patients is not None and not 1 <= self.patients <= total:
            raise ValueError(
                f"expected patients from 1 to {total}, one scan each, received {self.patients}: "
                "ask for fewer patients or more scans"
            )
        draw_patient(self.seed, 1, weeks=self.weeks)  # refuses ages that cannot be

    def as_json(self) -> dict[str, Any]:
        """The request as JSON gives it back."""
        return {**asdict(self), "weeks": list(self.weeks) if self.weeks else None}

    def patient_of(self, order: Order) -> Patient:
        """Whose scan an order is for; all the scans of a patient show one age."""
        return draw_patient(order.population, order.patient, weeks=self.weeks)

    def quality_of(self, order: Order) -> str | None:
        """The quality of a scan, or None to have it drawn as in routine practice."""
        if self.quality is None:
            return None
        drawn = _rng(order.seed, _QUALITY).choice(list(self.quality), p=list(self.quality.values()))
        return str(drawn)

    def pathology_in(self, order: Order) -> str:
        """The pathology that a scan shows, or empty."""
        shown = self.pathology and _rng(order.seed, _PATHOLOGY).random() < 0.5
        return pathology_of(order.label) if shown else ""


def _rng(*entropy: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy))


def _seed(*entropy: int) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def plan(per_class: dict[str, int], seed: int, patients: int | None = None) -> list[Order]:
    """Share scans out to patients, of any class, the same for the same arguments.

    Without a number of `patients`, each has two or three scans.
    """
    labels = [label for label in LABELS for _ in range(per_class.get(label, 0))]
    number = dict.fromkeys(LABELS, 0)
    rng = _rng(seed, _SHUFFLE)
    rng.shuffle(labels)
    orders: list[Order] = []
    patient, left = 0, 0
    for index, label in enumerate(labels):
        if patients is not None:
            patient = 1 + index * patients // len(labels)
        else:
            if left == 0:
                patient += 1
                left = int(np.floor(SCANS_PER_PATIENT + rng.random()))
            left -= 1
        number[label] += 1
        name = f"{label}-{number[label]:05d}"
        orders.append(Order(name, label, _seed(seed, _SCANS, index), seed, patient))
    return sorted(orders, key=lambda order: (LABELS.index(order.label), order.name))


def plan_sweeps(request: Request, stills: list[Order]) -> list[Order]:
    """One probe sweep through each plane of the labels asked for, of patients who have stills."""
    asked = [name for name, plane in PLANES.items() if request.counts.get(plane.label)]
    people = sorted({order.patient for order in stills})
    orders = []
    for index, plane in enumerate(asked):
        frames = int(_rng(request.seed, _SWEEPS, index).integers(FRAMES[0], FRAMES[1] + 1))
        seed = _seed(request.seed, _SWEEPS, index)
        patient = people[index % len(people)]
        orders.append(Order(plane, PLANES[plane].label, seed, request.seed, patient, frames=frames))
    return orders

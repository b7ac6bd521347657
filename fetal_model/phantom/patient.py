"""A simulated patient: what all the scans of one pregnancy have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fetal_model.phantom.biometry import (
    CEPHALIC_INDEX_MEAN,
    CEPHALIC_INDEX_SD,
    OLDEST_WEEKS,
    YOUNGEST_WEEKS,
)
from fetal_model.phantom.machine import MACHINES


@dataclass(frozen=True)
class Patient:
    """One simulated pregnancy.

    Attributes:
        name: Identifier like `P00012`.
        gestational_age_weeks: Age at the examination, weeks, 14 to 40.
        machine: Name of the simulated scanner, a key of `MACHINES`.
        size: Overall size relative to the mean for age, about 0.9 to 1.1.
        head_size: Head relative to the rest of the body, about 0.95 to 1.05.
        abdomen_size: Trunk relative to the rest of the body, about 0.95 to 1.05.
        femur_size: Femur relative to the rest of the body, about 0.95 to 1.05.
        cephalic_index: Biparietal over occipitofrontal diameter.
        wall_mm: Thickness of the maternal abdominal wall, mm.
        haze: Clutter the maternal wall adds, 0 (none) to 1 (much).
        fluid: Amount of amniotic fluid, 0 (little) to 1 (much).
        placenta: `anterior`, `posterior` or `lateral`.
    """

    name: str
    gestational_age_weeks: float
    machine: str
    size: float = 1.0
    head_size: float = 1.0
    abdomen_size: float = 1.0
    femur_size: float = 1.0
    cephalic_index: float = CEPHALIC_INDEX_MEAN
    wall_mm: float = 22.0
    haze: float = 0.3
    fluid: float = 0.5
    placenta: str = "lateral"


def draw_patient(
    seed: int, number: int, *, weeks: tuple[float, float] | None = None
) -> Patient:  # fmt: skip
    """Draw patient `number` of the population `seed`; the same arguments give the same patient.

    Args:
        seed: Names the population.
        number: Names the patient in it.
        weeks: Youngest and oldest age, 14 to 40 weeks, all ages between alike. Without it ages
            follow routine practice: two thirds at the anomaly scan (18 to 24 weeks), most of the
            rest up to 32, a few at any age. Changes nothing but the age.

    Raises:
        ValueError: Ages out of order, or outside 14 to 40 weeks.
    """
    if weeks is not None and not YOUNGEST_WEEKS <= weeks[0] <= weeks[1] <= OLDEST_WEEKS:
        raise ValueError(
            f"expected weeks to be (youngest, oldest) within {YOUNGEST_WEEKS:g} to "
            f"{OLDEST_WEEKS:g}, received {weeks!r}: choose two ages inside, the younger first"
        )
    rng = np.random.default_rng(np.random.SeedSequence([seed, number, 0x9A7]))
    visit = rng.random()
    routine = (18.0, 24.0) if visit < 0.65 else (24.0, 32.0) if visit < 0.93 else (14.0, 40.0)
    age = rng.uniform(*(routine if weeks is None else weeks))
    head, abdomen, femur = np.clip(rng.normal(1.0, 0.025, 3), 0.93, 1.07)
    return Patient(
        name=f"P{number:05d}",
        gestational_age_weeks=round(float(age), 1),
        machine=str(rng.choice(list(MACHINES))),
        size=float(np.clip(rng.normal(1.0, 0.03), 0.91, 1.09)),
        head_size=float(head),
        abdomen_size=float(abdomen),
        femur_size=float(femur),
        cephalic_index=float(
            np.clip(rng.normal(CEPHALIC_INDEX_MEAN, CEPHALIC_INDEX_SD), 0.69, 0.88)
        ),
        wall_mm=float(np.clip(rng.gamma(6.0, 3.6), 8.0, 50.0)),
        haze=float(rng.beta(1.6, 3.0)),
        fluid=float(rng.beta(2.0, 2.0)),
        placenta=str(rng.choice(["anterior", "posterior", "lateral"])),
    )

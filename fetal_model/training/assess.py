"""What an exported version answers about every scan that it was kept from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fetal_model import anatomy
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.splits import folds
from fetal_model.evaluation.predictions import Prediction
from fetal_model.inference.head import Floats, Head
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.scan.quality import find_faults, measure_quality
from fetal_model.store.versions import HEAD, TRUNK
from fetal_model.training.data import Scans
from fetal_model.training.recipe import Recipe
from fetal_model.uncertainty.calibration import Calibration, calibrate
from fetal_model.uncertainty.decision import decide

FOLDS = 5


def assess(
    recipe: Recipe, outputs: Outputs, scans: Scans, folder: Path
) -> tuple[list[Prediction], Calibration]:
    """Answer about every held-out scan with the exported files.

    The set that calibrates is cross-fitted: a scan's answer uses the temperature and thresholds
    fitted without its fold. The other set gets the shipped ones, fitted on the whole first set.

    Returns:
        The rows of `predictions.csv`, and the shipped calibration.
    """
    trunk, head = Trunk(folder / TRUNK), Head.load(folder / HEAD)
    fitted_on, other = scans.own_test, scans.real_test
    if recipe.data.calibrate_on == "real":
        fitted_on, other = other, fitted_on
    answers = ask(fitted_on, trunk, head, recipe.input.spec)
    logits = np.array([asked.logits for asked in answers])
    labels = label_positions(fitted_on)
    # a handful of held-out scans, as in a trial run, cannot fill five folds
    largest = max(Counter(record.label for record in fitted_on).values())
    count = max(2, min(FOLDS, len({record.group for record in fitted_on}), largest))
    numbers = folds(fitted_on, count, recipe.training.seed)
    rows: list[Prediction | None] = [None] * len(fitted_on)
    for fold in range(count):
        fitted = calibrate(logits[numbers != fold], labels[numbers != fold], outputs)
        for index in np.flatnonzero(numbers == fold):
            rows[index] = row_of(answers[index], fitted, str(fold))
    shipped = calibrate(logits, labels, outputs)
    rows += [row_of(asked, shipped, "") for asked in ask(other, trunk, head, recipe.input.spec)]
    return [row for row in rows if row is not None], shipped


@dataclass(frozen=True, eq=False)
class Asked:
    """What is known of one scan before anything is fitted.

    Attributes:
        record: The scan.
        logits: As serving makes them, shape (n_outputs,).
        faults: Of the picture itself.
    """

    record: Record
    logits: Floats
    faults: tuple[str, ...]


def ask(records: Sequence[Record], trunk: Trunk, head: Head, spec: InputSpec) -> list[Asked]:
    """Ask about every record as serving does."""
    asked = []
    for record in records:
        scan = read_scan(record.file)
        pixels, _ = preprocess(scan, spec)
        logits = head.logits(head.pool(trunk(pixels[np.newaxis])[0]))
        asked.append(Asked(record, logits, find_faults(scan, measure_quality(scan))))
    return asked


def label_positions(records: Sequence[Record]) -> NDArray[np.int64]:
    """Position of each label in `anatomy.KEYS`, -1 for another plane, shape (n,)."""
    keys = anatomy.KEYS
    return np.array([keys.index(r.label) if r.label in keys else -1 for r in records])


def row_of(asked: Asked, fitted: Calibration, fold: str) -> Prediction:
    """One row of `predictions.csv`."""
    record = asked.record
    probabilities = fitted.outputs.probabilities(asked.logits)
    score = float(fitted.outputs.plane_score(asked.logits))
    decision, _ = decide(probabilities, score, fitted.thresholds, asked.faults)
    return Prediction(
        scan=record.scan,
        label=record.label,
        patient=record.patient,
        source=record.source,
        part=record.part or "test",
        fold=fold,
        probabilities=tuple(float(p) for p in probabilities),
        plane_score=score,
        decision=decision,
        simulated=record.simulated,
    )

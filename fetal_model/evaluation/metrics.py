"""Figures from predictions, each with its n and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fetal_model import anatomy
from fetal_model.evaluation.predictions import Prediction
from fetal_model.evaluation.resampling import Floats, draw_patients, exact_bounds, interval


@dataclass(frozen=True)
class Proportion:
    """A share of scans with its exact 95% interval.

    Attributes:
        count: Scans that count.
        n: Scans in all.
    """

    count: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson 1934, Biometrika 26:404."""
        return exact_bounds(self.count, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count}/{self.n} = {self.count / self.n:.3f} ({low:.3f} to {high:.3f})"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% patient-bootstrap interval and the number of scans."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, drawn: Floats, n: int) -> Estimate:
        """From a figure of the sample, then of each resample, as `Draws` gives them."""
        low, high = interval(drawn[1:])
        return cls(float(drawn[0]), low, high, n)

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}), n = {self.n}"


def accuracy(rows: Sequence[Prediction]) -> Proportion:
    """Right answers among the scans of the four planes, each forced to one of the four."""
    within = [row for row in rows if row.in_plane]
    return Proportion(sum(row.is_right for row in within), len(within))


def recall(rows: Sequence[Prediction], key: str) -> Proportion:
    """Right answers among the scans of one anatomy."""
    return accuracy([row for row in rows if row.label == key])


def balanced_accuracy(rows: Sequence[Prediction]) -> Estimate:
    """Mean recall of the anatomies that occur."""
    within = [row for row in rows if row.in_plane]
    tables = draw_patients([row.group for row in within]).totals(answer_cells(within))
    return Estimate.of(mean_recall(tables), len(within))


def plane_auroc(rows: Sequence[Prediction]) -> Estimate | None:
    """Area under the ROC curve of `plane_score`, four planes against others; None without both."""
    truth = np.array([row.in_plane for row in rows])
    scores = np.array([row.plane_score for row in rows])
    if truth.all() or not truth.any():
        return None
    return Estimate.of(draw_patients([row.group for row in rows]).areas(truth, scores), len(rows))


def answer_cells(rows: Sequence[Prediction]) -> Floats:
    """The cell of the confusion matrix that each scan of the four planes falls into.

    Returns:
        1 there and 0 elsewhere, shape (n, 16): truth by truth in the order of `anatomy.KEYS`.
    """
    keys = anatomy.KEYS
    cells = [len(keys) * keys.index(row.label) + keys.index(row.answer) for row in rows]
    return np.eye(len(keys) ** 2)[cells]


def mean_recall(tables: Floats) -> Floats:
    """Balanced accuracy of confusion matrices with truth in rows, each flattened to 16 cells."""
    square = tables.reshape(-1, len(anatomy.KEYS), len(anatomy.KEYS))
    scans = square.sum(axis=2)
    right = np.diagonal(square, axis1=1, axis2=2)
    return (right / np.maximum(scans, 1)).sum(axis=1) / (scans > 0).sum(axis=1)


def accepted(rows: Sequence[Prediction]) -> Proportion:
    """Scans accepted without a person."""
    return Proportion(sum(row.decision == "accepted" for row in rows), len(rows))


def confusion(rows: Sequence[Prediction]) -> dict[str, dict[str, int]]:
    """Count of each answer by true label, rows in the order of `anatomy.KEYS`, then the rest."""
    labels = [*anatomy.KEYS, *sorted({row.label for row in rows} - set(anatomy.KEYS))]
    table = {label: dict.fromkeys(anatomy.KEYS, 0) for label in labels}
    for row in rows:
        table[row.label][row.answer] += 1
    return {label: counts for label, counts in table.items() if sum(counts.values())}

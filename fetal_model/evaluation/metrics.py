"""Figures from predictions, each with its n and its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from fetal_model import anatomy
from fetal_model.evaluation.predictions import Prediction

RESAMPLES = 1000
_LEVEL = 0.95


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
        tail = (1 - _LEVEL) / 2
        low = beta.ppf(tail, self.count, self.n - self.count + 1) if self.count else 0.0
        high = beta.ppf(1 - tail, self.count + 1, self.n - self.count) if self.count < self.n else 1
        return float(low), float(high)

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

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}), n = {self.n}"


def accuracy(rows: Sequence[Prediction]) -> Proportion:
    """Right answers among the scans of the four planes, each forced to one of the four."""
    within = [row for row in rows if row.in_plane]
    return Proportion(sum(row.answer == row.label for row in within), len(within))


def recall(rows: Sequence[Prediction], key: str) -> Proportion:
    """Right answers among the scans of one anatomy."""
    return accuracy([row for row in rows if row.label == key])


def balanced_accuracy(rows: Sequence[Prediction]) -> Estimate:
    """Mean recall of the anatomies that occur."""
    within = [row for row in rows if row.in_plane]
    codes = np.array([anatomy.KEYS.index(row.label) for row in within])
    right = np.array([row.answer == row.label for row in within])

    def mean_recall(chosen: NDArray[np.int64]) -> float:
        found = [right[chosen][codes[chosen] == code] for code in np.unique(codes[chosen])]
        return float(np.mean([part.mean() for part in found]))

    return _bootstrap(within, mean_recall)


def plane_auroc(rows: Sequence[Prediction]) -> Estimate | None:
    """Area under the ROC curve of `plane_score`, four planes against others; None without both."""
    truth = np.array([row.in_plane for row in rows])
    scores = np.array([row.plane_score for row in rows])
    if truth.all() or not truth.any():
        return None

    def area(chosen: NDArray[np.int64]) -> float:
        if len(np.unique(truth[chosen])) < 2:
            return float("nan")
        return float(roc_auc_score(truth[chosen], scores[chosen]))

    return _bootstrap(rows, area)


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


def _bootstrap(
    rows: Sequence[Prediction], figure: Callable[[NDArray[np.int64]], float]
) -> Estimate:
    """Percentile interval over patients drawn with replacement (Efron and Tibshirani 1993)."""
    members: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        members[row.group].append(index)
    groups = [np.array(indices) for indices in members.values()]
    rng = np.random.default_rng(0)
    drawn = [
        figure(np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))]))
        for _ in range(RESAMPLES)
    ]
    tail = 100 * (1 - _LEVEL) / 2
    low, high = np.nanpercentile(drawn, [tail, 100 - tail])
    return Estimate(figure(np.arange(len(rows))), float(low), float(high), len(rows))

"""Patients, and seeds, drawn with replacement: what every bootstrap interval here rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

RESAMPLES = 1000
LEVEL = 0.95
_AT_ONCE = 100
"""Resamples of every scan kept in memory together."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draws:
    """Patients drawn with replacement (Efron and Tibshirani 1993, section 8.3); all of a patient's
    scans come and go together.

    Attributes:
        code: Which patient each scan is of, shape (n_scans,).
        times: How often each patient is drawn, shape (1 + resamples, n_patients); the first row is
            the sample as it is, once each.
    """

    code: NDArray[np.int64]
    times: NDArray[np.int64]

    @property
    def patients(self) -> int:
        """How many there are."""
        return self.times.shape[1]

    def totals(self, values: Floats) -> Floats:
        """Sum over the drawn scans.

        Args:
            values: Shape (n_scans, n_values).

        Returns:
            Shape (1 + resamples, n_values).
        """
        of_patient = np.zeros((self.patients, values.shape[1]))
        np.add.at(of_patient, self.code, values)
        return self.times @ of_patient

    def areas(self, truth: NDArray[np.bool_], scores: Floats) -> Floats:
        """Area under the ROC curve of each resample, NaN where it has one kind of scan only.

        The share of pairs in order, ties half (Hanley and McNeil 1982, Radiology 143:29).

        Args:
            truth: Shape (n_scans,).
            scores: Shape (n_scans,); higher where `truth` is more likely.

        Returns:
            Shape (1 + resamples,), in [0, 1].
        """
        order = np.argsort(scores)
        _, starts = np.unique(scores[order], return_index=True)
        found = []
        for first in range(0, len(self.times), _AT_ONCE):
            weights = self.times[first : first + _AT_ONCE, self.code[order]]
            yes, no = (
                np.add.reduceat(weights * kind, starts, axis=1)
                for kind in (truth[order], ~truth[order])
            )
            in_order = (yes * (np.cumsum(no, axis=1) - no / 2)).sum(axis=1)
            with np.errstate(invalid="ignore"):
                found.append(in_order / (yes.sum(axis=1) * no.sum(axis=1)))
        return np.concatenate(found)


def draw_patients(groups: Sequence[str], resamples: int = RESAMPLES) -> Draws:
    """Draw as many patients as there are, again and again; the same groups give the same draws.

    Args:
        groups: Patient of each scan.
        resamples: How often.
    """
    names = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    rng = np.random.default_rng(0)
    times = [np.ones(len(names), dtype=np.int64)]
    for _ in range(resamples):
        drawn = rng.integers(len(names), size=len(names))
        times.append(np.bincount(drawn, minlength=len(names)))
    return Draws(np.array([names[group] for group in groups]), np.array(times))


def interval(drawn: Floats) -> tuple[float, float]:
    """The 95% percentile interval of resampled values; those that could not be had are left out."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


def exact_bounds(count: float, n: float) -> tuple[float, float]:
    """The exact 95% interval of a share (Clopper and Pearson 1934, Biometrika 26:404).

    Args:
        count: What counts; with an effective `n` it need not be whole (Korn and Graubard 1998,
            Survey Methodology 24:193).
        n: Of how many.

    >>> low, high = exact_bounds(10, 10)
    >>> round(low, 4), high
    (0.6915, 1.0)
    """
    tail = (1 - LEVEL) / 2
    low = beta.ppf(tail, count, n - count + 1) if count > 0 else 0.0
    high = beta.ppf(1 - tail, count + 1, n - count) if count < n else 1.0
    return float(low), float(high)

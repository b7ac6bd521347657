"""Whether probabilities mean what they say: reliability, calibration error, proper scores, sets.

Probabilities and sets must come from a calibration that never saw the scan (`cross_fit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fetal_model import anatomy
from fetal_model.evaluation.metrics import Estimate, Proportion
from fetal_model.evaluation.resampling import Floats, draw_patients

BINS = 15
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Bin:
    """Scans answered with about the same confidence: one point of a reliability diagram.

    Attributes:
        low: Lowest confidence in it.
        high: Highest confidence in it.
        confidence: Mean confidence.
        right: Share of right answers, with its exact interval.
    """

    low: float
    high: float
    confidence: float
    right: Proportion


def reliability(probabilities: Floats, labels: Labels, bins: int = BINS) -> list[Bin]:
    """Bins of equal mass, from the least to the most confident; scans that tie share one.

    Args:
        probabilities: Shape (n, 4), rows sum to 1.
        labels: Position of the truth in `anatomy.KEYS`, shape (n,).
        bins: At most so many; fewer where confidences tie.
    """
    confidence, right = _answers(probabilities, labels)
    number = equal_mass(confidence, bins)
    return [
        Bin(
            float(confidence[number == n].min()),
            float(confidence[number == n].max()),
            float(confidence[number == n].mean()),
            Proportion(int(right[number == n].sum()), int((number == n).sum())),
        )
        for n in np.unique(number)
    ]


def calibration_error(
    probabilities: Floats, labels: Labels, groups: Sequence[str], bins: int = BINS
) -> Estimate:
    """Expected calibration error of the highest probability over bins of equal mass.

    The mean over scans of |share right - mean confidence| of their bin (Guo et al. 2017,
    arXiv:1706.04599, equation 3; equal mass after Nguyen and O'Connor 2015, arXiv:1508.05154). It
    is never negative, so that few scans a bin put it, and more so its resamples, above the truth.

    Args:
        probabilities: Shape (n, 4), rows sum to 1.
        labels: Shape (n,).
        groups: Patient of each scan.
        bins: Made once, on the sample.
    """
    confidence, right = _answers(probabilities, labels)
    number = equal_mass(confidence, bins)
    gap = np.zeros((len(labels), number.max() + 1))
    gap[np.arange(len(labels)), number] = right - confidence
    draws = draw_patients(groups)
    scans = draws.totals(np.ones((len(labels), 1)))[:, 0]
    return Estimate.of(np.abs(draws.totals(gap)).sum(axis=1) / scans, len(labels))


def brier_score(probabilities: Floats, labels: Labels, groups: Sequence[str]) -> Estimate:
    """Mean squared distance to the truth over all classes, in [0, 2] (Brier 1950, Monthly Weather
    Review 78:1). Arguments as `calibration_error`.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return _mean(np.square(probabilities - truth).sum(axis=1), groups)


def negative_log_likelihood(
    probabilities: Floats, labels: Labels, groups: Sequence[str]
) -> Estimate:
    """Mean -log of the probability of the truth, in nats. Arguments as `calibration_error`."""
    right = probabilities[np.arange(len(labels)), labels]
    return _mean(-np.log(np.maximum(right, 1e-12)), groups)


def set_coverage(sets: NDArray[np.bool_], labels: Labels) -> dict[str, Proportion]:
    """Scans whose set holds the truth, by anatomy that occurs.

    Args:
        sets: Whether each anatomy is in the set, shape (n, 4).
        labels: Shape (n,).
    """
    return {
        key: Proportion(int(sets[labels == n, n].sum()), int((labels == n).sum()))
        for n, key in enumerate(anatomy.KEYS)
        if (labels == n).any()
    }


def mean_set_size(sets: NDArray[np.bool_], groups: Sequence[str]) -> Estimate:
    """Anatomies in a set on average, empty ones included."""
    return _mean(sets.sum(axis=1).astype(np.float64), groups)


def equal_mass(values: Floats, bins: int) -> NDArray[np.int64]:
    """Bin of each value, shape (n,), about as many in each; equal values share one.

    >>> equal_mass(np.array([0.9, 0.1, 0.5, 0.6]), 2).tolist()
    [1, 0, 0, 1]
    """
    edges = np.quantile(values, np.arange(1, bins) / bins, method="lower")
    number = np.searchsorted(edges, values, side="left")
    return np.unique(number, return_inverse=True)[1].astype(np.int64)


def _answers(probabilities: Floats, labels: Labels) -> tuple[Floats, Floats]:
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    return probabilities.max(axis=1), right


def _mean(values: Floats, groups: Sequence[str]) -> Estimate:
    totals = draw_patients(groups).totals(np.stack([values, np.ones(len(values))], axis=1))
    return Estimate.of(totals[:, 0] / totals[:, 1], len(values))

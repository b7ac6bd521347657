"""What is gained by not answering the least sure scans: risk against coverage, and its summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fetal_model.evaluation.metrics import Estimate, Proportion
from fetal_model.evaluation.resampling import Floats, draw_patients

COVERAGES = (0.8, 0.9, 0.95)
_AT_ONCE = 100
"""Resamples of every scan kept in memory together."""

Wrong = NDArray[np.bool_]


def risk_coverage(uncertainty: Floats, wrong: Wrong) -> tuple[Floats, Floats]:
    """The risk-coverage curve, from the surest scans to all of them.

    Args:
        uncertainty: Higher: less sure, shape (n,).
        wrong: Whether the answer was wrong, shape (n,).

    Returns:
        Coverage, the share of scans answered, and risk, the share of those that are wrong: one
        point for each value of `uncertainty`, as equally sure scans are accepted together.
    """
    order, last = _order(uncertainty)
    answered = np.arange(1, len(order) + 1)
    risk = np.cumsum(wrong[order]) / answered
    ends = np.unique(last)
    return answered[ends] / len(order), risk[ends]


def area_under_risk(uncertainty: Floats, wrong: Wrong, groups: Sequence[str]) -> Estimate:
    """Area under the risk-coverage curve (AURC; Geifman et al. 2019, arXiv:1805.08206), in [0, 1].

    The mean over scans of the risk at the threshold that just accepts the scan; lower is better.

    Args:
        uncertainty: Higher: less sure, shape (n,).
        wrong: Shape (n,).
        groups: Patient of each scan.
    """
    order, last = _order(uncertainty)
    draws = draw_patients(groups)
    areas = []
    for first in range(0, len(draws.times), _AT_ONCE):
        weights = draws.times[first : first + _AT_ONCE, draws.code[order]]
        answered = np.cumsum(weights, axis=1)[:, last]
        mistaken = np.cumsum(weights * wrong[order], axis=1)[:, last]
        # before the first drawn scan nothing is answered, and nothing weighs
        risk = mistaken / np.maximum(answered, 1)
        areas.append((weights * risk).sum(axis=1) / weights.sum(axis=1))
    return Estimate.of(np.concatenate(areas), len(wrong))


def error_detection(uncertainty: Floats, wrong: Wrong, groups: Sequence[str]) -> Estimate | None:
    """Area under the ROC curve of `uncertainty`, wrong answers against right ones.

    Returns:
        None unless there are both. Arguments as `area_under_risk`.
    """
    if wrong.all() or not wrong.any():
        return None
    return Estimate.of(draw_patients(groups).areas(wrong, uncertainty), len(wrong))


def accuracy_at(uncertainty: Floats, wrong: Wrong, coverage: float) -> Proportion:
    """Right answers among the surest scans.

    Args:
        uncertainty: Shape (n,).
        wrong: Shape (n,).
        coverage: Share of scans to answer, in (0, 1]; scans as sure as the last are answered too.
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage: expected above 0 and at most 1, received {coverage}")
    # rounding first: 0.95 * 20 is a hair above 19
    least = int(np.ceil(np.round(coverage * len(wrong), 9)))
    accepted = uncertainty <= np.sort(uncertainty)[least - 1]
    return Proportion(int((accepted & ~wrong).sum()), int(accepted.sum()))


def _order(uncertainty: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Scans from the surest on, and for each place the last place that is equally sure."""
    order = np.argsort(uncertainty, kind="stable")
    ranked = uncertainty[order]
    return order, np.searchsorted(ranked, ranked, side="right") - 1

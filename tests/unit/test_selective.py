"""Risk, coverage and error detection: closed-form cases, and resamples as they would be by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.resampling import draw_patients
from fetal_model.evaluation.selective import (
    accuracy_at,
    area_under_risk,
    error_detection,
    risk_coverage,
)

UNCERTAINTY = np.array([0.4, 0.1, 0.2, 0.3, 0.3])
WRONG = np.array([True, False, False, True, False])


def test_the_curve_takes_equally_sure_scans_together() -> None:
    coverage, risk = risk_coverage(UNCERTAINTY, WRONG)
    assert coverage.tolist() == [0.2, 0.4, 0.8, 1.0]
    assert risk.tolist() == [0, 0, 0.25, 0.4]


def test_the_area_is_the_mean_risk() -> None:
    found = area_under_risk(UNCERTAINTY, WRONG, list("abcde"))
    assert found.value == pytest.approx((0 + 0 + 0.25 + 0.25 + 0.4) / 5)
    assert found.n == 5


def test_an_order_that_knows_errors_beats_none_and_one_that_errs() -> None:
    rng = np.random.default_rng(0)
    wrong, groups = rng.random(400) < 0.2, [str(n // 2) for n in range(400)]
    knows, guesses, errs = (
        area_under_risk(order, wrong, groups)
        for order in (wrong * 1.0, np.zeros(400), ~wrong * 1.0)
    )
    assert knows.high < guesses.low
    assert guesses.high < errs.low
    # nothing known: the risk is that of all scans, at every coverage
    assert guesses.value == pytest.approx(wrong.mean())


def test_resampled_areas_are_those_of_the_resampled_scans() -> None:
    rng = np.random.default_rng(1)
    n = 90
    wrong, groups = rng.random(n) < 0.3, [str(i // 3) for i in range(n)]
    uncertainty = np.round(rng.random(n) + 0.3 * wrong, 1)
    draws, found = draw_patients(groups), []
    for times in draws.times:
        chosen = np.repeat(np.arange(n), times[draws.code])
        u, w = uncertainty[chosen], wrong[chosen]
        found.append(np.mean([w[u <= value].mean() for value in u]))
    area = area_under_risk(uncertainty, wrong, groups)
    assert area.value == pytest.approx(found[0])
    assert (area.low, area.high) == pytest.approx(np.percentile(found[1:], [2.5, 97.5]))
    detected = error_detection(uncertainty, wrong, groups)
    assert detected is not None
    assert detected.value == pytest.approx(roc_auc_score(wrong, uncertainty))


def test_errors_cannot_be_told_where_all_or_none_are() -> None:
    assert error_detection(UNCERTAINTY, np.zeros(5, bool), list("abcde")) is None
    assert error_detection(UNCERTAINTY, np.ones(5, bool), list("abcde")) is None


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (0.4, Proportion(2, 2)),
        (0.41, Proportion(3, 4)),  # the two at 0.3 are accepted together
        (0.8, Proportion(3, 4)),
        (1.0, Proportion(3, 5)),
    ],
)
def test_accuracy_among_the_surest(coverage: float, expected: Proportion) -> None:
    assert accuracy_at(UNCERTAINTY, WRONG, coverage) == expected


def test_a_coverage_that_floats_cannot_hold_takes_no_scan_more() -> None:
    for n in (20, 100, 700):
        ranks = np.arange(float(n))
        assert accuracy_at(ranks, np.zeros(n, bool), 0.95).n == round(0.95 * n)
    with pytest.raises(ValueError, match="coverage: expected above 0 and at most 1, received 0"):
        accuracy_at(UNCERTAINTY, WRONG, 0)

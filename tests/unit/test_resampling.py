"""Resampled figures are those of scikit-learn on the resampled scans."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fetal_model.evaluation.resampling import draw_patients, exact_bounds, interval

GROUPS = ["a", "b", "a", "c", "b", "d", "e", "e", "e", "f"]


def test_the_first_draw_is_the_sample_and_the_others_as_many_patients() -> None:
    draws = draw_patients(GROUPS, 50)
    assert draws.patients == 6
    assert draws.code.tolist() == [0, 1, 0, 2, 1, 3, 4, 4, 4, 5]
    assert draws.times[0].tolist() == [1] * 6
    assert (draws.times.sum(axis=1) == 6).all()
    assert np.array_equal(draws.times, draw_patients(GROUPS, 50).times)


def test_totals_are_sums_over_the_drawn_scans() -> None:
    draws = draw_patients(GROUPS, 20)
    values = np.random.default_rng(0).random((len(GROUPS), 3))
    for times, total in zip(draws.times, draws.totals(values), strict=True):
        assert total == pytest.approx((times[draws.code][:, np.newaxis] * values).sum(axis=0))


def test_areas_are_those_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(1)
    groups = [f"p{i // 3}" for i in range(120)]
    truth = rng.random(120) < 0.3
    scores = np.round(rng.random(120) + 0.4 * truth, 1)
    draws = draw_patients(groups, 150)
    found = draws.areas(truth, scores)
    assert found.shape == (151,)
    for times, area in zip(draws.times, found, strict=True):
        weights = times[draws.code]
        assert area == pytest.approx(roc_auc_score(truth, scores, sample_weight=weights))


def test_a_resample_of_one_kind_has_no_area() -> None:
    found = draw_patients(["a", "b"], 40).areas(np.array([True, False]), np.array([0.2, 0.1]))
    assert set(found[np.isfinite(found)]) == {1.0}
    assert np.isnan(found).any()
    assert interval(found) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (4, 20, 0.0573, 0.4366)],
)
def test_exact_bounds_are_the_published_ones(count: int, n: int, low: float, high: float) -> None:
    assert exact_bounds(count, n) == pytest.approx((low, high), abs=1e-4)

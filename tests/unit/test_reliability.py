"""Calibration figures against scikit-learn, by hand, and on answers known to be too sure."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.reliability import (
    brier_score,
    calibration_error,
    equal_mass,
    mean_set_size,
    negative_log_likelihood,
    reliability,
    set_coverage,
)
from fetal_model.evaluation.resampling import draw_patients
from fetal_model.inference.head import softmax


def drawn(n: int, sharper: float = 1.0, seed: int = 0):
    """Probabilities `sharper` than the labels drawn from them, three scans a patient."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    labels = (softmax(logits).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).astype(np.int64)
    return softmax(logits * sharper), labels, [f"p{i // 3}" for i in range(n)]


def test_scores_are_those_of_scikit_learn() -> None:
    probabilities, labels, groups = drawn(300)
    brier = brier_score(probabilities, labels, groups)
    assert brier.value == pytest.approx(
        brier_score_loss(labels, probabilities, labels=range(4), scale_by_half=False)
    )
    likelihood = negative_log_likelihood(probabilities, labels, groups)
    assert likelihood.value == pytest.approx(log_loss(labels, probabilities))
    for figure in (brier, likelihood):
        assert figure.low < figure.value < figure.high
        assert figure.n == 300


def test_a_closed_form_case() -> None:
    # two answers of 0.9, one right: the gap is 0.4; two of 0.6, both right: 0.4 as well
    probabilities = np.array([[0.9, 0.1, 0, 0]] * 2 + [[0.4, 0.6, 0, 0]] * 2)
    labels = np.array([0, 1, 1, 1])
    unsure, sure = reliability(probabilities, labels, bins=2)
    assert (unsure.low, unsure.high, unsure.right) == (0.6, 0.6, Proportion(2, 2))
    assert (sure.confidence, sure.right) == (0.9, Proportion(1, 2))
    error = calibration_error(probabilities, labels, list("abcd"), bins=2)
    assert error.value == pytest.approx(0.4)
    assert calibration_error(probabilities, labels, list("abcd"), bins=1).value == pytest.approx(0)


def test_the_calibration_error_of_each_resample_is_that_of_the_resampled_scans() -> None:
    probabilities, labels, groups = drawn(240, sharper=2)
    number = equal_mass(probabilities.max(axis=1), 15)
    gap = (probabilities.argmax(axis=1) == labels) - probabilities.max(axis=1)
    draws, found = draw_patients(groups), []
    for times in draws.times:
        chosen = np.repeat(np.arange(240), times[draws.code])
        bins = [gap[chosen[number[chosen] == b]] for b in range(15)]
        found.append(sum(len(b) * abs(b.mean()) for b in bins if len(b)) / len(chosen))
    error = calibration_error(probabilities, labels, groups)
    assert error.value == pytest.approx(found[0])
    assert (error.low, error.high) == pytest.approx(np.percentile(found[1:], [2.5, 97.5]))


def test_sharpened_answers_are_caught_and_honest_ones_not() -> None:
    honest = calibration_error(*drawn(20_000))
    sharp = calibration_error(*drawn(20_000, sharper=2.5))
    assert honest.value < 0.015
    assert sharp.value > 0.1
    assert sharp.low > honest.high


def test_bins_are_of_equal_mass_and_keep_ties_together() -> None:
    values = np.random.default_rng(0).random(150)
    assert np.bincount(equal_mass(values, 15)).tolist() == [10] * 15
    tied = np.append(np.ones(90), values[:60])
    number = equal_mass(tied, 15)
    assert len(set(number[:90])) == 1
    assert number.max() + 1 == len(set(number)) == 7
    assert equal_mass(np.ones(5), 15).tolist() == [0] * 5


def test_sets_are_counted_by_the_class_of_the_truth() -> None:
    sets = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]], bool)
    labels = np.array([0, 1, 1, 3])
    assert set_coverage(sets, labels) == {
        KEYS[0]: Proportion(1, 1),
        KEYS[1]: Proportion(1, 2),
        KEYS[3]: Proportion(1, 1),
    }
    assert mean_set_size(sets, list("abcd")).value == 1.25

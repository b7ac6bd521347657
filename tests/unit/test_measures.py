"""Measures of uncertainty: closed-form cases, bounds, and SciPy's entropy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fetal_model.uncertainty.measures import (
    MEASURES,
    confidence,
    entropy,
    margin,
    mutual_information,
    predictive_entropy,
    variation_ratio,
)

# three samples about four scans: all agree and are sure; all agree on a coin; each sure of
# another; two against one
SURE, COIN = [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]
B, C = [0, 1.0, 0, 0], [0, 0, 1.0, 0]
SAMPLED = np.array([[SURE, COIN, SURE, SURE], [SURE, COIN, B, SURE], [SURE, COIN, C, B]])


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (confidence, [1, 0.5, 1 / 3, 2 / 3]),
        (margin, [1, 0, 0, 1 / 3]),
        (predictive_entropy, [0, math.log(2), math.log(3), math.log(3) - 2 / 3 * math.log(2)]),
        (mutual_information, [0, 0, math.log(3), math.log(3) - 2 / 3 * math.log(2)]),
        (variation_ratio, [0, 0, 2 / 3, 1 / 3]),
    ],
)
def test_closed_form_cases(measure, expected: list[float]) -> None:
    assert measure(SAMPLED) == pytest.approx(expected, abs=1e-12)


def test_against_scipy_on_drawn_distributions() -> None:
    sampled = np.random.default_rng(0).dirichlet([0.4] * 4, (30, 50))
    of_mean = stats.entropy(sampled.mean(axis=0), axis=-1)
    assert predictive_entropy(sampled) == pytest.approx(of_mean)
    # mutual information is the mean divergence of the samples from their mean
    divergence = stats.entropy(sampled, sampled.mean(axis=0)[np.newaxis], axis=-1).mean(axis=0)
    assert mutual_information(sampled) == pytest.approx(divergence)
    modes = stats.mode(sampled.argmax(axis=-1), axis=0)
    assert variation_ratio(sampled) == pytest.approx(1 - modes.count / 30)
    assert entropy(sampled[0, 0]) == pytest.approx(stats.entropy(sampled[0, 0]))


def test_one_sample_has_no_disagreement() -> None:
    sampled = np.random.default_rng(1).dirichlet([1.0] * 4, (1, 20))
    assert mutual_information(sampled) == pytest.approx(np.zeros(20), abs=1e-12)
    assert variation_ratio(sampled).tolist() == [0] * 20


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_ranks_the_disputed_scan_above_the_sure_one(name: str) -> None:
    sure, _, disputed, _ = MEASURES[name](SAMPLED)
    assert disputed > sure + 0.3

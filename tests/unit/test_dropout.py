"""Monte Carlo dropout: entropies in nats, mutual information by its definition, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.head import Dense, Head
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.dropout import sample_dropout
from fetal_model.uncertainty.measures import entropy

OUTPUTS = Outputs(KEYS, tuple((key,) for key in KEYS), temperature=1.3)


def head_with(rate: float, seed: int = 0, scale: float = 1.0) -> Head:
    rng = np.random.default_rng(seed)
    kernels = rng.normal(0, scale, (8, 16)), rng.normal(0, scale, (16, 4))
    return Head(
        "average",
        (
            Dense(kernels[0], rng.normal(size=16), True, 0.0),
            Dense(kernels[1], rng.normal(size=4), False, rate),
        ),
    )


@pytest.mark.parametrize(
    ("probabilities", "nats"),
    [
        ([1.0, 0.0, 0.0, 0.0], 0.0),
        ([0.5, 0.5, 0.0, 0.0], math.log(2)),
        ([0.25, 0.25, 0.25, 0.25], math.log(4)),
        ([0.5, 0.25, 0.125, 0.125], 1.75 * math.log(2)),
    ],
)
def test_entropy(probabilities: list[float], nats: float) -> None:
    assert entropy(np.array(probabilities)) == pytest.approx(nats, abs=1e-15)


@pytest.mark.parametrize("samples", [1, 2, 30, 500])
def test_summary_is_that_of_the_samples(samples: int) -> None:
    head, pooled = head_with(0.5), np.random.default_rng(1).normal(size=8)
    found = sample_dropout(head, OUTPUTS, pooled, samples, np.random.default_rng(4))
    drawn = OUTPUTS.probabilities(head.sample_logits(pooled, samples, np.random.default_rng(4)))
    assert found.samples == samples == len(drawn)
    assert np.allclose(found.mean, drawn.mean(axis=0))
    assert np.allclose(found.standard_deviation, drawn.std(axis=0))
    of_mean = -sum(p * math.log(p) for p in drawn.mean(axis=0))
    mean_of = -np.mean([sum(p * math.log(p) for p in row) for row in drawn])
    assert found.predictive_entropy == pytest.approx(of_mean)
    assert found.mutual_information == pytest.approx(of_mean - mean_of, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0])
def test_information_is_between_nothing_and_the_entropy(seed: int, scale: float) -> None:
    pooled = np.random.default_rng(seed).normal(size=8)
    found = sample_dropout(
        head_with(0.5, seed, scale), OUTPUTS, pooled, 30, np.random.default_rng(0)
    )
    assert 0 <= found.mutual_information <= found.predictive_entropy <= math.log(4) + 1e-12
    assert found.mean.sum() == pytest.approx(1)
    assert (found.standard_deviation <= 0.5).all()


def test_one_sample_tells_nothing_about_the_model() -> None:
    found = sample_dropout(head_with(0.5), OUTPUTS, np.ones(8), 1, np.random.default_rng(0))
    assert found.mutual_information == pytest.approx(0, abs=1e-12)
    assert found.standard_deviation.tolist() == [0, 0, 0, 0]


def test_samples_that_contradict_each_other_carry_their_whole_entropy() -> None:
    # one unit, dropped half the time, decides between brain and abdomen beyond doubt
    kernel = np.array([[2000.0, 0, 0, 0]])
    head = Head("average", (Dense(kernel, np.array([-1000.0, 1000, -9e9, -9e9]), False, 0.5),))
    found = sample_dropout(head, OUTPUTS, np.array([1.0]), 4000, np.random.default_rng(0))
    assert found.mutual_information == pytest.approx(math.log(2), abs=2e-3)
    assert found.standard_deviation == pytest.approx([0.5, 0.5, 0, 0], abs=2e-3)


def test_a_head_without_dropout_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a head with a dropout layer"):
        sample_dropout(head_with(0.0), OUTPUTS, np.ones(8), 30, np.random.default_rng(0))


@pytest.mark.parametrize("samples", [0, -3])
def test_no_samples_are_refused(samples: int) -> None:
    with pytest.raises(ValueError, match=f"samples: expected at least 1, received {samples}"):
        sample_dropout(head_with(0.5), OUTPUTS, np.ones(8), samples, np.random.default_rng(0))

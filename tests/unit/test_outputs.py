"""What a network's outputs mean: groups, temperature, the four planes' share, its gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.outputs import Outputs

# in an order of their own, so that nothing can rely on position
NAMES = ("b2", "kidneys", "t1", "a", "t2", "b1", "f", "spine")
SEVERAL = Outputs(NAMES, (("b1", "b2"), ("a",), ("f",), ("t1", "t2")))
FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))


def test_probabilities_sum_the_outputs_of_an_anatomy() -> None:
    # masses: brain 1 + 2, abdomen 1, femur 4, thorax 1 + 1; the rest, 90, has no say
    logits = np.log(np.array([2.0, 50.0, 1.0, 1.0, 1.0, 1.0, 4.0, 40.0]))
    assert np.allclose(SEVERAL.probabilities(logits), [0.3, 0.1, 0.4, 0.2])
    assert SEVERAL.plane_score(logits) == pytest.approx(10 / 100)


def test_four_outputs_are_the_softmax() -> None:
    logits = np.log(np.array([1.0, 2.0, 3.0, 4.0]))
    assert np.allclose(FOUR.probabilities(logits), [0.1, 0.2, 0.3, 0.4])
    assert not FOUR.can_reject
    assert FOUR.plane_score(logits) == pytest.approx(0.4)


@pytest.mark.parametrize("others", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("shift", [-1e4, 0.0, 1e4])
def test_extreme_logits_leave_the_four_exact(others: float, shift: float) -> None:
    logits = np.log(np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0, 1.0]))
    logits[[1, 7]] = others
    found = SEVERAL.probabilities(logits + shift)
    assert np.allclose(found, [0.3, 0.1, 0.4, 0.2], atol=1e-11)
    expected = {-1e4: 1.0, 0.0: 10 / 12, 1e4: 0.0}[others]
    assert SEVERAL.plane_score(logits + shift) == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 7.0])
def test_temperature_divides_the_logits_of_the_four_only(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (6, len(NAMES)))
    warm = replace(SEVERAL, temperature=temperature)
    mass = np.exp(logits / temperature)
    groups = np.stack(
        [mass[:, [0, 5]].sum(1), mass[:, 3], mass[:, 6], mass[:, [2, 4]].sum(1)], axis=1
    )
    assert np.allclose(warm.probabilities(logits), groups / groups.sum(1, keepdims=True))
    assert np.array_equal(warm.plane_score(logits), SEVERAL.plane_score(logits))


def test_leading_axes_are_kept() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 3, len(NAMES)))
    found = SEVERAL.probabilities(logits)
    assert found.shape == (2, 3, 4)
    assert np.allclose(found.sum(-1), 1)
    assert np.array_equal(found[1, 2], SEVERAL.probabilities(logits[1, 2]))
    assert SEVERAL.plane_score(logits).shape == (2, 3)


@pytest.mark.parametrize("outputs", [SEVERAL, FOUR], ids=["groups", "four"])
@pytest.mark.parametrize("index", range(4), ids=KEYS)
def test_direction_equals_numeric_gradient(outputs: Outputs, index: int) -> None:
    logits = np.random.default_rng(index).normal(0, 2, len(outputs.names))
    step = 1e-6
    numeric = [
        outputs.group_logits(logits + step * unit)[index]
        - outputs.group_logits(logits - step * unit)[index]
        for unit in np.eye(len(logits))
    ]
    assert np.allclose(outputs.direction(logits, index), np.array(numeric) / (2 * step), atol=1e-7)


def test_metadata_gives_the_same_outputs_again() -> None:
    warm = replace(SEVERAL, temperature=1.7)
    assert Outputs.from_dict(warm.to_dict()) == warm
    assert warm.to_dict()["groups"]["thorax"] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (NAMES, (("b1",), ("a",), ("f",))),
        (NAMES, (("b1",), ("a",), ("f",), ())),
        (NAMES, (("b1",), ("a",), ("f",), ("heart",))),
        (NAMES, (("b1",), ("a",), ("f",), ("f", "t1"))),
        (("b1", "a", "f", "t1", "t1"), (("b1",), ("a",), ("f",), ("t1",))),
    ],
    ids=["three", "empty", "unknown", "one output in two", "two of one name"],
)
def test_impossible_groups_are_refused(
    names: tuple[str, ...], groups: tuple[tuple[str, ...], ...]
) -> None:
    with pytest.raises(ValueError, match="groups: expected"):
        Outputs(names, groups)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_impossible_temperatures_are_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature: expected above 0"):
        replace(FOUR, temperature=temperature)

"""The learning rate and the end of training follow from the epochs that are done."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fetal_model.training.recipe_tables import Training
from fetal_model.training.schedule import is_over, learning_rate


def rates(watched: list[float], **fields: Any) -> list[float]:
    training = Training(epochs=len(watched) + 1, learning_rate=1.0, **fields)
    return [learning_rate(training, watched[:done]) for done in range(len(watched) + 1)]


def test_a_constant_rate_is_reached_in_equal_steps() -> None:
    assert rates([1.0] * 4) == [1.0] * 5
    assert rates([1.0] * 4, warm_up=3) == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_cosine_begins_after_the_warm_up_and_ends_near_nothing() -> None:
    found = rates([1.0] * 9, schedule="cosine", warm_up=2)
    assert found[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert found[2:] == sorted(found[2:], reverse=True)
    assert 0 < found[-1] < 0.1


def test_a_plateau_halves_the_rate_each_time() -> None:
    watched = [3.0, 2.0, *[2.5] * 5, *[2.0] * 5, 1.0, *[math.nan] * 5]
    found = rates(watched, schedule="plateau")
    assert found[:7] == [1.0] * 7
    assert found[7:12] == [0.5] * 5
    assert found[12:18] == [0.25] * 6
    assert found[18] == 0.125


@pytest.mark.parametrize(
    ("watched", "patience", "over"),
    [
        ([], 1, False),
        ([1.0, 2.0, 2.0], 0, False),
        ([1.0, 2.0], 2, False),
        ([1.0, 2.0, 1.0], 2, True),
        ([1.0, 2.0, 0.5], 2, False),
        ([math.nan, math.nan, math.nan], 2, True),
        ([1.0] * 10, 0, True),
    ],
)
def test_training_ends_when_patience_does(watched: list[float], patience: int, over: bool) -> None:
    assert is_over(Training(epochs=10, patience=patience), watched) is over

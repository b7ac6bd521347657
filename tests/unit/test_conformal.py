"""Conformal sets: the promised coverage per class, p-values by hand, and no silent empty set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.reliability import set_coverage
from fetal_model.inference.head import softmax
from fetal_model.uncertainty.conformal import (
    ConformalSets,
    CoverageError,
    in_words,
    least_scans,
)
from fetal_model.uncertainty.cross_fit import cross_fit


def drawn(n: int, seed: int = 0):
    """Scans of four classes, the first common and easy, the last rare and hard."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, n, p=[0.55, 0.2, 0.15, 0.1])
    logits = rng.normal(0, 1, (n, 4))
    logits[np.arange(n), labels] += np.array([3.5, 2.5, 2.0, 1.0])[labels]
    return softmax(logits), labels


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_every_class_is_covered_as_asked_in_the_folds_left_out(coverage: float) -> None:
    probabilities, labels = drawn(4000)
    numbers = np.arange(4000) % 4
    sets = cross_fit(
        numbers,
        lambda on: ConformalSets.fit(probabilities[on], labels[on]),
        lambda fitted, to: fitted.sets(probabilities[to], coverage),
    )
    covered = set_coverage(sets, labels)
    assert list(covered) == list(KEYS)
    for share in covered.values():
        low, high = share.interval
        assert low <= coverage <= high
    # one threshold for all would cover the rare and hard class least: the set grows instead
    sizes = [sets[labels == n].sum(axis=1).mean() for n in range(4)]
    assert sizes[3] > sizes[0]


def test_p_values_are_shares_of_calibration_scans() -> None:
    labels = np.repeat(np.arange(4), [5, 3, 2, 1])
    right = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.9, 0.8, 0.3, 0.6, 0.4, 0.99])
    probabilities = np.zeros((11, 4))
    probabilities[np.arange(11), labels] = right
    found = ConformalSets.fit(probabilities, labels).p_values(np.array([[0.65, 0.3, 0.05, 0.0]]))
    # brain: 0.6 and 0.5 got no more than 0.65, and the scan itself: 3 of 6
    assert found == pytest.approx(np.array([[3 / 6, 2 / 4, 1 / 3, 1 / 2]]))


def test_a_coverage_that_few_scans_cannot_support_is_refused() -> None:
    probabilities, labels = drawn(2000)
    few = np.flatnonzero(labels == 3)[18:]
    kept = np.delete(np.arange(2000), few)
    fitted = ConformalSets.fit(probabilities[kept], labels[kept])
    with pytest.raises(CoverageError) as refused:
        fitted.sets(probabilities, 0.95)
    assert str(refused.value) == (
        "conformal sets: 95% coverage takes at least 19 calibration scans of each anatomy, found "
        f"18 of {KEYS[3]}: it would be in every set. Choose at most 94%, or calibrate on more "
        "scans."
    )
    # what is proposed works, and so do the other anatomies by themselves
    assert fitted.sets(probabilities, 0.94).shape == (2000, 4)
    others = ConformalSets.fit(probabilities[kept], labels[kept], KEYS[:3])
    assert not others.sets(probabilities, 0.95)[:, 3].any()
    assert min(others.scans.values()) > 19


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95, 0.99])
def test_with_the_least_number_of_scans_an_anatomy_can_be_left_out(coverage: float) -> None:
    n = least_scans(coverage)
    labels = np.repeat(np.arange(4), n)
    fitted = ConformalSets.fit(np.eye(4)[labels], labels)
    assert fitted.sets(np.array([[1.0, 0, 0, 0]]), coverage).tolist() == [
        [True, False, False, False]
    ]


def test_an_anatomy_without_scans_is_refused() -> None:
    probabilities, labels = drawn(100)
    with pytest.raises(CoverageError, match=f"found none of {KEYS[1]}; leave it out"):
        ConformalSets.fit(probabilities[labels != 1], labels[labels != 1])


def test_an_empty_set_is_said_to_be_one() -> None:
    labels = np.repeat(np.arange(4), 50)
    fitted = ConformalSets.fit(np.eye(4)[labels] * 0.97 + 0.01, labels)
    torn = fitted.sets(np.array([[0.5, 0.5, 0.0, 0.0]]), 0.9)[0]
    assert not torn.any()
    assert in_words(torn, 0.9) == (
        "None of the four fits: the scan is less typical of each than 90% of its calibration "
        "scans. Look again."
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([1, 0, 0, 0], "Brain (95% coverage)."),
        ([0, 1, 0, 1], "Abdomen or thorax (95% coverage)."),
        ([1, 1, 1, 1], "Brain, abdomen, femur or thorax (95% coverage)."),
    ],
)
def test_words(members: list[int], words: str) -> None:
    assert KEYS == ("brain", "abdomen", "femur", "thorax")
    assert in_words(np.array(members, bool), 0.95) == words


def test_what_is_saved_gives_the_same_sets(tmp_path: Path) -> None:
    probabilities, labels = drawn(500)
    fitted = ConformalSets.fit(probabilities, labels)
    fitted.save(tmp_path / "sets.npz")
    again = ConformalSets.load(tmp_path / "sets.npz")
    assert np.array_equal(again.sets(probabilities, 0.9), fitted.sets(probabilities, 0.9))
    assert again.scans == fitted.scans


def test_other_planes_take_no_part() -> None:
    probabilities, labels = drawn(500)
    more = np.vstack([np.full((40, 4), 0.25), probabilities])
    fitted = ConformalSets.fit(more, np.append(np.full(40, -1), labels))
    without = ConformalSets.fit(probabilities, labels)
    assert np.array_equal(fitted.p_values(probabilities), without.p_values(probabilities))


@pytest.mark.parametrize("coverage", [0, 1, 95])
def test_a_coverage_that_is_no_share_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage: expected a share above 0 and below 1"):
        least_scans(coverage)

"""Targets: promised only where the exact bound allows it, refused with the reason where not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from fetal_model.uncertainty.target import (
    TargetError,
    choose_threshold,
    least_scans,
    upper_bound,
    verify,
)


def test_one_percent_takes_299_scans_without_an_error() -> None:
    assert least_scans(0.01) == 299
    chosen = choose_threshold(np.full(299, 0.9), np.zeros(299, bool), 0.01)
    assert (chosen.threshold, chosen.wrong, chosen.accepted, chosen.n) == (0.9, 0, 299, 299)
    assert 0.0099 < chosen.bound <= 0.01
    with pytest.raises(TargetError, match=r"needs at least 299 .* there are 298 scans\. Choose"):
        choose_threshold(np.full(298, 0.9), np.zeros(298, bool), 0.01)


@pytest.mark.parametrize("target", [0.005, 0.01, 0.02, 0.05, 0.1, 0.3])
def test_the_least_number_is_the_first_whose_bound_fits(target: float) -> None:
    least = least_scans(target)
    assert upper_bound(0, least) <= target < upper_bound(0, least - 1)


@pytest.mark.parametrize(("wrong", "n"), [(0, 59), (3, 200), (17, 40), (40, 40)])
def test_the_bound_is_that_of_scipy(wrong: int, n: int) -> None:
    exact = binomtest(wrong, n, alternative="less").proportion_ci(0.95, method="exact").high
    assert upper_bound(wrong, n) == pytest.approx(exact)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("target", [0.02, 0.05, 0.1])
def test_the_lowest_threshold_that_meets_the_target(target: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.random(1500), 2)
    wrong = rng.random(1500) > 0.6 + 0.4 * confidence**0.1
    chosen = choose_threshold(confidence, wrong, target)
    accepted = confidence >= chosen.threshold
    assert (accepted.sum(), wrong[accepted].sum()) == (chosen.accepted, chosen.wrong)
    assert chosen.bound <= target
    for lower in np.unique(confidence[confidence < chosen.threshold]):
        more = confidence >= lower
        assert upper_bound(wrong[more].sum(), more.sum()) > target


def test_errors_among_the_surest_are_refused_with_their_number() -> None:
    confidence = np.linspace(1, 0.5, 1000)
    wrong = np.arange(1000) % 10 == 0
    with pytest.raises(TargetError) as refused:
        choose_threshold(confidence, wrong, 0.02)
    assert "at most 2% wrong among accepted scans is met by no threshold" in str(refused.value)
    assert "accepts 1000 of 1000 scans, 100 of them wrong" in str(refused.value)


def test_what_a_refusal_proposes_is_accepted() -> None:
    confidence, wrong = np.linspace(1, 0.5, 100), np.zeros(100, bool)
    with pytest.raises(TargetError, match="Choose at least 3%"):
        choose_threshold(confidence, wrong, 0.01)
    assert choose_threshold(confidence, wrong, 0.03).accepted == 100


def test_the_folds_left_out_have_the_last_word() -> None:
    accepted = np.arange(400) < 320
    assert verify(np.zeros(400, bool), accepted, 0.01) is None
    # an error among what is turned away is none of its business
    assert verify(np.arange(400) == 399, accepted, 0.01) is None
    reason = verify(np.arange(400) == 0, accepted, 0.01)
    assert reason is not None
    assert "of 320 scans accepted in the folds left out 1 are wrong" in reason
    nothing = verify(np.zeros(5, bool), np.zeros(5, bool), 0.01)
    assert nothing is not None
    assert "of 0 scans" in nothing


@pytest.mark.parametrize("target", [0, 1, -0.1, 1.5])
def test_a_target_that_is_no_share_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target: expected a share above 0 and below 1"):
        choose_threshold(np.ones(5), np.zeros(5, bool), target)

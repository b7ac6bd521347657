"""What a reader may ask of a version, and when it is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.predictions import Prediction
from fetal_model.uncertainty.conformal import CoverageError
from fetal_model.uncertainty.promises import defer, fitted_on, sets_of
from fetal_model.uncertainty.target import TargetError


def rows(n: int, wrong_below: float, folds: int = 5) -> list[Prediction]:
    """Scans of every confidence from 0.4 to 1; those below a confidence are answered wrongly."""
    made = []
    for number, confidence in enumerate(np.linspace(0.4, 1, n)):
        truth = number % 4
        answer = truth if confidence >= wrong_below else (truth + 1) % 4
        shares = np.full(4, (1 - confidence) / 3)
        shares[answer] = confidence
        made.append(
            Prediction(
                f"{number}.png", KEYS[truth], f"p{number}", "toy", "test", str(number % folds),
                tuple(shares.tolist()), 0.9, "accepted", True,
            )
        )  # fmt: skip
    return made


def test_a_target_is_met_where_the_scans_support_it() -> None:
    found = defer(rows(1000, wrong_below=0.55), 0.05)
    assert 0.5 < found.threshold <= 0.55
    assert found.bound <= 0.05
    assert 750 <= found.accepted < found.n == 1000
    assert f"{found.accepted} of 1000 simulated scans" in found.in_words()


def test_too_few_scans_are_said_to_be_too_few() -> None:
    with pytest.raises(TargetError, match="needs at least 299 accepted scans"):
        defer(rows(150, wrong_below=0), 0.01)


def test_a_fold_fewer_may_be_too_few() -> None:
    with pytest.raises(TargetError, match="Without one fold in turn"):
        defer(rows(300, wrong_below=0), 0.01)


def test_what_thresholds_were_not_fitted_on_takes_no_part() -> None:
    asked = rows(100, wrong_below=0)
    others = [replace(asked[0], label="cervix"), replace(asked[1], fold="")]
    assert fitted_on([*asked, *others]) == asked
    with pytest.raises(TargetError, match="keeps no scans"):
        defer(others, 0.1)
    with pytest.raises(CoverageError, match="found none of brain"):
        sets_of(others)


def test_sets_hold_the_truth_as_often_as_asked() -> None:
    asked = rows(400, wrong_below=0.5)
    shares = np.array([row.probabilities for row in asked])
    truth = np.array([KEYS.index(row.label) for row in asked])
    inside = sets_of(asked).sets(shares, 0.9)
    assert inside[np.arange(len(truth)), truth].mean() == pytest.approx(0.9, abs=0.03)

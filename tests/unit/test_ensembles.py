"""Several answers as one, and whether that is better than the best of them."""

from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.doubt_answers import Answer
from fetal_model.evaluation.ensembles import asked, combine, judge
from fetal_model.evaluation.runs import Answers, Run

SCANS = 120
TRUTH = np.arange(SCANS) % 4


def run(wrong: set[int], validation: float, scans: str = "the same", leaky: bool = False) -> Run:
    """Of one network, wrong about some scans in favour of the next anatomy."""
    answers = np.array([(t + (n in wrong)) % 4 for n, t in enumerate(TRUTH)])
    shares = np.full((SCANS, 4), 0.1)
    shares[np.arange(SCANS), answers] = 0.7
    patients = tuple(f"p{n // 2}" for n in range(SCANS))
    settings: dict[str, Any] = {
        "accuracy_validation": validation,
        "test_fingerprint": scans,
        "leaky": leaky,
    }
    nothing = Answers((), TRUTH[:0], shares[:0])
    return Run(settings, Answers(patients, TRUTH, shares), nothing, nothing)


def test_averaging_weighs_how_sure_each_is_and_voting_does_not() -> None:
    shares = np.array([[[0.9, 0.1, 0, 0]], [[0.4, 0.6, 0, 0]], [[0.4, 0.6, 0, 0]]])
    assert combine(shares, "averaging")[0] == pytest.approx([1.7 / 3, 1.3 / 3, 0, 0])
    assert combine(shares, "voting")[0].argmax() == 1
    tie = combine(shares[:2], "voting")[0]
    assert tie.argmax() == 0  # by the higher mean
    assert tie.sum() == pytest.approx(1)


def test_errors_that_others_do_not_make_are_outvoted() -> None:
    members = [run(set(range(first, SCANS, 10)), 0.9 - first / 100) for first in range(3)]
    for way in ("averaging", "voting"):
        found = judge(members, way)  # type: ignore[arg-type]
        assert found.accuracy.value == 1
        assert found.best.value == pytest.approx(0.9)
        assert found.more.value == pytest.approx(0.1)
        assert found.more.low > 0
        assert found.p < 0.01


def test_the_best_member_is_best_on_validation_not_on_the_test() -> None:
    better, worse = run({0}, 0.8), run(set(range(60)), 0.95)
    assert judge([better, worse], "averaging").best.value == pytest.approx(0.5)


def test_a_leaky_member_is_not_the_best_one() -> None:
    leaky, honest = run({0}, 0.99, leaky=True), run({0, 1, 2}, 0.9)
    assert judge([leaky, honest], "averaging").best.value == pytest.approx(1 - 3 / SCANS)
    assert judge([leaky, leaky], "averaging").best.value == pytest.approx(1 - 1 / SCANS)


def test_what_cannot_be_asked_together_is_refused() -> None:
    for members in ([run(set(), 1)], [run(set(), 1), run(set(), 1, scans="others")]):
        with pytest.raises(ValueError, match="tested on the same scans"):
            judge(members, "voting")


def answers(wrong: set[int]) -> list[Answer]:
    """About ten scans of five patients, and one of another plane."""
    rows = []
    for n in range(10):
        shares = [0.1] * 4
        shares[(n + (n in wrong)) % 4] = 0.7
        rows.append(Answer(f"s{n}", KEYS[n % 4], f"p{n // 2}", 0, True, tuple(shares)))
    return [*rows, Answer("s10", "other", "p9", -1, True, (0.25, 0.25, 0.25, 0.25))]


def test_one_version_asked_again_gains_and_loses_scans() -> None:
    found = asked(answers({9}), answers({1, 2, 3}))
    assert (found.right.count, found.once.count, found.right.n) == (9, 7, 10)
    assert (found.gained, found.lost) == (3, 1)
    assert found.p == pytest.approx(0.625)
    assert found.more.value == pytest.approx(0.2)
    assert found.more.low < 0 < found.more.high
    with pytest.raises(ValueError, match="the same scans"):
        asked(answers({0})[1:], answers({0}))

"""A version that was trained again takes a place by the rule, and by nothing else."""

from __future__ import annotations

import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.docs_retrained import auroc_gained, verdict
from fetal_model.evaluation.paired import Difference
from fetal_model.evaluation.predictions import Prediction


def said(label: str, score: float, number: int) -> Prediction:
    return Prediction(
        f"{number}.png", label, f"p{number}", "s", "validation", "", (0.7, 0.1, 0.1, 0.1), score,
        "accepted", False,
    )  # fmt: skip


def test_the_gain_in_auroc_is_paired() -> None:
    labels = [*KEYS * 10, *["other"] * 40]
    old = [said(label, 0.5, n) for n, label in enumerate(labels)]
    new = [said(label, float(label != "other"), n) for n, label in enumerate(labels)]
    assert auroc_gained(old, old) == Difference(0, 0, 0)
    assert auroc_gained(old, new) == Difference(0.5, 0.5, 0.5)
    assert auroc_gained(new, old) == Difference(-0.5, -0.5, -0.5)


NOT_SHOWN, SHOWN = Difference(0.01, -0.01, 0.02), Difference(0.01, 0.001, 0.02)


@pytest.mark.parametrize(
    ("gained", "lost", "p", "more", "taken"),
    [
        (0, 0, 1.0, SHOWN, True),
        (7, 0, 0.016, NOT_SHOWN, True),
        (1, 0, 1.0, NOT_SHOWN, False),
        (0, 0, 1.0, NOT_SHOWN, False),
        (20, 1, 0.001, SHOWN, False),  # what it loses counts
    ],
)
def test_the_rule(gained: int, lost: int, p: float, more: Difference, taken: bool) -> None:
    text = verdict("v/3", gained, lost, p, more)
    assert text.endswith("should be promoted.") == taken
    assert text.endswith("v/3 stays.") != taken

"""The decision and its reasons in words."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.uncertainty.decision import Thresholds, decide, is_rejected

THRESHOLDS = Thresholds(plane_score=0.6, confidence=0.8)
SURE, TORN = [0.02, 0.03, 0.9, 0.05], [0.02, 0.5, 0.04, 0.44]
OTHER = "This looks like another plane, not one of the four (plane score 0.41, accepted from 0.60)."
UNSURE = "Unsure between abdomen (50%) and thorax (44%)."


@pytest.mark.parametrize(
    ("probabilities", "score", "decision", "reasons"),
    [
        (SURE, 0.9, "accepted", ()),
        (SURE, 0.41, "look again", (OTHER,)),
        (TORN, 0.9, "look again", (UNSURE,)),
        (TORN, 0.41, "look again", (OTHER, UNSURE)),
    ],
    ids=["accepted", "other plane", "unsure", "both"],
)
def test_reasons(
    probabilities: list[float], score: float, decision: str, reasons: tuple[str, ...]
) -> None:
    assert decide(np.array(probabilities), score, THRESHOLDS) == (decision, reasons)
    assert is_rejected(score, THRESHOLDS) is (score == 0.41)


def test_what_is_wrong_with_the_picture_comes_first() -> None:
    fault = "The picture is blurred."
    decided = decide(np.array(TORN), 0.41, THRESHOLDS, (fault,))
    assert decided == ("look again", (fault, OTHER, UNSURE))


def test_what_just_reaches_a_threshold_is_accepted() -> None:
    assert decide(np.array([0.8, 0.2, 0, 0]), 0.6, THRESHOLDS) == ("accepted", ())
    assert not is_rejected(0.6, THRESHOLDS)
    below = np.nextafter(0.6, 0)
    assert is_rejected(below, THRESHOLDS)
    assert decide(np.array([np.nextafter(0.8, 0), 0.2, 0, 0]), 0.6, THRESHOLDS)[0] == "look again"

"""Temperature and thresholds: what was planted is found, and what is promised is kept."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.head import softmax
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.calibration import (
    ACCEPTED_ERRORS,
    KEPT_PLANES,
    LOWEST_CONFIDENCE,
    calibrate,
)

FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))
SEVERAL = Outputs(
    ("b1", "b2", "a", "f", "t1", "t2", "rest"), (("b1", "b2"), ("a",), ("f",), ("t1", "t2"))
)


def planted(n: int, temperature: float, outputs: Outputs, seed: int = 0, spread: float = 2.0):
    """Logits that are `temperature` times too sharp for the labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (n, len(outputs.names)))
    probabilities = softmax(outputs.group_logits(logits))
    labels = (probabilities.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return logits * temperature, labels.astype(np.int64)


@pytest.mark.parametrize("outputs", [FOUR, SEVERAL], ids=["four", "groups"])
@pytest.mark.parametrize("temperature", [1.3, 2.5, 6.0])
def test_planted_temperature_is_found(temperature: float, outputs: Outputs) -> None:
    logits, labels = planted(20_000, temperature, outputs)
    found = calibrate(logits, labels, outputs).outputs
    assert found.temperature == pytest.approx(temperature, rel=0.04)
    # calibrated: of the scans answered with about p, about p are right
    confidence = found.probabilities(logits)
    right = confidence.argmax(axis=1) == labels
    best = confidence.max(axis=1)
    for low in (0.4, 0.6, 0.8):
        inside = (best >= low) & (best < low + 0.2)
        assert best[inside].mean() == pytest.approx(right[inside].mean(), abs=0.03)


def test_scans_without_an_error_do_not_run_away() -> None:
    labels = np.tile(np.arange(4), 10)
    fitted = calibrate(np.eye(4)[labels] * 8, labels, FOUR)
    assert fitted.outputs.temperature == pytest.approx(1, rel=1e-3)


def test_scans_all_wrong_do_not_run_away() -> None:
    labels = np.tile(np.arange(4), 10)
    fitted = calibrate(np.eye(4)[(labels + 1) % 4] * 8, labels, FOUR)
    assert fitted.outputs.temperature == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize("outputs", [FOUR, SEVERAL], ids=["four", "groups"])
@pytest.mark.parametrize("n", [1, 4, 19, 20, 21, 40, 41, 175, 1000])
def test_the_plane_score_threshold_lets_its_share_through_and_no_needless_more(
    n: int, outputs: Outputs
) -> None:
    logits, labels = planted(n, 1.0, outputs, seed=n)
    threshold = calibrate(logits, labels, outputs).thresholds.plane_score
    scores = outputs.plane_score(logits)
    assert (scores >= threshold).mean() >= KEPT_PLANES
    # one scan of tolerance for the step from one score to the next
    assert (scores > threshold).sum() <= KEPT_PLANES * n + 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("temperature", [1.5, 3.0])
@pytest.mark.parametrize("n", [3, 30, 300])
def test_the_confidence_threshold_keeps_errors_within_bounds(
    n: int, temperature: float, seed: int
) -> None:
    logits, labels = planted(n, temperature, FOUR, seed, spread=3)
    fitted = calibrate(logits, labels, FOUR)
    probabilities = fitted.outputs.probabilities(logits)
    confidence, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    through = FOUR.plane_score(logits) >= fitted.thresholds.plane_score
    accepted = through & (confidence >= fitted.thresholds.confidence)
    assert wrong[accepted].sum() <= ACCEPTED_ERRORS * accepted.sum()
    assert fitted.thresholds.confidence >= LOWEST_CONFIDENCE
    # and it is the lowest that does: every lower one lets too many errors in
    for lower in confidence[through & (confidence < fitted.thresholds.confidence)]:
        if lower > LOWEST_CONFIDENCE:
            more = through & (confidence >= lower)
            assert wrong[more].sum() > ACCEPTED_ERRORS * more.sum()


def test_when_the_surest_answer_is_wrong_nothing_is_accepted() -> None:
    labels = np.tile(np.arange(4), 5)
    logits = np.eye(4)[labels] * np.linspace(1, 3, 20)[:, None]
    logits[-1] = np.roll(logits[-1], 1) * 2
    fitted = calibrate(logits, labels, FOUR)
    assert fitted.outputs.probabilities(logits).max() < fitted.thresholds.confidence


def test_scans_of_other_planes_change_nothing() -> None:
    logits, labels = planted(200, 2.0, SEVERAL)
    rng = np.random.default_rng(5)
    more = np.vstack([rng.normal(0, 9, (80, 7)), logits])
    with_others = calibrate(more, np.append(np.full(80, -1), labels), SEVERAL)
    assert with_others == calibrate(logits, labels, SEVERAL)


def test_scans_of_other_planes_alone_are_refused() -> None:
    with pytest.raises(ValueError, match="expected scans of the four planes, received none"):
        calibrate(np.zeros((3, 4)), np.full(3, -1), FOUR)

"""Vector scaling finds what was planted, and is held back where there is little to learn from."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.head import softmax
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.calibration import calibrate
from fetal_model.uncertainty.vector_scaling import VectorScaling, fit_vector_scaling

FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))
SEVERAL = Outputs(
    ("b1", "b2", "a", "f", "t1", "t2", "rest"), (("b1", "b2"), ("a",), ("f",), ("t1", "t2"))
)
OFFSET = np.array([1.0, -1.0, 0.5, -0.5])


def planted(n: int, outputs: Outputs, seed: int = 0):
    """Logits whose labels were drawn after `OFFSET` was added to their groups."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, len(outputs.names)))
    truth = softmax(outputs.group_logits(logits) + OFFSET)
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return logits, labels.astype(np.int64), truth


@pytest.mark.parametrize("outputs", [FOUR, SEVERAL], ids=["four", "groups"])
def test_a_planted_offset_is_found_where_a_temperature_cannot_help(outputs: Outputs) -> None:
    logits, labels, truth = planted(20_000, outputs)
    warmed = calibrate(logits, labels, outputs).outputs
    fitted = fit_vector_scaling(logits, labels, warmed)
    assert fitted.probabilities(logits) == pytest.approx(truth, abs=0.05)
    assert fitted.offset == pytest.approx(OFFSET, abs=0.1)
    shares = np.bincount(labels, minlength=4) / len(labels)
    assert fitted.probabilities(logits).mean(axis=0) == pytest.approx(shares, abs=0.002)
    assert np.abs(warmed.probabilities(logits).mean(axis=0) - shares).max() > 0.08


def test_a_planted_scale_of_one_class_is_found() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(0, 2, (20_000, 4))
    z -= z.mean(axis=1, keepdims=True)
    scale = np.array([0.5, 1.0, 1.0, 1.8])
    labels = (softmax(z * scale).cumsum(axis=1) < rng.random((len(z), 1))).sum(axis=1)
    fitted = fit_vector_scaling(z, labels.astype(np.int64), FOUR)
    assert fitted.scale == pytest.approx(scale, rel=0.06)
    # what is added to every logit changes nothing
    assert fitted.probabilities(z + 100) == pytest.approx(fitted.probabilities(z))


def test_identity_is_the_temperature_alone() -> None:
    warmed = Outputs(SEVERAL.names, SEVERAL.groups, 2.5)
    logits = planted(50, SEVERAL)[0]
    identity = VectorScaling(warmed, np.ones(4), np.zeros(4))
    assert identity.probabilities(logits) == pytest.approx(warmed.probabilities(logits))


def test_four_scans_without_an_error_do_not_run_away() -> None:
    labels = np.array([0] * 60 + [1] * 4 + [2] * 5 + [3] * 60)
    fitted = fit_vector_scaling(np.eye(4)[labels] * 4, labels, FOUR)
    assert np.abs(np.log(fitted.scale)).max() < 0.7
    assert np.abs(fitted.offset).max() < 0.7


def test_a_class_without_scans_keeps_a_share() -> None:
    logits, labels, _ = planted(500, FOUR)
    kept = labels != 1
    fitted = fit_vector_scaling(logits[kept], labels[kept], FOUR)
    assert fitted.probabilities(np.array([0.0, 8, 0, 0]))[1] > 0.5


def test_other_planes_change_nothing_and_alone_are_refused() -> None:
    logits, labels, _ = planted(200, FOUR)
    more = np.vstack([np.full((9, 4), 7.0), logits])
    fitted = fit_vector_scaling(more, np.append(np.full(9, -1), labels), FOUR)
    assert np.array_equal(fitted.scale, fit_vector_scaling(logits, labels, FOUR).scale)
    with pytest.raises(ValueError, match="expected scans of the four planes, received none"):
        fit_vector_scaling(np.zeros((3, 4)), np.full(3, -1), FOUR)

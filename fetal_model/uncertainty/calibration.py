"""Temperature and thresholds of a version, fitted on scans that its training never saw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from fetal_model.inference.head import Floats
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.decision import Thresholds

KEPT_PLANES = 0.95
"""Share of the four planes' scans that the plane-score threshold lets through."""
ACCEPTED_ERRORS = 0.02
"""Largest share of wrong answers among accepted scans that the confidence threshold allows."""
LOWEST_CONFIDENCE = 0.5
"""Below it an answer is no longer more likely right than wrong."""
_TEMPERATURES = (1.0, 10.0)


@dataclass(frozen=True)
class Calibration:
    """What was fitted.

    Attributes:
        outputs: The version's outputs with their temperature.
        thresholds: What a scan must reach to be accepted.
    """

    outputs: Outputs
    thresholds: Thresholds


def calibrate(logits: Floats, labels: NDArray[np.int64], outputs: Outputs) -> Calibration:
    """Fit temperature, then plane-score threshold, then confidence threshold.

    The temperature minimises the negative log-likelihood (Guo et al. 2017, arXiv:1706.04599). It
    only softens: on few scans with hardly an error it would run to 0, and a network sharpened on
    one hospital's scans is overconfident on another's. No scan of another plane takes part.

    Args:
        logits: Shape (n, n_outputs).
        labels: Position in `anatomy.KEYS`, or -1 for another plane, shape (n,).
        outputs: Meaning of the outputs.

    Raises:
        ValueError: There is no scan of the four planes.
    """
    within = labels >= 0
    if not within.any():
        raise ValueError("calibration: expected scans of the four planes, received none")
    logits, labels = logits[within], labels[within]
    outputs = replace(outputs, temperature=_fit_temperature(logits, labels, outputs))
    probabilities = outputs.probabilities(logits)
    scores = outputs.plane_score(logits)
    # a score that occurs: between two scores the next scan would already be turned away
    lowest_plane_score = float(np.quantile(scores, 1 - KEPT_PLANES, method="lower"))
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    through = scores >= lowest_plane_score
    return Calibration(
        outputs,
        Thresholds(lowest_plane_score, _fit_confidence(confidence[through], wrong[through])),
    )


def _fit_temperature(logits: Floats, labels: NDArray[np.int64], outputs: Outputs) -> float:
    def loss(log_temperature: float) -> float:
        scaled = replace(outputs, temperature=float(np.exp(log_temperature)))
        right = scaled.probabilities(logits)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    bounds = tuple(np.log(_TEMPERATURES))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _fit_confidence(confidence: Floats, wrong: NDArray[np.bool_]) -> float:
    """The lowest threshold, from `LOWEST_CONFIDENCE`, that keeps errors within bounds.

    Where none does, as the surest answer is wrong, it lies just above that answer.
    """
    candidates = np.unique(np.append(confidence[confidence > LOWEST_CONFIDENCE], LOWEST_CONFIDENCE))
    for threshold in candidates:
        accepted = confidence >= threshold
        if wrong[accepted].sum() <= ACCEPTED_ERRORS * accepted.sum():
            return float(threshold)
    return float(np.nextafter(candidates[-1], 2))

"""One decision per scan: accepted, or "look again" with the reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fetal_model import anatomy
from fetal_model.inference.head import Floats

Decision = Literal["accepted", "look again"]


@dataclass(frozen=True)
class Thresholds:
    """What a version's scans must reach to be accepted.

    Attributes:
        plane_score: At least this much, or it is none of these planes.
        confidence: Highest calibrated probability at least this, or it is unsure between two.
    """

    plane_score: float
    confidence: float


def decide(
    probabilities: Floats,
    plane_score: float,
    thresholds: Thresholds,
    faults: Sequence[str] = (),
) -> tuple[Decision, tuple[str, ...]]:
    """Decide on one scan.

    Args:
        probabilities: Calibrated probabilities of the four anatomies, shape (4,).
        plane_score: Higher: more surely one of the four planes.
        thresholds: Of the version.
        faults: What is wrong with the picture itself, of `scan.quality.find_faults`; each is a
            reason.

    Returns:
        The decision and the reasons for looking again, empty when accepted.
    """
    reasons = list(faults)
    if is_rejected(plane_score, thresholds):
        reasons.append(
            "This looks like another plane, not one of the four "
            f"(plane score {plane_score:.2f}, accepted from {thresholds.plane_score:.2f})."
        )
    if probabilities.max() < thresholds.confidence:
        second, first = np.argsort(probabilities)[-2:]
        names = anatomy.ANATOMIES
        reasons.append(
            f"Unsure between {names[first].name.lower()} ({probabilities[first]:.0%}) and "
            f"{names[second].name.lower()} ({probabilities[second]:.0%})."
        )
    return ("look again" if reasons else "accepted"), tuple(reasons)


def is_rejected(plane_score: float, thresholds: Thresholds) -> bool:
    """Whether the scan counts as none of the four planes."""
    return plane_score < thresholds.plane_score

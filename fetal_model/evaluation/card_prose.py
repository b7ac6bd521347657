"""What a card says in words: what a version is for, where it ends, how it doubts and explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fetal_model import anatomy
from fetal_model.evaluation.predictions import Prediction

USE = (
    "## Use",
    "",
    "For teaching, and for research on still scans: which of four standard "
    "planes a scan shows, and whether a person should look again. Not for diagnosis, measurement "
    "or triage, and not for deciding about a pregnancy; a person looks at every scan.",
    "",
)
_ENOUGH = 59
"""Scans without an error from which on "at most 5% wrong" can be said, 95% sure."""


def limits(metadata: dict[str, Any], rows: Sequence[Prediction]) -> list[str]:
    """Where its figures end.

    Args:
        metadata: Parsed `metadata.json`.
        rows: Its `predictions.csv`.
    """
    real = Counter(row.label for row in rows if not row.simulated)
    few = [f"{real[key]} {key}" for key in anatomy.KEYS if 0 < real[key] < _ENOUGH]
    lines = ["## Limits", ""]
    if not real:
        lines.append("- It was never tested on a real scan.")
    if few:
        lines.append(
            f"- Of some anatomies few real scans were at hand ({', '.join(few)}): their figures "
            "have wide intervals."
        )
    if metadata.get("simulated"):
        lines.append(
            "- It learned from simulated scans alone; what real scanners show beside, it has not "
            "seen."
        )
    if len(metadata["outputs"]["names"]) == len(anatomy.KEYS):
        lines.append("- It has no output for another plane and takes many of them for one of four.")
    lines += [
        "- Its figures are not told apart by gestational age, scanner, operator or the mother's "
        "build: nothing is shown about differences between them.",
        "",
    ]
    return lines


def doubt_and_explanation(metadata: dict[str, Any]) -> list[str]:
    """How it says that it is unsure, and why it says what it says."""
    samples = (
        "thirty dropout samples of its head give the spread of each probability"
        if metadata["recipe"]["options"].get("dropout", 0)
        else "it has no dropout, and so gives no spread"
    )
    return [
        "## Doubt and explanation",
        "",
        f"Probabilities are calibrated by one temperature; {samples}. A scan is looked at again "
        "when its plane score or its confidence is below the threshold"
        + (", or the picture itself has a fault" if metadata.get("quality_checked") else "")
        + ". Heatmaps say which parts of the picture raise an output, not what is there. What was "
        "measured of both, and what was not, is in `docs/trust.md` and `docs/results.md`.",
        "",
    ]

"""What the reader asks a version to keep: so few wrong among accepted, so often the truth in a set.

Nothing heavy is imported before something is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from fetal_model.store.versions import PREDICTIONS, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fetal_model.evaluation.predictions import Prediction
    from fetal_model.export.entry import Named
    from fetal_model.predictor import Finding
    from fetal_model.predictor_clip import ClipFinding
    from fetal_model.uncertainty.conformal import ConformalSets

TARGETS = (0.01, 0.02, 0.05, 0.1)
COVERAGES = (0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Promises:
    """What was asked for and can be kept.

    Attributes:
        confidence: Threshold for the target, None for the version's own.
        sets: Where sets come from, None for no sets.
        coverage: Share of scans whose set holds the truth.
    """

    confidence: float | None = None
    sets: ConformalSets | None = None
    coverage: float = 0.0

    def decide(self, answer: Finding | ClipFinding) -> Finding | ClipFinding:
        """The answer under the threshold that was asked for."""
        if self.confidence is None:
            return answer
        return answer.under(replace(answer.thresholds, confidence=self.confidence))

    def named(self, finding: Finding) -> Named | None:
        """The set of anatomies for an export, None where none was asked for."""
        if self.sets is None:
            return None
        from fetal_model.export.entry import Named
        from fetal_model.uncertainty.promises import named

        return Named(self.coverage, named(self.sets, finding, self.coverage))

    def members(self, finding: Finding) -> str:
        """The set of anatomies in words, empty where none was asked for or none is named."""
        if self.sets is None or finding.turned_away:
            return ""
        from fetal_model.uncertainty.conformal import in_words

        inside = self.sets.sets(finding.probabilities[None], self.coverage)
        return in_words(inside[0], self.coverage)


def ask_promises(version: Version) -> Promises:
    """The controls, and whether what they ask for can be promised."""
    target = st.selectbox(
        "Accept a scan so that",
        [None, *TARGETS],
        format_func=lambda share: (
            "as the version was calibrated" if share is None else f"at most {share:.0%} are wrong"
        ),
        help="Among accepted scans. A stricter target sends more scans to a person.",
    )
    coverage = st.selectbox(
        "Name a set of anatomies",
        [None, *COVERAGES],
        format_func=lambda share: (
            "no, the most probable alone" if share is None else f"with the truth in {share:.0%}"
        ),
        help="Brain, or brain or abdomen: as many as it takes for the truth to be among them as "
        "often as you ask.",
    )
    promises = Promises()
    if target is None and coverage is None:
        return promises
    from fetal_model.evaluation.predictions import read_predictions

    try:
        rows = read_predictions(version.path / PREDICTIONS)
    except (OSError, ValueError):
        st.warning(f"{version.label} has no readable {PREDICTIONS}, so nothing can be promised.")
        return promises
    if target is not None:
        promises = _with_target(promises, rows, target)
    if coverage is not None:
        promises = _with_sets(promises, rows, coverage)
    return promises


def _with_target(promises: Promises, rows: Sequence[Prediction], target: float) -> Promises:
    from fetal_model.uncertainty.promises import defer
    from fetal_model.uncertainty.target import TargetError

    try:
        found = defer(rows, target)
    except TargetError as error:
        st.warning(f"Not promised, so the version's own threshold holds: {error}")
        return promises
    st.caption(found.in_words())
    return replace(promises, confidence=found.threshold)


def _with_sets(promises: Promises, rows: Sequence[Prediction], coverage: float) -> Promises:
    from fetal_model.uncertainty.conformal import CoverageError
    from fetal_model.uncertainty.promises import sets_of

    try:
        sets = sets_of(rows)
        sets.check(coverage)
    except CoverageError as error:
        st.warning(f"No sets, {str(error).removeprefix('conformal sets: ')}")
        return promises
    scans = ", ".join(f"{n} {key}" for key, n in sets.scans.items())
    st.caption(f"Sets from {scans} scans that its thresholds were fitted on.")
    return replace(promises, sets=sets, coverage=coverage)

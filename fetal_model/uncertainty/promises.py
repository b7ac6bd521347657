"""What a reader may ask of a version: at most so many wrong, sets that hold the truth so often.

Both rest on the scans that the version's own thresholds were fitted on, in the folds of
`predictions.csv`: what is said of a promise is what it did to folds left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.uncertainty.conformal import ConformalSets
from fetal_model.uncertainty.cross_fit import cross_fit
from fetal_model.uncertainty.target import TargetError, choose_threshold, upper_bound, verify

if TYPE_CHECKING:
    from fetal_model.evaluation.predictions import Prediction
    from fetal_model.inference.head import Floats
    from fetal_model.predictor import Finding


@dataclass(frozen=True)
class Deferral:
    """A confidence threshold that keeps wrong answers among accepted scans below a target.

    Attributes:
        threshold: Confidence from which a scan is accepted.
        target: Largest share of wrong answers among accepted scans.
        wrong: Wrong answers among those accepted, in folds left out.
        accepted: Scans accepted in folds left out.
        n: Scans of the four planes that it was fitted on.
        simulated: Whether those were phantoms.
    """

    threshold: float
    target: float
    wrong: int
    accepted: int
    n: int
    simulated: bool

    @property
    def bound(self) -> float:
        """Upper bound of the share of wrong answers, 95% sure."""
        return float(upper_bound(self.wrong, self.accepted))

    def in_words(self) -> str:
        """What it did, in one sentence."""
        kind = "simulated" if self.simulated else "real"
        return (
            f"Accepted from {self.threshold:.2f}: {self.accepted} of {self.n} {kind} scans in "
            f"folds left out, {self.wrong} of them wrong, so at most {self.bound:.1%} (95% sure)."
        )


def defer(rows: Sequence[Prediction], target: float) -> Deferral:
    """Find the threshold for a target.

    Args:
        rows: A version's predictions.
        target: Largest share of wrong answers among accepted scans, in (0, 1).

    Raises:
        TargetError: Its scans cannot support the target; the message says why.
        ValueError: The target is no share.
    """
    rows = fitted_on(rows)
    if not rows:
        raise TargetError("no target: this version keeps no scans that thresholds are fitted on.")
    confidence = _shares(rows).max(axis=1)
    wrong = np.array([not row.is_right for row in rows])
    numbers = np.unique([row.fold for row in rows], return_inverse=True)[1]
    chosen = choose_threshold(confidence, wrong, target)
    try:
        accepted = cross_fit(
            numbers,
            lambda on: choose_threshold(confidence[on], wrong[on], target).threshold,
            lambda threshold, to: confidence[to] >= threshold,
        ).astype(np.bool_)
    except TargetError as error:
        raise TargetError(f"Without one fold in turn: {error}") from error
    if reason := verify(wrong, accepted, target):
        raise TargetError(reason)
    return Deferral(
        chosen.threshold,
        target,
        int((wrong & accepted).sum()),
        int(accepted.sum()),
        len(rows),
        rows[0].simulated,
    )


def sets_of(rows: Sequence[Prediction]) -> ConformalSets:
    """Conformal sets calibrated on the same scans.

    Raises:
        CoverageError: There are none of an anatomy.
    """
    rows = fitted_on(rows)
    return ConformalSets.fit(
        _shares(rows), np.array([KEYS.index(row.label) for row in rows], dtype=np.int64)
    )


def named(sets: ConformalSets, finding: Finding, coverage: float) -> tuple[str, ...] | None:
    """Keys of the anatomies in a scan's set, None for a scan that was turned away."""
    if finding.turned_away:
        return None
    inside = sets.sets(finding.probabilities[None], coverage)[0]
    return tuple(key for key, is_in in zip(KEYS, inside, strict=True) if is_in)


def fitted_on(rows: Sequence[Prediction]) -> list[Prediction]:
    """The scans of the four planes that the version's thresholds were fitted on."""
    return [row for row in rows if row.fold and row.in_plane]


def _shares(rows: Sequence[Prediction]) -> Floats:
    shares: NDArray[np.float64] = np.array([row.probabilities for row in rows]).reshape(-1, 4)
    return shares

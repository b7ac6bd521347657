"""The threshold for "at most so many wrong among accepted scans", or why it cannot be promised."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from fetal_model.inference.head import Floats

LEVEL = 0.95
"""How sure the upper bound of a target is."""


class TargetError(ValueError):
    """A target that the scans at hand cannot support; the message can be shown as it is."""


@dataclass(frozen=True)
class Chosen:
    """A threshold and what it did on the scans it was chosen on.

    Attributes:
        threshold: Confidence from which a scan is accepted.
        wrong: Wrong answers among the accepted.
        accepted: Scans accepted.
        n: Scans it was chosen on.
    """

    threshold: float
    wrong: int
    accepted: int
    n: int

    @property
    def bound(self) -> float:
        """Upper bound of the share of wrong answers."""
        return float(upper_bound(self.wrong, self.accepted))


def choose_threshold(confidence: Floats, wrong: NDArray[np.bool_], target: float) -> Chosen:
    """The lowest confidence threshold whose accepted scans meet a target.

    Of many thresholds the most favourable is taken, so its own bound flatters somewhat. What is
    reported must be the share of wrong answers, and its bound, in the folds left out (`verify`).

    Args:
        confidence: Higher: surer, shape (n,).
        wrong: Shape (n,).
        target: Largest share of wrong answers among accepted scans, in (0, 1).

    Raises:
        TargetError: So few scans cannot show it, or no threshold does.
        ValueError: The target is no share.

    Example:
        >>> choose_threshold(np.full(100, 0.9), np.zeros(100, bool), 0.01)
        Traceback (most recent call last):
            ...
        fetal_model.uncertainty.target.TargetError: at most 1% wrong among accepted scans needs at \
least 299 accepted scans without an error (95% sure); there are 100 scans. Choose at least 3%, or \
fit on more scans.
    """
    least = least_scans(target)
    n = len(wrong)
    if n < least:
        supported = f"at least {_percent(upper_bound(0, n))}" if n else "a larger share"
        raise TargetError(
            f"at most {_percent(target)} wrong among accepted scans needs at least {least} "
            f"accepted scans without an error ({LEVEL:.0%} sure); there are {n} scans. Choose "
            f"{supported}, or fit on more scans."
        )
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    # equally sure scans are accepted together
    accepted = np.unique(np.searchsorted(-ranked, -ranked, side="right"))
    mistaken = np.cumsum(wrong[order], dtype=np.int64)[accepted - 1]
    bounds = upper_bound(mistaken, accepted)
    met = np.flatnonzero(bounds <= target)
    if not met.size:
        best = int(np.argmin(bounds))
        raise TargetError(
            f"at most {_percent(target)} wrong among accepted scans is met by no threshold: the "
            f"best accepts {accepted[best]} of {n} scans, {mistaken[best]} of them wrong, which "
            f"leaves up to {_percent(bounds[best])} ({LEVEL:.0%} sure). Choose at least "
            f"{_percent(bounds[best])}, or a better model."
        )
    last = int(met[-1])
    count = int(accepted[last])
    return Chosen(float(ranked[count - 1]), int(mistaken[last]), count, n)


def verify(wrong: NDArray[np.bool_], accepted: NDArray[np.bool_], target: float) -> str | None:
    """Whether the folds left out bear a target out.

    Args:
        wrong: Whether the answer was wrong, shape (n,).
        accepted: Whether the threshold of the other folds accepts the scan, shape (n,).
        target: As in `choose_threshold`.

    Returns:
        None where they do, or the reason in words.
    """
    count, mistaken = int(accepted.sum()), int((wrong & accepted).sum())
    bound = float(upper_bound(mistaken, count))
    if bound <= target:
        return None
    return (
        f"at most {_percent(target)} wrong is not borne out: of {count} scans accepted in the "
        f"folds left out {mistaken} are wrong, which leaves up to {_percent(bound)} "
        f"({LEVEL:.0%} sure)."
    )


def least_scans(target: float) -> int:
    """Accepted scans without an error that a target takes: 1 - target to their power is 5%.

    Raises:
        ValueError: The target is no share.

    >>> least_scans(0.01), least_scans(0.05)
    (299, 59)
    """
    if not 0 < target < 1:
        raise ValueError(f"target: expected a share above 0 and below 1, received {target}")
    return math.ceil(math.log(1 - LEVEL) / math.log1p(-target))


def upper_bound(wrong: int | NDArray[np.int64], accepted: int | NDArray[np.int64]) -> Floats:
    """One-sided exact upper bound of a share (Clopper and Pearson 1934, Biometrika 26:404).

    Returns:
        In [0, 1]; 1 where nothing is accepted or all is wrong.
    """
    right = np.asarray(accepted) - np.asarray(wrong)
    found = beta.ppf(LEVEL, np.asarray(wrong) + 1, np.maximum(right, 1))
    return np.asarray(np.where(right > 0, found, 1.0))


def _percent(share: float | Floats) -> str:
    """Rounded up to a tenth, so that a bound is never stated too low.

    >>> _percent(0.01), _percent(0.02951)
    ('1%', '3%')
    """
    return f"{math.ceil(round(float(share) * 1000, 6)) / 10:g}%"

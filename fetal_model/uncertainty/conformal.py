"""Conformal sets: "brain" or "brain or abdomen", holding the truth as often as the user asks.

Mondrian, a class at a time (Vovk 2012, "Conditional validity of inductive conformal predictors",
arXiv:1209.2673), with one less the probability of a class as its score (Sadinle et al. 2019,
arXiv:1609.00451): of each anatomy's scans, the chosen share has it in the set, rare or not. The
promise holds for scans drawn as the calibration scans were, and one patient's scans are not
independent: the coverage that counts is measured on folds left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from crepes import ConformalClassifier
from numpy.typing import NDArray

from fetal_model import anatomy
from fetal_model.inference.head import Floats

_ROUNDING = 1e-9
"""1 - 0.95 is not 0.05 in floats; p-values are whole numbers of scans apart."""


class CoverageError(ValueError):
    """A coverage that the calibration scans cannot support; the message can be shown as it is."""


@dataclass(frozen=True, eq=False)
class ConformalSets:
    """Calibration scans that sets are made from.

    Attributes:
        right: Probability given to the truth, shape (n,).
        labels: Position of the truth in `anatomy.KEYS`, shape (n,).
        members: Positions of the anatomies that a set may hold.
    """

    right: Floats
    labels: NDArray[np.int64]
    members: tuple[int, ...]

    @classmethod
    def fit(
        cls,
        probabilities: Floats,
        labels: NDArray[np.int64],
        among: Sequence[str] = anatomy.KEYS,
    ) -> ConformalSets:
        """Keep what the sets need of calibration scans that the network did not learn from.

        Args:
            probabilities: Calibrated, shape (n, 4).
            labels: Position in `anatomy.KEYS`, or -1 for another plane, shape (n,); those and
                anatomies outside `among` take no part.
            among: Anatomies that a set may hold.

        Raises:
            CoverageError: One of them has no scan.
        """
        members = tuple(anatomy.KEYS.index(key) for key in among)
        kept = np.isin(labels, members)
        right = probabilities[kept, labels[kept]]
        sets = cls(right, labels[kept], members)
        missing = [anatomy.KEYS[n] for n in members if not (sets.labels == n).any()]
        if missing:
            raise CoverageError(
                "conformal sets: expected calibration scans of every anatomy a set may hold, found "
                f"none of {', '.join(missing)}; leave it out or calibrate on scans of it."
            )
        return sets

    @property
    def scans(self) -> dict[str, int]:
        """Calibration scans of each anatomy that a set may hold."""
        return {anatomy.KEYS[n]: int((self.labels == n).sum()) for n in self.members}

    @cached_property
    def _classifier(self) -> ConformalClassifier:
        return ConformalClassifier().fit(1 - self.right, bins=self.labels)

    def p_values(self, probabilities: Floats) -> Floats:
        """How typical each anatomy would be, were it the truth.

        Args:
            probabilities: Calibrated, shape (n, 4).

        Returns:
            Shape (n, 4): among the anatomy's calibration scans and this one, the share whose truth
            got no higher probability; 0 for an anatomy that a set may not hold.
        """
        values = np.zeros_like(probabilities)
        for n in self.members:
            bins = np.full(len(probabilities), n)
            # without random tie breaking: the same scan gets the same set
            values[:, n] = self._classifier.predict_p(
                1 - probabilities[:, [n]], bins=bins, smoothing=False
            )[:, 0]
        return values

    def sets(self, probabilities: Floats, coverage: float) -> NDArray[np.bool_]:
        """Which anatomies are in the set of each scan.

        An empty set is an answer: the scan is less typical of every anatomy than the chosen share
        of its calibration scans. `in_words` says so.

        Args:
            probabilities: Calibrated, shape (n, 4).
            coverage: Share of scans whose set shall hold the truth, in (0, 1).

        Returns:
            Shape (n, 4).

        Raises:
            CoverageError: As `check`.
            ValueError: The coverage is no share.
        """
        self.check(coverage)
        inside: NDArray[np.bool_] = self.p_values(probabilities) > 1 - coverage + _ROUNDING
        return inside

    def check(self, coverage: float) -> None:
        """Whether the calibration scans support a coverage.

        Raises:
            CoverageError: An anatomy has too few calibration scans for it ever to be left out.
            ValueError: The coverage is no share.
        """
        least = least_scans(coverage)
        few = {key: n for key, n in self.scans.items() if n < least}
        if few:
            found = ", ".join(f"{n} of {key}" for key, n in few.items())
            # 11 scans support 11 / 12
            most = math.floor(100 * min(few.values()) / (min(few.values()) + 1) + _ROUNDING)
            raise CoverageError(
                f"conformal sets: {100 * coverage:g}% coverage takes at least {least} "
                f"calibration scans of each anatomy, found {found}: it would be in every set. "
                f"Choose at most {most}%, or calibrate on more scans."
            )

    def save(self, path: Path) -> None:
        """Write a NumPy archive without pickled objects."""
        arrays = {"right": self.right, "labels": self.labels, "members": np.array(self.members)}
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> ConformalSets:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as archive:
            members = tuple(int(n) for n in archive["members"])
            return cls(archive["right"], archive["labels"], members)


def least_scans(coverage: float) -> int:
    """Calibration scans of an anatomy from which on it can be left out of a set.

    The least typical of n + 1 scans has a p-value of 1 / (n + 1).

    Raises:
        ValueError: The coverage is no share.

    >>> least_scans(0.9), least_scans(0.95), least_scans(0.99)
    (9, 19, 99)
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage: expected a share above 0 and below 1, received {coverage}")
    return math.ceil(1 / (1 - coverage) - 1 - _ROUNDING)


def in_words(members: NDArray[np.bool_], coverage: float) -> str:
    """One set as a sentence.

    Args:
        members: Which anatomies are in it, shape (4,).
        coverage: That was chosen.

    >>> in_words(np.array([True, True, False, False]), 0.9)
    'Brain or abdomen (90% coverage).'
    """
    names = [anatomy.ANATOMIES[n].name.lower() for n in np.flatnonzero(members)]
    if not names:
        return (
            f"None of the four fits: the scan is less typical of each than {100 * coverage:g}% of "
            "its calibration scans. Look again."
        )
    said = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{said.capitalize()} ({100 * coverage:g}% coverage)."

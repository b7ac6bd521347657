"""How surely a scan is one of the four planes, from pooled trunk features and logits.

Everything is fitted on scans of the four planes alone: what must be rejected is never shown. A
score is in standard deviations of what it gives such scans: 0 is typical, lower is stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from fetal_model.inference.head import Floats
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.cross_fit import cross_fit

NEIGHBOURS = 10
"""Which neighbour's distance counts. The nearest alone may be a chance likeness."""


class Part(Protocol):
    """One way to tell; its fields are arrays."""

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Higher: more surely one of the four; shape (n,)."""


@dataclass(frozen=True, eq=False)
class Mahalanobis:
    """Distance to the nearest class mean under a shared covariance (Lee et al. 2018,
    arXiv:1807.03888, equation 2), shrunk as Ledoit and Wolf 2004 as channels outnumber scans.

    Attributes:
        means: Shape (classes, channels).
        precision: Inverse covariance within classes, shape (channels, channels).
    """

    means: Floats
    precision: Floats

    @classmethod
    def fit(
        cls, features: Floats, logits: Floats, labels: NDArray[np.int64], four: NDArray[np.bool_]
    ) -> Mahalanobis:
        """From scans of the four planes; `labels` tells the classes, shape (n,)."""
        present = np.unique(labels)
        means = np.stack([features[labels == n].mean(axis=0) for n in present])
        centred = features - means[np.searchsorted(present, labels)]
        return cls(means, LedoitWolf(assume_centered=True).fit(centred).precision_)

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Less the root of the smallest squared distance."""
        apart = features[:, np.newaxis] - self.means
        squared = np.einsum("nkc,cd,nkd->nk", apart, self.precision, apart, optimize=True)
        nearest: Floats = -np.sqrt(np.maximum(squared.min(axis=1), 0))
        return nearest


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Distance to the k-th nearest scan among features of length 1 (Sun et al. 2022,
    arXiv:2204.06507).

    Attributes:
        known: Features of length 1, shape (scans, channels).
    """

    known: Floats

    @classmethod
    def fit(
        cls, features: Floats, logits: Floats, labels: NDArray[np.int64], four: NDArray[np.bool_]
    ) -> Neighbours:
        """Keeps every scan of the four planes."""
        return cls(_of_length_one(features))

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Less the distance, in [-2, 0]. A scan that is itself kept is its own neighbour."""
        likeness = _of_length_one(features) @ self.known.T
        nth = min(NEIGHBOURS, len(self.known))
        kth = np.partition(likeness, -nth, axis=1)[:, -nth]
        return -np.sqrt(np.maximum(2 - 2 * kth, 0))


@dataclass(frozen=True, eq=False)
class Energy:
    """Less the free energy (Liu et al. 2020, arXiv:2010.03759, equation 4) of the four planes'
    outputs; of all outputs it would call a cervix well known to a network that has one for it.

    Attributes:
        four: Whether an output is one of the four planes', shape (n_outputs,).
    """

    four: NDArray[np.bool_]

    @classmethod
    def fit(
        cls, features: Floats, logits: Floats, labels: NDArray[np.int64], four: NDArray[np.bool_]
    ) -> Energy:
        """Nothing to fit."""
        return cls(four)

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Log-sum-exp of the four planes' logits."""
        return _log_sum(logits[:, self.four])


@dataclass(frozen=True, eq=False)
class PlaneMass:
    """The four planes' share of the softmax, as log-odds: near 1 shares still differ.

    A network that knows only the four falls back on its highest probability (Hendrycks and Gimpel
    2017, arXiv:1610.02136). The order is that of `Outputs.plane_score`.

    Attributes:
        four: Whether an output is one of the four planes', shape (n_outputs,).
    """

    four: NDArray[np.bool_]

    @classmethod
    def fit(
        cls, features: Floats, logits: Floats, labels: NDArray[np.int64], four: NDArray[np.bool_]
    ) -> PlaneMass:
        """Nothing to fit."""
        return cls(four)

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Log-odds."""
        if not self.four.all():
            return _log_sum(logits[:, self.four]) - _log_sum(logits[:, ~self.four])
        ranked = np.sort(logits, axis=1)
        return ranked[:, -1] - _log_sum(ranked[:, :-1])


PARTS: dict[str, type[Mahalanobis | Neighbours | Energy | PlaneMass]] = {
    "mahalanobis": Mahalanobis,
    "neighbours": Neighbours,
    "energy": Energy,
    "plane mass": PlaneMass,
}
"""What a score can be made of; several are averaged."""


@dataclass(frozen=True, eq=False)
class Rejection:
    """A fitted score.

    Attributes:
        names: Of its parts, among `PARTS`.
        parts: As fitted.
        centre: What each part gives scans of the four planes on average, shape (parts,).
        spread: Standard deviation of the same, shape (parts,).
    """

    names: tuple[str, ...]
    parts: tuple[Part, ...]
    centre: Floats
    spread: Floats

    def score(self, features: Floats, logits: Floats) -> Floats:
        """Higher: more surely one of the four.

        Args:
            features: Pooled trunk features, shape (n, channels).
            logits: Shape (n, n_outputs).

        Returns:
            Shape (n,): mean over the parts of (part - centre) / spread.
        """
        found = _scores(self.parts, features, logits)
        return np.asarray(((found - self.centre) / self.spread).mean(axis=1))

    def save(self, path: Path) -> None:
        """Write a NumPy archive without pickled objects."""
        arrays: dict[str, NDArray[np.generic]] = {
            f"{name}/{field.name}": getattr(part, field.name)
            for name, part in zip(self.names, self.parts, strict=True)
            for field in fields(part)  # type: ignore[arg-type]
        }
        arrays |= {"names": np.array(self.names), "centre": self.centre, "spread": self.spread}
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Rejection:
        """Read what `save` wrote.

        Raises:
            ValueError: The file is not such an archive.
        """
        with np.load(path, allow_pickle=False) as archive:
            names = tuple(map(str, archive["names"])) if "names" in archive.files else ()
            if not names or set(names) - set(PARTS):
                raise ValueError(
                    f"{path}: expected a rejection score made of {', '.join(PARTS)}; found the "
                    f"arrays {archive.files}"
                )
            parts = tuple(
                PARTS[name](*(archive[f"{name}/{field.name}"] for field in fields(PARTS[name])))
                for name in names
            )
            return cls(names, parts, archive["centre"], archive["spread"])


def fit_rejection(
    names: Sequence[str],
    features: Floats,
    logits: Floats,
    labels: NDArray[np.int64],
    outputs: Outputs,
    numbers: NDArray[np.int64],
) -> Rejection:
    """Fit a score on scans of the four planes.

    Centre and spread are of parts fitted without the scan's fold: a scan is its own neighbour, and
    lies nearer to a mean that it is part of.

    Args:
        names: One or several of `PARTS`.
        features: Pooled trunk features, shape (n, channels).
        logits: Shape (n, n_outputs).
        labels: Position in `anatomy.KEYS`, or -1 for another plane, shape (n,); those take no part.
        outputs: Meaning of the outputs.
        numbers: Fold of each scan, shape (n,), of `fetal_model.dataset.splits.folds`.

    Raises:
        ValueError: A part is unknown, or there are no scans of the four planes in two folds.

    Example:
        >>> fit_rejection(["distance"], *[np.empty(0)] * 3, None, np.empty(0))
        Traceback (most recent call last):
            ...
        ValueError: rejection: expected one or several of mahalanobis, neighbours, energy, plane \
mass; received ['distance']
    """
    if not names or set(names) - set(PARTS):
        raise ValueError(
            f"rejection: expected one or several of {', '.join(PARTS)}; received {list(names)}"
        )
    within = labels >= 0
    features, logits, labels = features[within], logits[within], labels[within]
    four = np.asarray(outputs.membership.any(axis=1), dtype=np.bool_)

    def fit(on: NDArray[np.bool_]) -> tuple[Part, ...]:
        return tuple(PARTS[name].fit(features[on], logits[on], labels[on], four) for name in names)

    scores = cross_fit(
        numbers[within], fit, lambda parts, to: _scores(parts, features[to], logits[to])
    )
    # parts that say the same of every scan say nothing: their spread divides nothing by something
    spread = np.maximum(scores.std(axis=0), 1e-12)
    return Rejection(tuple(names), fit(np.ones(len(labels), bool)), scores.mean(axis=0), spread)


def _scores(parts: Sequence[Part], features: Floats, logits: Floats) -> Floats:
    return np.stack([part.score(features, logits) for part in parts], axis=1)


def _of_length_one(features: Floats) -> Floats:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def _log_sum(logits: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(logits, axis=1))

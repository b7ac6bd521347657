"""A clip over time: which anatomy each frame shows or honestly none, and the best frame of each.

Numbers in, numbers out: which frames were analysed and by which version is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.inference.head import Floats

SECONDS = 0.2
"""Standard deviation of the smoothing: a sweep stays on a plane for longer, and a frame that
shadow or motion spoils is over sooner."""
_FEWEST_WEIGHT = 1e-12


@dataclass(frozen=True, eq=False)
class Timeline:
    """A clip over time, for n frames.

    Attributes:
        probabilities: Smoothed, shape (n, 4), in the order of `anatomy.KEYS`; rows sum to 1.
        plane_scores: Smoothed, shape (n,), in [0, 1].
        anatomies: What each frame shows, a key of `anatomy.KEYS`, or None for no plane.
        best: Position of the best frame of each anatomy that some frame shows.
    """

    probabilities: Floats
    plane_scores: Floats
    anatomies: tuple[str | None, ...]
    best: dict[str, int]


def timeline(
    probabilities: Floats,
    plane_scores: Floats,
    seconds: Floats,
    *,
    plane_score: float,
    confidence: float,
    quality: Floats | None = None,
    smoothing: float = SECONDS,
) -> Timeline:
    """Follow a clip over time.

    A frame shows an anatomy when its smoothed plane score and its highest smoothed probability
    reach what the version asks of a single scan; otherwise it shows no plane. The best frame of an
    anatomy is, among those that show it, the one with the highest plane score x probability x
    quality, each of the frame itself and not smoothed: a good frame does not make its neighbours
    good.

    Args:
        probabilities: Calibrated, shape (n, 4), in the order of `anatomy.KEYS`; rows sum to 1.
        plane_scores: Shape (n,), in [0, 1].
        seconds: When each frame begins, shape (n,), ascending.
        plane_score: Threshold of the version.
        confidence: Threshold of the version.
        quality: Of each frame, shape (n,), in [0, 1]; all alike when None.
        smoothing: Standard deviation in seconds; 0 leaves the frames as they are.

    Raises:
        ValueError: If the shapes do not fit, times do not ascend, or a value is not finite.

    Example:
        >>> sweep = np.array([[0.97, 0.01, 0.01, 0.01]] * 5)
        >>> planes = np.array([0.1, 0.8, 0.9, 0.8, 0.1])
        >>> found = timeline(
        ...     sweep, planes, np.arange(5) / 25, plane_score=0.5, confidence=0.9, smoothing=0
        ... )
        >>> found.anatomies, found.best
        ((None, 'brain', 'brain', 'brain', None), {'brain': 2})
    """
    count = len(probabilities)
    quality = np.ones(count) if quality is None else np.asarray(quality, float)
    _check(probabilities, plane_scores, seconds, quality, smoothing)
    smooth = smooth_over_time(
        np.column_stack([probabilities, plane_scores]).astype(float), seconds, smoothing
    )
    shares, planes = smooth[:, :-1], smooth[:, -1]
    shown = (planes >= plane_score) & (shares.max(axis=1, initial=0) >= confidence)
    winners = shares.argmax(axis=1) if count else np.zeros(0, int)
    anatomies = tuple(
        KEYS[winner] if is_shown else None for winner, is_shown in zip(winners, shown, strict=True)
    )
    best = {}
    for index, key in enumerate(KEYS):
        member = np.flatnonzero(shown & (winners == index))
        if member.size:
            worth = plane_scores[member] * probabilities[member, index] * quality[member]
            best[key] = int(member[worth.argmax()])
    return Timeline(shares, planes, anatomies, best)


def smooth_over_time(values: Floats, seconds: Floats, deviation: float) -> Floats:
    """Average each frame with those near it in time, by a Gaussian.

    Frames need not be evenly spaced: each weighs what its distance in time says. Whatever holds
    for every frame, such as a sum of 1, holds for the averages.

    Args:
        values: Shape (n, k).
        seconds: Shape (n,).
        deviation: Standard deviation of the Gaussian in seconds; 0 leaves the values as they are.

    Returns:
        Shape (n, k).
    """
    if deviation == 0 or len(values) == 0:
        return values.copy()
    smoothed = np.empty_like(values)
    for index, now in enumerate(seconds):  # row by row: n x n weights of a long clip are many
        weights = np.exp(-0.5 * ((seconds - now) / deviation) ** 2)
        weights[weights < _FEWEST_WEIGHT] = 0
        smoothed[index] = weights @ values / weights.sum()
    return smoothed


def _check(
    probabilities: Floats, plane_scores: Floats, seconds: Floats, quality: Floats, smoothing: float
) -> None:
    count = len(probabilities)
    arrays: dict[str, tuple[NDArray[np.floating], tuple[int, ...]]] = {
        "probabilities": (probabilities, (count, len(KEYS))),
        "plane_scores": (plane_scores, (count,)),
        "seconds": (seconds, (count,)),
        "quality": (quality, (count,)),
    }
    for name, (values, shape) in arrays.items():
        if values.shape != shape or not np.isfinite(values).all():
            raise ValueError(
                f"timeline: expected {name} of shape {shape}, all finite; received {values.shape}"
            )
    if (np.diff(seconds) <= 0).any() or not smoothing >= 0:
        raise ValueError("timeline: expected seconds that ascend and a smoothing of 0 or more")

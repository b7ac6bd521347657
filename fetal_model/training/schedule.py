"""How the learning rate goes on and when training ends, from the epochs that are done alone.

Neither keeps a state of its own: a run that was cut off goes on as it would have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fetal_model.training.recipe_tables import Training

_PLATEAU, _FACTOR = 5, 0.5  # epochs, and what then becomes of the learning rate


def learning_rate(training: Training, watched: Sequence[float]) -> float:
    """The learning rate of the next epoch.

    It rises in equal steps through the epochs of the warm-up. Then it stays (`constant`), falls
    along half a cosine to nothing (`cosine`; Loshchilov and Hutter 2017, arXiv:1608.03983, without
    restarts), or is halved whenever five epochs have brought no lower value (`plateau`).

    Args:
        training: Of the recipe.
        watched: Validation cross-entropy of each epoch that is done.

    Example:
        >>> cosine = Training(epochs=4, learning_rate=1, schedule="cosine")
        >>> [round(learning_rate(cosine, [1.0] * done), 2) for done in range(4)]
        [1.0, 0.85, 0.5, 0.15]
    """
    done, warm_up = len(watched), training.warm_up
    if done < warm_up:
        return training.learning_rate * (done + 1) / (warm_up + 1)
    share = 1.0
    if training.schedule == "cosine":
        length = max(1, training.epochs - warm_up)
        share = (1 + math.cos(math.pi * min(1.0, (done - warm_up) / length))) / 2
    elif training.schedule == "plateau":
        share = _FACTOR ** _plateaus(watched)
    return training.learning_rate * share


def is_over(training: Training, watched: Sequence[float]) -> bool:
    """Whether training ends after these epochs: all are done, or its patience is at an end."""
    if len(watched) >= training.epochs:
        return True
    return 0 < training.patience <= _since_best(watched)


def _since_best(watched: Sequence[float]) -> int:
    """Epochs since the lowest value."""
    if not watched:
        return 0
    best = min(range(len(watched)), key=lambda epoch: _rank(watched[epoch]))
    return len(watched) - 1 - best


def _plateaus(watched: Sequence[float]) -> int:
    best, waited, found = math.inf, 0, 0
    for value in watched:
        waited += 1
        if _rank(value) < best:
            best, waited = value, 0
        elif waited == _PLATEAU:
            waited, found = 0, found + 1
    return found


def _rank(value: float) -> float:
    return math.inf if math.isnan(value) else value

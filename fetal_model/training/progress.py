"""How far a training has come: what is told of it, and as lines for a shell or a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """Where training stands as an epoch begins, after a batch, or after an epoch.

    Attributes:
        epoch: The present one, counted from 1.
        step: Batches of it that are done.
        steps: Batches of an epoch.
        whole: Whether the epoch has ended, its validation included.
        values: The `learning_rate` and, after the first batch, means over the epoch so far of
            `loss`, `accuracy` and so on, with their `val_` ones when it has ended.
        last: Whether training has ended with it.
    """

    epoch: int
    step: int
    steps: int
    whole: bool
    values: dict[str, float]
    last: bool = False


Tell = Callable[[Moment], None]


class Lines:
    """Prints a line for each epoch, and on a terminal where it stands within one.

    Args:
        epochs: Of the recipe.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs, self._began, self._shown = epochs, time.monotonic(), 0.0

    def __call__(self, moment: Moment) -> None:
        now = time.monotonic()
        if moment.step == 0:
            self._began = now
        values = moment.values
        line = f"epoch {moment.epoch}/{self._epochs}"
        if moment.whole:
            line += (
                f"  loss {values['loss']:.4f}  accuracy {values['accuracy']:.3f}"
                f"  validation {values['val_accuracy']:.3f}  rate {values['learning_rate']:.1e}"
                f"  {now - self._began:.1f} s"
            )
            print(f"\r\033[K{line}" if _live() else line, flush=True)
        elif _live() and now - self._shown > 0.2:
            self._shown = now
            accuracy = f"  accuracy {values['accuracy']:.3f}" if "accuracy" in values else ""
            print(
                f"\r\033[K{line}  step {moment.step}/{moment.steps}{accuracy}", end="", flush=True
            )


def _live() -> bool:
    return sys.stdout.isatty()

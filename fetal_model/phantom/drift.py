"""Random fields that change smoothly from one frame of a cine to the next.

Between two pictures of one place the speckle stays; as the probe moves across the plane, the beam
meets other scatterers, and after a beam's width the speckle is another (Wagner RF, Insana MF, Smith
SW. Fundamental correlation lengths of coherent speckle in medical ultrasonic images. IEEE Trans
Ultrason Ferroelectr Freq Control 1988;35:34-44).
"""

from __future__ import annotations

from typing import Any

import numpy as np


class DriftingGenerator(np.random.Generator):
    """A random stream of which normal draws move with `drift`, and all others stay.

    At every whole number the normal draws are those of a stream of its own; between two of them
    they turn from the one into the other, which keeps their variance. Draws at `drift` d and d + e
    correlate by about cos(pi e / 2) while e is below 1, and not at all from 2 on.

    Args:
        seed: Source of the streams.
        drift: How far the probe has moved, from 0, in thicknesses of the beam across the plane.
    """

    def __init__(self, seed: np.random.SeedSequence, drift: float) -> None:
        step = int(drift)
        turn = (drift - step) * np.pi / 2
        self._shares = float(np.cos(turn)), float(np.sin(turn))
        self._ends = [self._stream(seed, number) for number in (step, step + 1)]
        super().__init__(np.random.PCG64(seed))

    @staticmethod
    def _stream(seed: np.random.SeedSequence, number: int) -> np.random.Generator:
        key = (*seed.spawn_key, number)
        return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=key))

    def standard_normal(self, *args: Any, **options: Any) -> Any:
        """As that of `numpy.random.Generator`, turned from one stream towards the next."""
        first, second = (end.standard_normal(*args, **options) for end in self._ends)
        if isinstance(first, float):
            return first * self._shares[0] + second * self._shares[1]
        first *= first.dtype.type(self._shares[0])
        second *= second.dtype.type(self._shares[1])
        first += second
        return first

"""Occlusion finds the part on which an answer hangs."""

from __future__ import annotations

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.explain.network import Network
from fetal_model.explain.occlusion import GRID, occlusion
from fetal_model.inference.head import Dense, Head
from fetal_model.inference.outputs import Outputs

HEAD = Head("average", (Dense(np.array([[0, 3.0, 0, 0]]), np.zeros(4), False, 0),))
OUTPUTS = Outputs(KEYS, tuple((key,) for key in KEYS))


def looks_at(rows: slice, columns: slice) -> Network:
    """A network whose abdomen logit is three times the mean of a part of the scan."""

    def trunk(batch: np.ndarray) -> np.ndarray:
        return batch[:, rows, columns].mean(axis=(1, 2), keepdims=True)

    return Network(trunk, HEAD, OUTPUTS, lambda: None)


def test_the_part_that_counts_is_the_hottest() -> None:
    pixels = np.zeros((GRID[0] * 4, GRID[1] * 4, 1), np.float32)
    pixels[20:24, 40:44] = 1  # the cell in row 5, column 10
    heat = occlusion(looks_at(slice(20, 24), slice(40, 44)), pixels, 1)
    assert heat.shape == GRID
    assert heat[5, 10] == 1
    assert np.unravel_index(heat.argmax(), GRID) == (5, 10)
    # squares of three cells that hide it reach two cells away, and no further
    near = np.zeros(GRID, bool)
    near[3:8, 8:13] = True
    assert not heat[~near].any()
    assert heat[near].all()


def test_what_counts_for_nothing_gives_no_map() -> None:
    pixels = np.random.default_rng(0).random((28, 36, 1), dtype=np.float32)
    heat = occlusion(looks_at(slice(0, 28), slice(0, 36)), np.full_like(pixels, 0.5), 1)
    assert not heat.any()
    assert not np.isnan(heat).any()

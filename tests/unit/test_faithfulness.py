"""Measures of a map, over networks whose answer hangs on a known part of the scan."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.explain.faithfulness import deletion, impute, insertion, road
from fetal_model.explain.localisation import mass_in_mask, pointing_game
from fetal_model.explain.network import Network
from fetal_model.explain.randomisation import randomised, rank_correlation
from fetal_model.inference.head import Dense, Head
from fetal_model.inference.outputs import Outputs

HEAD = Head(
    "average", (Dense(np.array([[0, 12.0, 0, 0]]), np.array([6.0, 0, -20, -20]), False, 0),)
)
OUTPUTS = Outputs(KEYS, tuple((key,) for key in KEYS))
PART = slice(16, 32), slice(24, 40)
"""A sixteenth of the scan, bright, on which the answer hangs."""


def trunk(batch: np.ndarray) -> np.ndarray:
    return batch[:, PART[0], PART[1]].mean(axis=(1, 2), keepdims=True)


NETWORK = Network(trunk, HEAD, OUTPUTS, lambda: None)


@pytest.fixture
def pixels() -> np.ndarray:
    made = np.random.default_rng(0).normal(0, 0.05, (64, 64, 1)).astype(np.float32)
    made[PART] += 1
    return made


@pytest.fixture
def right() -> np.ndarray:
    heat = np.zeros((64, 64), np.float32)
    heat[PART] = 1
    return heat


@pytest.fixture
def wrong(right: np.ndarray) -> np.ndarray:
    return 1 - right


def test_the_true_part_is_faithful_and_its_opposite_is_not(pixels, right, wrong) -> None:
    nothing = np.zeros((4, 4), np.float32)
    for measure, sign in ((insertion, 1), (deletion, -1), (road, 1)):
        good, bad, none = (sign * measure(NETWORK, pixels, h, 1) for h in (right, wrong, nothing))
        assert good > none > bad, measure.__name__


def test_areas_by_hand(pixels, right) -> None:
    """The first of sixteen steps takes or gives back exactly the part that counts."""
    mean = float(pixels.mean())

    def share(left: float) -> float:
        logits = HEAD.logits(np.array([left * pixels[PART].mean() + (1 - left) * mean]))
        return float(np.exp(logits[1]) / np.exp(logits).sum())

    found = deletion(NETWORK, pixels, right, 1, steps=16)
    assert found == pytest.approx((share(1) / 2 + 15.5 * share(0)) / 16, abs=1e-3)
    # given back first, the whole scan's share is there from the first step on
    early = insertion(NETWORK, pixels, right, 1, steps=16)
    assert early == pytest.approx(share(1), abs=0.05)


def test_another_grid_is_placed_on_the_scan(pixels) -> None:
    coarse = np.zeros((8, 8), np.float32)
    coarse[2:4, 3:5] = 1
    assert deletion(NETWORK, pixels, coarse, 1) < 0.2


def test_road_of_a_map_that_knows_nothing_is_about_zero(pixels) -> None:
    rng = np.random.default_rng(1)
    found = [road(NETWORK, pixels, rng.random((16, 16), np.float32), 1) for _ in range(8)]
    assert abs(np.mean(found)) < 0.1


def test_imputation_solves_its_equations() -> None:
    rng = np.random.default_rng(2)
    grey, removed = rng.random((7, 9)), rng.random((7, 9)) < 0.6
    filled = impute(grey, removed)
    assert np.array_equal(filled[~removed], grey[~removed])
    for row, column in zip(*np.nonzero(removed), strict=True):
        total = weight_sum = 0.0
        for down, across in product((-1, 0, 1), repeat=2):
            y, x = row + down, column + across
            if (down or across) and 0 <= y < 7 and 0 <= x < 9:
                weight = 1 / 12 if down and across else 1 / 6
                total, weight_sum = total + weight * filled[y, x], weight_sum + weight
        assert filled[row, column] == pytest.approx(total / weight_sum)


def test_imputation_of_a_plane_is_the_plane_within() -> None:
    plane = np.add.outer(np.arange(8.0), 2 * np.arange(10.0))
    removed = np.zeros(plane.shape, bool)
    removed[2:6, 3:7] = True
    assert np.allclose(impute(np.where(removed, 99, plane), removed), plane)
    assert np.array_equal(impute(plane, np.zeros_like(removed)), plane)


def test_pointing_and_mass(right, wrong) -> None:
    mask = right > 0
    assert pointing_game(right, mask)
    assert not pointing_game(wrong, mask)
    assert not pointing_game(np.zeros_like(right), mask)
    assert mass_in_mask(np.ones_like(right), mask) == pytest.approx(1 / 16)
    assert mass_in_mask(np.zeros_like(right), mask) == 0


def test_weights_are_lost_from_the_output_down(randomise: Any) -> None:
    from fetal_model.architectures.sononet import sononet

    model = randomise(sononet(16), 4)
    before = model.get_weights()
    pixels = np.random.default_rng(0).normal(0, 255, (2, 224, 288, 1)).astype(np.float32)
    order, reached = [], set()
    for name, made in randomised(model, pixels):
        order.append(name)
        reached.add(name)
        for layer in made.layers:
            if layer.weights and len(order) in (1, 8):
                kept = all(
                    np.array_equal(now, then)
                    for now, then in zip(
                        layer.get_weights(), model.get_layer(layer.name).get_weights(), strict=True
                    )
                )
                assert kept == (layer.name not in reached), layer.name
        if len(order) == 8:
            break
    assert order[:3] == ["outputs", "adaptation_norm", "adaptation"]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_rank_correlation() -> None:
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert rank_correlation(ramp, np.exp(ramp)) == pytest.approx(1)
    assert rank_correlation(ramp, -ramp) == pytest.approx(-1)
    assert rank_correlation(ramp, np.ones_like(ramp)) == 0

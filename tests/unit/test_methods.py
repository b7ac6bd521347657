"""Ways to sample answers: how many, in which order, repeatable, and what a view does to a scan."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.head import Dense, Head, softmax
from fetal_model.inference.outputs import Outputs
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.uncertainty.methods import (
    AS_IT_IS,
    MASKS,
    METHODS,
    VIEWS,
    Method,
    View,
    look,
    mask_source,
)

SPEC = InputSpec(48, 64, "standardise", "content")


@dataclass
class Counted:
    """A trunk that halves the picture, and counts the scans it is given."""

    seen: int = 0

    def __call__(self, batch):
        self.seen += len(batch)
        return np.stack([cv2.resize(x[..., 0], (8, 6)) for x in batch])[..., None].repeat(5, axis=3)


class Toy:
    """A model small enough to follow by hand."""

    def __init__(self, seed: int, dropout: float = 0.5, temperature: float = 1.7) -> None:
        rng = np.random.default_rng(seed)
        self.input = SPEC
        self.trunk = Counted()
        kernels = rng.normal(0, 0.05, (5, 12)), rng.normal(0, 1, (12, 4))
        hidden = Dense(kernels[0], rng.normal(size=12), True, 0.0)
        self.head = Head("average", (hidden, Dense(kernels[1], np.zeros(4), False, dropout)))
        self.outputs = Outputs(KEYS, tuple((key,) for key in KEYS), temperature)

    def answer(self, scan: Scan) -> np.ndarray:
        pooled = self.head.pool(Counted()(preprocess(scan, SPEC)[0][np.newaxis])[0])
        return softmax(self.head.logits(pooled) / self.outputs.temperature)


@pytest.fixture(scope="module")
def scan() -> Scan:
    """A bright oval off the centre, with texture, on black."""
    rng = np.random.default_rng(3)
    grey = np.zeros((150, 200), np.float32)
    cv2.ellipse(grey, (90, 80), (70, 50), 20, 0, 360, 0.5, -1)
    return Scan.from_array(grey * rng.uniform(0.6, 1.4, grey.shape), "oval")


@pytest.mark.parametrize("name", METHODS)
def test_samples_their_number_and_cost(name: str, scan: Scan) -> None:
    networks, method = [Toy(seed) for seed in range(3)], METHODS[name]
    drawn = method.sample(networks, scan)
    members = 3 if method.ensemble else 1
    assert drawn.shape == (members * len(method.views) * max(method.masks, 1), 4)
    assert drawn.sum(axis=1) == pytest.approx(1)
    assert sum(network.trunk.seen for network in networks) == method.trunk_passes(3)
    assert np.array_equal(method.sample(networks, scan), drawn)


def test_softmax_is_the_one_answer(scan: Scan) -> None:
    assert METHODS["softmax"].sample([Toy(0)], scan)[0] == pytest.approx(Toy(0).answer(scan))


def test_an_ensemble_is_the_answers_of_its_members(scan: Scan) -> None:
    networks = [Toy(seed, temperature=1 + seed) for seed in range(5)]
    drawn = METHODS["ensemble"].sample(networks, scan)
    expected = [network.answer(scan) for network in networks]
    assert drawn == pytest.approx(np.array(expected))
    assert np.ptp(drawn, axis=0).max() > 0.05


def test_dropout_is_that_of_the_head(scan: Scan) -> None:
    network = Toy(0)
    features = Counted()(preprocess(scan, SPEC)[0][np.newaxis])[0]
    logits = network.head.sample_logits(network.head.pool(features), MASKS, mask_source(features))
    drawn = METHODS["dropout"].sample([network], scan)
    assert np.array_equal(drawn, network.outputs.probabilities(logits))
    assert drawn.std(axis=0).max() > 0.01


def test_augmentation_is_one_answer_for_each_view(scan: Scan) -> None:
    network = Toy(0)
    drawn = METHODS["augmentation"].sample([network], scan)
    each = [Method((view,)).sample([network], scan)[0] for view in VIEWS]
    assert drawn == pytest.approx(np.array(each))
    assert drawn[0] == pytest.approx(network.answer(scan))


def test_views_see_the_same_scan_the_plain_one_untouched(scan: Scan) -> None:
    batch = look(scan, SPEC, VIEWS)
    plain = preprocess(scan, SPEC)[0]
    assert batch.shape == (len(VIEWS), 48, 64, 1)
    assert np.array_equal(batch[VIEWS.index(AS_IT_IS)], plain)
    for view, seen in zip(VIEWS, batch, strict=True):
        # standardised, as the network expects of every scan
        assert (seen.mean(), seen.std()) == pytest.approx((0, 255), abs=0.1)
        likeness = np.corrcoef(seen[:, ::-1].ravel() if view.mirrored else seen.ravel(), plain.flat)
        assert likeness[0, 1] > 0.6
    assert len({seen.tobytes() for seen in batch}) == len(VIEWS)


def test_a_view_does_what_it_says() -> None:
    grey = np.zeros((41, 61), np.float32)
    grey[20, 40] = 0.25  # ten columns right of the centre
    assert np.array_equal(View(mirrored=True).of(grey), grey[:, ::-1])
    turned = View(degrees=90).of(grey)
    assert np.unravel_index(turned.argmax(), turned.shape) == (10, 30)
    moved = View(down=5 / 41, right=3 / 61).of(grey)
    assert np.unravel_index(moved.argmax(), moved.shape) == (25, 43)
    assert View(power=0.5).of(grey)[20, 40] == pytest.approx(0.5)
    assert View(power=0.5).of(grey)[0, 0] == 0


def test_what_cannot_be_drawn_is_refused(scan: Scan) -> None:
    with pytest.raises(ValueError, match="expected a head with a dropout layer"):
        METHODS["dropout"].sample([Toy(0, dropout=0.0)], scan)
    with pytest.raises(ValueError, match="expected at least 2 for this method, received 1"):
        METHODS["ensemble"].sample([Toy(0)], scan)

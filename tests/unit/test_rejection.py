"""Rejection scores: distances by hand and by scikit-learn, strangers below, archives as saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.special import logit
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from fetal_model.anatomy import KEYS
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.rejection import (
    NEIGHBOURS,
    PARTS,
    Rejection,
    fit_rejection,
)

FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))
SIX = Outputs((*KEYS, "cervix", "rest"), tuple((key,) for key in KEYS))
ALL = tuple(PARTS)
CHANNELS = 24


def scans(n: int, seed: int, outputs: Outputs = SIX, strange: bool = False):
    """Features and logits of four classes, or of scans away from all four; folds of patients."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, 2, (5, CHANNELS))
    labels = np.full(n, 4) if strange else rng.integers(0, 4, n)
    mixing = np.random.default_rng(98).normal(0, 0.3, (CHANNELS, CHANNELS))
    features = (
        centres[labels]
        + rng.normal(0, 1, (n, CHANNELS)) @ mixing
        + rng.normal(0, 0.3, (n, CHANNELS))
    )
    kernel = np.random.default_rng(97).normal(0, 0.2, (CHANNELS, len(outputs.names)))
    kernel[:, :4] += centres[:4].T / 10
    return features, features @ kernel, np.where(strange, -1, labels), np.arange(n) // 3 % 5


@pytest.mark.parametrize("names", [*((name,) for name in ALL), ALL, ("neighbours", "plane mass")])
def test_strangers_are_told_from_scans_of_other_patients(names: tuple[str, ...]) -> None:
    fitted = fit_rejection(names, *scans(400, 0)[:3], SIX, scans(400, 0)[3])
    inside = fitted.score(*scans(300, 1)[:2])
    outside = fitted.score(*scans(300, 2, strange=True)[:2])
    truth = np.repeat([1, 0], 300)
    assert roc_auc_score(truth, np.append(inside, outside)) > 0.8
    # new scans of the four are typical: their score is standardised
    assert inside.mean() == pytest.approx(0, abs=0.4)
    if len(names) == 1:
        assert inside.std() == pytest.approx(1, abs=0.25)


def test_mahalanobis_is_that_of_scipy_to_the_nearest_class() -> None:
    features, logits, labels, numbers = scans(200, 0)
    part = fit_rejection(["mahalanobis"], features, logits, labels, SIX, numbers).parts[0]
    new = scans(5, 3)[0]
    means = [features[labels == n].mean(axis=0) for n in range(4)]
    nearest = [min(mahalanobis(x, m, part.precision) for m in means) for x in new]
    assert part.score(new, np.empty((5, 6))) == pytest.approx(-np.array(nearest))
    # shrunk, and still the inverse of nearly the covariance within classes
    centred = np.concatenate([features[labels == n] - means[n] for n in range(4)])
    product = part.precision @ (centred.T @ centred / len(centred))
    assert 0.7 < np.trace(product) / CHANNELS < 1


def test_more_channels_than_scans_are_no_obstacle() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(0, 1, (30, 200)), np.arange(30) % 4
    fitted = fit_rejection(
        ["mahalanobis"], features, np.zeros((30, 6)), labels, SIX, np.arange(30) % 3
    )
    far, near = fitted.score(np.stack([features[0] * 9, features[0]]), np.zeros((2, 6)))
    assert np.isfinite(near)
    assert far < near - 1


def test_neighbours_are_those_of_scikit_learn() -> None:
    features, logits, labels, numbers = scans(200, 0)
    part = fit_rejection(["neighbours"], features, logits, labels, SIX, numbers).parts[0]
    known, new = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (features, scans(9, 3)[0]))
    distances = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(known).kneighbors(new)[0][:, -1]
    assert part.score(scans(9, 3)[0], np.empty((9, 6))) == pytest.approx(-distances)


@pytest.mark.parametrize("outputs", [SIX, FOUR], ids=["six", "four"])
def test_plane_mass_is_the_log_odds_of_the_plane_score(outputs: Outputs) -> None:
    features, logits, labels, numbers = scans(100, 0, outputs)
    part = fit_rejection(["plane mass"], features, logits, labels, outputs, numbers).parts[0]
    found = part.score(features, logits)
    assert found == pytest.approx(logit(outputs.plane_score(logits)), abs=1e-6)
    # and still tells two apart that both have all the mass a float can hold
    far = np.eye(len(outputs.names))[[0, 0]] * [[80.0], [90.0]]
    first, second = part.score(features[:2], far)
    assert first < second


def test_energy_sees_the_four_planes_outputs_alone() -> None:
    features, logits, labels, numbers = scans(50, 0)
    part = fit_rejection(["energy"], features, logits, labels, SIX, numbers).parts[0]
    assert part.score(features, logits) == pytest.approx(np.log(np.exp(logits[:, :4]).sum(axis=1)))
    changed = logits + np.array([0, 0, 0, 0, 50.0, 50.0])
    assert np.array_equal(part.score(features, changed), part.score(features, logits))


def test_a_combination_is_the_mean_of_its_parts() -> None:
    features, logits, labels, numbers = scans(300, 0)
    new = scans(20, 5)[:2]
    alone = [
        fit_rejection([name], features, logits, labels, SIX, numbers).score(*new) for name in ALL
    ]
    together = fit_rejection(ALL, features, logits, labels, SIX, numbers).score(*new)
    assert together == pytest.approx(np.mean(alone, axis=0))


def test_other_planes_change_nothing() -> None:
    features, logits, labels, numbers = scans(200, 0)
    strange = scans(50, 1, strange=True)
    mixed = [np.concatenate(pair) for pair in zip(strange, scans(200, 0), strict=True)]
    with_others = fit_rejection(ALL, *mixed[:3], SIX, mixed[3])
    without = fit_rejection(ALL, features, logits, labels, SIX, numbers)
    new = scans(20, 5)[:2]
    assert with_others.score(*new) == pytest.approx(without.score(*new))


@pytest.mark.parametrize("names", [("energy",), ALL])
def test_what_is_saved_scores_the_same(names: tuple[str, ...], tmp_path: Path) -> None:
    features, logits, labels, numbers = scans(100, 0)
    fitted = fit_rejection(names, features, logits, labels, SIX, numbers)
    fitted.save(tmp_path / "rejection.npz")
    again = Rejection.load(tmp_path / "rejection.npz")
    assert again.names == names
    assert np.array_equal(again.score(features, logits), fitted.score(features, logits))


def test_another_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "head.npz", kernel=np.ones(3))
    with pytest.raises(ValueError, match="expected a rejection score made of mahalanobis"):
        Rejection.load(tmp_path / "head.npz")

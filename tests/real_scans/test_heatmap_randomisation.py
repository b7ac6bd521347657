"""A heatmap depends on what the network learned: with random weights it is another one.

The model parameter randomisation test of Adebayo et al. 2018, arXiv:1810.03292, over 50 real scans.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record, read_real_scans, shared_folder
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import preprocess
from fetal_model.store.versions import MODEL, WEIGHTS

REAL = shared_folder() / "real_scans"
SCANS = 50
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REAL / "manifest.csv").is_file(),
        reason=f"no real scans in {shared_folder()}: set FETAL_SHARED",
    ),
    pytest.mark.skipif(
        not (WEIGHTS / "serving.json").is_file(), reason=f"no version in service in {WEIGHTS}"
    ),
]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The version in service."""
    return Predictor.load()


@pytest.fixture(scope="module")
def chosen() -> list[Record]:
    """Fifty validation scans of the four planes, all the rare ones among them."""
    within = [r for r in read_real_scans(REAL, "validation") if r.label in KEYS]
    rare = [r for r in within if r.label in ("abdomen", "femur")]
    often = [r for r in within if r not in rare]
    step = len(often) / (SCANS - len(rare))
    return rare + [often[int(i * step)] for i in range(SCANS - len(rare))]


@pytest.fixture(scope="module")
def true_maps(predictor: Predictor, chosen: list[Record]) -> list[np.ndarray]:
    """The map of each scan's own anatomy on the feature grid."""
    return [predictor.analyse(read_scan(r.file)).grad_cams[KEYS.index(r.label)] for r in chosen]


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's over the cells; a map of one value is in the order of nothing."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def fresh(model: Any, pixels: np.ndarray, seed: int) -> Any:
    """The same network with new random weights in trunk and head.

    Batch norms get the statistics of these scans: with those of the trained network, or none, the
    signal would die or explode over fourteen layers, and any map would differ for that alone.
    """
    import keras

    keras.utils.set_random_seed(seed)
    # from the configuration: a fresh initialisation of every layer
    made = keras.Model.from_config(model.get_config())
    norms = [x for x in made.layers if type(x).__name__ == "BatchNormalization"]
    for norm in norms:
        norm.momentum = 0.0
    made(pixels, training=True)
    return made


@pytest.fixture(scope="module", params=[0, 1, 2])
def random_maps(
    request: pytest.FixtureRequest, predictor: Predictor, chosen: list[Record]
) -> list[np.ndarray]:
    """The same maps by the network with random weights."""
    import keras

    from fetal_model.architectures import trunk_of
    from fetal_model.training.export import head_of

    trained = keras.models.load_model(predictor.version.file(MODEL), compile=False)
    pixels = np.stack([preprocess(read_scan(r.file), predictor.input)[0] for r in chosen])
    model = fresh(trained, pixels, request.param)
    for old, new in zip(trained.layers, model.layers, strict=True):
        for before, after in zip(old.get_weights()[:1], new.get_weights()[:1], strict=True):
            assert not np.array_equal(before, after) or "norm" in old.name
    features, head = np.asarray(trunk_of(model)(pixels)), head_of(model)
    assert 1e-2 < features.std() < 1e2  # alive
    return [
        grad_cam(one, head, predictor.outputs, KEYS.index(record.label))
        for one, record in zip(features, chosen, strict=True)
    ]


def test_random_weights_give_another_map(
    random_maps: list[np.ndarray], true_maps: list[np.ndarray]
) -> None:
    alive = sum(np.ptp(one) > 0 for one in random_maps)
    assert alive >= 0.8 * SCANS
    found = [correlation(a, b) for a, b in zip(random_maps, true_maps, strict=True)]
    assert len(found) == SCANS
    assert np.median(found) < 0.3


def test_a_repeat_run_gives_the_same_map(
    predictor: Predictor, chosen: list[Record], true_maps: list[np.ndarray]
) -> None:
    again = Predictor.load(predictor.version.label)
    found = [
        correlation(again.analyse(read_scan(r.file)).grad_cams[KEYS.index(r.label)], before)
        for r, before in zip(chosen, true_maps, strict=True)
    ]
    assert np.median(found) > 0.99

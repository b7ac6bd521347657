"""Every explanation: it changes nothing, repeats itself, and equals tf-keras-vis where that has it.

Over every architecture with random weights, and two exported versions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.architectures import build, trunk_of
from fetal_model.architectures.sononet import GROUPS, OUTPUTS
from fetal_model.explain import occlusion as hiding
from fetal_model.explain import smooth_grad as smoothing
from fetal_model.explain.baselines import BASELINES, class_mean
from fetal_model.explain.methods import METHODS, explain
from fetal_model.explain.network import Network, scaled
from fetal_model.inference.outputs import Outputs
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import MODEL, Version, VersionError, find_version
from fetal_model.training.export import head_of

FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))
FOURTEEN = Outputs(OUTPUTS, tuple(GROUPS[key] for key in KEYS))
CASES = {
    "sononet": ({"features": 16}, InputSpec(224, 288, "standardise"), FOURTEEN),
    "seed_cnn": ({"dropout": 0.5}, InputSpec(256, 256, "0-255"), FOUR),
}
ALL = {**METHODS, **BASELINES}


@pytest.fixture(scope="module")
def scan() -> Scan:
    return Scan.from_array(simulate("abdomen", 3).image / 255, "abdomen")


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, scan: Scan, randomise: Any) -> tuple[Network, np.ndarray]:
    """A network with random weights, and one preprocessed scan."""
    options, spec, outputs = CASES[request.param]
    model = randomise(build(request.param, **options), 5)
    trunk = trunk_of(model)
    network = Network(
        lambda batch: np.asarray(trunk(batch)), head_of(model), outputs, lambda: model
    )
    return network, preprocess(scan, spec)[0]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer passes for the methods that cost many."""
    monkeypatch.setattr(hiding, "GRID", (5, 6))
    monkeypatch.setattr(smoothing, "SAMPLES", 3)


def by_library(name: str, network: Network, pixels: np.ndarray, index: int) -> np.ndarray:
    """The map of tf-keras-vis for the log-sum-exp of an anatomy's logits."""
    import tensorflow as tf
    from tf_keras_vis import gradcam, gradcam_plus_plus, layercam, scorecam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    members = np.flatnonzero(network.outputs.membership[:, index]).tolist()

    def logit(logits: Any) -> Any:
        value = tf.reduce_logsumexp(tf.gather(logits, members, axis=1), axis=1)
        # The library's Grad-CAM++ multiplies by exp(score), which a constant only scales.
        return value - tf.stop_gradient(value)

    def share(probabilities: Any) -> Any:
        return tf.reduce_sum(tf.gather(probabilities, members, axis=1), axis=1)

    visualiser, score, options = {
        "Grad-CAM": (gradcam.Gradcam, logit, {}),
        "Grad-CAM++": (gradcam_plus_plus.GradcamPlusPlus, logit, {}),
        "LayerCAM": (layercam.Layercam, logit, {}),
        "Score-CAM": (scorecam.Scorecam, share, {"max_N": 10, "batch_size": 5}),
    }[name]
    heat = visualiser(network.graph(), model_modifier=ReplaceToLinear(), clone=True)(
        score,
        pixels[np.newaxis],
        penultimate_layer="features",
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
        **options,
    )
    return scaled(np.asarray(heat)[0])


@pytest.mark.parametrize("name", ["Grad-CAM", "Grad-CAM++", "LayerCAM", "Score-CAM"])
def test_equals_tf_keras_vis(case: tuple[Network, np.ndarray], name: str) -> None:
    network, pixels = case
    seen = 0
    for index in (0, 3):
        ours = METHODS[name](network, pixels, index)
        theirs = by_library(name, network, pixels, index)
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() < 1e-3
        seen += bool(ours.any())
    assert seen, "at least one anatomy must have a map, or nothing was compared"


def test_smooth_grad_equals_tf_keras_vis(
    case: tuple[Network, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    network, pixels = case
    members = np.flatnonzero(network.outputs.membership[:, 1]).tolist()
    ours = METHODS["SmoothGrad"](network, pixels, 1)
    # the noise that ours drew, handed to the library
    rng = np.random.default_rng(smoothing.seed_of(pixels))
    noise = rng.normal(0, smoothing.NOISE * float(np.ptp(pixels)), (3, *pixels.shape))
    monkeypatch.setattr(np.random, "normal", lambda *_: noise[:, np.newaxis])
    theirs = Saliency(network.graph(), model_modifier=ReplaceToLinear(), clone=True)(
        lambda logits: tf.reduce_logsumexp(tf.gather(logits, members, axis=1), axis=1),
        pixels[np.newaxis],
        smooth_samples=3,
        smooth_noise=smoothing.NOISE,
        normalize_map=False,
    )[0]
    assert ours.any()
    # A ReLU or a maximum that is on the brink falls the other way in a batch of another size.
    assert np.mean(np.abs(scaled(theirs) - ours) < 1e-3) > 0.99


@pytest.mark.parametrize("name", list(METHODS))
def test_the_model_is_left_as_it_was(case: tuple[Network, np.ndarray], name: str) -> None:
    import keras

    network, pixels = case
    model = network.graph()
    weights = [weight.copy() for weight in model.get_weights()]
    before, scan = np.asarray(model(pixels[np.newaxis], training=False)), pixels.copy()
    METHODS[name](network, pixels, 3)
    assert model.layers[-1].activation is keras.activations.softmax
    assert np.array_equal(pixels, scan)
    assert np.array_equal(np.asarray(model(pixels[np.newaxis], training=False)), before)
    for now, then in zip(model.get_weights(), weights, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize("name", list(ALL))
def test_maps_are_scaled_and_repeat_themselves(case: tuple[Network, np.ndarray], name: str) -> None:
    network, pixels = case
    maps = [ALL[name](network, pixels, index) for index in (0, 2, 0)]
    for heat in maps:
        assert heat.dtype == np.float32
        assert heat.ndim == 2
        assert np.isfinite(heat).all()
        assert heat.min() >= 0
        assert heat.max() in (0, pytest.approx(1))
    assert np.array_equal(maps[0], maps[2])
    if name in METHODS:
        assert np.abs(maps[0] - maps[1]).max() > 1e-5, "anatomies have maps of their own"


@pytest.mark.parametrize("name", ["Grad-CAM++", "LayerCAM"])
def test_a_confident_network_does_not_overflow(case: tuple[Network, np.ndarray], name: str) -> None:
    network, pixels = case
    *first, last = network.head.layers
    sure = replace(network.head, layers=(*first, replace(last, bias=last.bias + 500)))
    assert np.isfinite(METHODS[name](replace(network, head=sure), pixels, 1)).all()


def test_the_mean_of_a_class_is_that_of_its_maps() -> None:
    maps = np.array([[[0, 2], [1, 0]], [[0, 2], [3, 0]]], np.float32)
    mean = class_mean({2: maps})
    assert mean(None, np.zeros((4, 4, 1), np.float32), 2).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="explain some scans"):
        class_mean({0: np.empty((0, 2, 2), np.float32)})


@pytest.mark.parametrize("name", list(METHODS))
def test_explain_puts_the_map_on_the_whole_scan(
    name: str, untrained_weights: Path, scan: Scan
) -> None:
    heat = explain(name, Predictor.load("tiny-dropout", untrained_weights), scan, "brain")
    assert heat.shape == scan.pixels.shape
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1


def test_grad_cam_is_the_map_of_the_finding(untrained_weights: Path, scan: Scan) -> None:
    predictor = Predictor.load("tiny-sononet", untrained_weights)
    heat = explain("Grad-CAM", predictor, scan, "thorax")
    assert np.array_equal(heat, predictor.analyse(scan).heatmap("thorax"))


def test_a_changed_file_is_never_loaded(
    untrained_weights: Path, scan: Scan, tmp_path: Path
) -> None:
    predictor = Predictor.load("tiny-dropout", untrained_weights)
    (tmp_path / MODEL).write_bytes(b"x")
    metadata = find_version("tiny-dropout", untrained_weights).metadata
    served: Any = SimpleNamespace(**vars(predictor))
    served.version = Version("tiny-dropout", 1, tmp_path, metadata)
    with pytest.raises(VersionError, match="SHA-256"):
        explain("SmoothGrad", served, scan, "brain")


@pytest.mark.parametrize(("method", "key"), [("Grad-Cam", "brain"), ("Score-CAM", "kidney")])
def test_unknown_method_or_anatomy(
    untrained_weights: Path, scan: Scan, method: str, key: str
) -> None:
    predictor = Predictor.load("tiny-dropout", untrained_weights)
    with pytest.raises(ValueError, match="received"):
        explain(method, predictor, scan, key)

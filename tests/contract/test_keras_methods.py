"""Explanations through the Keras graph: they change nothing, and agree with the closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.architectures import build, trunk_of
from fetal_model.architectures.sononet import GROUPS, OUTPUTS
from fetal_model.explain import keras_methods
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.explain.keras_methods import METHODS, explain, gradient_map
from fetal_model.inference.outputs import Outputs
from fetal_model.phantom import simulate
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import MODEL, Version, VersionError, sha256
from fetal_model.training.export import head_of

FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))
FOURTEEN = Outputs(OUTPUTS, tuple(GROUPS[key] for key in KEYS))
CASES = {
    "sononet": ({"features": 16}, InputSpec(224, 288, "standardise"), FOURTEEN),
    "seed_cnn": ({"dropout": 0.5}, InputSpec(256, 256, "0-255"), FOUR),
}


@pytest.fixture(scope="module")
def scan() -> Scan:
    return Scan.from_array(simulate("abdomen", 3).image / 255, "abdomen")


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, scan: Scan):
    """A network with random weights, one preprocessed scan, and the meaning of its outputs."""
    import keras

    keras.utils.set_random_seed(5)
    options, spec, outputs = CASES[request.param]
    return build(request.param, **options), preprocess(scan, spec)[0], outputs


def test_tf_keras_vis_grad_cam_equals_the_closed_form(case) -> None:
    from tf_keras_vis.gradcam import Gradcam

    model, pixels, outputs = case
    features = np.asarray(trunk_of(model)(pixels[np.newaxis]))[0]
    head = head_of(model)
    seen = 0
    for index in range(len(KEYS)):
        ours = grad_cam(features, head, outputs, index)
        theirs = gradient_map(Gradcam, model, pixels, outputs, index)
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() < 1e-3
        seen += bool(ours.any())
    assert seen, "at least one anatomy must have a map, or nothing was compared"


@pytest.mark.parametrize("method", list(METHODS))
def test_the_model_is_left_as_it_was(case, method: str) -> None:
    import keras

    model, pixels, outputs = case
    weights = [weight.copy() for weight in model.get_weights()]
    before = np.asarray(model(pixels[np.newaxis], training=False))
    for index in (0, 3):
        METHODS[method](model, pixels, outputs, index)
    assert model.layers[-1].activation is keras.activations.softmax
    assert np.array_equal(np.asarray(model(pixels[np.newaxis], training=False)), before)
    for now, then in zip(model.get_weights(), weights, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize("method", list(METHODS))
def test_maps_are_scaled_finite_and_differ_between_anatomies(case, method: str) -> None:
    model, pixels, outputs = case
    maps = [METHODS[method](model, pixels, outputs, index) for index in range(len(KEYS))]
    for heat in maps:
        assert heat.dtype == np.float32
        assert heat.ndim == 2
        assert np.isfinite(heat).all()
        assert heat.min() >= 0
        assert heat.max() in (0, pytest.approx(1))
    assert max(np.abs(a - b).max() for a in maps for b in maps) > 1e-5


def test_a_confident_network_does_not_overflow(case) -> None:
    model, pixels, outputs = case
    layer = model.layers[-1]
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 500])
    try:
        heat = METHODS["Grad-CAM++"](model, pixels, outputs, 1)
    finally:
        layer.set_weights([kernel, bias])
    assert np.isfinite(heat).all()


@pytest.fixture
def version(case, tmp_path: Path) -> Version:
    model, _, outputs = case
    spec = next(spec for _, spec, meaning in CASES.values() if meaning == outputs)
    model.save(tmp_path / MODEL)
    metadata = {
        "input": spec.to_dict(),
        "outputs": outputs.to_dict(),
        "files": {MODEL: sha256(tmp_path / MODEL)},
    }
    return Version("toy", 1, tmp_path, metadata)


def test_explain_puts_the_map_on_the_whole_scan(version: Version, scan: Scan) -> None:
    heat = explain("Grad-CAM++", version, scan, "brain")
    assert heat.shape == scan.pixels.shape
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1


def test_a_changed_file_is_never_loaded(version: Version, scan: Scan) -> None:
    path = version.path / MODEL
    path.write_bytes(path.read_bytes() + b"x")
    keras_methods._load.cache_clear()
    with pytest.raises(VersionError, match="SHA-256"):
        explain("Score-CAM", version, scan, "brain")


@pytest.mark.parametrize(("method", "key"), [("Grad-CAM", "brain"), ("Score-CAM", "kidney")])
def test_unknown_method_or_anatomy(version: Version, scan: Scan, method: str, key: str) -> None:
    with pytest.raises(ValueError, match="received"):
        explain(method, version, scan, key)

"""What every architecture keeps: a flat graph, trunk + head equal to the model, a faithful export.

One file over all of them, with random weights and random batch-norm statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.inference.head import softmax
from fetal_model.inference.trunk import Trunk

# name, options, input shape, shape of the feature map, outputs, dropout rate
CASES = {
    "seed_cnn": ("seed_cnn", {}, (256, 256), (8, 8, 64), 4, 0),
    "seed_cnn, other size": ("seed_cnn", {}, (200, 333), (8, 8, 64), 4, 0),
    "seed_cnn, dropout": ("seed_cnn", {"dropout": 0.5}, (256, 256), (8, 8, 64), 4, 0.5),
    "seed_cnn, batch norm": ("seed_cnn", {"batch_norm": True}, (256, 256), (8, 8, 64), 4, 0),
    "seed_cnn, kernel 2": ("seed_cnn", {"kernel": 2}, (256, 256), (8, 8, 64), 4, 0),
    "seed_cnn, deeper": (
        "seed_cnn", {"filters": [32, *[64] * 6], "size": 128}, (256, 256), (2, 2, 64), 4, 0,
    ),
    "sononet16": ("sononet", {"features": 16}, (224, 288), (14, 18, 64), 14, 0.5),
    "sononet16, no dropout": ("sononet", {"dropout": 0}, (224, 288), (14, 18, 64), 14, 0),
    "sononet16, half its size": (
        "sononet", {"size": [112, 144]}, (112, 144), (7, 9, 64), 14, 0.5,
    ),
    "sononet32": ("sononet", {"features": 32}, (224, 288), (14, 18, 128), 14, 0.5),
    "sononet64": ("sononet", {"features": 64}, (224, 288), (14, 18, 256), 14, 0.5),
    "mobilenet_v2": (
        "backbone", {"network": "mobilenet_v2", "size": [64, 96]}, (64, 96), (2, 3, 1280), 4, 0.2,
    ),
    "mobilenet_v2, standardised": (
        "backbone",
        {"network": "mobilenet_v2", "size": [64, 96], "standardised": True, "hidden": 8},
        (64, 96), (2, 3, 1280), 4, 0.2,
    ),
    "vgg16": ("backbone", {"network": "vgg16", "size": [64, 96]}, (64, 96), (2, 3, 512), 4, 0.2),
    "resnet50": (
        "backbone", {"network": "resnet50", "size": [64, 96]}, (64, 96), (2, 3, 2048), 4, 0.2,
    ),
    "inception_v3": (
        "backbone", {"network": "inception_v3", "size": [96, 128]}, (96, 128), (1, 2, 2048), 4, 0.2,
    ),
    "densenet121": (
        "backbone", {"network": "densenet121", "size": [64, 96]}, (64, 96), (2, 3, 1024), 4, 0.2,
    ),
    "densenet169": (
        "backbone", {"network": "densenet169", "size": [64, 96]}, (64, 96), (2, 3, 1664), 4, 0.2,
    ),
    "mobilenet_v3": (
        "backbone", {"network": "mobilenet_v3", "size": [64, 96]}, (64, 96), (2, 3, 960), 4, 0.2,
    ),
    "efficientnet_b0": (
        "backbone", {"network": "efficientnet_b0", "size": [64, 96]}, (64, 96), (2, 3, 1280), 4,
        0.2,
    ),
    "convnext_tiny": (
        "backbone", {"network": "convnext_tiny", "size": [64, 96]}, (64, 96), (2, 3, 768), 4, 0.2,
    ),
}  # fmt: skip
LARGE = {
    "vgg16", "resnet50", "inception_v3", "densenet121", "densenet169", "mobilenet_v3",
    "efficientnet_b0", "convnext_tiny", "sononet64",
}  # fmt: skip
"""Each takes half a minute or more."""
LIKE_OTHERS = {"vgg16", "inception_v3", "densenet121", "densenet169", "mobilenet_v3"}
"""Made of layers that the others are made of too; converting all of them takes minutes."""
NEGATIVE = {"efficientnet_b0", "convnext_tiny", "mobilenet_v3"}
"""Whose features end in another activation than ReLU."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=pytest.mark.slow) if k in LARGE else k for k in CASES],
)
def case(request: pytest.FixtureRequest, randomise: Callable[[Any, int], Any]) -> Any:
    """The name, the model, two scans, and what is expected of it."""
    from fetal_model.architectures import build

    name, options, size, features, outputs, rate = CASES[request.param]
    model = randomise(build(name, **options), 5)
    pixels = np.random.default_rng(0).random((2, *size, 1), dtype=np.float32) * 255
    if name == "sononet":
        pixels = (pixels - 127) * 2
    if name == "backbone":
        temper(model, pixels)
    return request.param, model, pixels, features, outputs, rate


def temper(model: Any, pixels: np.ndarray) -> None:
    """So many layers of random weights may make features of any size: bring logits to about 1."""
    import keras

    layer = model.get_layer("outputs")
    size = np.abs(np.asarray(keras.Model(model.input, layer.input)(pixels))).mean()
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel / size, bias])


def test_probabilities(case: Any) -> None:
    _, model, pixels, _, outputs, _ = case
    found = np.asarray(model(pixels))
    assert found.shape == (2, outputs)
    assert model.output.dtype == "float32"
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found.min() >= 0
    assert np.abs(found[0] - found[1]).max() > 1e-4  # it looks at the scan


def test_the_graph_is_flat(case: Any) -> None:
    import keras

    name, model, *_ = case
    nested = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    # ConvNeXt halves its maps in small models of Keras's own
    assert not nested or name == "convnext_tiny"
    assert "features" not in nested
    assert len(model.inputs) == len(model.outputs) == 1


def test_features_end_the_trunk(case: Any) -> None:
    from fetal_model.architectures import head_layers, trunk_of

    name, model, pixels, shape, _, rate = case
    trunk = trunk_of(model)
    features = np.asarray(trunk(pixels))
    assert features.shape == (2, *shape)
    if name not in NEGATIVE:
        assert features.min() >= 0  # after the ReLU, as Grad-CAM wants it
    assert [w.path for w in trunk.weights + [w for x in head_layers(model) for w in x.weights]] == [
        w.path for w in model.weights
    ]
    kinds = [type(layer).__name__ for layer in head_layers(model)]
    assert ("Dropout" in kinds) is (rate > 0)
    assert not any("Conv" in kind or "Normalization" in kind for kind in kinds)


def test_saved_and_loaded_it_answers_the_same(case: Any, tmp_path: Path) -> None:
    import keras

    _, model, pixels, *_ = case
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert np.array_equal(again(pixels), model(pixels))


def test_trunk_and_numpy_head_equal_the_model(case: Any) -> None:
    from fetal_model.architectures import trunk_of
    from fetal_model.training.export import head_of

    name, model, pixels, _, _, rate = case
    head = head_of(model)
    features = np.asarray(trunk_of(model)(pixels))
    found = np.stack([softmax(head.logits(head.pool(one))) for one in features])
    assert np.allclose(found, model(pixels), atol=1e-5)
    assert [layer.dropout for layer in head.layers if layer.dropout] == [rate] * (rate > 0)
    assert head.pooling == ("max2-average" if name.startswith("seed") else "average")


def test_what_it_learned_goes_to_another_of_its_kind(case: Any) -> None:
    """Keras counts layers without a name, so that the second one has other names."""
    import keras

    from fetal_model.architectures import build

    name, model, pixels, _, outputs, _ = case
    kind, options, *_ = CASES[name]
    before = [np.array(weight) for weight in model.get_weights()]
    # one step is not worth a graph
    model.compile(keras.optimizers.SGD(1e-3), loss="categorical_crossentropy", run_eagerly=True)
    truth = np.eye(outputs, dtype=np.float32)[[0, 1]]
    assert np.isfinite(model.train_on_batch(pixels, truth))
    learned = model.get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(before, learned, strict=True))
    other = build(kind, **options)
    other.set_weights(learned)
    for layer in other.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    assert np.allclose(other(pixels), model(pixels), atol=1e-5)
    model.set_weights(before)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(key, marks=pytest.mark.slow) if key in LARGE else key
        for key in CASES
        if key not in LIKE_OTHERS
    ],
    indirect=True,
)
def test_the_exported_trunk_equals_the_keras_trunk(case: Any, tmp_path: Path) -> None:
    from fetal_model.architectures import trunk_of
    from fetal_model.training.export import export_trunk

    _, model, pixels, *_ = case
    export_trunk(model, tmp_path / "trunk.onnx")
    expected = np.asarray(trunk_of(model)(pixels))
    trunk = Trunk(tmp_path / "trunk.onnx")
    for index in range(2):
        found = trunk(pixels[index : index + 1])
        assert found.shape == expected[index : index + 1].shape
        assert np.abs(found[0] - expected[index]).max() <= 1e-4 * expected.max()
    assert str(Path.cwd()).encode() not in (tmp_path / "trunk.onnx").read_bytes()


def test_unknown_architectures_and_sizes_are_refused() -> None:
    from fetal_model.architectures import build

    with pytest.raises(ValueError, match="seed_cnn, sononet, backbone, received 'resnet'"):
        build("resnet")
    with pytest.raises(ValueError, match="expected 16, 32 or 64, received 8"):
        build("sononet", features=8)
    with pytest.raises(ValueError, match="expected at least one convolution"):
        build("seed_cnn", filters=())


def test_the_report_and_the_paper_are_followed() -> None:
    from fetal_model.architectures import build

    seed = build("seed_cnn")
    assert [x.filters for x in seed.layers if type(x).__name__ == "Conv2D"] == [
        32, 64, 64, 64, 64, 64,
    ]  # fmt: skip
    assert sum(type(x).__name__ == "MaxPooling2D" for x in seed.layers) == 6
    assert [x.units for x in seed.layers if type(x).__name__ == "Dense"] == [64, 4]
    sononet = build("sononet")
    # 933,064 published, less the batch norm that is folded into the dense layer: 4 * 14, plus bias
    assert sononet.count_params() == 933_064 - 4 * 14 + 14
    convolutions = [x for x in sononet.layers if type(x).__name__ == "Conv2D"]
    assert [x.filters for x in convolutions] == [
        16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128, 64,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["activation", "layer"])
def test_a_head_that_numpy_does_not_know_is_refused(kind: str) -> None:
    import keras
    from keras import layers

    from fetal_model.training.export import head_of

    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="features")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    if kind == "activation":
        x = layers.Dense(6, activation="tanh", name="odd")(x)
    else:
        x = layers.LayerNormalization(name="odd")(x)
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
    with pytest.raises(ValueError, match=r"found \w+ 'odd'"):
        head_of(model)


def test_an_option_that_is_not_there_is_named_before_anything_is_simulated(tmp_path: Path) -> None:
    from fetal_model.architectures import build
    from fetal_model.training.recipe import load_recipe
    from fetal_model.training.train import train

    with pytest.raises(ValueError, match=r"expected some of .*dropout.*, received filtres"):
        build("seed_cnn", filtres=[8])
    recipe = load_recipe("seed-cnn").model_copy(update={"options": {"droput": 0.5}})
    with pytest.raises(ValueError, match=r"options of seed_cnn: .* received droput"):
        train(recipe, tmp_path)
    assert not list(tmp_path.iterdir())

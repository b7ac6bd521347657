"""Closed-form Grad-CAM equals gradient times features as TensorFlow computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.inference.head import Dense, Head
from fetal_model.inference.outputs import Outputs

SEVERAL = Outputs(
    ("t1", "b1", "a", "rest", "b2", "f", "t2"), (("b1", "b2"), ("a",), ("f",), ("t1", "t2"))
)
FOUR = Outputs(KEYS, tuple((key,) for key in KEYS))


def network(outputs: int, pooling: bool, hidden: bool, odd: bool) -> Any:
    """A small flat Keras model whose feature map is the ReLU of a convolution."""
    import keras
    from keras import layers

    inputs = keras.Input((9, 13, 1) if odd else (8, 12, 1))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="features")(inputs)
    if pooling:
        x = layers.MaxPooling2D(2, strides=2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    if hidden:
        x = layers.Dense(10, activation="relu")(x)
        x = layers.Dropout(0.5)(x)
    return keras.Model(inputs, layers.Dense(outputs, activation="softmax", name="outputs")(x))


def by_tape(model: Any, pixels: np.ndarray, members: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Features, and Grad-CAM of the log-sum-exp of some logits by automatic differentiation."""
    import keras
    import tensorflow as tf

    last = model.get_layer("outputs")
    both = keras.Model(model.input, [model.get_layer("features").output, last.input])
    with tf.GradientTape() as tape:
        features, before = both(pixels[np.newaxis])
        tape.watch(features)
        x = features
        for layer in model.layers[2:-1]:
            x = layer(x)
        logits = x @ last.kernel + last.bias
        score = tf.reduce_logsumexp(tf.gather(logits, members, axis=1))
    assert np.allclose(before, x, atol=1e-6)
    gradient = tape.gradient(score, features)[0].numpy()
    heat = np.maximum((features[0].numpy() * gradient.mean(axis=(0, 1))).sum(axis=-1), 0)
    return features[0].numpy(), heat / heat.max() if heat.max() > 0 else heat


@pytest.mark.parametrize("outputs", [FOUR, SEVERAL], ids=["four", "groups"])
@pytest.mark.parametrize("odd", [False, True], ids=["even", "odd"])
@pytest.mark.parametrize("hidden", [False, True], ids=["linear", "hidden"])
@pytest.mark.parametrize("pooling", [False, True], ids=["average", "max"])
def test_equals_tensorflow(
    pooling: bool, hidden: bool, odd: bool, outputs: Outputs, randomise: Any
) -> None:
    from fetal_model.training.export import head_of

    model = randomise(network(len(outputs.names), pooling, hidden, odd), 11)
    pixels = np.random.default_rng(1).random(model.input_shape[1:], dtype=np.float32)
    head = head_of(model)
    spoken = 0
    for index in range(4):
        members = np.flatnonzero(outputs.membership[:, index]).tolist()
        features, expected = by_tape(model, pixels, members)
        found = grad_cam(features, head, outputs, index)
        assert found.shape == features.shape[:2]
        assert np.allclose(found, expected, atol=2e-5)
        spoken += expected.max() == 1
    assert spoken >= 2  # the comparison was not of zeros


def test_by_hand() -> None:
    # two channels, the first speaks for brain with weight 2, the second against it with weight 1
    head = Head(
        "average", (Dense(np.array([[2.0, 0, 0, 0], [-1, 0, 0, 0]]), np.zeros(4), False, 0),)
    )
    features = np.array([[[1, 0], [2, 1]], [[0, 5], [4, 0]]], np.float32)
    # 2a - b is [[2, 3], [-5, 8]]
    assert grad_cam(features, head, FOUR, 0).tolist() == [[0.25, 0.375], [0, 1]]


def test_nothing_for_an_anatomy_is_zero_everywhere() -> None:
    head = Head("average", (Dense(-np.ones((3, 4)), np.zeros(4), False, 0),))
    found = grad_cam(np.ones((5, 6, 3), np.float32), head, FOUR, 2)
    assert found.shape == (5, 6)
    assert not found.any()


def test_range_and_type() -> None:
    rng = np.random.default_rng(0)
    head = Head("max2-average", (Dense(rng.normal(size=(6, 7)), rng.normal(size=7), False, 0.5),))
    for index in range(4):
        found = grad_cam(rng.random((14, 18, 6), dtype=np.float32), head, SEVERAL, index)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() in (0, 1)

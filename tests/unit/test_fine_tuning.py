"""Starting from published weights: they are read right, and the teacher stays as it is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate2d

from fetal_model.inference.head import softmax

WIDTHS = [1, 16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128, 64, 14]


@pytest.fixture(scope="module")
def arrays() -> list[np.ndarray]:
    """75 random arrays of the published shapes."""
    rng = np.random.default_rng(0)
    made: list[np.ndarray] = []
    for index, (before, after) in enumerate(pairwise(WIDTHS)):
        size = 3 if index < 13 else 1
        scale = 1.4 / np.sqrt(before * size * size)
        made.append(rng.normal(0, scale, (after, before, size, size)))
        made += [rng.normal(0, 0.1, after), rng.uniform(0.8, 1.2, after)]  # beta, gamma
        made += [rng.normal(0, 0.1, after), rng.uniform(0.8, 1.2, after)]  # mean, inverse deviation
    return [array.astype(np.float32) for array in made]


@pytest.fixture
def shared(arrays: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the shared one, with random "published" weights."""
    folder = tmp_path / "pretrained" / "sononet16"
    folder.mkdir(parents=True)
    np.savez(folder / "SonoNet16.npz", **{f"arr_{i}": array for i, array in enumerate(arrays)})
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    return tmp_path


def scans(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, 224, 288, 1)).astype(np.float32)


def test_the_first_convolution_is_read_without_turning(
    shared: Path, arrays: list[np.ndarray]
) -> None:
    import keras

    from fetal_model.architectures.sononet import load_published
    from fetal_model.training.fine_tuning import published_path

    model = load_published(published_path())
    kernel, beta, gamma, mean, inverse = arrays[:5]
    pixels = scans(1)
    first = keras.Model(model.input, model.get_layer("block1_1_relu").output)
    found = np.asarray(first(pixels))[0]
    for channel in (0, 7, 15):
        convolved = correlate2d(pixels[0, :, :, 0], kernel[channel, 0], mode="same")
        expected = (convolved - mean[channel]) * inverse[channel] * gamma[channel] + beta[channel]
        assert np.allclose(found[..., channel], np.maximum(expected, 0), atol=1e-4)


def test_the_last_convolution_folds_into_the_head(shared: Path, arrays: list[np.ndarray]) -> None:
    from fetal_model.architectures import trunk_of
    from fetal_model.architectures.sononet import load_published
    from fetal_model.training.fine_tuning import published_path

    model = load_published(published_path())
    kernel, beta, gamma, mean, inverse = arrays[-5:]
    pixels = scans(2)
    features = np.asarray(trunk_of(model)(pixels))
    maps = features @ kernel[:, :, 0, 0].T
    maps = (maps - mean) * inverse * gamma + beta
    assert np.allclose(model(pixels), softmax(maps.mean(axis=(1, 2))), atol=1e-5)


@pytest.mark.parametrize("names", [["arr_0"], [f"w_{i}" for i in range(75)]])
def test_other_archives_are_refused(names: list[str], tmp_path: Path) -> None:
    from fetal_model.architectures.sononet import load_published

    np.savez(tmp_path / "x.npz", **dict.fromkeys(names, np.zeros(1)))
    with pytest.raises(ValueError, match="expected the 75 arrays of SonoNet16"):
        load_published(tmp_path / "x.npz")


def test_absent_weights_say_which_setting_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetal_model.training.fine_tuning import published_path

    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    with pytest.raises(ValueError, match="set FETAL_SHARED"):
        published_path()


def test_student_and_teacher_start_the_same(shared: Path) -> None:
    from fetal_model.training.fine_tuning import start

    student, teacher = start({"dropout": 0.5})
    pixels = scans(1)
    assert np.allclose(student(pixels), teacher(pixels), atol=1e-6)
    trainable = {weight.path.split("/")[0] for weight in student.trainable_weights}
    assert len(trainable) == 15  # fourteen convolutions and the dense layer
    assert not any(name.endswith("_norm") for name in trainable)
    assert student.get_layer("dropout").rate == 0.5


@pytest.mark.parametrize("share", [1.0, 0.5, 0.25])
def test_blending_is_a_weighted_mean(share: float, shared: Path) -> None:
    from fetal_model.training.fine_tuning import blend, start

    model, published = start({"dropout": 0.5})
    changed = [weight + 1 for weight in model.get_weights()]
    model.set_weights(changed)
    blend(model, share)
    for found, before in zip(model.get_weights(), published.get_weights(), strict=True):
        assert np.allclose(found, before + share, atol=1e-5)


def small(seed: int, dropout: float = 0.0) -> Any:
    """A flat network of six outputs with one batch norm."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(5, 3, name="convolution")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="features")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(6, activation="softmax", name="outputs")(x))


TRUTH = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1]], np.float32)


def test_group_loss_and_accuracy_by_hand() -> None:
    from fetal_model.training.losses import group_accuracy, group_cross_entropy

    predicted = np.array(
        [[0.1, 0.4, 0.3, 0.1, 0.05, 0.05], [0.5, 0, 0, 0.5, 0, 0], [0, 0, 0, 1, 0, 0]], np.float32
    )
    loss = np.asarray(group_cross_entropy(TRUTH, predicted))
    assert loss[:2] == pytest.approx(-np.log([0.5, 0.5]), rel=1e-6)
    assert np.isfinite(loss[2])
    assert loss[2] > 15
    # the most probable single output decides, the first of equals
    assert np.asarray(group_accuracy(TRUTH, predicted)).tolist() == [1, 0, 0]


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_loss_is_labels_plus_divergence(weight: float) -> None:
    from fetal_model.training.fine_tuning import Distilled

    student, teacher = small(1), small(2)
    model = Distilled(student, teacher, weight)
    pixels = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32)
    p, q = np.asarray(student(pixels)), np.asarray(teacher(pixels))
    expected = -np.log((p * TRUTH).sum(axis=1)) + weight * (q * np.log(q / p)).sum(axis=1)
    found = np.asarray(model.compute_loss(pixels, TRUTH, student(pixels)))
    assert found == pytest.approx(expected.mean(), abs=1e-5)


def test_only_the_student_learns_and_only_it_is_saved(tmp_path: Path) -> None:
    import keras

    from fetal_model.training.fine_tuning import Distilled, freeze_batch_norm
    from fetal_model.training.losses import group_cross_entropy

    student, teacher = small(1, dropout=0.5), small(2)
    freeze_batch_norm(student)
    before = {layer.name: layer.get_weights() for layer in student.layers}
    taught = teacher.get_weights()
    model = Distilled(student, teacher, 0.5)
    assert model.count_params() == student.count_params()
    model.compile(keras.optimizers.Adam(0.01), loss=group_cross_entropy, jit_compile=False)
    pixels = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32)
    model.fit(pixels, TRUTH, epochs=2, verbose=0)
    for name in ("convolution", "outputs"):
        for old, new in zip(before[name], student.get_layer(name).get_weights(), strict=True):
            assert (old != new).all()
    for old, new in zip(before["norm"], student.get_layer("norm").get_weights(), strict=True):
        assert np.array_equal(old, new)
    for old, new in zip(taught, teacher.get_weights(), strict=True):
        assert np.array_equal(old, new)
    model.save_weights(tmp_path / "best.weights.h5")
    again = small(3, dropout=0.5)
    again.load_weights(tmp_path / "best.weights.h5")
    assert np.array_equal(again(pixels), student(pixels))

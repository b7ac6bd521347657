"""The NumPy head: pooling against Keras, inverted dropout, gradient, archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fetal_model.inference.head import Dense, Head, Pooling, softmax


def make_head(
    sizes: tuple[int, ...], rates: tuple[float, ...], pooling: Pooling = "average", seed: int = 0
) -> Head:
    """Dense layers of the given sizes, ReLU after all but the last."""
    rng = np.random.default_rng(seed)
    layers = tuple(
        Dense(
            rng.normal(0, 1, (before, after)).astype(np.float32).astype(np.float64),
            rng.normal(0, 1, after).astype(np.float32).astype(np.float64),
            relu=index < len(sizes) - 2,
            dropout=rate,
        )
        for index, (before, after, rate) in enumerate(
            zip(sizes[:-1], sizes[1:], rates, strict=True)
        )
    )
    return Head(pooling, layers)


@pytest.mark.parametrize("shape", [(8, 8, 5), (14, 18, 3), (7, 5, 4), (2, 2, 1), (3, 2, 6)])
@pytest.mark.parametrize("pooling", ["average", "max2-average"])
def test_pooling_is_that_of_keras(pooling: Pooling, shape: tuple[int, ...]) -> None:
    from keras import layers

    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = features[np.newaxis]
    if pooling == "max2-average":
        expected = layers.MaxPooling2D(2, strides=2)(expected)
    expected = np.asarray(layers.GlobalAveragePooling2D()(expected))[0]
    assert np.allclose(Head(pooling, ()).pool(features), expected, atol=1e-6)


def test_pooling_of_whole_numbers_is_exact() -> None:
    features = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    assert Head("average", ()).pool(features).tolist() == [7.5]
    assert Head("max2-average", ()).pool(features).tolist() == [(5 + 7 + 13 + 15) / 4]


def test_logits_by_hand() -> None:
    first = Dense(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.0, 0.5]), True, 0.5)
    last = Dense(np.array([[1.0], [10.0]]), np.array([-1.0]), False, 0.0)
    # hidden = relu([1 + 2 * 3, -1 + 0.5]) = [7, 0]; dropout does nothing here
    assert Head("average", (first, last)).logits(np.array([1.0, 3.0])).tolist() == [6.0]


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_what_dropout_keeps_is_scaled_up(rate: float) -> None:
    pooled = np.array([1.0, -2.0, 3.0])
    head = Head("average", (Dense(np.eye(3), np.zeros(3), False, rate),))
    drawn = head.sample_logits(pooled, 20_000, np.random.default_rng(0))
    kept = drawn != 0
    assert np.allclose(drawn[kept], np.broadcast_to(pooled / (1 - rate), drawn.shape)[kept])
    # binomial standard error of a share over 60,000 draws, times five
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / kept.size)
    # units drop out on their own
    assert abs(np.corrcoef(kept[:, 0], kept[:, 1])[0, 1]) < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_the_mean_of_a_linear_head_under_dropout_is_its_deterministic_output(rate: float) -> None:
    head = make_head((6, 4), (rate,))
    pooled = np.random.default_rng(1).normal(size=6)
    drawn = head.sample_logits(pooled, 50_000, np.random.default_rng(2))
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - head.logits(pooled)) < 5 * error).all()
    variance = rate / (1 - rate) * (pooled**2 @ head.layers[0].kernel ** 2)
    assert np.allclose(drawn.var(axis=0), variance, rtol=0.05)


def test_dropout_acts_before_its_own_layer_only() -> None:
    head = make_head((5, 7, 4), (0.0, 0.5))
    pooled = np.random.default_rng(1).normal(size=5)
    first, last = head.layers
    hidden = np.maximum(pooled @ first.kernel + first.bias, 0)
    keep = np.random.default_rng(9).random((64, 7)) >= 0.5
    expected = (keep * hidden * 2) @ last.kernel + last.bias
    drawn = head.sample_logits(pooled, 64, np.random.default_rng(9))
    assert np.allclose(drawn, expected)


def test_without_dropout_every_sample_is_the_deterministic_output() -> None:
    head = make_head((5, 7, 4), (0.0, 0.0))
    pooled = np.random.default_rng(1).normal(size=5)
    drawn = head.sample_logits(pooled, 3, np.random.default_rng(0))
    assert np.allclose(drawn, head.logits(pooled), rtol=1e-12)
    assert not head.has_dropout
    assert make_head((5, 7, 4), (0.0, 0.3)).has_dropout


@pytest.mark.parametrize("sizes", [(6, 4), (6, 9, 4), (6, 9, 8, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_gradient_equals_numeric_differences(sizes: tuple[int, ...], seed: int) -> None:
    head = make_head(sizes, (0.5,) * (len(sizes) - 1), seed=seed)
    rng = np.random.default_rng(seed)
    pooled, direction = rng.normal(size=6), rng.normal(size=4)
    step = 1e-6
    numeric = [
        direction @ (head.logits(pooled + step * unit) - head.logits(pooled - step * unit))
        for unit in np.eye(6)
    ]
    assert np.allclose(head.gradient(pooled, direction), np.array(numeric) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("pooling", ["average", "max2-average"])
def test_archive_gives_the_same_head_again(pooling: Pooling, tmp_path: Path) -> None:
    head = make_head((6, 9, 4), (0.0, 0.4), pooling)
    head.save(tmp_path / "head.npz")
    again = Head.load(tmp_path / "head.npz")
    assert again.pooling == pooling
    for old, new in zip(head.layers, again.layers, strict=True):
        assert np.array_equal(old.kernel, new.kernel)
        assert np.array_equal(old.bias, new.bias)
        assert (old.relu, old.dropout) == (new.relu, new.dropout)


@pytest.mark.parametrize(
    "arrays",
    [
        {"weights": np.zeros(3)},
        {"kernel_0": np.zeros((2, 4)), "bias_0": np.zeros(4)},
        {"pooling": np.array("average")},
        {
            "pooling": np.array("median"),
            "kernel_0": np.zeros((2, 4)),
            "bias_0": np.zeros(4),
            "relu_0": np.array(False),
            "dropout_0": np.array(0.0),
        },
    ],
    ids=["other arrays", "no pooling", "no layers", "unknown pooling"],
)
def test_other_archives_are_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "head.npz", **arrays)
    with pytest.raises(ValueError, match=r"head\.npz: expected a head"):
        Head.load(tmp_path / "head.npz")


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "head.npz", pooling=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Head.load(tmp_path / "head.npz")


@pytest.mark.parametrize("shift", [-1e5, 0.0, 1e5])
def test_softmax_does_not_care_for_a_shift(shift: float) -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]]))
    assert np.allclose(softmax(logits + shift), [[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]])

"""What a scan without a label adds to the loss, against the papers' equations."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.training.data import label_some
from fetal_model.training.recipe import Recipe, load_recipe
from fetal_model.training.recipe_tables import Augmentation, SemiSupervised

COUNT, SIZE = 5, 6


def consistent(method: str, **settings: Any) -> tuple[Any, Any]:
    """A softmax of one layer under `Consistent`, compiled, and a batch for it."""
    import keras

    from fetal_model.training.losses import group_cross_entropy
    from fetal_model.training.semi_supervised import Consistent

    keras.utils.set_random_seed(1)
    inputs = keras.Input((SIZE,))
    shares = keras.layers.Dense(4, activation="softmax")(inputs)
    chosen = SemiSupervised(method=method, strong=Augmentation(), **settings)  # type: ignore[arg-type]
    model = Consistent(keras.Model(inputs, shares), chosen, group_cross_entropy, steps=10)
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    model.compile(optimizer, loss=group_cross_entropy, jit_compile=False)
    optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(2)
    scans = 2 * rng.normal(size=(3 * COUNT, SIZE)).astype(np.float32)
    return model, (scans, np.eye(4, dtype=np.float32)[rng.integers(0, 4, COUNT)])


def parts(model: Any, scans: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shares = np.asarray(model(scans))
    return shares[:COUNT], shares[COUNT : 2 * COUNT], shares[2 * COUNT :]


def loss(model: Any, scans: np.ndarray, truth: np.ndarray, training: bool = True) -> float:
    answered = model(scans)
    return float(model.compute_loss(scans, truth, answered, training=training))


def test_fixmatch_follows_sure_answers_alone() -> None:
    model, (scans, truth) = consistent("fixmatch", confidence=0.6, weight=0.5)
    labelled, strong, weak = parts(model, scans)
    sure = weak.max(axis=1) >= 0.6
    assert 0 < sure.sum() < COUNT
    towards = -np.log(strong[np.arange(COUNT), weak.argmax(axis=1)])
    expected = -np.log((labelled * truth).sum(axis=1)).mean() + 0.5 * (sure * towards).mean()
    assert loss(model, scans, truth) == pytest.approx(expected, rel=1e-4)


def test_a_mean_teacher_answers_by_its_averages_and_gains_weight() -> None:
    model, (scans, truth) = consistent("mean_teacher", weight=2.0, ramp_up=1)
    labelled, strong, _ = parts(model, scans)
    averages = [np.ones((SIZE, 4), np.float32), np.arange(4, dtype=np.float32)]
    for variable, value in zip(
        model.optimizer._model_variables_moving_average, averages, strict=True
    ):
        variable.assign(value)
    logits = scans[2 * COUNT :] @ averages[0] + averages[1]
    taught = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    apart = np.square(strong - taught).sum(axis=1).mean()
    supervised = -np.log((labelled * truth).sum(axis=1)).mean()
    for done, share in ((0, np.exp(-5)), (5, np.exp(-1.25)), (10, 1.0), (50, 1.0)):
        model.optimizer.iterations.assign(done)
        expected = supervised + 2 * share * apart
        assert loss(model, scans, truth) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("method", ["fixmatch", "mean_teacher"])
def test_metrics_and_validation_see_labelled_scans_alone(method: str) -> None:
    model, (scans, truth) = consistent(method)
    labelled = parts(model, scans)[0]
    expected = -np.log((labelled * truth).sum(axis=1)).mean()
    assert loss(model, scans[:COUNT], truth, training=False) == pytest.approx(expected, rel=1e-4)
    assert model.evaluate(scans[:COUNT], truth, verbose=0) == pytest.approx(expected, rel=1e-4)
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(scans, truth))
    assert not np.array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize("method", ["fixmatch", "mean_teacher"])
def test_the_answer_that_teaches_is_not_taught(method: str) -> None:
    """The slope is that towards the teaching answers as they are, were they given as numbers."""
    import tensorflow as tf

    model, (scans, truth) = consistent(method, weight=3.0, confidence=0.6)
    for average, variable in zip(
        model.optimizer._model_variables_moving_average, model.trainable_variables, strict=True
    ):
        average.assign(variable)  # the same network, so that a slope through it would count
    kernel = model.trainable_variables[0].value
    with tf.GradientTape() as tape:
        value = model.compute_loss(scans, truth, model(scans, training=True))
    found = tape.gradient(value, kernel)
    taught = parts(model, scans)[2]
    with tf.GradientTape() as tape:
        answered = model(scans)
        strong = answered[COUNT : 2 * COUNT]
        if method == "fixmatch":
            towards = -tf.math.log(tf.gather(strong, taught.argmax(axis=1), batch_dims=1))
            apart = tf.where(taught.max(axis=1) >= 0.6, towards, 0.0)
        else:
            apart = tf.reduce_sum(tf.square(strong - taught), axis=1)
        surprise = -tf.math.log(tf.reduce_sum(answered[:COUNT] * truth, axis=1))
        value = tf.reduce_mean(surprise) + 3 * tf.reduce_mean(apart)
    assert np.asarray(found) == pytest.approx(np.asarray(tape.gradient(value, kernel)), abs=1e-5)


def test_while_it_learns_the_network_answers_two_thirds_of_a_batch() -> None:
    model, (scans, _) = consistent("fixmatch")
    everything = np.asarray(model(scans))
    assert np.asarray(model(scans, training=True)) == pytest.approx(everything[: 2 * COUNT])
    assert len(everything) == 3 * COUNT


def records() -> list[Record]:
    return [
        Record(f"{n}", Path(f"{n}"), KEYS[n % 4], f"p{n // 3}", "made", "", simulated=True)
        for n in range(200)
    ]


def test_some_of_each_anatomy_keep_their_labels() -> None:
    few, rest = label_some(records(), 5, seed=1)
    assert Counter(record.label for record in few) == dict.fromkeys(KEYS, 5)
    assert len(few) + len(rest) == 200
    assert not {r.scan for r in few} & {r.scan for r in rest}
    more, _ = label_some(records(), 20, seed=1)
    assert {r.scan for r in few} < {r.scan for r in more}
    assert {r.scan for r in label_some(records(), 5, seed=2)[0]} != {r.scan for r in few}
    everything, none = label_some(records(), 1000, seed=1)
    assert (len(everything), none) == (200, [])


def test_what_cannot_be_learned_is_refused() -> None:
    content = load_recipe("seed-cnn").model_dump(mode="json")
    content["semi_supervised"] = {"method": "mean_teacher", "strong": {}}
    with pytest.raises(ValueError, match="expects unlabelled scans"):
        Recipe.model_validate(content)
    content["data"]["labelled"] = 5
    with pytest.raises(ValueError, match="expects averaging"):
        Recipe.model_validate(content)
    content["training"]["averaging"] = 0.99
    assert Recipe.model_validate(content).semi_supervised
    content["augmentation"]["mixing"] = "mixup"
    with pytest.raises(ValueError, match="neither fine_tuning"):
        Recipe.model_validate(content)

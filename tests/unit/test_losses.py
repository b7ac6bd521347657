"""Losses of a recipe, against their definitions."""

from typing import Any

import numpy as np
import pytest

from fetal_model.training.recipe import Recipe, load_recipe
from fetal_model.training.recipe_tables import Training

TRUTH = np.eye(4, dtype=np.float32)[[0, 1, 2]]
PREDICTED = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.97, 0.01, 0.01, 0.01]], np.float32
)
RIGHT = np.array([0.7, 0.5, 0.01])


def value(mixing: str = "none", **training: Any) -> float:
    from fetal_model.training.losses import loss_of

    content = load_recipe("seed-cnn").model_dump(mode="json")
    content["training"] |= training
    content["augmentation"] |= {"mixing": mixing}
    loss = loss_of(Recipe.model_validate(content))
    return float(np.mean(np.asarray(loss(TRUTH, PREDICTED))))


def test_cross_entropy() -> None:
    expected = -np.log(RIGHT).mean()
    assert value() == pytest.approx(expected, rel=1e-5)
    assert value(mixing="mixup") == pytest.approx(expected, rel=1e-5)


def test_focal_weighs_by_what_is_missing() -> None:
    expected = (-((1 - RIGHT) ** 2) * np.log(RIGHT)).mean()
    assert value(loss="focal") == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_a_share_of_the_target() -> None:
    smooth = 0.8 * TRUTH + 0.2 / 4
    expected = -(smooth * np.log(PREDICTED)).sum(axis=1).mean()
    assert value(label_smoothing=0.2) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"loss": "focal"}},
        {"training": {"label_smoothing": 0.1}},
        {"augmentation": {"mixing": "mixup"}},
    ],
)
def test_a_network_with_several_outputs_an_anatomy_is_refused(change: dict[str, Any]) -> None:
    content = load_recipe("sononet16").model_dump(mode="json")
    for table, values in change.items():
        content[table] |= values
    with pytest.raises(ValueError, match="expect one output for each anatomy"):
        Recipe.model_validate(content)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "lion"])
def test_every_optimizer_makes_the_loss_smaller(optimizer: str) -> None:
    import keras

    from fetal_model.training.fit import _optimizer

    training = Training(epochs=1, optimizer=optimizer, learning_rate=0.01)  # type: ignore[arg-type]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="softmax")])
    model.compile(_optimizer(training), loss="categorical_crossentropy", jit_compile=False)
    before = model.evaluate(PREDICTED, TRUTH, verbose=0)
    model.fit(PREDICTED, TRUTH, epochs=20, verbose=0)
    assert model.evaluate(PREDICTED, TRUTH, verbose=0) < before

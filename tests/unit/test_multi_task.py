"""Further questions: only scans whose answer is known count, and serving gets the plain network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.dataset.manifest import Record
from fetal_model.training.recipe import Recipe, load_recipe


def record(label: str, **columns: str) -> Record:
    return Record("s", Path("s"), label, "", "made", "", simulated=True, columns=columns)


@pytest.mark.parametrize(
    ("task", "label", "columns", "expected"),
    [
        ("plane", "brain", {"plane": "transventricular"}, 1),
        ("plane", "brain", {"plane": "Fetal brain", "brain_plane": "Trans-cerebellum"}, 2),
        ("plane", "brain", {"plane": "Fetal brain", "brain_plane": "Other"}, -1),
        ("plane", "brain", {}, -1),
        ("plane", "femur", {"plane": "femur", "brain_plane": "Not A Brain"}, -1),
        ("quality", "femur", {"quality": "poor"}, 2),
        ("quality", "femur", {"quality": "blurred"}, -1),
        ("pathology", "femur", {"pathology": "none"}, 0),
        ("pathology", "femur", {"pathology": "short femur"}, 1),
        ("pathology", "femur", {"pathology": ""}, -1),
    ],
)
def test_answers_come_from_the_table(
    task: str, label: str, columns: dict[str, str], expected: int
) -> None:
    from fetal_model.training.multi_task import TASKS, targets_of

    assert TASKS[task].answer(record(label, **columns)) == expected
    (row,) = targets_of([task], [record(label, **columns)])
    assert row.tolist() == [float(n == expected) for n in range(len(TASKS[task].classes))]


def learner() -> tuple[Any, np.ndarray, np.ndarray]:
    """A small network that is also asked for plane and quality, six scans, and what is true."""
    import keras
    from keras import layers

    from fetal_model.training.losses import group_cross_entropy
    from fetal_model.training.multi_task import MultiTask

    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,), name="scan")
    hidden = layers.Dense(6, activation="relu", name="hidden")(inputs)
    outputs = layers.Dense(4, activation="softmax", name="outputs")(hidden)
    network = keras.Model(inputs, outputs)
    model = MultiTask(network, ["plane", "quality"], group_cross_entropy, 0.5)
    accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
    model.compile("sgd", loss=group_cross_entropy, metrics=[accuracy], jit_compile=False)
    rng = np.random.default_rng(0)
    scans = rng.normal(size=(6, 5)).astype(np.float32)
    truth = np.zeros((6, 4 + 3 + 3), np.float32)
    truth[np.arange(6), rng.integers(0, 4, 6)] = 1
    truth[[0, 1], [5, 4]] = 1  # two planes known
    truth[[2, 3, 4], [7, 9, 8]] = 1  # three qualities
    return model, scans, truth


def test_scans_without_an_answer_do_not_count() -> None:
    model, scans, truth = learner()
    answers = np.asarray(model(scans))
    assert answers.shape == (6, 10)
    for part in (answers[:, :4], answers[:, 4:7], answers[:, 7:]):
        assert part.sum(axis=1) == pytest.approx(1, abs=1e-5)
    surprise = -truth * np.log(answers)
    of_anatomy, of_plane, of_quality = (
        surprise[:, part].sum() for part in (np.s_[:4], np.s_[4:7], np.s_[7:])
    )
    expected = of_anatomy / 6 + 0.5 * of_plane / 2 + 0.5 * of_quality / 3
    found = float(model.compute_loss(scans, truth, model(scans)))
    assert found == pytest.approx(expected, rel=1e-5)
    unknown = truth * np.array([1] * 4 + [0] * 6, np.float32)
    found = float(model.compute_loss(scans, unknown, model(scans)))
    assert found == pytest.approx(of_anatomy / 6, rel=1e-5)
    judged = model.evaluate(scans, truth, return_dict=True, verbose=0)
    right = answers[:, 4:7].argmax(axis=1) == truth[:, 4:7].argmax(axis=1)
    assert judged["plane_accuracy"] == pytest.approx(right[:2].mean())
    right = answers[:, 7:].argmax(axis=1) == truth[:, 7:].argmax(axis=1)
    assert judged["quality_accuracy"] == pytest.approx(right[2:5].mean())
    right = answers[:, :4].argmax(axis=1) == truth[:, :4].argmax(axis=1)
    assert judged["accuracy"] == pytest.approx(right.mean())


def test_what_is_shared_learns_from_a_task_alone() -> None:
    model, scans, truth = learner()
    hidden = model.get_layer("hidden").get_weights()[0]
    outputs = model.get_layer("outputs").get_weights()[0]
    truth[:, :4] = 0  # no anatomy is known
    model.train_on_batch(scans, truth)
    assert np.abs(model.get_layer("hidden").get_weights()[0] - hidden).max() > 0
    assert np.array_equal(model.get_layer("outputs").get_weights()[0], outputs)


def test_tasks_go_with_labels_alone() -> None:
    content = load_recipe("seed-cnn").model_dump(mode="json")
    content["multi_task"] = {"tasks": ["plane"]}
    assert Recipe.model_validate(content).multi_task
    content["data"]["labelled"] = 5
    content["semi_supervised"] = {"method": "fixmatch", "strong": {}}
    with pytest.raises(ValueError, match="neither semi_supervised nor fine_tuning"):
        Recipe.model_validate(content)

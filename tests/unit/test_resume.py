"""A run that is cut off ends with the weights of an unbroken one, bit for bit, in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.training.data import Scans
from fetal_model.training.progress import Moment
from fetal_model.training.recipe import Recipe

SIDE = 32
EVERYTHING = {
    "options": {"dropout": 0.5, "size": SIDE, "filters": [8, 16]},
    "augmentation": {"flip": "horizontal", "rotation": 0.1, "zoom": 0.1, "shear": 0.1},
    "training": {"schedule": "plateau", "warm_up": 1, "averaging": 0.9},
}
STRONG = {"brightness": 0.2, "rotation": 0.2}
MEAN_TEACHER = {
    "options": {"dropout": 0.5, "size": SIDE, "filters": [8, 16]},
    "augmentation": {"flip": "horizontal"},
    "training": {"averaging": 0.9},
    "semi_supervised": {"method": "mean_teacher", "ramp_up": 2, "strong": STRONG},
}
FIXMATCH = {
    "options": {"dropout": 0.5, "size": SIDE, "filters": [8, 16]},
    "augmentation": {"flip": "horizontal"},
    "semi_supervised": {"method": "fixmatch", "confidence": 0.5, "strong": STRONG},
}
TASKS = {
    "options": {"dropout": 0.5, "size": SIDE, "filters": [8, 16]},
    "multi_task": {"tasks": ["quality", "pathology"]},
}
OTHER = {
    "options": {"batch_norm": True, "size": SIDE, "filters": [8, 16]},
    "training": {"schedule": "cosine", "optimizer": "sgd", "class_weights": "balanced"},
}


def recipe(**changes: Any) -> Recipe:
    training = {
        "epochs": 4, "batch_size": 8, "seed": 3, "precision": "float32", "learning_rate": 0.01,
        **changes.pop("training", {}),
    }  # fmt: skip
    return Recipe.model_validate(
        {
            "name": "tiny",
            "description": "For a test.",
            "architecture": "seed_cnn",
            "input": {"height": SIDE, "width": SIDE, "scaling": "0-255"},
            "data": {"phantoms": dict.fromkeys(KEYS, 10), "labelled": 3, "pathology": True},
            "training": training,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Scans:
    """Noise whose level tells the label, brain twice as often as the others."""
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(0)
    records = []
    for number in range(30):
        label = KEYS[max(0, number % 5 - 1)]
        level = 40 * (1 + KEYS.index(label))
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), rng.poisson(level, (SIDE, SIDE)).clip(0, 255).astype(np.uint8))
        told = {"quality": ("good", "poor", "")[number % 3], "pathology": "none"}
        records.append(Record(file.name, file, label, "", "made", "", simulated=True, columns=told))
    return Scans(records[:16], records[20:], [], [], records[16:20])


def learn(chosen: Recipe, scans: Scans, run: Path, **more: Any) -> list[np.ndarray]:
    from fetal_model.training.fit import fit
    from fetal_model.training.train import outputs_of

    return fit(chosen, outputs_of(chosen), scans, run, **more).get_weights()


@pytest.mark.parametrize(
    "changes",
    [EVERYTHING, OTHER, MEAN_TEACHER, FIXMATCH, TASKS],
    ids=["everything random", "batch norm", "mean teacher", "FixMatch", "tasks"],
)
def test_a_run_that_was_cut_off_ends_with_the_same_weights(
    changes: dict[str, Any], scans: Scans, tmp_path: Path
) -> None:
    chosen = recipe(**changes)

    def cut_off(moment: Moment) -> None:
        if (moment.epoch, moment.step) == (3, 1):
            raise KeyboardInterrupt

    whole = learn(chosen, scans, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        learn(chosen, scans, tmp_path / "parts", tell=cut_off)
    assert [file.name for file in (tmp_path / "parts" / "backup").iterdir()] == [
        "after-0002.weights.h5"
    ]
    began: list[int] = []
    parts = learn(chosen, scans, tmp_path / "parts", tell=lambda m: began.append(m.epoch))
    assert set(began) == {3, 4}
    for one, two in zip(whole, parts, strict=True):
        assert np.array_equal(one, two)
    history = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "parts")]
    assert history[0] == history[1]


def test_the_average_is_what_is_judged_and_kept(scans: Scans, tmp_path: Path) -> None:
    plain = learn(recipe(options=OTHER["options"]), scans, tmp_path / "plain")
    averaged = recipe(options=OTHER["options"], training={"averaging": 0.99})
    kept = learn(averaged, scans, tmp_path / "averaged")
    columns = {}
    for name in ("plain", "averaged"):
        rows = (tmp_path / name / "history.csv").read_text().split()
        columns[name] = [dict(zip(rows[0].split(","), r.split(","), strict=True)) for r in rows[1:]]
    for one, two in zip(columns["plain"], columns["averaged"], strict=True):
        assert one["loss"] == two["loss"]  # the average has no part in learning
        assert one["val_loss"] != two["val_loss"]
    assert any(not np.array_equal(a, b) for a, b in zip(plain, kept, strict=True))


def test_patience_ends_a_run_and_a_second_call_does_not_go_on(scans: Scans, tmp_path: Path) -> None:
    told: list[Moment] = []
    # so fast that it only gets worse
    chosen = recipe(
        options={"size": SIDE, "filters": [8]},
        training={"epochs": 30, "patience": 2, "learning_rate": 1.0, "optimizer": "sgd"},
    )
    first = learn(chosen, scans, tmp_path, tell=told.append)
    last = told[-1]
    assert last.whole
    assert last.last
    assert last.epoch < 30
    second = learn(chosen, scans, tmp_path, tell=lambda m: pytest.fail("it went on"))
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one, two)


def test_event_files_hold_every_figure_of_every_epoch(scans: Scans, tmp_path: Path) -> None:
    import tensorflow as tf

    small = recipe(options={"size": SIDE, "filters": [8]}, training={"epochs": 2})
    learn(small, scans, tmp_path / "run", tensorboard=tmp_path / "events")
    (file,) = (tmp_path / "events").iterdir()
    found: dict[str, list[int]] = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name in ("scalars", "")
            found.setdefault(value.tag, []).append(event.step)
    assert {"loss", "accuracy", "val_cross_entropy", "learning_rate"} <= set(found)
    assert {tuple(steps) for steps in found.values()} == {(1, 2)}

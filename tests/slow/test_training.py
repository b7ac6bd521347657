"""`train`: a recipe becomes a version folder that serves, and an interrupted run goes on.

Small networks on a few phantoms; what the shipped versions reached is in their cards.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.card import card
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.phantom import write_phantoms
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import preprocess
from fetal_model.store.versions import (
    CARD,
    HEAD,
    METADATA,
    MODEL,
    PREDICTIONS,
    TRUNK,
    list_versions,
)
from fetal_model.training.recipe import load_recipe

pytestmark = pytest.mark.slow

SMALL = """
name = "small"
description = "For a test."
architecture = "seed_cnn"
options = { size = 64, filters = [8, 16], dropout = 0.5 }

[input]
height = 64
width = 64
scaling = "0-255"

[data]
phantoms = { brain = 12, abdomen = 12, femur = 12, thorax = 12 }
phantom_seed = 1

[augmentation]
flip = "horizontal"
rotation = 0.1

[training]
epochs = 2
batch_size = 16
"""
TUNED = """
name = "tuned"
description = "For a test."
architecture = "sononet"
options = { features = 16, dropout = 0.5 }

[input]
height = 224
width = 288
scaling = "standardise"

[data]
phantoms = { brain = 10, abdomen = 10, femur = 10, thorax = 10 }
phantom_seed = 1
real_scans = true
without = ["left-out"]
calibrate_on = "real"

[training]
epochs = 1
batch_size = 8
learning_rate = 0.0001
precision = "float32"

[fine_tuning]
published = "sononet16"
distillation = 0.5
blend = 0.5

[augmentation]
grey_levels = 0.5
"""


STRONG = """
[semi_supervised.strong]
rotation = 0.2
contrast = 0.5
"""
KINDS = {
    # without batch norm: after two epochs its features still show what the input was
    "backbone": SMALL.replace('"seed_cnn"', '"backbone"').replace(
        "{ size = 64, filters = [8, 16], dropout = 0.5 }",
        '{ network = "vgg16", size = [64, 64], standardised = true, hidden = 8 }',
    ),
    "FixMatch": SMALL.replace("phantom_seed = 1", "phantom_seed = 1\nlabelled = 3")
    + '[semi_supervised]\nmethod = "fixmatch"\nconfidence = 0.5\n'
    + STRONG,
    "mean teacher": SMALL.replace("phantom_seed = 1", "phantom_seed = 1\nlabelled = 3")
    + 'averaging = 0.9\n[semi_supervised]\nmethod = "mean_teacher"\n'
    + STRONG,
    "tasks": SMALL.replace("phantom_seed = 1", "phantom_seed = 1\npathology = true")
    + '[multi_task]\ntasks = ["plane", "quality", "pathology"]\n',
    "other planes": SMALL.replace("thorax = 12", "thorax = 12, cervix = 12, other = 12").replace(
        "phantom_seed = 1", "phantom_seed = 1\nother_planes = true"
    ),
    "mixed scans": SMALL.replace("rotation = 0.1", 'crop = 0.2\nmixing = "cutmix"')
    + 'loss = "focal"\nlabel_smoothing = 0.1\noptimizer = "lion"\n',
}
"""Recipes that learn in another way, and are served in the same one."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where phantoms are kept between the tests of this file."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(autouse=True)
def nothing_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No real scans, unless a test brings its own."""
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., Any]:
    """Load one of the recipes above, with parts of it changed."""

    def load(text: str, **changes: str) -> Any:
        for old, new in changes.items():
            assert f"{old} = " in text
            text = "\n".join(
                f"{old} = {new}" if line.startswith(f"{old} = ") else line
                for line in text.split("\n")
            )
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return load_recipe(str(path))

    return load


def history_of(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def interrupt_at(epoch: int, patch: pytest.MonkeyPatch) -> list[int]:
    """Stop training when this epoch begins; returns the list of epochs that began."""
    import keras

    began: list[int] = []

    def on_epoch_begin(self: Any, number: int, logs: Any = None) -> None:
        began.append(number)
        if number == epoch:
            raise KeyboardInterrupt

    patch.setattr(keras.callbacks.CSVLogger, "on_epoch_begin", on_epoch_begin)
    return began


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"flip": '"none"', "rotation": "0.0", "precision": '"float32"'},
        {"options": "{ size = 64, filters = [8, 16] }"},
    ],
    ids=["as it is", "no augmentation", "no dropout"],
)
def test_a_recipe_becomes_a_version_that_serves(
    changes: dict[str, str], work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.train import train

    text = SMALL.replace("batch_size = 16", 'batch_size = 16\nprecision = "auto"')
    made = train(recipe(text, **changes), work, tmp_path / "weights")
    shutil.rmtree(work / "runs")
    assert made.label == "small/1"
    assert [v.label for v in list_versions(tmp_path / "weights")] == ["small/1"]
    assert {file.name for file in made.path.iterdir()} == {
        MODEL, TRUNK, HEAD, METADATA, PREDICTIONS, CARD,
    }  # fmt: skip
    rows = read_predictions(made.path / PREDICTIONS)
    assert (made.path / CARD).read_text(encoding="utf-8") == card(made.metadata, rows)
    assert len(rows) == made.metadata["scans"]["own_test"] > 0
    assert sum(made.metadata["scans"].values()) == 48
    assert made.metadata["simulated"] is True
    assert "48" not in made.metadata["training_data"]  # the test part was not learned from
    assert all(len(values) == 2 for values in made.metadata["history"].values())
    # served, it answers what the card was made from; temperature is the fold's, the score is not
    predictor = Predictor.load("small", tmp_path / "weights")
    assert predictor.offers_dropout is ("options" not in changes)
    (phantoms,) = work.glob("phantoms-*")
    for row in rows:
        finding = predictor.analyse(read_scan(phantoms / row.scan))
        assert finding.anatomy.key == row.answer


@pytest.mark.parametrize("kind", KINDS)
def test_however_it_learned_it_serves(
    kind: str, work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    import keras

    from fetal_model.architectures import trunk_of
    from fetal_model.training.data import phantom_path
    from fetal_model.training.train import train

    chosen = recipe(KINDS[kind])
    made = train(chosen, work, tmp_path / "weights")
    shutil.rmtree(work / "runs")
    rows = read_predictions(made.path / PREDICTIONS)
    predictor = Predictor.load("small", tmp_path / "weights")
    phantoms = phantom_path(chosen.data, work)
    model = keras.models.load_model(made.file(MODEL), compile=False, safe_mode=True)
    assert model.output.shape == (None, 6 if kind == "other planes" else 4)
    trunk = trunk_of(model)
    for row in rows:
        scan = read_scan(phantoms / row.scan)
        finding = predictor.analyse(scan)
        assert finding.anatomy.key == row.answer
        # what is served is what Keras would answer
        pixels, _ = preprocess(scan, predictor.input)
        shares = np.asarray(model(pixels[np.newaxis]))[0]
        logits = np.log(np.maximum(shares, 1e-30))
        expected = predictor.outputs.probabilities(logits)
        assert finding.probabilities == pytest.approx(expected, abs=1e-3)
        # its features too: answers of so short a training hardly differ
        found, kept = predictor.trunk(pixels[np.newaxis]), trunk(pixels[np.newaxis])
        assert np.abs(found - kept).max() <= 1e-3 * np.abs(kept).max()
    if "labelled" in KINDS[kind]:
        assert made.metadata["scans"]["train"] == 12
        assert "of them without labels" in made.metadata["training_data"]
    if kind == "backbone":
        normalised = model.get_layer("training_set")
        assert 10 < float(np.squeeze(normalised.mean)) < 120
        assert float(np.squeeze(normalised.variance)) > 100
    if kind == "other planes":
        assert predictor.outputs.can_reject
        assert {row.label for row in rows} >= {"cervix", "other"}
        assert made.metadata["outputs"]["names"][-2:] == ["cervix", "other"]
    if kind == "tasks":
        assert {"plane_accuracy", "val_pathology_accuracy"} <= set(made.metadata["history"])


def test_a_folder_of_scans_becomes_a_version_that_names_no_path(
    work: Path, tmp_path: Path, recipe: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    from fetal_model.training.train import train

    made = write_phantoms(tmp_path / "made", 12, seed=3)
    scans = tmp_path / "our scans"
    for row in csv.DictReader(made.open(encoding="utf-8")):
        (scans / row["label"]).mkdir(parents=True, exist_ok=True)
        shutil.copy(made.parent / row["path"], scans / row["label"])
    (scans / "brain" / "broken.png").write_bytes(b"no picture")
    (scans / "other").mkdir()
    shutil.copy(next((scans / "femur").iterdir()), scans / "other" / "elsewhere.png")
    text = SMALL.replace("phantoms = {", f'folder = "{scans}"\n#')
    version = train(recipe(text), work, tmp_path / "weights")
    shutil.rmtree(work / "runs")
    assert "left out brain/broken.png" in capfd.readouterr().out
    rows = read_predictions(version.path / PREDICTIONS)
    assert [row.scan for row in rows if not row.in_plane] == ["other/elsewhere.png"]
    assert {(row.source, row.patient, row.simulated) for row in rows} == {("our scans", "", False)}
    assert sum(version.metadata["scans"].values()) == 49
    assert version.metadata["simulated"] is False
    assert "real ones (the folder our scans)" in version.metadata["training_data"]
    assert str(tmp_path) not in (version.path / METADATA).read_text(encoding="utf-8")
    assert "overlap unknown" in (version.path / CARD).read_text(encoding="utf-8")


def test_an_interrupted_run_trains_only_what_is_left(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.train import train

    wanted, root = recipe(SMALL, epochs="3"), tmp_path / "weights"
    with pytest.MonkeyPatch.context() as patch:
        assert interrupt_at(2, patch) == []
        with pytest.raises(KeyboardInterrupt):
            train(wanted, work, root)
    (run,) = (work / "runs").iterdir()
    assert [row["epoch"] for row in history_of(run)] == ["0", "1"]
    assert list_versions(root) == []
    with pytest.MonkeyPatch.context() as patch:
        began = interrupt_at(-1, patch)
        made = train(wanted, work, root)
    shutil.rmtree(work / "runs")
    assert began == [2]
    assert {len(values) for values in made.metadata["history"].values()} == {3}
    Predictor.load("small/1", root)


def test_a_worse_epoch_after_the_interruption_does_not_replace_the_best(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.data import gather
    from fetal_model.training.fit import fit
    from fetal_model.training.train import outputs_of

    wanted, run = recipe(SMALL), tmp_path / "run"
    scans = gather(wanted.data, work)
    with pytest.MonkeyPatch.context() as patch:
        interrupt_at(1, patch)
        with pytest.raises(KeyboardInterrupt):
            fit(wanted, outputs_of(wanted), scans, run)
    # as if the first epoch had been better than any can be
    rows = history_of(run)
    for column in rows[0]:
        if column.startswith("val_") and column != "val_accuracy":
            rows[0][column] = "0.0"
    with (run / "history.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    best = (run / "best.weights.h5").read_bytes()
    model = fit(wanted, outputs_of(wanted), scans, run)
    assert len(history_of(run)) == 2
    assert (run / "best.weights.h5").read_bytes() == best
    assert model.count_params() > 0


def test_what_is_learned_from_follows_the_seed(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.data import gather
    from fetal_model.training.fit import fit
    from fetal_model.training.train import outputs_of

    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        text = SMALL.replace("epochs = 2", f"epochs = 2\nseed = {seed}\nprecision = 'float32'")
        wanted = recipe(text)
        model = fit(wanted, outputs_of(wanted), gather(wanted.data, work), tmp_path / name)
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    # the order of sums over threads may change the last digits; one other flip changes the third
    assert np.abs(weights[0] - weights[1]).max() < 1e-5
    assert np.abs(weights[0] - weights[2]).max() > 0.05


def stand_in(folder: Path) -> None:
    """Phantoms in the layout of the real scans, and random arrays in that of the published ones."""
    write_phantoms(folder / "made", 24, seed=8)
    with (folder / "made" / "manifest.csv").open(newline="", encoding="utf-8") as file:
        made = list(csv.DictReader(file))
    patients = sorted({row["patient"] for row in made})
    real = folder / "real_scans"
    lines = []
    for number, row in enumerate(made):
        part = "validation" if patients.index(row["patient"]) % 3 == 0 else "train"
        label = "other" if part == "validation" and number % 9 == 0 else row["label"]
        path = f"{part}/{label}/{number}.png"
        (real / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "made" / row["path"], real / path)
        source = "left-out" if part == "train" and number % 5 == 0 else "hc18"
        lines.append(
            {"path": path, "label": label, "part": part, "source": source, "mask": "",
             "patient": row["patient"]}
        )  # fmt: skip
    with (real / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    rng = np.random.default_rng(0)
    widths = [1, 16, 16, 32, 32, 64, 64, 64, *[128] * 6, 64, 14]
    arrays: list[np.ndarray] = []
    for index, (before, after) in enumerate(pairwise(widths)):
        size = 3 if index < 13 else 1
        scale = 1.4 / np.sqrt(before * size * size) / (255 if index == 0 else 1)
        arrays.append(rng.normal(0, scale, (after, before, size, size)))
        arrays += [np.zeros(after), np.ones(after), np.zeros(after), np.ones(after)]
    target = folder / "pretrained" / "sononet16"
    target.mkdir(parents=True)
    np.savez(
        target / "SonoNet16.npz", **{f"arr_{i}": a.astype(np.float32) for i, a in enumerate(arrays)}
    )


def test_fine_tuning_with_real_scans(
    work: Path, tmp_path: Path, recipe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from fetal_model.architectures.sononet import load_published
    from fetal_model.training.fine_tuning import published_path
    from fetal_model.training.train import train

    stand_in(tmp_path)
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    made = train(recipe(TUNED), work, tmp_path / "weights")
    shutil.rmtree(work / "runs")
    metadata = made.metadata
    assert metadata["simulated"] is False
    assert any("HC18" in source for source in metadata["sources"])
    assert "left" not in json.dumps(metadata["sources"]) + metadata["training_data"]
    # every convolution and the dense layer changed, every batch norm stayed
    tuned = keras.models.load_model(made.file(MODEL), compile=False)
    published = load_published(published_path())
    for new, old in zip(tuned.layers, published.layers, strict=True):
        for after, before in zip(new.get_weights(), old.get_weights(), strict=True):
            if "norm" in new.name:
                assert np.array_equal(after, before)
            else:
                assert not np.array_equal(after, before)
    rows = read_predictions(made.path / PREDICTIONS)
    real = [row for row in rows if not row.simulated]
    # cross-fitted over whole patients on the real scans, nothing fitted on the phantoms
    assert {row.fold for row in real} == {"0", "1", "2", "3", "4"}
    folds: dict[str, set[str]] = {}
    for row in real:
        folds.setdefault(row.group, set()).add(row.fold)
    assert {len(found) for found in folds.values()} == {1}
    assert {row.fold for row in rows if row.simulated} == {""}
    assert {row.label for row in real} == {*KEYS, "other"}
    assert (made.path / CARD).read_text(encoding="utf-8") == card(metadata, rows)


def test_absent_real_scans_are_said_before_anything_is_trained(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.train import train

    with pytest.raises(ValueError, match="set FETAL_SHARED"):
        train(recipe(TUNED), work, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_a_version_is_judged_anew_with_the_same_weights(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.recalibrate import recalibrate
    from fetal_model.training.train import train

    made = train(recipe(SMALL), work, root=tmp_path / "weights")
    shutil.rmtree(work / "runs")
    again = recalibrate(made, work, root=tmp_path / "weights")
    assert again.label == "small/2"
    assert again.metadata["files"] == made.metadata["files"]
    assert again.metadata["weights_of"] == "small/1"
    unchanged, same = (read_predictions(v.path / PREDICTIONS) for v in (made, again))
    assert unchanged == same
    hidden = recalibrate(made, work, keep_annotations=False, root=tmp_path / "weights")
    assert hidden.metadata["input"]["annotations"] == "taken away"
    assert Predictor(hidden).input.annotations == "taken away"
    assert "those of small/1, judged anew" in (hidden.path / CARD).read_text(encoding="utf-8")
    assert read_predictions(hidden.path / PREDICTIONS) != same


def test_what_cannot_be_judged_anew_is_refused(
    work: Path, tmp_path: Path, recipe: Callable[..., Any]
) -> None:
    from fetal_model.training.recalibrate import recalibrate
    from fetal_model.training.train import train

    made = train(recipe(SMALL), work, root=tmp_path / "weights")
    shutil.rmtree(work / "runs")
    older = replace(made, metadata=made.metadata | {"simulator_release": 1})
    with pytest.raises(ValueError, match="found release 1; train it again"):
        recalibrate(older, work, root=tmp_path / "weights")
    assert [v.label for v in list_versions(tmp_path / "weights")] == ["small/1"]

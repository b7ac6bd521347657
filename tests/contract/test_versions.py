"""What every version in weights/ keeps: its files are whole, agree with each other and with Keras.

One file over all of them; nothing here knows which versions there are.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.card import DISCLAIMER, card
from fetal_model.evaluation.predictions import COLUMNS, read_predictions
from fetal_model.inference.head import Head, softmax
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.phantom import simulate
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import (
    CARD,
    HEAD,
    METADATA,
    MODEL,
    PREDICTIONS,
    TRUNK,
    WEIGHTS,
    Version,
    find_version,
    list_versions,
    serving,
    sha256,
)
from fetal_model.training.recipe import Recipe

VERSIONS = list_versions()
ABSOLUTE = re.compile(rb"(?<![\w.:/-])/[A-Za-z]{3,}/[\w.-]{2,}")
"""The beginning of a path on some machine."""
NONE_YET = pytest.mark.skip(reason=f"no version in {WEIGHTS}: train one first")
DRAWS = 10_000


@pytest.fixture(
    scope="module",
    params=VERSIONS or [pytest.param(None, marks=NONE_YET)],
    ids=lambda version: version.label if version else "none",
)
def version(request: pytest.FixtureRequest) -> Version:
    """Each version in turn."""
    return request.param


@pytest.fixture(scope="module")
def model(version: Version) -> Any:
    """Its Keras model."""
    import keras

    return keras.models.load_model(version.file(MODEL), compile=False, safe_mode=True)


@pytest.fixture(scope="module")
def inputs(version: Version) -> np.ndarray:
    """A simulated scan of each anatomy and two of noise, as the version is fed."""
    spec = InputSpec.from_dict(version.metadata["input"])
    rng = np.random.default_rng(0)
    scans = [Scan.from_array(simulate(key, 40).image / 255, key) for key in KEYS]
    scans += [Scan.from_array(rng.random(shape), "noise") for shape in ((661, 959), (300, 200))]
    return np.stack([preprocess(scan, spec)[0] for scan in scans])


def test_a_folder_holds_its_six_files_and_nothing_else(version: Version) -> None:
    assert {file.name for file in version.path.iterdir()} == {
        MODEL, TRUNK, HEAD, METADATA, PREDICTIONS, CARD,
    }  # fmt: skip


def test_hashes_match(version: Version) -> None:
    assert set(version.metadata["files"]) == {MODEL, TRUNK, HEAD}
    for name, expected in version.metadata["files"].items():
        assert sha256(version.path / name) == expected


def test_metadata_is_complete_and_valid(version: Version) -> None:
    metadata = version.metadata
    assert metadata["name"] == version.name
    recipe = Recipe.model_validate(metadata["recipe"])
    assert recipe.name == version.name
    assert InputSpec.from_dict(metadata["input"]) == recipe.input.spec
    outputs = Outputs.from_dict(metadata["outputs"])
    assert list(metadata["outputs"]["groups"]) == list(KEYS)
    assert 0.4 < outputs.temperature < 10.1
    assert 0 <= metadata["thresholds"]["plane_score"] <= 1
    assert 0.5 <= metadata["thresholds"]["confidence"] <= 1.01
    assert re.fullmatch("[0-9a-f]{64}", metadata["data_fingerprint"])
    assert metadata["licence"] == "Apache-2.0"
    assert metadata["simulated"] is (not recipe.data.real_scans)
    assert any("simulated" in source.lower() for source in metadata["sources"])
    if recipe.data.real_scans:
        assert any("CC BY 4.0" in source for source in metadata["sources"])
    if recipe.fine_tuning:
        assert any("arXiv:1612.05601" in source for source in metadata["sources"])


def test_history_has_a_row_for_every_epoch(version: Version) -> None:
    history = version.metadata["history"]
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(history)
    assert {len(values) for values in history.values()} == {
        version.metadata["recipe"]["training"]["epochs"]
    }
    assert np.isfinite([value for values in history.values() for value in values]).all()


def test_onnx_and_numpy_equal_the_keras_model(
    version: Version, model: Any, inputs: np.ndarray
) -> None:
    trunk, head = Trunk(version.file(TRUNK)), Head.load(version.file(HEAD))
    expected = np.asarray(model.predict(inputs, verbose=0))
    assert expected.shape == (len(inputs), len(version.metadata["outputs"]["names"]))
    for pixels, row in zip(inputs, expected, strict=True):
        logits = head.logits(head.pool(trunk(pixels[np.newaxis])[0]))
        assert np.abs(softmax(logits) - row).max() < 1e-4
        # in logits as well, where a saturated softmax hides nothing
        sure = row > 1e-5
        gap = (logits - np.log(np.maximum(row, 1e-30)))[sure]
        assert np.ptp(gap) < 1e-2


def test_dropout_samples_match_keras_within_monte_carlo_error(
    version: Version, model: Any, inputs: np.ndarray
) -> None:
    import keras

    from fetal_model.architectures import head_layers

    head, trunk = Head.load(version.file(HEAD)), Trunk(version.file(TRUNK))
    rates = [layer.rate for layer in head_layers(model) if type(layer).__name__ == "Dropout"]
    assert head.has_dropout is any(rate > 0 for rate in rates)
    claim = version.metadata["recipe"]["options"].get("dropout", 0)
    assert (claim > 0) is head.has_dropout
    if not head.has_dropout:
        return
    outputs = Outputs.from_dict(version.metadata["outputs"])
    keras.utils.set_random_seed(1)
    spread = []
    for number, pixels in enumerate(inputs[:4]):
        features = trunk(pixels[np.newaxis])[0]
        ours = outputs.probabilities(
            head.sample_logits(head.pool(features), DRAWS, np.random.default_rng(number))
        )
        # only the head is called with training=True, so no batch norm can move
        chunk = np.repeat(features[np.newaxis], 500, axis=0)
        theirs = []
        for _ in range(DRAWS // 500):
            x = chunk
            for layer in head_layers(model):
                stochastic = {"training": True} if type(layer).__name__ == "Dropout" else {}
                x = layer(x, **stochastic)
            theirs.append(outputs.probabilities(np.log(np.maximum(np.asarray(x), 1e-38))))
        keras_draws = np.concatenate(theirs)
        assert len(keras_draws) == len(ours) == DRAWS
        error = np.sqrt((ours.var(axis=0) + keras_draws.var(axis=0)) / DRAWS)
        assert (np.abs(ours.mean(axis=0) - keras_draws.mean(axis=0)) <= 5 * error + 1e-6).all()
        # the variance's own standard error, from the fourth moments
        squares = [(draws - draws.mean(axis=0)) ** 2 for draws in (ours, keras_draws)]
        error = np.sqrt(sum(square.var(axis=0) for square in squares) / DRAWS)
        gap = np.abs(ours.var(axis=0) - keras_draws.var(axis=0))
        assert (gap <= 5 * error + 1e-9).all()
        assert (keras_draws.std(axis=0) > 0).all()
        assert (ours.std(axis=0) > 0).all()
        spread.append(keras_draws.std(axis=0).max())
    assert max(spread) > 1e-3  # the comparison was not of nothing


def test_the_card_is_what_its_files_say(version: Version) -> None:
    rows = read_predictions(version.path / PREDICTIONS)
    text = (version.path / CARD).read_text(encoding="utf-8")
    assert text == card(version.metadata, rows)
    assert DISCLAIMER in text
    if version.metadata["simulated"]:
        assert "simulated scans" in text.split("## ")[0]


def test_predictions_have_their_columns_and_agree_with_the_thresholds(version: Version) -> None:
    with (version.path / PREDICTIONS).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len({(row["source"], row["scan"]) for row in rows})
    judged = sum(version.metadata["scans"][part] for part in ("own_test", "real_test"))
    assert len(rows) == judged
    for row in rows:
        shares = [float(row[f"p_{key}"]) for key in KEYS]
        assert sum(shares) == pytest.approx(1, abs=3e-6)
        assert 0 <= float(row["plane_score"]) <= 1
        assert row["decision"] in ("accepted", "look again")
        assert row["simulated"] in ("true", "false")
        assert row["label"] in (*KEYS, "cervix", "other")
        assert not Path(row["scan"]).is_absolute()
        # without a fold the shipped thresholds decided
        if not row["fold"]:
            limits = version.metadata["thresholds"]
            score, best = float(row["plane_score"]), max(shares)
            if abs(score - limits["plane_score"]) > 1e-6 < abs(best - limits["confidence"]):
                through = score > limits["plane_score"] and best > limits["confidence"]
                # a fault of the picture can turn away what passes both, never the other way
                checked = version.metadata.get("quality_checked", False)
                assert (row["decision"] == "accepted") is through or (checked and through)


def test_folds_hold_whole_patients(version: Version) -> None:
    folds: dict[str, set[str]] = {}
    for row in read_predictions(version.path / PREDICTIONS):
        folds.setdefault(row.group, set()).add(row.fold)
    assert {len(found) for found in folds.values()} == {1}


def test_no_path_of_the_machine_that_trained_it(version: Version) -> None:
    home = str(Path.home()).encode()
    places = [str(WEIGHTS.parent).encode(), b"/tmp/", b"/home/", b"site-packages"]
    places += [home + b"/"] if home != b"/" else []
    for file in version.path.iterdir():
        content = file.read_bytes()
        for place in places:
            assert place not in content, f"{file.name} holds {place!r}"
        assert not ABSOLUTE.findall(content), file.name


def test_an_absolute_path_is_known_as_one() -> None:
    assert ABSOLUTE.search(b'"file": "/srv/lab/fetal_model/fit.py"')
    assert not ABSOLUTE.search(b"validation/brain/a.png https://a.org/b/c.png")


@pytest.mark.skipif(not VERSIONS, reason=f"no version in {WEIGHTS}: train one first")
def test_the_version_in_service_exists() -> None:
    label = serving()
    assert label in [version.label for version in VERSIONS]
    assert find_version().label == label
    content = json.loads((WEIGHTS / "serving.json").read_text(encoding="utf-8"))
    assert content == {"version": label}

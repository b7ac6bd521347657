"""`evaluate` and `compare` on a folder: what they write and say, and what a bad file costs."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.dataset.built_in import orders
from fetal_model.dataset.manifest import read_folder
from fetal_model.evaluation import labelled
from fetal_model.evaluation.evaluate import FIGURES
from fetal_model.evaluation.gallery import GALLERY
from fetal_model.evaluation.labelled import answer_folder, overlap
from fetal_model.evaluation.metrics import confusion
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.predictor import Predictor
from fetal_model.store import versions
from fetal_model.store.versions import PREDICTIONS

SEED = 71


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phantoms of each anatomy with a manifest as the phantom command writes it, one cut off,
    and one scan of another plane."""
    target = tmp_path_factory.mktemp("labelled")
    rows = []
    for order in orders({**dict.fromkeys(KEYS, 2), "cervix": 1}, SEED):
        phantom = order.simulate()
        name = f"{order.name}.png"
        assert cv2.imwrite(str(target / name), phantom.image)
        rows.append(
            [name, name, order.label, phantom.patient, "sim-a", phantom.quality, order.seed]
        )
    cut = target / rows[0][0]
    cut.write_bytes(cut.read_bytes()[:2000])
    with (target / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "mask", "label", "patient", "machine", "quality", "seed"])
        writer.writerows(rows)
    return target


@pytest.fixture(autouse=True)
def weights(untrained_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (Predictor.load.__func__, versions.find_version):  # type: ignore[attr-defined]
        default = tuple(
            untrained_weights if value == versions.WEIGHTS else value
            for value in function.__defaults__
        )
        monkeypatch.setattr(function, "__defaults__", default)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_evaluate_prints_and_writes_the_same_figures(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("evaluate", "tiny-dropout", "--data", folder, "--out", out, "--json")
    assert done.exit_code == 1, "one scan is cut off"
    found = json.loads(done.stdout)
    assert found == json.loads((out / FIGURES).read_text())
    assert sorted(file.name for file in out.iterdir()) == sorted([FIGURES, PREDICTIONS, GALLERY])
    assert found["scans"]["scans"] == 8
    assert found["scans"]["of the four planes"] == 7
    assert found["simulated"] is True
    assert list(found["by"]) == ["machine", "quality"]
    (sentence,) = found["unreadable"]
    assert sentence.startswith("brain-00001.png: expected")
    assert sentence in done.stderr
    rows = read_predictions(out / PREDICTIONS)
    right = sum(row.answer == row.label for row in rows)
    accuracy = found["overall"]["accuracy"]
    assert (accuracy["count"], accuracy["n"]) == (right, 7)
    assert accuracy["method"].startswith("exact, as of ")
    assert found["confusion"] == confusion(rows)
    assert found["by"]["machine"]["sim-a"]["accuracy"] == accuracy


def test_the_gallery_holds_every_mistake_and_nothing_from_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    run("evaluate", "tiny-dropout", "--data", folder, "--out", tmp_path)
    text = (tmp_path / GALLERY).read_text()
    rows = read_predictions(tmp_path / PREDICTIONS)
    mistakes = [row for row in rows if row.answer != row.label]
    assert text.count("<figure>") == len(mistakes) > 0
    assert all(row.scan in text for row in mistakes)
    assert "simulated" in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_the_text_says_what_it_rests_on(folder: Path) -> None:
    done = run("evaluate", "tiny-plain", "--data", folder)
    assert done.stdout.startswith("tiny-plain/1 on 8 simulated scans of ")
    assert "Simulated patients that the version never saw." in done.stdout
    assert "answers by truth" in done.stdout
    assert "other planes accepted" in done.stdout
    assert "not a medical device" in done.stdout


def test_a_version_that_learned_from_the_set_is_told(folder: Path) -> None:
    predictor = Predictor.load("tiny-dropout")
    answers = answer_folder([predictor], folder)
    counts = {**dict.fromkeys(KEYS, 2), "cervix": 1}
    predictor.version.metadata["recipe"] = {"data": {"phantoms": counts, "phantom_seed": SEED}}
    assert overlap(predictor.version, answers).startswith("LEAK: 8 of these simulated")


def test_without_identifiers_the_overlap_is_unknown(folder: Path, tmp_path: Path) -> None:
    for key in KEYS:
        (tmp_path / key).mkdir()
        shutil.copy(folder / f"{key}-00002.png", tmp_path / key / "1.png")
    predictor = Predictor.load("tiny-dropout")
    answers = answer_folder([predictor], tmp_path)
    assert answers.columns == {}
    stated = overlap(predictor.version, answers)
    assert stated.endswith("so from none of these patients; 4 of 4 scans name none.")
    predictor.version.metadata["simulated"] = False
    stated = overlap(predictor.version, answers)
    assert stated == "Patient overlap unknown: 4 of 4 scans have no patient identifier."
    done = run("evaluate", "tiny-dropout", "--data", tmp_path)
    assert done.exit_code == 0
    assert "exact, as of 4 scans" in done.stdout


def test_compare_takes_the_scans_that_both_can_read(folder: Path) -> None:
    done = run("compare", "tiny-dropout", "tiny-plain", "--data", folder, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["versions"] == ["tiny-dropout/1", "tiny-plain/1"]
    whole = found["rows"][0]
    assert (whole["scans"], whole["n"]) == ("all", 7)
    right = [
        sum(row.answer == row.label for row in answer_folder([Predictor.load(name)], folder).rows[
            f"{name}/1"])
        for name in ("tiny-dropout", "tiny-plain")
    ]  # fmt: skip
    assert whole["right"] == right
    assert "McNemar" in run("compare", "tiny-dropout", "tiny-plain", "--data", folder).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "nothing"], "expected one of"),
        (["compare", "tiny-plain", "tiny-plain/1"], "received tiny-plain twice"),
    ],
)
def test_wrong_use_is_exit_2(arguments: list[str], said: str, folder: Path) -> None:
    done = run(*arguments, "--data", folder)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_folder_without_scans_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "brain").mkdir()
    (tmp_path / "brain" / "note.png").write_text("not a picture")
    done = run("evaluate", "tiny-plain", "--data", tmp_path)
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert "none among 1" in said
    assert "found text" in said


def test_a_folder_that_cannot_be_written_is_exit_2(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("evaluate", "tiny-plain", "--data", folder, "--out", tmp_path / "file" / "out")
    assert done.exit_code == 2
    assert "cannot write there" in " ".join(done.stderr.replace("│", " ").split())


def test_columns_are_those_of_the_scans_that_were_read(folder: Path) -> None:
    answers = answer_folder([Predictor.load("tiny-plain")], folder)
    by_scan = {record.scan: record for record in read_folder(folder)}
    assert [by_scan[record.scan] for record in answers.records] == list(answers.records)
    assert set(answers.columns) < set(labelled.COLUMNS)
    assert all(len(values) == len(answers.records) for values in answers.columns.values())

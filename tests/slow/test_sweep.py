"""A sweep: its files, a run that crashes, a sweep that is killed and goes on where it stopped."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import read_phantoms
from fetal_model.store.lock import is_held
from fetal_model.training import sweep as sweeps
from fetal_model.training.recipe import Recipe, load_recipe

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TINY = """
name = "{name}"
description = "For a test."
architecture = "seed_cnn"
options = {{ size = 64, filters = [8, 16]{more} }}
[input]
height = 64
width = 64
scaling = "0-255"
[data]
phantoms = {{ brain = 15, abdomen = 15, femur = 15, thorax = 15 }}
[training]
epochs = 3
batch_size = 16
"""
PROMISED = {
    "recipe", "seed", "side", "epochs", "train_scans", "test_scans", "parameters",
    "seconds_per_epoch", "best_epoch", "accuracy", "accuracy_train", "accuracy_validation",
    "leaky", "backend", "precision", "data_fingerprint", "test_fingerprint", "finished",
}  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where phantoms are kept between the tests of this file."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(autouse=True)
def nothing_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No real scans."""
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))


def written(folder: Path, name: str, more: str = "") -> Path:
    (folder / f"{name}.toml").write_text(TINY.format(name=name, more=more), encoding="utf-8")
    return folder / f"{name}.toml"


def recipe(folder: Path, name: str, more: str = "") -> Recipe:
    return load_recipe(str(written(folder, name, more)))


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def beside(work: Path, folder: Path) -> Path:
    """A folder for checkpoints of its own, with the same phantoms."""
    folder.mkdir()
    for phantoms in work.glob("phantoms-*"):
        (folder / phantoms.name).symlink_to(phantoms)
    return folder


def test_a_crash_costs_its_run_and_the_rest_is_whole(work: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recipes = [recipe(tmp_path, "broken", ", no-such = 1"), recipe(tmp_path, "tiny")]
    failed = sweeps.sweep(recipes, 1, tmp_path / "out", work, 40, say=said.append)
    assert failed == ["broken-0"]
    assert "no-such" in said[0]
    assert "log.txt" in said[0]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "tiny-0.json", "tiny-0.csv.gz", "own-test",
    }  # fmt: skip
    made = json.loads((tmp_path / "out" / "tiny-0.json").read_text(encoding="utf-8"))
    assert set(made) >= PROMISED
    assert (made["recipe"], made["seed"], made["side"], made["epochs"]) == ("tiny", 0, 64, 3)
    assert 1 <= made["best_epoch"] <= 3
    assert made["leaky"] is False
    rows = rows_of(tmp_path / "out" / "tiny-0.csv.gz")
    assert list(rows[0]) == [
        "scan", "patient", "label", "quality", "machine", *(f"p_{key}" for key in KEYS)
    ]  # fmt: skip
    assert len(rows) == made["test_scans"] == 40
    right = [max(KEYS, key=lambda k: float(row[f"p_{k}"])) == row["label"] for row in rows]
    assert made["accuracy"] == pytest.approx(sum(right) / 40)
    assert all(row["quality"] and row["machine"] and row["patient"] for row in rows)
    test = read_phantoms(sweeps.test_folder(work, 40))
    assert [row["scan"] for row in rows] == [record.scan for record in test]
    # again: what is finished stays, what failed is tried again
    said.clear()
    before = (tmp_path / "out" / "tiny-0.json").stat().st_mtime_ns
    assert sweeps.sweep(recipes, 1, tmp_path / "out", work, 40, say=said.append) == ["broken-0"]
    assert said[0] == "1 of 2 runs are finished already"
    assert (tmp_path / "out" / "tiny-0.json").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match=r"found one of others .side 64, 3 epochs"):
        other = load_recipe(str(tmp_path / "tiny.toml"), {"epochs": 2})
        sweeps.sweep([other], 1, tmp_path / "out", work, 40, say=said.append)


def test_runs_beside_each_other_are_the_same_runs(work: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recipes = [recipe(tmp_path, "broken", ", no-such = 1"), recipe(tmp_path, "tiny")]
    for at_once in (1, 3):
        failed = sweeps.sweep(
            recipes, 2, tmp_path / str(at_once), beside(work, tmp_path / f"work-{at_once}"), 40,
            say=said.append, engine=partial(sweeps.here, at_once=at_once),
        )  # fmt: skip
        assert failed == ["broken-0", "broken-1"]
    assert [line.split()[0] for line in said] == ["1/4", "2/4", "3/4", "4/4"] * 2
    for seed in range(2):
        one, other = (
            (tmp_path / folder / f"tiny-{seed}.csv.gz").read_bytes() for folder in ("1", "3")
        )
        assert one == other


def wait_for(condition: Any, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_sweep_that_was_stopped_goes_on_where_it_was(
    how: signal.Signals, work: Path, tmp_path: Path
) -> None:
    out, scratch = tmp_path / "out", beside(work, tmp_path / "work")
    names = [str(written(tmp_path, name)) for name in ("first", "second")]
    arguments = [
        sys.executable, "-m", "fetal_model", "sweep", *names, "--seeds", "1", "--epochs", "40",
        "--test-scans", "40", "-o", str(out), "--work", str(scratch),
    ]  # fmt: skip
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "FETAL_HOME": str(tmp_path / "home")}
    begun = subprocess.Popen(arguments, env=settings, cwd=tmp_path, stderr=subprocess.PIPE)
    wait_for(lambda: (out / "first-0.json").exists())
    finished = (out / "first-0.json").read_bytes()
    wait_for(lambda: list(scratch.glob("sweep/second-0-*/backup/after-*")))
    begun.send_signal(how)
    _, told = begun.communicate(timeout=60)
    (run,) = scratch.glob("sweep/second-0-*")
    log = run / "log.txt"
    if how is signal.SIGINT:
        assert begun.returncode == 130
        assert b"goes on from here" in told
    time.sleep(1)
    size = log.stat().st_size
    time.sleep(2)
    assert log.stat().st_size == size  # its process went with it
    assert not (out / "second-0.json").exists()
    assert not is_held(scratch / "sweep.lock")
    done = subprocess.run(
        arguments, env=settings, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 2 runs are finished already" in done.stdout
    assert (out / "first-0.json").read_bytes() == finished
    assert json.loads((out / "second-0.json").read_text())["epochs"] == 40
    epochs = [
        int(line[6:].split("/")[0]) for line in log.read_text().split("\n") if line[:6] == "epoch "
    ]
    assert epochs == sorted(set(epochs))  # none was learned twice
    assert len(epochs) >= 39  # the line of the one that was cut off may be missing

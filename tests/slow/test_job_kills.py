"""`kill -9` of the training process at ten random moments: nothing is half-written, the version in
service answers throughout, and the state says what happened.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.evaluation.predictions import read_predictions
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.store.lock import is_held
from fetal_model.store.serving import promote, roll_back
from fetal_model.store.versions import PREDICTIONS, list_versions, serving
from fetal_model.training import jobs
from fetal_model.training.recipe import load_recipe

pytestmark = pytest.mark.slow

EPOCHS = 40
TINY = f"""
name = "tiny"
description = "For a test."
architecture = "seed_cnn"
options = {{ size = 32, filters = [4, 8], dropout = 0.5 }}

[input]
height = 64
width = 64
scaling = "0-255"

[data]
phantoms = {{ brain = 12, abdomen = 12, femur = 12, thorax = 12 }}
phantom_seed = 1

[training]
epochs = {EPOCHS}
batch_size = 8
precision = "float32"
"""
KILLS = 10
PATIENCE = 600.0
"""Seconds for which a state is waited for."""


def until(holds: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FETAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))
    return tmp_path / "home"


@pytest.fixture
def recipe(tmp_path: Path) -> Any:
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    return load_recipe(str(tmp_path / "tiny.toml"))


STAGES = ("starting", "simulating scans", "learning", "testing")


def reached(number: int, moment: tuple[str, int]) -> int | None:
    """The process number once a job has come to a stage, and an epoch of it, or further."""
    job = jobs.read_job(number)
    assert job.status in ("queued", "running"), job.cause + job.log()
    progress = job.progress
    # while it is queued, the number is that of the attempt before
    if job.status == "queued" or progress.get("pid") is None:
        return None
    now = (STAGES.index(progress["stage"]), progress.get("epoch", 0))
    return int(progress["pid"]) if now >= (STAGES.index(moment[0]), moment[1]) else None


def whole(root: Path) -> None:
    """Every version that is listed can answer, and nothing else lies about."""
    for version in list_versions(root):
        for name in version.metadata["files"]:
            version.file(name)
    for path in root.glob("*/*"):
        assert path.name.isdecimal(), path


def test_killed_at_ten_random_moments(
    home: Path, recipe: Any, untrained_weights: Path, tmp_path: Path, phantom_files: dict[str, Path]
) -> None:
    root = untrained_weights
    scan = read_scan(phantom_files["femur"])
    expected = Predictor.load(None, root).analyse(scan).probabilities
    served = serving(root)
    seed = random.randrange(10**6)
    print("seed", seed)  # shown when the test fails
    rng = random.Random(seed)
    # in order, as each restart goes on after the last finished epoch
    learned = sorted(rng.sample(range(1, EPOCHS), KILLS - 3))
    moments = [("starting", 0), ("simulating scans", 0)]
    moments += [("learning", epoch) for epoch in learned]
    moments += [("testing", 0)]
    number = jobs.submit(recipe, root).number
    done = 0
    for moment in moments:
        pid = until(lambda moment=moment: reached(number, moment), f"{moment} (seed {seed})")
        time.sleep(rng.uniform(0, 0.3))  # anywhere within: while it writes as well
        os.kill(pid, signal.SIGKILL)
        assert np.array_equal(Predictor.load(None, root).analyse(scan).probabilities, expected)
        job = until(
            lambda: (job := jobs.read_job(number)).status == "failed" and job, f"end {moment}"
        )
        assert "killed" in job.cause, job.cause
        assert "signal 9" in job.cause
        assert serving(root) == served
        whole(root)
        assert not any(version.name == "tiny" for version in list_versions(root))
        history = [entry["epoch"] for entry in job.progress.get("history", [])]
        assert history == list(range(1, len(history) + 1))
        assert len(history) >= done, "what was learned before an earlier kill is kept"
        done = len(history)
        jobs.restart(number)
    job = until(
        lambda: (job := jobs.read_job(number)).status not in ("queued", "running") and job, "end"
    )
    assert (job.status, job.version) == ("finished", "tiny/1"), job.cause + job.log()
    whole(root)
    (made,) = (version for version in list_versions(root) if version.name == "tiny")
    assert {len(values) for values in made.metadata["history"].values()} == {EPOCHS}
    assert len(read_predictions(made.path / PREDICTIONS)) == made.metadata["scans"]["own_test"]
    assert [entry["epoch"] for entry in job.progress["history"]] == list(range(1, EPOCHS + 1))
    assert serving(root) == served
    promote("tiny/1", "test", root)
    assert Predictor.load(None, root).analyse(scan).version == "tiny/1"
    assert roll_back("test", root).label == served
    until(lambda: not is_held(jobs.runner_lock()), "the end of the runner")


def test_the_job_outlives_its_runner_and_the_queue_is_taken_up_again(
    home: Path, recipe: Any, tmp_path: Path
) -> None:
    root = tmp_path / "weights"
    root.mkdir()
    short = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 2})})
    first, second = (jobs.submit(short, root).number for _ in range(2))
    pid = until(lambda: jobs.read_job(first).progress.get("pid"), "its start")
    parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(parent, signal.SIGKILL)
    until(lambda: not is_held(jobs.runner_lock()), "the end of the runner")
    assert jobs.read_job(first).status == "running"
    jobs.wake()  # as the next visit does
    until(lambda: jobs.read_job(second).status == "finished", "the end of the queue")
    assert [version.label for version in list_versions(root)] == ["tiny/1", "tiny/2"]
    assert jobs.read_job(first).version == "tiny/1"


def test_what_is_missing_is_the_cause(home: Path, tmp_path: Path) -> None:
    number = jobs.submit(load_recipe("sononet16", {"epochs": 1}), tmp_path / "weights").number
    recipe = jobs.read_job(number).recipe
    assert recipe.fine_tuning
    job = until(lambda: (job := jobs.read_job(number)).status == "failed" and job, "the failure")
    assert "set FETAL_SHARED" in job.cause
    assert json.loads((job.folder / jobs.STATE).read_text())["status"] == "failed"

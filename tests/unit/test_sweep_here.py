"""Runs beside each other on one machine; what the process of a run does is faked."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest

from fetal_model.training import sweep as sweeps
from fetal_model.training.recipe import load_recipe
from fetal_model.training.sweep import Run, here, with_seed


@pytest.fixture()
def runs(tmp_path: Path) -> list[Run]:
    """Four seeds of a recipe."""
    recipe = load_recipe("seed-cnn")
    return [Run(with_seed(recipe, seed), tmp_path, tmp_path, 40) for seed in range(4)]


def test_as_many_as_asked_are_at_work_beside_each_other(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    together, said = threading.Barrier(2), []

    def do(run: Run, over: threading.Event, shown: bool) -> str:
        together.wait(timeout=20)  # broken, were one alone at work
        return "it crashed" if run.name == "seed-cnn-2" else ""

    monkeypatch.setattr(sweeps, "do", do)
    monkeypatch.setattr(sweeps, "outcome", lambda run, cause: f"{run.name} {cause}")
    assert here(runs, said.append, at_once=2) == ["seed-cnn-2"]
    assert [line.split()[0] for line in said] == ["1/4", "2/4", "3/4", "4/4"]


def test_when_one_is_stopped_those_at_work_end_and_the_rest_do_not_begin(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended, both = [], [], threading.Barrier(2)

    def do(run: Run, over: threading.Event, shown: bool) -> str:
        begun.append(run.name)
        both.wait(timeout=20)
        if run.name == "seed-cnn-0":
            time.sleep(0.5)  # until the main thread waits for both
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert over.wait(timeout=20)
        ended.append(run.name)
        return ""

    monkeypatch.setattr(sweeps, "do", do)
    # a process that was begun in the background may have been told to ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            here(runs, pytest.fail, at_once=2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(begun) == sorted(ended) == ["seed-cnn-0", "seed-cnn-1"]


def test_what_another_backend_began_or_finished_is_left_alone(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    (run, *_) = runs
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    folder = run.folder
    made = {"settings": run.settings, "backend": "tensorflow"}
    run.result.write_text(json.dumps(made), encoding="utf-8")
    assert run.is_finished()
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert run.folder != folder
    with pytest.raises(ValueError, match=r"expected a result by torch.* found one by tensorflow"):
        run.is_finished()


def test_a_version_is_made_by_tensorflow_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from fetal_model.training.train import train

    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match=r"KERAS_BACKEND: expected tensorflow .* found torch"):
        train(load_recipe("seed-cnn"), tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())

"""A run from a shell goes on only when asked to, and only as it began."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fetal_model.cli import app
from fetal_model.training.recipe import load_recipe
from fetal_model.training.runs import open_run

RECIPE = load_recipe("seed-cnn")


def stopped(run: Path, recipe_epochs: int = 50) -> None:
    open_run(run, load_recipe("seed-cnn", {"epochs": recipe_epochs}), None)
    (run / "history.csv").write_text("epoch,val_cross_entropy\n0,1.0\n1,0.9\n", encoding="utf-8")


def test_a_new_run_begins_and_a_stopped_one_is_not_thrown_away(tmp_path: Path) -> None:
    assert open_run(tmp_path / "run", RECIPE, None) == 0
    stopped(tmp_path / "run")
    with pytest.raises(ValueError, match=r"after epoch 2; add --resume .* or --afresh"):
        open_run(tmp_path / "run", RECIPE, None)
    assert open_run(tmp_path / "run", RECIPE, True) == 2
    assert open_run(tmp_path / "run", RECIPE, False) == 0
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["recipe.json"]


def test_there_must_be_a_run_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found none; leave --resume out"):
        open_run(tmp_path / "run", RECIPE, True)


def test_another_recipe_does_not_go_on(tmp_path: Path) -> None:
    stopped(tmp_path)
    with pytest.raises(ValueError, match=r"training.seed 0 \(now 3\)"):
        open_run(tmp_path, load_recipe("seed-cnn", {"seed": 3}), True)
    with pytest.raises(ValueError, match=r"data.size None \(now 100\)"):
        open_run(tmp_path, load_recipe("seed-cnn-size-100"), True)


def test_more_epochs_may_follow_unless_the_rate_was_laid_out_over_them(tmp_path: Path) -> None:
    stopped(tmp_path / "a", recipe_epochs=2)
    assert open_run(tmp_path / "a", RECIPE, True) == 2
    cosine = {"schedule": "cosine", "epochs": 2}
    open_run(tmp_path / "b", load_recipe("seed-cnn", cosine), None)
    with pytest.raises(ValueError, match=r"training.epochs 2 \(now 9\)"):
        open_run(tmp_path / "b", load_recipe("seed-cnn", {**cosine, "epochs": 9}), True)


def test_the_command_says_what_to_add(tmp_path: Path) -> None:
    stopped(tmp_path / "runs" / "seed-cnn")
    done = CliRunner().invoke(app, ["train", "seed-cnn", "--work", str(tmp_path)])
    assert done.exit_code == 2
    assert "--resume to go on" in " ".join(done.output.replace("│", " ").split())
    kept = json.loads((tmp_path / "runs" / "seed-cnn" / "recipe.json").read_text())
    assert kept["name"] == "seed-cnn"

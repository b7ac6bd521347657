"""The folder of a training run from a shell: whose it is, and whether it may go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fetal_model.store.versions import write_text
from fetal_model.training.checkpoint import read_rows
from fetal_model.training.recipe import Recipe

RECIPE = "recipe.json"


def open_run(run: Path, recipe: Recipe, resume: bool | None) -> int:
    """Make a run's folder, or see that a run that was stopped goes on as it began.

    Args:
        run: Its folder.
        recipe: What it trains.
        resume: Whether to go on, or to begin afresh; when None, only a new run may begin.

    Returns:
        Number of epochs that are done.

    Raises:
        ValueError: There is a run to go on with and nobody said what to do, there is none, or it
            is one of another recipe.
    """
    done = len(read_rows(run))
    if resume:
        _check_same(run, recipe)
    elif done and resume is None:
        raise ValueError(
            f"{run}: expected no run of {recipe.name}, found one stopped after epoch {done}; add "
            "--resume to go on with it, or --afresh to begin again"
        )
    else:
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir(parents=True)
        write_text(run / RECIPE, json.dumps(recipe.model_dump(mode="json"), indent=2) + "\n")
        done = 0
    return done


def _check_same(run: Path, recipe: Recipe) -> None:
    if not (run / RECIPE).is_file():
        raise ValueError(
            f"--resume: expected a run of {recipe.name} in {run}, found none; leave --resume out"
        )
    kept = Recipe.model_validate_json((run / RECIPE).read_text(encoding="utf-8"))
    before, now = _flat(kept), _flat(recipe)
    # more epochs may follow, unless the learning rate was laid out over all of them
    free = {"training.epochs"} if recipe.training.schedule != "cosine" else set()
    differing = [
        f"{key} {before.get(key)} (now {now.get(key)})"
        for key in sorted({*before, *now} - free)
        if before.get(key) != now.get(key)
    ]
    if differing:
        raise ValueError(
            f"--resume: expected the settings of the run in {run}, which has "
            f"{', '.join(differing)}; give the same, or begin again with --afresh"
        )


def _flat(recipe: Recipe) -> dict[str, object]:
    content = recipe.model_dump(mode="json")
    flat: dict[str, object] = {}
    for key, value in content.items():
        if isinstance(value, dict) and key != "options":
            flat |= {f"{key}.{inner}": deep for inner, deep in value.items()}
        else:
            flat[key] = value
    return flat

"""Recipes that answer a question and are not shipped, tested on the real validation scans.

Trains for minutes each; the versions stay in the git-ignored data folder, their answers are kept.
"""

from __future__ import annotations

from pathlib import Path

from fetal_model.evaluation.predictions import read_predictions, write_predictions
from fetal_model.evaluation.results import FROM_PHANTOMS, LEFT_OUT, TRIALS
from fetal_model.phantom import simulator
from fetal_model.store.versions import PREDICTIONS, VersionError, find_version
from fetal_model.training.recipe import load_recipe
from fetal_model.training.train import train

DATA = Path(__file__).resolve().parents[1] / "data"


def main() -> None:
    """Write `docs/results/trials/<recipe>.csv`, one after the other: answers about every scan
    that is held out."""
    root = DATA / f"trials-{simulator()}"
    for name in (*LEFT_OUT.values(), *FROM_PHANTOMS):
        try:
            version = find_version(name, root)
        except VersionError:
            version = train(load_recipe(name), DATA, root)
        TRIALS.mkdir(parents=True, exist_ok=True)
        write_predictions(TRIALS / f"{name}.csv", read_predictions(version.path / PREDICTIONS))

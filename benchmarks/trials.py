"""Recipes that answer a question and are not shipped, tested on the real validation scans.

Trains for minutes each; the versions stay in the git-ignored data folder, their answers are kept.
"""

from __future__ import annotations

import json
from pathlib import Path

from fetal_model.evaluation.predictions import read_predictions, write_predictions
from fetal_model.evaluation.results import FROM_PHANTOMS, LEFT_OUT, TRIALS
from fetal_model.phantom import simulator
from fetal_model.store.versions import PREDICTIONS, Version, VersionError, find_version, write_text
from fetal_model.training.recipe import load_recipe
from fetal_model.training.train import train

FACTS = ("simulator_release", "scans", "data_fingerprint", "parameters")
DATA = Path(__file__).resolve().parents[1] / "data"


def main() -> None:
    """Write the results of each recipe, one after the other."""
    for name in (*LEFT_OUT.values(), *FROM_PHANTOMS):
        tried(name)


def tried(name: str) -> Version:
    """The version that a recipe makes, trained if it is not there, and its pair of results.

    `docs/results/trials/<recipe>.csv` holds the answers about every scan that is held out,
    `<recipe>.json` what they were learned from.
    """
    root = DATA / f"trials-{simulator()}"
    try:
        version = find_version(name, root)
    except VersionError:
        version = train(load_recipe(name), DATA, root)
    write_predictions(TRIALS / f"{name}.csv", read_predictions(version.path / PREDICTIONS))
    facts = {key: version.metadata[key] for key in FACTS}
    write_text(TRIALS / f"{name}.json", json.dumps(facts, indent=2) + "\n")
    return version

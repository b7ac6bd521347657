"""The default's recipe without one source of real scans, tested on that source.

Trains for minutes; the versions stay in the git-ignored data folder, their answers are kept.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import RESULTS
from fetal_model.evaluation.predictions import read_predictions, write_predictions
from fetal_model.store.versions import PREDICTIONS, VersionError, find_version
from fetal_model.training.recipe import load_recipe
from fetal_model.training.train import train

DATA = Path(__file__).resolve().parents[1] / "data"
SOURCES = ("hc18", "focus")


def main() -> None:
    """Write `without-hc18.csv` and `without-focus.csv`: answers about all real test scans."""
    for source in SOURCES:
        name, root = f"sononet16-without-{source}", DATA / "left-out"
        try:
            version = find_version(name, root)
        except VersionError:
            version = train(load_recipe(name), DATA, root)
        rows = [r for r in read_predictions(version.path / PREDICTIONS) if not r.simulated]
        write_predictions(RESULTS / f"without-{source}.csv", rows)

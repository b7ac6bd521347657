"""The runs of a sweep, as committed: settings and curves' ends in JSON, every answer in CSV."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.results import RESULTS

EXPERIMENTS = RESULTS / "experiments"
SETTINGS = {
    "recipe": str, "seed": int, "side": int, "epochs": int, "train_scans": int, "test_scans": int,
    "parameters": int, "seconds_per_epoch": float, "best_epoch": int, "accuracy_train": float,
    "accuracy_validation": float, "leaky": bool, "backend": str, "precision": str,
    "data_fingerprint": str, "test_fingerprint": str,
}  # fmt: skip
"""Of a run's JSON file, beside `finished`."""
COLUMNS = ("scan", "patient", "label", "quality", "machine", *(f"p_{key}" for key in KEYS))
"""Of a run's CSV files."""
OWN_TEST = "own-test"
"""Folder beside, with the answers about the scans that a run's own split held out."""
REAL = "real"
"""Folder beside, with the answers about the real validation scans, where they were there."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a run answered about some scans.

    Attributes:
        patients: Simulated patient of each scan.
        truth: Position of each scan's anatomy in `anatomy.KEYS`, shape (n,).
        shares: Probabilities in the order of `anatomy.KEYS`, shape (n, 4).
    """

    patients: tuple[str, ...]
    truth: NDArray[np.int64]
    shares: NDArray[np.float64]

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Cell of the confusion matrix that each scan falls into, truth by answer, 0 to 15."""
        return len(KEYS) * self.truth + self.shares.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(np.mean(self.cells // len(KEYS) == self.cells % len(KEYS)))


@dataclass(frozen=True, eq=False)
class Run:
    """One training of a recipe.

    Attributes:
        settings: The keys of `SETTINGS`.
        test: About the test scans.
        held_out: About the scans that its own split held out for testing, empty where there is no
            such file.
        real: About the real validation scans, likewise.
    """

    settings: dict[str, Any]
    test: Answers
    held_out: Answers
    real: Answers

    @property
    def seed(self) -> int:
        """Of the run; runs of two recipes with one seed are a pair."""
        return int(self.settings["seed"])

    @property
    def conditions(self) -> tuple[int, int, str]:
        """Side of the input in pixels, epochs, and what computed: Keras's backend and precision."""
        by = f"{self.settings['backend']} {self.settings['precision']}"
        return int(self.settings["side"]), int(self.settings["epochs"]), by


def read_runs(folder: Path = EXPERIMENTS) -> list[Run]:
    """Every finished run below a folder, by recipe and seed; none where there is no folder.

    Raises:
        ValueError: A run's files are incomplete or contradict each other, or it is not simulated.
    """
    runs = []
    for path in sorted(folder.rglob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in (*SETTINGS, "finished") if key not in content]
        if missing:
            raise ValueError(f"{path}: expected the key {missing[0]}, found none; run it again")
        if not content.get("simulated", True):
            raise ValueError(f"{path}: expected a simulated run, found another; keep it elsewhere")
        if content["finished"]:
            runs.append(_run({key: kind(content[key]) for key, kind in SETTINGS.items()}, path))
    return sorted(runs, key=lambda run: (run.settings["recipe"], run.conditions, run.seed))


def _run(settings: dict[str, Any], path: Path) -> Run:
    name = f"{path.stem}.csv.gz"
    test = path.with_name(name)
    if not test.is_file():
        raise ValueError(
            f"{test}: expected the answers of a finished run, found none; run it again"
        )
    rows = _rows(test)
    if len(rows) != settings["test_scans"]:
        raise ValueError(
            f"{test}: expected {settings['test_scans']} test scans as its JSON file says, found "
            f"{len(rows)}; run it again"
        )
    further = (path.parent / folder / name for folder in (OWN_TEST, REAL))
    own, real = (_answers(_rows(file) if file.is_file() else []) for file in further)
    return Run(settings, _answers(rows), own, real)


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise ValueError(f"{path}: expected columns {COLUMNS}, found {reader.fieldnames}")
        return list(reader)


def _answers(rows: list[dict[str, str]]) -> Answers:
    shares = np.array([[float(row[f"p_{key}"]) for key in KEYS] for row in rows])
    truth = np.array([KEYS.index(row["label"]) for row in rows], dtype=np.int64)
    patients = tuple(row["patient"] or row["scan"] for row in rows)
    return Answers(patients, truth, shares.reshape(-1, len(KEYS)))

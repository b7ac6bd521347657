"""Checkpoints that a killed process cannot leave half-written: each is renamed into place.

`backup/after-0003.weights.h5` holds weights and optimizer after three epochs, `history.csv` a row
for each, `best.weights.h5` the epoch that the version will be.
"""

from __future__ import annotations

import csv
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any

import keras

BEST = "best.weights.h5"
HISTORY = "history.csv"
_BACKUP = "backup"


class Checkpoint(keras.callbacks.Callback):
    """Keep the last and the best epoch; comes after the callback that writes `history.csv`.

    Args:
        run: Folder of the run.
        chooses: Column of the history that is smallest in the best epoch.
    """

    def __init__(self, run: Path, chooses: str) -> None:
        super().__init__()
        self._run, self._chooses = run, chooses
        self._best = _smallest(read_rows(run), chooses)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        folder = self._run / _BACKUP
        folder.mkdir(exist_ok=True)
        earlier = list(folder.iterdir())
        latest = folder / f"after-{epoch + 1:04d}.weights.h5"
        beside = folder / ".latest.weights.h5"
        self.model.save_weights(beside, overwrite=True)
        beside.replace(latest)
        value = float((logs or {}).get(self._chooses, math.nan))
        if value < self._best or not (self._run / BEST).is_file():
            self._best = math.inf if math.isnan(value) else value
            _copy(latest, self._run / BEST)
        for file in earlier:
            if file != latest:
                file.unlink(missing_ok=True)


def resume(model: keras.Model, run: Path, chooses: str) -> int:
    """Bring a compiled model to where a run was cut off.

    Args:
        model: As it starts training.
        run: Folder of the run; what was written of an unfinished epoch is removed.
        chooses: As in `Checkpoint`.

    Returns:
        Number of epochs that are done.
    """
    done, latest = 0, None
    for file in (run / _BACKUP).glob("after-*.weights.h5"):
        match = re.fullmatch(r"after-(\d+)\.weights\.h5", file.name)
        if match and int(match[1]) > done:
            done, latest = int(match[1]), file
    rows = [row for row in read_rows(run) if int(row["epoch"]) < done]
    _write_rows(rows, run)
    if latest is None:
        (run / BEST).unlink(missing_ok=True)
        return 0
    # without its variables the optimizer's would be left out in silence
    model.optimizer.build(model.trainable_variables)
    model.load_weights(latest)
    latest_is_best = rows and float(rows[-1][chooses]) <= _smallest(rows, chooses)
    if latest_is_best or not (run / BEST).is_file():
        _copy(latest, run / BEST)
    return done


def read_rows(run: Path) -> list[dict[str, str]]:
    """The whole rows of `history.csv`, one an epoch, empty where there is none."""
    path = run / HISTORY
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        found = {
            row["epoch"]: row for row in reader if None not in row and None not in row.values()
        }
    return [row for row in found.values() if row["epoch"].isdecimal()]


def _write_rows(rows: list[dict[str, str]], run: Path) -> None:
    path = run / HISTORY
    if not rows:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(f".{path.name}")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def _smallest(rows: list[dict[str, str]], column: str) -> float:
    values = (float(row[column]) for row in rows)
    return min((value for value in values if not math.isnan(value)), default=math.inf)


def _copy(source: Path, target: Path) -> None:
    beside = target.with_name(".best.weights.h5")
    beside.unlink(missing_ok=True)
    try:
        os.link(source, beside)
    except OSError:  # a file system without links
        shutil.copyfile(source, beside)
    beside.replace(target)

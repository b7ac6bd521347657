"""The process of one run of a sweep: `python -m fetal_model.training.sweep_run FOLDER`.

Trains what the folder's `order.json` says, answers about the test set, and writes the result. It
ends when its standard input does, with the process that started it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from fetal_model import anatomy
from fetal_model.dataset.manifest import (
    MANIFEST,
    Record,
    fingerprint,
    read_phantoms,
)
from fetal_model.dataset.pipeline import batches
from fetal_model.dataset.splits import folds
from fetal_model.evaluation.runs import OWN_TEST, REAL
from fetal_model.inference.head import Floats
from fetal_model.store.versions import write_text
from fetal_model.training.as_child import end_with_input
from fetal_model.training.callbacks import watched
from fetal_model.training.checkpoint import read_rows
from fetal_model.training.data import gather, labelled_scans
from fetal_model.training.fit import deterministic, fit, precision_of
from fetal_model.training.jobs import now, read_json
from fetal_model.training.progress import Lines, Moment
from fetal_model.training.recipe import Recipe
from fetal_model.training.sweep import ORDER, TEST_SEED, Run, test_folder
from fetal_model.training.train import outputs_of, seen

COLUMNS = ("scan", "patient", "label", "quality", "machine", *(f"p_{k}" for k in anatomy.KEYS))
_SECONDS = "seconds.txt"


def main(folder: Path) -> None:
    """Do the run of `folder`."""
    order = read_json(folder / ORDER)
    run = Run(
        Recipe.model_validate(order["recipe"]),
        Path(order["results"]),
        Path(order["work"]),
        order["test_scans"],
    )
    do(run, folder)


def do(run: Run, folder: Path) -> None:
    """Train, answer about the test set, and write the result.

    Args:
        run: What to do.
        folder: For checkpoints; a run that was cut off goes on from its last epoch.
    """
    recipe, outputs = run.recipe, outputs_of(run.recipe)
    test = test_set(run)
    kept_out = {record.group for record in test} if recipe.data.folder else set()
    scans = gather(recipe.data, run.work, kept_out=kept_out, seed=recipe.training.seed)
    if recipe.training.precision == "float32":
        deterministic()
    model = fit(recipe, outputs, scans, folder, tell=_Timer(folder, recipe.training.epochs))
    own_test = [record for record in scans.own_test if record.label in anatomy.KEYS]
    accuracy = answer(recipe, model, test, run.results / f"{run.name}.csv.gz")
    own = answer(recipe, model, own_test, run.results / OWN_TEST / f"{run.name}.csv.gz")
    real = [record for record in scans.real_test if record.label in anatomy.KEYS]
    if real:
        answer(recipe, model, real, run.results / REAL / f"{run.name}.csv.gz")
    rows, chosen = read_rows(folder), int(np.nanargmin(watched(folder)))
    result = {
        "recipe": recipe.name,
        "seed": recipe.training.seed,
        "side": recipe.input.height,
        "epochs": recipe.training.epochs,
        "train_scans": len(scans.train),
        "test_scans": len(test),
        "parameters": model.count_params(),
        "seconds_per_epoch": round(_seconds_per_epoch(folder), 3),
        "best_epoch": chosen + 1,
        "accuracy": accuracy,
        "accuracy_train": float(rows[chosen]["accuracy"]),
        "accuracy_validation": float(rows[chosen]["val_accuracy"]),
        "own_test_scans": len(own_test),
        "accuracy_own_test": own,
        "real_scans": len(real),
        "leaky": recipe.data.leaky,
        "simulated": all(record.simulated for record in test),
        "backend": keras.backend.backend(),
        "precision": precision_of(recipe),
        "data_fingerprint": fingerprint(seen(recipe, scans)),
        "test_fingerprint": fingerprint(test),
        "settings": run.settings,
        "finished": now(),
    }
    write_text(run.result, json.dumps(result, indent=2) + "\n")


def test_set(run: Run) -> list[Record]:
    """The scans of the four anatomies that every run of a sweep is tested on."""
    data = run.recipe.data
    if not data.folder:
        if data.phantom_seed == TEST_SEED:
            raise ValueError(
                f"{run.recipe.name}: expected another phantom_seed than that of the test set, "
                f"found {TEST_SEED}; change it"
            )
        return read_phantoms(test_folder(run.work, run.test_scans))
    records, _ = labelled_scans(data.folder)
    numbers = folds(records, 5, TEST_SEED)
    return [record for record, fold in zip(records, numbers, strict=True) if fold == 0]


def answer(recipe: Recipe, model: keras.Model, records: Sequence[Record], path: Path) -> float:
    """Answer about every record, write the rows to `path`, return the share that is right."""
    probabilities = predict(recipe, model, records)
    labels = [anatomy.KEYS.index(record.label) for record in records]
    write_rows(path, records, probabilities)
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def predict(recipe: Recipe, model: keras.Model, records: Sequence[Record]) -> Floats:
    """Probabilities of the four anatomies, shape (n, 4)."""
    outputs = outputs_of(recipe)
    nothing = np.zeros((len(records), 1), np.float32)
    data = batches(records, nothing, recipe.input.spec, recipe.training.batch_size)
    shares = model.predict(data.map(lambda pixels, _: pixels), verbose=0)
    return outputs.probabilities(np.log(np.maximum(shares.astype(np.float64), 1e-38)))


def write_rows(path: Path, records: Sequence[Record], probabilities: Floats) -> None:
    """Write what was answered about each record, compressed, the same bytes for the same rows."""
    facts = {record.file: ("", "") for record in records}
    for folder in {record.file.parents[len(Path(record.scan).parts) - 1] for record in records}:
        if (folder / MANIFEST).is_file():
            with (folder / MANIFEST).open(newline="", encoding="utf-8-sig") as file:
                for row in csv.DictReader(file):
                    found = row.get("quality") or "", row.get("machine") or ""
                    facts[folder / row["path"]] = found
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record, shares in zip(records, probabilities, strict=True):
        known = [record.scan, record.patient, record.label, *facts[record.file]]
        writer.writerow([*known, *(f"{share:.6f}" for share in shares)])
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    beside.replace(path)


class _Timer(Lines):
    """Prints a line for each epoch, and keeps how long each took."""

    def __init__(self, folder: Path, epochs: int) -> None:
        super().__init__(epochs)
        self._file, self._began_epoch = folder / _SECONDS, time.monotonic()

    def __call__(self, moment: Moment) -> None:
        super().__call__(moment)
        if moment.step == 0:
            self._began_epoch = time.monotonic()
        elif moment.whole:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{time.monotonic() - self._began_epoch:.3f}\n")


def _seconds_per_epoch(folder: Path) -> float:
    return statistics.median(map(float, (folder / _SECONDS).read_text().split()))


if __name__ == "__main__":
    end_with_input()
    main(Path(sys.argv[1]))

"""The scans of a recipe: which are learned from, which choose the epoch, which judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fetal_model import anatomy
from fetal_model.dataset.manifest import (
    LEAST,
    Record,
    read_folder,
    read_phantoms,
    read_real_scans,
    shared_folder,
)  # fmt: skip
from fetal_model.dataset.splits import split_by_patient
from fetal_model.phantom import simulator, write_phantoms
from fetal_model.scan import ScanError, read_scan
from fetal_model.training.recipe import Data

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scans:
    """The parts of a recipe's data; no patient is in two of them.

    Attributes:
        train: Learned from.
        validation: Choose the best epoch.
        own_test: Of the same phantoms or folder, patients that training never saw; with a folder
            also its scans of other planes.
        real_test: The real validation scans, empty where they are absent.
    """

    train: list[Record]
    validation: list[Record]
    own_test: list[Record]
    real_test: list[Record]


def gather(data: Data, cache: Path, progress: Progress | None = None) -> Scans:
    """Make or find the scans, add the real ones, and split all by patient.

    Raises:
        ValueError: The recipe needs scans that are not there, or too few to be split.
    """
    if data.folder:
        records, elsewhere = labelled_scans(data.folder)
    else:
        records, elsewhere = read_phantoms(phantom_folder(data, cache, progress)), []
    train, validation, own_test = split_by_patient(records, data.phantom_seed)
    real = shared_folder() / "real_scans"
    present = (real / "manifest.csv").is_file()
    needed = data.real_scans or data.calibrate_on == "real"
    if needed and not present:
        raise ValueError(
            f"real scans: expected a manifest.csv in {real}, found none; set FETAL_SHARED to the "
            "folder that holds real_scans/"
        )
    if data.real_scans:
        scans = [r for r in read_real_scans(real, "train") if r.source not in data.without]
        # the tenth that the phantoms keep for their test is learned from here: the test is real
        more, held_out, rest = split_by_patient(scans, data.phantom_seed)
        train += more + rest
        validation += held_out
    real_test = read_real_scans(real, "validation") if present else []
    return Scans(train, validation, own_test + elsewhere, real_test)


def labelled_scans(folder: str) -> tuple[list[Record], list[Record]]:
    """The scans of a folder that can be read: those of the four anatomies, and the rest.

    A file that cannot be read is left out and told on the standard output.

    Raises:
        ValueError: The folder cannot be used, or has fewer than `LEAST` readable scans of an
            anatomy.
    """
    readable = []
    for record in read_folder(Path(folder)):
        try:
            read_scan(record.file)
        except (ScanError, OSError) as error:
            print(f"left out {record.scan}: {error}", flush=True)
        else:
            readable.append(record)
    counts = Counter(record.label for record in readable)
    short = [f"{key} {counts[key]}" for key in anatomy.KEYS if counts[key] < LEAST]
    if short:
        raise ValueError(
            f"data folder {folder}: expected at least {LEAST} readable scans of each anatomy, "
            f"found {', '.join(short)}"
        )
    inside = [record for record in readable if record.label in anatomy.KEYS]
    return inside, [record for record in readable if record.label not in anatomy.KEYS]


def phantom_folder(data: Data, cache: Path, progress: Progress | None = None) -> Path:
    """Folder of the recipe's phantoms below `cache`, simulated if it is not there yet."""
    folder = phantom_path(data, cache)
    counts = {key: data.phantoms[key] for key in anatomy.KEYS}  # type: ignore[index]
    if not (folder / "manifest.csv").is_file():
        write_phantoms(folder, counts, data.phantom_seed, progress=progress)
    return folder


def phantom_path(data: Data, cache: Path) -> Path:
    """Where the recipe's phantoms are kept below `cache`, whether or not they are there yet."""
    counts = [data.phantoms[key] for key in anatomy.KEYS]  # type: ignore[index]
    parts = (data.phantom_seed, *counts, simulator())
    return cache / ("phantoms-" + "-".join(map(str, parts)))

"""The scans of a recipe: which are learned from, which choose the epoch, which judge."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fetal_model import anatomy
from fetal_model.dataset.manifest import Record, read_phantoms, read_real_scans, shared_folder
from fetal_model.dataset.splits import split_by_patient
from fetal_model.phantom import write_phantoms
from fetal_model.training.recipe import Data

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scans:
    """The parts of a recipe's data; no patient is in two of them.

    Attributes:
        train: Learned from.
        validation: Choose the best epoch.
        phantom_test: Simulated scans of patients that training never saw.
        real_test: The real validation scans, empty where they are absent.
    """

    train: list[Record]
    validation: list[Record]
    phantom_test: list[Record]
    real_test: list[Record]


def gather(data: Data, cache: Path, progress: Progress | None = None) -> Scans:
    """Make or find the phantoms, add the real scans, and split both by patient.

    Raises:
        ValueError: The recipe needs the real scans and there are none.
    """
    phantoms = read_phantoms(phantom_folder(data, cache, progress))
    train, validation, phantom_test = split_by_patient(phantoms, data.phantom_seed)
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
    return Scans(
        train, validation, phantom_test, read_real_scans(real, "validation") if present else []
    )


def phantom_folder(data: Data, cache: Path, progress: Progress | None = None) -> Path:
    """Folder of the recipe's phantoms below `cache`, simulated if it is not there yet."""
    folder = phantom_path(data, cache)
    counts = {key: data.phantoms[key] for key in anatomy.KEYS}  # type: ignore[index]
    if not (folder / "manifest.csv").is_file():
        # what a killed process left, the manifest being the last to come
        shutil.rmtree(folder, ignore_errors=True)
        write_phantoms(folder, counts, data.phantom_seed, progress=progress)
    return folder


def phantom_path(data: Data, cache: Path) -> Path:
    """Where the recipe's phantoms are kept below `cache`, whether or not they are there yet."""
    counts = [data.phantoms[key] for key in anatomy.KEYS]  # type: ignore[index]
    return cache / ("phantoms-" + "-".join(str(n) for n in (data.phantom_seed, *counts)))

"""The scans of a recipe: which are learned from, which choose the epoch, which judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fetal_model import anatomy
from fetal_model.dataset.manifest import (
    LABELS,
    LEAST,
    OTHER_PLANES,
    Record,
    read_folder,
    read_phantoms,
    read_real_scans,
    shared_folder,
)  # fmt: skip
from fetal_model.dataset.splits import split, split_by_patient
from fetal_model.phantom import simulator, write_phantoms
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.lock import held
from fetal_model.training.recipe_tables import Data

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scans:
    """The parts of a recipe's data; of those that learn, choose and judge no two share a patient,
    unless the recipe is leaky.

    Attributes:
        train: Learned from.
        validation: Choose the best epoch.
        own_test: Of the same phantoms or folder, held out from training; with a folder also its
            scans of other planes.
        real_test: The real validation scans, empty where they are absent.
        unlabelled: Further scans of the patients of `train`, and real ones, without their labels;
            learned from by semi-supervised recipes alone.
    """

    train: list[Record]
    validation: list[Record]
    own_test: list[Record]
    real_test: list[Record]
    unlabelled: list[Record] = field(default_factory=list)


def gather(
    data: Data,
    cache: Path,
    progress: Progress | None = None,
    kept_out: Collection[str] = (),
    seed: int = 0,
) -> Scans:
    """Make or find the scans, split them as the recipe says, and add the real ones.

    Args:
        data: Of the recipe.
        cache: Folder for phantoms.
        progress: Called with (done, total) while they are made.
        kept_out: Groups (see `Record.group`) of the phantoms or the folder that are left out.
        seed: Of the training; draws which scans keep their labels, where few do.

    Raises:
        ValueError: The recipe needs scans that are not there, or too few to be split.
    """
    # said before minutes of simulating
    real = shared_folder() / "real_scans"
    present = (real / "manifest.csv").is_file()
    needed = data.real_scans or data.real_unlabelled or data.calibrate_on == "real"
    if needed and not present:
        raise ValueError(
            f"real scans: expected a manifest.csv in {real}, found none; set FETAL_SHARED to the "
            "folder that holds real_scans/"
        )
    if data.folder:
        records, elsewhere = labelled_scans(data.folder)
    else:
        records, elsewhere = read_phantoms(phantom_folder(data, cache, progress)), []
    if data.other_planes:
        records, elsewhere = records + elsewhere, []
        counts = Counter(record.label for record in records)
        if short := [f"{key} {counts[key]}" for key in OTHER_PLANES if counts[key] < LEAST]:
            raise ValueError(
                f"{data.folder or 'phantoms'}: expected at least {LEAST} readable scans of each of "
                f"{', '.join(OTHER_PLANES)} to learn other planes, found {', '.join(short)}; add "
                "some, or leave other_planes out"
            )
    records = [record for record in records if record.group not in kept_out]
    if data.size:
        records = some(records, data.size, data.phantom_seed)
    train, validation, own_test = share(records, data)
    if data.real_scans:
        scans = [r for r in read_real_scans(real, "train") if r.source not in data.without]
        # the tenth that the phantoms keep for their test is learned from here: the test is real
        more, held_out, rest = split_by_patient(scans, data.phantom_seed)
        train += more + rest
        validation += held_out
    unlabelled: list[Record] = []
    if data.labelled:
        train, unlabelled = label_some(train, data.labelled, seed)
        validation, _ = label_some(validation, data.labelled, seed)
    if data.real_unlabelled:
        found = read_real_scans(real, "train")
        unlabelled += [record for record in found if record.source not in data.without]
    real_test = read_real_scans(real, "validation") if present else []
    return Scans(train, validation, own_test + elsewhere, real_test, unlabelled)


def share(records: Sequence[Record], data: Data) -> tuple[list[Record], list[Record], list[Record]]:
    """Split scans as the recipe says; a sequential split goes by their paths, the official one of
    phantoms by patient.

    Raises:
        ValueError: It would put scans of a known patient on two sides, and the recipe does not
            say that it is leaky.
    """
    known = any(record.patient for record in records)
    if data.split == "sequential":
        records = sorted(records, key=lambda record: record.scan)
    how = "patient" if data.split == "official" and data.phantoms else data.split
    made = split(records, how, data.phantom_seed, leaky=data.leaky and known)
    return made.take(records)


def some(records: Sequence[Record], size: int, seed: int) -> list[Record]:
    """`size` of the records: of as few patients as that takes, each anatomy as often as in all.

    Of two sizes with the same seed, the smaller is a part of the larger.

    Raises:
        ValueError: There are fewer.
    """
    if size > len(records):
        raise ValueError(
            f"size: expected at most the {len(records)} scans there are, received {size}"
        )
    counts = Counter(record.label for record in records)
    exact = {key: size * count / len(records) for key, count in counts.items()}
    quota = {key: int(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (quota[key] - exact[key], key))
    for key in by_remainder[: size - sum(quota.values())]:
        quota[key] += 1
    return _first(records, quota, seed)


def label_some(
    records: Sequence[Record], each: int, seed: int
) -> tuple[list[Record], list[Record]]:
    """`each` of the records of every anatomy, or all where there are fewer, and the rest.

    Of two sizes with the same seed, the smaller is a part of the larger.
    """
    taken = _first(records, dict.fromkeys(anatomy.KEYS, each), seed)
    files = {record.file for record in taken}
    return taken, [record for record in records if record.file not in files]


def _first(records: Sequence[Record], quota: dict[str, int], seed: int) -> list[Record]:
    """As many records of each label, one patient after the other."""
    groups = sorted({record.group for record in records})
    shuffled = np.random.default_rng(seed).permutation(len(groups)).tolist()
    place = dict(zip(groups, shuffled, strict=True))
    left, taken = Counter(quota), []
    for record in sorted(records, key=lambda record: (place[record.group], record.scan)):
        if left[record.label] > 0:
            left[record.label] -= 1
            taken.append(record)
    return taken


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
    folder, counts = phantom_path(data, cache), _counts(data)
    return simulated(folder, counts, data.phantom_seed, progress, pathology=data.pathology)


def simulated(
    folder: Path,
    counts: dict[str, int],
    seed: int,
    progress: Progress | None = None,
    quality: dict[str, float] | None = None,
    pathology: bool = False,
) -> Path:
    """The folder, with phantoms in it; another process that makes them is waited for."""
    with held(folder.with_name(f".{folder.name}.lock")):
        if not (folder / "manifest.csv").is_file():
            write_phantoms(
                folder, counts, seed, progress=progress, pathology=pathology, quality=quality
            )
    return folder


def phantom_path(data: Data, cache: Path) -> Path:
    """Where the recipe's phantoms are kept below `cache`, whether or not they are there yet."""
    shown = ["pathology"] if data.pathology else []
    parts = (*shown, data.phantom_seed, *_counts(data).values(), simulator())
    return cache / ("phantoms-" + "-".join(map(str, parts)))


def _counts(data: Data) -> dict[str, int]:
    """Phantoms of each label, in the order of `LABELS`."""
    return {key: data.phantoms[key] for key in LABELS if key in data.phantoms}

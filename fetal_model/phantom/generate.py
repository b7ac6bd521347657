"""A folder of simulated scans: images, masks and the manifest that names every one of them."""

from __future__ import annotations

import csv
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.phantom.patient import draw_patient
from fetal_model.phantom.simulate import check_seed, simulate

COLUMNS = (
    "path",
    "mask",
    "label",
    "plane",
    "patient",
    "gestational_age_weeks",
    "machine",
    "quality",
    "pathology",
    "seed",
)
SCANS_PER_PATIENT = 2.5
_STAGE = ".partial"


@dataclass(frozen=True)
class _Order:
    """One scan to make: enough to make it anywhere, in any order."""

    name: str
    label: str
    seed: int
    population: int
    patient: int


def plan(per_class: dict[str, int], seed: int) -> list[_Order]:
    """Share scans out to patients: two or three each, of any class, the same for the same seed."""
    labels = [label for label in KEYS for _ in range(per_class.get(label, 0))]
    number = dict.fromkeys(KEYS, 0)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    rng.shuffle(labels)
    orders: list[_Order] = []
    patient, left = 0, 0
    for index, label in enumerate(labels):
        if left == 0:
            patient += 1
            left = int(np.floor(SCANS_PER_PATIENT + rng.random()))
        left -= 1
        number[label] += 1
        scan_seed = int(np.random.SeedSequence([seed, 2, index]).generate_state(1)[0])
        orders.append(_Order(f"{label}-{number[label]:05d}", label, scan_seed, seed, patient))
    return sorted(orders, key=lambda order: (KEYS.index(order.label), order.name))


def _make(job: tuple[_Order, str]) -> dict[str, str]:
    """Make one scan, write both files, return its manifest row."""
    order, folder = job
    scan = simulate(order.label, order.seed, draw_patient(order.population, order.patient))
    row = {
        "path": f"images/{order.name}.png",
        "mask": f"masks/{order.name}.png",
        "label": scan.label,
        "plane": scan.plane,
        "patient": scan.patient,
        "gestational_age_weeks": f"{scan.gestational_age_weeks:.1f}",
        "machine": scan.machine,
        "quality": scan.quality,
        "pathology": scan.pathology,
        "seed": str(scan.seed),
    }
    for key, pixels in (("path", scan.image), ("mask", scan.mask * np.uint8(255))):
        target = Path(folder) / row[key]
        if not cv2.imwrite(str(target), pixels):
            raise OSError(f"could not write {target}: check free space and permissions")
    return row


def _one_thread() -> None:
    """Each worker keeps to one core: the processes already use them all."""
    cv2.setNumThreads(1)


def _rows(jobs: list[tuple[_Order, str]], workers: int) -> Iterator[dict[str, str]]:
    if workers == 1:
        yield from map(_make, jobs)
        return
    # Spawned, not forked: the caller may be a threaded server with TensorFlow loaded.
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_one_thread) as pool:
        yield from pool.imap(_make, jobs, chunksize=4)


def _counts(per_class: int | dict[str, int]) -> dict[str, int]:
    counts = per_class if isinstance(per_class, dict) else dict.fromkeys(KEYS, per_class)
    for label, count in counts.items():
        if label not in KEYS:
            raise ValueError(
                f"expected per_class to name {', '.join(KEYS)}, received {label!r}: "
                "use these names only"
            )
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(
                f"expected per_class to count scans from 0, received {count!r} for {label}: give a "
                "whole number"
            )
    if not sum(counts.values()):
        raise ValueError("expected per_class to ask for a scan, received none: ask for 1 or more")
    return counts


def write_phantoms(
    directory: str | os.PathLike[str], per_class: int | dict[str, int], seed: int,
    workers: int | None = None, progress: Callable[[int, int], None] | None = None,
) -> Path:  # fmt: skip
    """Write simulated scans as PNG with masks and a manifest; the same arguments, the same bytes.

    Everything is written to a folder beside and moved when whole, the manifest last: a folder
    with a manifest is complete.

    Args:
        directory: A new or empty folder (what an interrupted run left in it is removed).
        per_class: Scans of every class, or a count for each label; labels left out get none.
        seed: Whole number from 0; another seed gives other patients and other scans.
        workers: Processes; all cores when None. Does not change the bytes.
        progress: Called with (done, total) after every scan.

    Returns:
        Path of `manifest.csv`: columns `COLUMNS`, paths relative to the directory with `/`.

    Raises:
        ValueError: A count, seed or number of workers that cannot be, or a directory in use.
        OSError: The directory cannot be written.
    """
    counts = _counts(per_class)
    check_seed(seed)
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 1
    ):
        raise ValueError(
            f"expected workers to be a whole number from 1, received {workers!r}: give one, or "
            "None for all cores"
        )
    target = Path(directory)
    if target.exists() and not target.is_dir():
        raise ValueError(
            f"expected directory to be a folder, received the file {target}: choose another name"
        )
    taken = [p.name for p in target.iterdir() if p.name != _STAGE] if target.exists() else []
    if taken:
        raise ValueError(
            f"expected directory to be new or empty, received {target} with {sorted(taken)[0]!r} "
            "in it: choose another, or empty it first"
        )
    stage = target / _STAGE
    shutil.rmtree(stage, ignore_errors=True)
    for part in ("images", "masks"):
        (stage / part).mkdir(parents=True)
    try:
        jobs = [(order, str(stage)) for order in plan(counts, int(seed))]
        used = min(workers or os.cpu_count() or 1, len(jobs))
        rows = []
        for row in _rows(jobs, used):
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(jobs))
        with (stage / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        for part in ("images", "masks", "manifest.csv"):
            (stage / part).replace(target / part)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return target / "manifest.csv"

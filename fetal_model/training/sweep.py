"""Many recipes with several seeds, each run in a process of its own, on one test set for all.

A run leaves two files in the folder of results, the second one when all is done:

`<recipe>-<seed>.csv.gz`, a row for each test scan: `scan, patient, label, quality, machine,
p_brain, p_abdomen, p_femur, p_thorax` (quality and machine are empty where they are unknown).

`<recipe>-<seed>.json`: `recipe`, `seed`, `side` (pixels), `epochs`, `train_scans`, `test_scans`,
`parameters`, `seconds_per_epoch` (median), `best_epoch` (counted from 1), `accuracy_train` and
`accuracy_validation` (of the best epoch, the first under augmentation and dropout), `accuracy` (on
the test set), `leaky`, `backend`, `precision`, `data_fingerprint` (what was learned from and chose
the epoch), `test_fingerprint`, `finished` (ISO 8601, UTC), `own_test_scans` and
`accuracy_own_test` (the tenth that the recipe's own split keeps for testing, which a leaky split
flatters; its rows are in `own-test/<recipe>-<seed>.csv.gz`), `real_scans` (real validation scans
of the four anatomies, 0 where they are absent; the rows are in `real/<recipe>-<seed>.csv.gz`),
`simulated` (whether the test set is) and `settings` (hash of all that the result depends on but the
real scans).

The test set is simulated anew, of patients that no recipe draws and mostly of poor quality; with a
folder of data it is a fifth of the folder's patients, kept out of every recipe.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fetal_model import anatomy
from fetal_model.phantom import simulator
from fetal_model.store.lock import try_hold
from fetal_model.store.versions import write_text
from fetal_model.training.data import Progress, phantom_folder, simulated
from fetal_model.training.jobs import read_json, start_process
from fetal_model.training.recipe import Recipe

TEST_SEED = 40_000
TEST_SCANS = 4000
TEST_QUALITY = {"good": 0.1, "fair": 0.2, "poor": 0.7}
"""Shares in a simulated test set: harder than what is learned from, to tell recipes apart."""
ORDER, LOG = "order.json", "log.txt"
Say = Callable[[str], None]
_PAUSE = 0.5  # seconds


@dataclass(frozen=True)
class Run:
    """One recipe with one seed.

    Attributes:
        recipe: With the seed, and every change that was asked for.
        results: Folder of the results.
        work: Folder for phantoms, checkpoints and logs.
        test_scans: Size of a simulated test set.
    """

    recipe: Recipe
    results: Path
    work: Path
    test_scans: int

    @property
    def name(self) -> str:
        """`<recipe>-<seed>`."""
        return f"{self.recipe.name}-{self.recipe.training.seed}"

    @property
    def result(self) -> Path:
        """Where its result is when it is finished."""
        return self.results / f"{self.name}.json"

    @property
    def settings(self) -> str:
        """Hash of all that the result depends on, but for the scans of a folder."""
        recipe = self.recipe.model_dump(mode="json", exclude_defaults=True, exclude={"description"})
        if folder := self.recipe.data.folder:
            recipe["data"]["folder"] = Path(folder).name
        parts = [recipe, TEST_SEED, self.test_scans, TEST_QUALITY, simulator()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Its checkpoints and its log; other settings or another backend, another folder."""
        by = "" if backend() == "tensorflow" else f"-{backend()}"
        return self.work / "sweep" / f"{self.name}-{self.settings}{by}"

    def is_finished(self) -> bool:
        """Whether its result is there.

        Raises:
            ValueError: There is one that was made with other settings or by another backend.
        """
        found = read_json(self.result)
        if found and found["settings"] != self.settings:
            raise ValueError(
                f"{self.result}: expected a result of these settings, found one of others (side "
                f"{found['side']}, {found['epochs']} epochs, {found['test_scans']} test scans, or "
                "another simulator); remove it, or choose another folder"
            )
        if found and found["backend"] != backend():
            raise ValueError(
                f"{self.result}: expected a result by {backend()}, as KERAS_BACKEND says, found "
                f"one by {found['backend']}; choose another folder"
            )
        return bool(found)


def backend() -> str:
    """What Keras computes by in the process of a run."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def here(todo: Sequence[Run], say: Say, at_once: int = 1) -> list[str]:
    """Do runs on this machine, `at_once` of them beside each other.

    Returns:
        Names of those that failed, in the order of the runs.
    """
    numbers, over, speaks = itertools.count(1), threading.Event(), threading.Lock()

    def one(run: Run) -> str:
        began = time.monotonic()
        cause = "" if over.is_set() else do(run, over, shown=at_once == 1)
        with speaks:
            if not over.is_set():
                seconds = time.monotonic() - began
                say(f"{next(numbers)}/{len(todo)} {outcome(run, cause)}, {seconds:.0f} s")
        return run.name if cause else ""

    with ThreadPoolExecutor(at_once) as pool:
        try:
            return list(filter(None, pool.map(one, todo)))
        finally:
            over.set()  # else those that began would be waited for when this one is stopped


Engine = Callable[[Sequence[Run], Say], list[str]]
"""Does runs, says a sentence about each, and returns the names of those that failed."""


def sweep(
    recipes: Sequence[Recipe],
    seeds: int,
    results: Path,
    work: Path,
    test_scans: int = TEST_SCANS,
    progress: Progress | None = None,
    say: Say = print,
    engine: Engine = here,
) -> list[str]:
    """Do every run that is not finished, the first seed of all first.

    Args:
        recipes: What to train.
        seeds: Number of seeds, counted from 0, the same for all recipes.
        results: Folder of the results.
        work: Folder for phantoms, checkpoints and logs.
        test_scans: Size of a simulated test set.
        progress: Called with (done, total) while phantoms are made.
        say: Told a sentence about each run.
        engine: What does them.

    Returns:
        Names of the runs that failed; a second call tries them again.

    Raises:
        ValueError: A result is there that was made with other settings, a recipe needs what is
            not there, or another sweep is at work in the same folder.
    """
    runs = [
        Run(with_seed(recipe, seed), results, work, test_scans)
        for seed in range(seeds)
        for recipe in recipes
    ]
    todo = [run for run in runs if not run.is_finished()]
    if len(todo) < len(runs):
        say(f"{len(runs) - len(todo)} of {len(runs)} runs are finished already")
    lock = try_hold(work / "sweep.lock")
    if lock is None:
        raise ValueError(f"{work}: expected no other sweep at work there, found one; wait for it")
    try:
        for recipe in (run.recipe for run in todo):
            if recipe.data.phantoms:
                phantom_folder(recipe.data, work, progress)
                test_folder(work, test_scans, progress)
        return engine(todo, say)
    finally:
        os.close(lock)


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with another seed of its training."""
    training = recipe.training.model_copy(update={"seed": seed})
    return recipe.model_copy(update={"training": training})


def test_folder(work: Path, scans: int, progress: Progress | None = None) -> Path:
    """Folder of the simulated test set, two or three scans a patient; made if it is not there."""
    folder = work / f"phantoms-hard-{TEST_SEED}-{scans}-{simulator()}"
    each, rest = divmod(scans, len(anatomy.KEYS))
    counts = {key: each + (place < rest) for place, key in enumerate(anatomy.KEYS)}
    return simulated(folder, counts, TEST_SEED, progress, TEST_QUALITY)


def outcome(run: Run, cause: str) -> str:
    """What a run gave, or the cause of its failure."""
    if cause:
        return f"{run.name}: failed: {cause}"
    made = read_json(run.result)
    right = f"{made['accuracy']:.1%} of {made['test_scans']:,} test scans right"
    return f"{run.name}: {right}"


def do(run: Run, over: threading.Event | None = None, shown: bool = True) -> str:
    """Do a run in a process that ends with this one; returns why it failed, or nothing.

    Args:
        run: What to do.
        over: Set by another thread to end it.
        shown: Whether a terminal shows the last line of its log.
    """
    over = over or threading.Event()
    run.folder.mkdir(parents=True, exist_ok=True)
    order: dict[str, Any] = {
        "recipe": run.recipe.model_dump(mode="json"),
        "results": str(run.results.resolve()),
        "work": str(run.work.resolve()),
        "test_scans": run.test_scans,
    }
    write_text(run.folder / ORDER, json.dumps(order, indent=2) + "\n")
    with (run.folder / LOG).open("ab") as log:
        process = start_process(
            "fetal_model.training.sweep_run", [str(run.folder)], log, stdin=subprocess.PIPE
        )
    last = ""
    try:
        while process.poll() is None and not over.wait(_PAUSE):
            line = _last_line(run.folder / LOG)
            if shown and sys.stderr.isatty() and line != last:
                last = line
                print(f"\r\033[K{run.name}  {line[:100]}", end="", file=sys.stderr, flush=True)
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which ends it, if it is still at work
        status = process.wait()
        if last:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    if status == 0 and run.is_finished():
        return ""
    return f"{_last_line(run.folder / LOG)} ({run.folder / LOG})"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"

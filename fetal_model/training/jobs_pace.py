"""How long a training takes: measured paces, estimates from them, and a short measurement.

`FETAL_HOME/pace.json` keeps, for each kind of network, what the last training or measurement on
this machine took. `python -m fetal_model.training.jobs_pace ORDER` measures.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fetal_model import anatomy
from fetal_model.dataset.manifest import read_folder, read_real_scans, shared_folder
from fetal_model.store.home import home
from fetal_model.store.lock import is_held, try_hold
from fetal_model.store.versions import write_text
from fetal_model.training.jobs import now, read_json, start_process
from fetal_model.training.recipe import Recipe
from fetal_model.training.recipe_tables import Data

_LEARNED = 0.8  # share of the phantoms that is learned from; of the real scans nine tenths
_MEASURED_EPOCHS = 3
_UNKNOWN_SIMULATION = 0.1  # seconds for a scan, until one training has measured it


@dataclass(frozen=True)
class Estimate:
    """How long a training will take.

    Attributes:
        seconds: In all.
        basis: What that rests on, as a sentence.
    """

    seconds: float
    basis: str


def note(
    recipe: Recipe, epochs: list[float], scans: int, simulation: dict[str, float], rest: float
) -> None:
    """Keep what a training took.

    Args:
        recipe: What it trained.
        epochs: Seconds of each epoch, the first of the process first; it also reads the scans.
        scans: Number that it learned from.
        simulation: `scans` and `seconds` of simulated scans, or nothing.
        rest: Seconds that went to neither.
    """
    if not epochs:  # all had been learned before a restart
        return
    settled = statistics.median(epochs[1:] or epochs)
    table = read_json(_table())
    table[_kind(recipe)] = {
        "seconds_per_scan": settled / scans,
        "rest": max(0.0, rest) + max(0.0, epochs[0] - settled),
        "basis": f"{len(epochs)} epochs of {scans:,} scans in steps of "
        f"{recipe.training.batch_size} on {now()[:10]}",
    }
    if simulation:
        table["simulation"] = {"seconds_per_scan": simulation["seconds"] / simulation["scans"]}
    write_text(_table(), json.dumps(table, indent=2) + "\n")


def estimate(recipe: Recipe) -> Estimate | None:
    """How long a recipe will take on this machine, None when its kind was never measured."""
    table = read_json(_table())
    pace = table.get(_kind(recipe))
    if pace is None:
        return None
    scans = scans_to_learn(recipe.data)
    learning = recipe.training.epochs * scans * pace["seconds_per_scan"]
    simulation = table.get("simulation", {}).get("seconds_per_scan", _UNKNOWN_SIMULATION)
    new = 0 if _simulated_already(recipe.data) else sum(recipe.data.phantoms.values())
    return Estimate(
        learning + new * simulation + pace["rest"],
        f"{recipe.training.epochs} epochs of {scans:,} scans at "
        f"{1000 * pace['seconds_per_scan']:.0f} ms a scan"
        + (f", {new:,} scans to simulate first" if new else "")
        + f"; measured on this machine: {pace['basis']}.",
    )


def seconds_left(progress: dict[str, Any]) -> float | None:
    """How long a running training still learns, None before the first epoch has given a pace."""
    history, epochs = progress.get("history", []), progress.get("epochs", 0)
    if progress.get("stage") != "learning" or not history:
        return None
    pace = statistics.median([entry["seconds"] for entry in history][1:] or [history[0]["seconds"]])
    return float(max(0.0, (1 - share_done(progress)) * epochs * pace))


def share_done(progress: dict[str, Any]) -> float:
    """Share of a running training's epochs that is done, in [0, 1]."""
    done = len(progress.get("history", []))
    if progress.get("epoch", 0) > done:
        done += progress["step"] / progress["steps"]
    return float(min(1.0, done / progress.get("epochs", 1)))


def scans_to_learn(data: Data) -> int:
    """About how many scans a recipe learns from."""
    present = sum(data.phantoms.values())
    if data.folder:
        records = read_folder(Path(data.folder))
        present = sum(data.other_planes or record.label in anatomy.KEYS for record in records)
    count = _LEARNED * min(present, data.size or present)
    real = shared_folder() / "real_scans"
    if data.real_scans and (real / "manifest.csv").is_file():
        kept = [r for r in read_real_scans(real, "train") if r.source not in data.without]
        count += 0.9 * len(kept)
    return round(count)


def measure(recipe: Recipe) -> None:
    """Start a short measurement for a recipe's kind, unless one is under way."""
    lock = try_hold(_lock())
    if lock is None:
        return
    write_text(_order(), json.dumps(recipe.model_dump(mode="json")))
    with _log().open("wb") as log:
        start_process("fetal_model.training.jobs_pace", [str(_order())], log, keep=(lock,))
    os.close(lock)


def measuring() -> bool:
    """Whether a measurement is under way."""
    return is_held(_lock())


def measurement_log() -> str:
    """What the last measurement printed."""
    return _log().read_text(encoding="utf-8", errors="replace") if _log().is_file() else ""


def main(order: Path) -> None:
    """Train a few steps on a few simulated scans, and keep how long they took."""
    recipe = small(Recipe.model_validate(read_json(order)))
    from fetal_model.training.data import gather
    from fetal_model.training.fit import fit
    from fetal_model.training.progress import Moment
    from fetal_model.training.semi_supervised import epoch_length
    from fetal_model.training.train import outputs_of

    began = time.time()
    ends: list[float] = []

    def tell(moment: Moment) -> None:
        if moment.whole:
            ends.append(time.time())

    with tempfile.TemporaryDirectory() as folder:
        scans = gather(recipe.data, Path(folder))
        simulated = time.time() - began
        started = time.time()
        fit(recipe, outputs_of(recipe), scans, Path(folder) / "run", tell)
    seconds = [end - start for start, end in zip([started, *ends], ends, strict=False)]
    simulation = {"scans": sum(recipe.data.phantoms.values()), "seconds": simulated}
    note(recipe, seconds, epoch_length(scans), simulation, rest=0.0)


def small(recipe: Recipe) -> Recipe:
    """The same network and the same steps, on just enough simulated scans."""
    content = recipe.model_dump(mode="json")
    # two full steps an epoch
    each = max(10, math.ceil(2 * recipe.training.batch_size / _LEARNED / len(anatomy.KEYS)))
    content["data"] = {
        "phantoms": dict.fromkeys(anatomy.KEYS, each),
        "phantom_seed": recipe.data.phantom_seed,
        "pathology": recipe.data.pathology,
        "labelled": 3 if recipe.semi_supervised else None,
    }
    content["training"]["epochs"] = _MEASURED_EPOCHS
    return Recipe.model_validate(content)


def _kind(recipe: Recipe) -> str:
    """What the time of a scan depends on; the batch size changes it little."""
    parts = {
        "architecture": recipe.architecture,
        "options": recipe.options,
        "input": recipe.input.model_dump(mode="json"),
        "precision": recipe.training.precision,
        "teacher": bool(recipe.fine_tuning),
        **({"unlabelled": True} if recipe.semi_supervised else {}),
    }
    return json.dumps(parts, sort_keys=True)


def _simulated_already(data: Data) -> bool:
    if data.folder:
        return True
    from fetal_model.training.data import phantom_path  # brings the simulator with it

    return (phantom_path(data, home()) / "manifest.csv").is_file()


def _table() -> Path:
    return home() / "pace.json"


def _order() -> Path:
    return home() / "measure.json"


def _log() -> Path:
    return home() / "measure.log"


def _lock() -> Path:
    return home() / "measure.lock"


if __name__ == "__main__":
    main(Path(sys.argv[1]))

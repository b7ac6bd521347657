"""The process of one job: `python -m fetal_model.training.jobs_worker FOLDER`.

Trains what the folder's `order.json` says and keeps `progress.json` up to date. It holds the job's
lock, which it inherits, until it ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from fetal_model.store.home import home
from fetal_model.store.versions import write_text
from fetal_model.training import jobs_pace
from fetal_model.training.jobs import ORDER, PROGRESS, RUN, read_json
from fetal_model.training.progress import Lines, Moment
from fetal_model.training.recipe import Recipe

NICE = 10
_THROTTLE = 0.5  # seconds between two writes within a stage
_LONGEST_TRACE = 400


class Report:
    """Writes `progress.json`, whole and not too often.

    It holds `pid`; `stage` (`starting`, `simulating scans`, `learning`, `testing`); `done` and
    `total` scans while simulating; `epoch`, `epochs`, `step`, `steps`; `history`, for each epoch
    its `values`, number and `seconds`; `trace`, points `[epochs, loss, accuracy, learning rate]`
    within and after epochs; `started` and `updated`, seconds since 1970; and `error`.
    """

    def __init__(self, folder: Path, epochs: int) -> None:
        self._path = folder / PROGRESS
        before = read_json(self._path)
        self._written = 0.0
        self._epoch_began = 0.0
        self._stage_began = time.time()
        self.epochs: list[float] = []
        """Seconds of each epoch of this process."""
        self.content: dict[str, Any] = {
            "pid": os.getpid(),
            "stage": "starting",
            "epochs": epochs,
            # what a run that was cut off had learned until then
            "history": before.get("history", []),
            "trace": before.get("trace", []),
            "simulated": {},
            "started": time.time(),
        }
        self.write()

    def stage(self, name: str) -> None:
        """Begin a stage."""
        self._stage_began = time.time()
        self.content |= {"stage": name, "done": 0, "total": 0}
        self.write()

    def simulated(self, done: int, total: int) -> None:
        """Tell of simulated scans."""
        if self.content["stage"] != "simulating scans":
            self.stage("simulating scans")
        self.content |= {"done": done, "total": total}
        if done == total:
            self.content["simulated"] = {
                "scans": total,
                "seconds": time.time() - self._stage_began,
            }
        self._write_seldom(done == total)

    def learned(self, moment: Moment) -> None:
        """Tell of batches and epochs."""
        self.content |= {"epoch": moment.epoch, "step": moment.step, "steps": moment.steps}
        if self.content["stage"] != "learning":
            self.stage("learning")
            self._epoch_began = self._stage_began
            self._forget_from(moment.epoch)
        values = {key: round(value, 6) for key, value in moment.values.items()}
        due = time.time() - self._written >= _THROTTLE
        if "loss" in values and (due or moment.whole):
            at = moment.epoch - 1 + moment.step / moment.steps
            point = [round(at, 4), *(values[k] for k in ("loss", "accuracy", "learning_rate"))]
            self.content["trace"] = _thin([*self.content["trace"], point])
        if moment.whole:
            now = time.time()
            self.epochs.append(now - self._epoch_began)
            entry = {"epoch": moment.epoch, "seconds": self.epochs[-1], **values}
            self.content["history"] = [*self.content["history"], entry]
            self._epoch_began = now
            if moment.last or moment.epoch == self.content["epochs"]:
                self.stage("testing")
        self._write_seldom(moment.whole)

    def fail(self, error: BaseException) -> None:
        """Tell why it ended."""
        self.content["error"] = f"{error}" if isinstance(error, ValueError) else describe(error)
        self.write()

    def write(self) -> None:
        """Write what is known now."""
        self._written = self.content["updated"] = time.time()
        write_text(self._path, json.dumps(self.content))

    def _write_seldom(self, now: bool) -> None:
        if now or time.time() - self._written >= _THROTTLE:
            self.write()

    def _forget_from(self, epoch: int) -> None:
        """Drop what was told of an epoch that was cut off and is learned again."""
        history, trace = self.content["history"], self.content["trace"]
        self.content["history"] = [entry for entry in history if entry["epoch"] < epoch]
        self.content["trace"] = [point for point in trace if point[0] <= epoch - 1]


def describe(error: BaseException) -> str:
    """An error for a reader who can look into the log.

    >>> describe(OSError(28, "No space left on device"))
    'No space left on device (OSError). The log has the rest.'
    """
    if isinstance(error, MemoryError):
        return "Memory ran out (MemoryError). A smaller batch needs less."
    text = (error.strerror if isinstance(error, OSError) else str(error)) or "no message"
    return f"{text.strip().splitlines()[0][:300]} ({type(error).__name__}). The log has the rest."


def _thin(trace: list[list[float]]) -> list[list[float]]:
    """Every other point once there are too many for a chart."""
    return trace if len(trace) <= _LONGEST_TRACE else [*trace[:-1:2], trace[-1]]


def main(folder: Path) -> int:
    """Train the job of `folder`; returns the exit status."""
    os.nice(NICE)  # the app that answers goes first
    order = read_json(folder / ORDER)
    recipe = Recipe.model_validate(order["recipe"])
    report, lines = Report(folder, recipe.training.epochs), Lines(recipe.training.epochs)

    def tell(moment: Moment) -> None:
        report.learned(moment)
        lines(moment)

    try:
        from fetal_model.training.train import train

        began = time.time()
        made = train(
            recipe,
            home(),
            Path(order["weights"]),
            progress=report.simulated,
            tell=tell,
            run=folder / RUN,
            job=order["id"],
        )
    except Exception as error:
        traceback.print_exc()
        report.fail(error)
        return 1
    print(f"made {made.label}")
    simulation = report.content["simulated"]
    rest = time.time() - began - sum(report.epochs) - simulation.get("seconds", 0.0)
    scans = made.metadata["scans"]["train"]
    jobs_pace.note(recipe, report.epochs, scans, simulation, rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Training as jobs that outlive the page and the app: order, look, cancel, restart.

A job is a folder below `FETAL_HOME/jobs`. One runner process (`jobs_runner`) takes them one after
another and is the one that writes `state.json`; each trains in a process of its own
(`jobs_worker`), which writes `progress.json`. Whether either is alive is told by locks, never by a
process number alone. This module starts processes and trains nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from fetal_model.store.home import home
from fetal_model.store.lock import is_held
from fetal_model.store.versions import WEIGHTS, write_text
from fetal_model.training.processes import CONFIG
from fetal_model.training.recipe import Recipe

Status = Literal["queued", "running", "finished", "failed", "cancelled"]
ORDER, STATE, PROGRESS = "order.json", "state.json", "progress.json"
LOG, LOCK, CANCEL, RUN = "log.txt", "lock", "cancel", "run"
STOPPED = (
    "The training process ended without a word{where}: it was killed, or the computer was "
    "restarted. Nothing half-made is in service."
)
LOG_TAIL = 40  # lines
_TAIL_BYTES = 32_768


class JobError(ValueError):
    """A job cannot do what was asked of it."""


@dataclass(frozen=True)
class Job:
    """One training run, as it stood when it was read.

    Attributes:
        number: Counts up from 1.
        folder: Its folder.
        order: `id`, `recipe`, `created` (ISO 8601) and `weights` (folder of the versions).
        status: Where it is on its way.
        since: When that began, ISO 8601.
        cause: Why it failed, for a reader; else empty.
        version: `name/number` of what it made, or None.
        progress: What its process last wrote; see `jobs_worker.Report`.
    """

    number: int
    folder: Path
    order: dict[str, Any]
    status: Status
    since: str
    cause: str
    version: str | None
    progress: dict[str, Any]

    @property
    def recipe(self) -> Recipe:
        """What it trains."""
        return Recipe.model_validate(self.order["recipe"])

    @property
    def cancelling(self) -> bool:
        """Whether a cancellation was asked for and not yet carried out."""
        return self.status in ("queued", "running") and (self.folder / CANCEL).exists()

    def log(self) -> str:
        """The end of what its process printed."""
        path = self.folder / LOG
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-LOG_TAIL:])


def jobs_folder() -> Path:
    """Where the jobs are."""
    return home() / "jobs"


def runner_lock() -> Path:
    """Held while a runner is at work."""
    return jobs_folder() / "runner.lock"


def submit(recipe: Recipe, root: Path = WEIGHTS) -> Job:
    """Queue a training run, and see to it that the queue is worked off.

    Args:
        recipe: What to train.
        root: Folder that gets the version.
    """
    folder = jobs_folder()
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{secrets.token_hex(8)}.part"
    beside.mkdir()
    order = {
        "id": secrets.token_hex(8),
        "recipe": recipe.model_dump(mode="json"),
        "created": now(),
        "weights": str(root.resolve()),
    }
    write_text(beside / ORDER, json.dumps(order, indent=2) + "\n")
    write_state(beside, "queued")
    number = 1 + max((job.number for job in list_jobs()), default=0)
    while True:
        try:
            # of two that are submitted at once, the second finds the name taken
            beside.rename(folder / f"{number:04d}")
            break
        except OSError:
            if not (folder / f"{number:04d}").exists():
                raise
            number += 1
    wake()
    return read_job(number)


def list_jobs() -> list[Job]:
    """Every job, the newest first."""
    names = [p.name for p in jobs_folder().glob("*/") if p.name.isdecimal()]
    return [read_job(int(name)) for name in sorted(names, key=int, reverse=True)]


def read_job(number: int) -> Job:
    """The job with this number, as it stands now.

    Raises:
        JobError: There is none.
    """
    folder = jobs_folder() / f"{number:04d}"
    if not (folder / STATE).is_file():
        raise JobError(f"training {number}: expected it in {jobs_folder()}, found none")
    state = read_json(folder / STATE)
    if state["status"] == "running" and not (is_held(folder / LOCK) or is_held(runner_lock())):
        state = read_json(folder / STATE)  # it may just have been told how it ended
        if state["status"] == "running":
            cause = STOPPED.format(where=where(folder))
            state = {**state, "status": "failed", "cause": cause}
    return Job(
        number=number,
        folder=folder,
        order=read_json(folder / ORDER),
        status=state["status"],
        since=state["since"],
        cause=state["cause"],
        version=state["version"],
        progress=read_json(folder / PROGRESS),
    )


def cancel(number: int) -> None:
    """Ask for a queued or running job to be stopped; what it has learned is kept for a restart.

    Raises:
        JobError: It is neither.
    """
    job = read_job(number)
    if job.status not in ("queued", "running"):
        raise JobError(
            f"cancel: expected a training that waits or runs, training {number} is {job.status}"
        )
    (job.folder / CANCEL).touch()
    wake()


def restart(number: int) -> None:
    """Queue a failed or cancelled job again; it goes on after its last finished epoch.

    Raises:
        JobError: It did not fail and was not cancelled.
    """
    job = read_job(number)
    if job.status not in ("failed", "cancelled"):
        raise JobError(
            f"restart: expected a training that failed or was cancelled, training {number} is "
            f"{job.status}"
        )
    (job.folder / CANCEL).unlink(missing_ok=True)
    write_state(job.folder, "queued")
    wake()


def wake() -> None:
    """Start the runner if there is work and none is at it, as after a restart of the computer."""
    folder = jobs_folder()
    states = (read_json(path)["status"] for path in folder.glob(f"[0-9]*/{STATE}"))
    if any(status in ("queued", "running") for status in states) and not is_held(runner_lock()):
        with (folder / "runner.log").open("ab") as log:
            start_process("fetal_model.training.jobs_runner", [], log)


def start_process(
    module: str,
    arguments: list[str],
    log: Any,
    keep: tuple[int, ...] = (),
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Run a module of this project in a session of its own, which no terminal or app ends.

    Args:
        module: Run with `python -m`.
        arguments: Its arguments.
        log: Open file for what it prints.
        keep: File descriptors that it inherits, with the locks they hold.
        stdin: What it reads; a pipe tells it when this process ends.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={
            # this machine's place among others that train together is not that of the module
            **{key: value for key, value in os.environ.items() if key != CONFIG},
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "FETAL_HOME": str(home().resolve()),
        },
        pass_fds=keep,
        start_new_session=True,
    )


def write_state(folder: Path, status: Status, cause: str = "", version: str | None = None) -> None:
    """Write where a job is on its way."""
    state = {"status": status, "since": now(), "cause": cause, "version": version}
    write_text(folder / STATE, json.dumps(state, indent=2) + "\n")


def where(folder: Path) -> str:
    """How far a job came, as the end of a sentence, such as ` in epoch 3 of 10`."""
    progress = read_json(folder / PROGRESS)
    if progress.get("stage") == "learning":
        return f" in epoch {progress['epoch']} of {progress['epochs']}"
    return f" while {progress['stage']}" if progress.get("stage") else ""


def read_json(path: Path) -> dict[str, Any]:
    """Content of a file that is renamed into place, or nothing while there is none."""
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def now() -> str:
    """Date and time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""The process that works off the queue, one job after another, and says how each ended.

Runs as `python -m fetal_model.training.jobs_runner` and ends when nothing is left to do. A second
one ends at once. When it is killed, the job at work goes on, and the next runner takes it over.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from fetal_model.store.lock import is_held, try_hold
from fetal_model.store.versions import list_versions, write_text
from fetal_model.training.jobs import (
    CANCEL,
    LOCK,
    LOG,
    PROGRESS,
    RUN,
    STATE,
    STOPPED,
    Job,
    jobs_folder,
    list_jobs,
    read_json,
    runner_lock,
    start_process,
    where,
    write_state,
)  # fmt: skip

_LOOK = 0.2  # seconds between two looks at a running job


def main() -> None:
    """Work until the queue is empty."""
    while (lock := try_hold(runner_lock())) is not None:
        try:
            _work_off()
        finally:
            os.close(lock)
        # what was queued while the lock was being let go found a runner, and started none
        if _next() is None:
            return


def _work_off() -> None:
    for job in reversed(list_jobs()):
        if read_json(job.folder / STATE)["status"] == "running":
            _take_over(job)
    while (queued := _next()) is not None:
        _run(queued)


def _next() -> Job | None:
    """The job that has waited longest."""
    _drop_cancelled()
    queued = [job for job in list_jobs() if job.status == "queued"]
    return min(queued, key=lambda job: (job.since, job.number), default=None)


def _drop_cancelled() -> None:
    """Take those out of the line that need not wait for it any more."""
    for mark in jobs_folder().glob(f"[0-9]*/{CANCEL}"):
        if read_json(mark.parent / STATE)["status"] == "queued":
            write_state(mark.parent, "cancelled")


def _run(job: Job) -> None:
    """Train one job in its own process and wait for its end."""
    lock = try_hold(job.folder / LOCK)
    if lock is None:  # a process of it is still about
        time.sleep(_LOOK)
        return
    # an earlier attempt's process number and error must not pass for this one's
    kept = {key: value for key, value in job.progress.items() if key in ("history", "trace")}
    write_text(job.folder / PROGRESS, json.dumps({**kept, "stage": "starting"}))
    write_state(job.folder, "running")
    with (job.folder / LOG).open("ab") as log:
        # the process inherits the lock, so there is no moment at which nobody holds it
        module = "fetal_model.training.jobs_worker"
        process = start_process(module, [str(job.folder)], log, keep=(lock,))
    os.close(lock)
    while process.poll() is None:
        if (job.folder / CANCEL).exists():
            # nothing it writes can be left half-written, so it need not be asked
            _kill_session(process)
        _drop_cancelled()
        time.sleep(_LOOK)
    _conclude(job, process.returncode)


def _take_over(job: Job) -> None:
    """Wait for a job that an earlier runner started, or bury it."""
    while is_held(job.folder / LOCK):
        if (job.folder / CANCEL).exists():
            _kill_holder(job.folder)
        _drop_cancelled()
        time.sleep(_LOOK)
    _conclude(job, None)


def _conclude(job: Job, code: int | None) -> None:
    """Say how a job ended whose process is gone, and remove what it left behind."""
    progress = read_json(job.folder / PROGRESS)
    _sweep(job, progress.get("pid"))
    made = [
        version.label
        for version in list_versions(Path(job.order["weights"]))
        if version.metadata.get("job") == job.order["id"]
    ]
    if made:
        shutil.rmtree(job.folder / RUN, ignore_errors=True)
        write_state(job.folder, "finished", version=made[-1])
    elif (job.folder / CANCEL).exists():
        write_state(job.folder, "cancelled")
    else:
        write_state(job.folder, "failed", _cause(job.folder, code, str(progress.get("error", ""))))


def _cause(folder: Path, code: int | None, error: str) -> str:
    if error:
        return error
    at = where(folder)
    if code is None:
        return STOPPED.format(where=at)
    if code == -signal.SIGKILL:
        return (
            f"The training process was killed{at} (signal 9): by a person, or by the system when "
            "memory ran out. Nothing half-made is in service."
        )
    if code < 0:
        return f"The training process was ended{at} by {signal.Signals(-code).name}."
    return f"The training process ended{at} with code {code}; the log has the rest."


def _sweep(job: Job, pid: int | None) -> None:
    """Remove the half-written version of a process that is gone."""
    family = Path(job.order["weights"]) / job.order["recipe"]["name"]
    if pid is not None and not Path(f"/proc/{pid}").exists():
        for leftover in family.glob(f".*.{pid}.part"):
            shutil.rmtree(leftover, ignore_errors=True)
    for leftover in job.folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        family.rmdir()  # when it is empty


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and its children; it leads its session, and its number is ours until waited."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _kill_holder(folder: Path) -> None:
    """Kill the process that holds a job's lock, and no other that has come by its number."""
    pid = read_json(folder / PROGRESS).get("pid")
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            # held after the handle was taken: then the handle is that of the holder
            if is_held(folder / LOCK) and read_json(folder / PROGRESS).get("pid") == pid:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


if __name__ == "__main__":
    main()

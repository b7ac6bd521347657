"""The runs of a sweep on the machines of a Ray cluster.

Each run is a task, which starts the same process as on one machine, so the results are the same.
The code travels with the task; the environment of `requirements.txt` and Ray do not. A machine does
as many runs at once as it has CPUs by `ray start --num-cpus`. Ray starts a task again when its
machine or its process is gone, and the run goes on from its last epoch where its checkpoints are.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fetal_model
from fetal_model.dataset.manifest import shared_folder
from fetal_model.store.versions import write_bytes
from fetal_model.training.recipe import Recipe
from fetal_model.training.sweep import Run, Say, backend, do, outcome

RETRIES = 3
"""How often a run that was lost with its process or its machine is begun again."""


def on_ray(todo: Sequence[Run], say: Say) -> list[str]:
    """Do runs on the cluster that `RAY_ADDRESS` names, the one here, or one of this machine alone.

    Args:
        todo: Runs that are not finished.
        say: Told a sentence about each, in the order in which they end.

    Returns:
        Names of those that failed.

    Raises:
        ValueError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ValueError(
            "--engine ray: expected Ray, found no such package; install it with the command "
            "`.venv/bin/uv pip install ray`, on every machine the same version"
        ) from error
    _join(ray)
    try:
        task = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(_do)
        waiting = {task.remote(_order(run)): run for run in todo}
        began, failed, number = time.monotonic(), [], 0
        while waiting:
            (ended, *_), _ = ray.wait(list(waiting))
            run, number = waiting.pop(ended), number + 1
            try:
                files, cause = ray.get(ended)
            except ray.exceptions.RayError as error:
                # the trace of a task ends with what went wrong in it
                files, cause = {}, str(error).strip().splitlines()[-1]
            _keep(files, run.results)
            if cause:
                failed.append(run.name)
            after = f"{time.monotonic() - began:.0f} s after the first began"
            say(f"{number}/{len(todo)} {outcome(run, cause)}, {after}")
        return failed
    finally:
        ray.shutdown()


def _join(ray: Any) -> None:
    asked = {
        "log_to_driver": False,
        "configure_logging": False,
        "runtime_env": {
            "py_modules": [str(Path(fetal_model.__file__).parent)],
            # by default the folder lies beside the code, which a task has elsewhere
            "env_vars": {
                "FETAL_SHARED": str(shared_folder().resolve()),
                "KERAS_BACKEND": backend(),
            },
        },
    }
    address = os.environ.get("RAY_ADDRESS", "")
    try:
        ray.init(address=address or "auto", **asked)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        if address or not isinstance(error, ConnectionError):
            raise ValueError(
                f"--engine ray: expected a Ray cluster at {address or 'this machine'}, found none "
                f"that can be joined ({str(error).strip().splitlines()[-1]}); see to RAY_ADDRESS, "
                "RAY_AUTH_TOKEN and `ray status`"
            ) from error
        ray.init(num_cpus=1, **asked)  # a run has the whole machine


def _order(run: Run) -> dict[str, Any]:
    return {
        "recipe": run.recipe.model_dump(mode="json"),
        "work": str(run.work.resolve()),
        "test_scans": run.test_scans,
    }


def _do(order: dict[str, Any]) -> tuple[dict[str, bytes], str]:
    """On a machine of the cluster: the files of a run by their names, or why there are none."""
    os.environ.pop("OMP_NUM_THREADS", None)  # Ray's; a run has the whole machine, as without Ray
    work = Path(order["work"])
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        run = Run(Recipe.model_validate(order["recipe"]), results, work, order["test_scans"])
        if cause := do(run):
            return {}, f"on {platform.node()}: {cause}"
        files = [path for path in results.rglob("*") if path.is_file()]
        return {path.relative_to(results).as_posix(): path.read_bytes() for path in files}, ""


def _keep(files: dict[str, bytes], results: Path) -> None:
    """Write the files of a run, the one that says that it is finished last."""
    for name in sorted(files, key=lambda name: name.endswith(".json")):
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, files[name])

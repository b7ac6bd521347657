"""What an administrator does from the page: every function asks for the proof of the password.

The page has no other way to start, stop or promote anything. A shell, whose user can write the
files anyway, has the commands of `cli.py` instead.
"""

from __future__ import annotations

from fetal_model.store import serving, versions
from fetal_model.store.admin import Proof, verify
from fetal_model.store.versions import Version
from fetal_model.training import jobs, jobs_pace, jobs_plan
from fetal_model.training.jobs import Job
from fetal_model.training.jobs_pace import Estimate
from fetal_model.training.jobs_plan import Changes

BY = "page"


def trainings(proof: Proof) -> list[Job]:
    """Every training, the newest first; a queue that nobody works off is taken up again."""
    verify(proof)
    jobs.wake()
    return jobs.list_jobs()


def start(proof: Proof, recipe: str, changes: Changes) -> Job:
    """Start a training, or queue it behind the one that runs.

    Raises:
        ValueError: A value is out of bounds, or the recipe needs what is not there.
    """
    verify(proof)
    return jobs.submit(jobs_plan.ready(recipe, changes), versions.WEIGHTS)


def cancel(proof: Proof, number: int) -> None:
    """Stop a training that waits or runs.

    Raises:
        JobError: It does neither.
    """
    verify(proof)
    jobs.cancel(number)


def restart(proof: Proof, number: int) -> None:
    """Queue a training again that failed or was cancelled.

    Raises:
        JobError: It did neither.
    """
    verify(proof)
    jobs.restart(number)


def estimate(proof: Proof, recipe: str, changes: Changes) -> Estimate | None:
    """How long a training will take, None when that was never measured here.

    Raises:
        ValueError: A value is out of bounds.
    """
    verify(proof)
    return jobs_pace.estimate(jobs_plan.plan(recipe, changes))


def measure(proof: Proof, recipe: str, changes: Changes) -> None:
    """Start the short measurement that an estimate rests on.

    Raises:
        ValueError: A value is out of bounds, or the recipe needs what is not there.
    """
    verify(proof)
    jobs_pace.measure(jobs_plan.ready(recipe, changes))


def promote(proof: Proof, label: str) -> Version:
    """Put a version into service.

    Raises:
        VersionError: It does not exist, is damaged, or serves already.
    """
    verify(proof)
    return serving.promote(label, BY, versions.WEIGHTS)


def roll_back(proof: Proof) -> Version:
    """Bring back the version that served before.

    Raises:
        VersionError: None did, or it is damaged.
    """
    verify(proof)
    return serving.roll_back(BY, versions.WEIGHTS)

"""Trainings and versions in service, in a reader's words. Nothing is computed or decided here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fetal_model.anatomy import ANATOMIES
from fetal_model.store.serving import Service
from fetal_model.training.jobs import Job
from fetal_model.training.jobs_pace import seconds_left
from fetal_model.training.recipe import Recipe

CHANGES = {
    "first": "was the first",
    "promoted": "promoted",
    "rolled back": "rolled back to",
    "set by hand": "set outside the app",
}
STATUS = {
    "queued": "waits",
    "running": "at work",
    "finished": "finished",
    "failed": "failed",
    "cancelled": "cancelled",
}


def span(seconds: float) -> str:
    """A time that a reader plans with.

    >>> span(8), span(95), span(4000), span(100_000)
    ('8 s', '2 min', '1 h 7 min', '27 h 47 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def date(iso: str) -> str:
    """Date and time of an event.

    >>> date("2026-11-22T09:05:00+00:00"), date("")
    ('22 Nov 2026, 09:05 UTC', 'before this history began')
    """
    if not iso:
        return "before this history began"
    return f"{datetime.fromisoformat(iso):%d %b %Y, %H:%M} UTC"


def title(job: Job) -> str:
    """The name of a training."""
    return f"Training {job.number} · {job.order['recipe']['name']}"


def stage(job: Job) -> str:
    """What a running training is doing, in one line."""
    progress = job.progress
    if job.cancelling:
        return "Being cancelled"
    match progress.get("stage"):
        case "simulating scans":
            return f"Simulating scans, {progress['done']:,} of {progress['total']:,}"
        case "learning":
            left = seconds_left(progress)
            parts = [
                f"Learning, epoch {progress['epoch']} of {progress['epochs']}",
                f"step {progress['step']} of {progress['steps']}",
                "time left known after the first epoch"
                if left is None
                else f"about {span(left)} left, then it is tested",
            ]
            return ", ".join(parts)
        case "testing":
            return "Testing on held-out scans and writing the version"
    return "Starting: loading TensorFlow"


def settings(job: Job) -> str:
    """What a training was asked to do, in one line."""
    try:
        recipe = job.recipe
    except ValueError:
        return "Its recipe is one that this release no longer knows."
    training = recipe.training
    return (
        f"{training.epochs} epochs, batches of {training.batch_size}, learning rate "
        f"{training.learning_rate:g}. {data(recipe)}"
    )


def data(recipe: Recipe, found: Mapping[str, int] | None = None) -> str:
    """What a recipe learns from and is tested on.

    Args:
        recipe: The recipe.
        found: Scans of each label in its data folder, where they have been counted.
    """
    made = {str(key): number for key, number in recipe.data.phantoms.items()}
    counts = {**made, **(found or {})}
    of_anatomies = [counts.get(a.key, 0) for a in ANATOMIES]
    text = f"Scans of {recipe.data.folder}" if recipe.data.folder else "Simulated scans"
    if counts:
        shares = "8 in 10 to learn from, 1 to choose the epoch, 1 to test"
        if recipe.data.split == "official" and recipe.data.folder:
            shares = "tested on those that the publisher tests on"
        each = (f"{a.name.lower()} {n:,}" for a, n in zip(ANATOMIES, of_anatomies, strict=True))
        text += f": {', '.join(each)} (n = {sum(of_anatomies):,}; {shares})"
    if elsewhere := sum(counts.values()) - sum(of_anatomies):
        use = "learned too" if recipe.data.other_planes else "to test on"
        text += f", and {elsewhere:,} of other planes {use}"
    if recipe.data.real_scans:
        text += ", and the real training scans"
        if recipe.data.without:
            text += f" without {', '.join(recipe.data.without)}"
    return f"{text}."


def ended(job: Job) -> str:
    """How a training ended, in one line."""
    if job.status == "finished":
        return f"Finished {date(job.since)}: made {job.version}."
    kept = len(job.progress.get("history", []))
    again = f" A restart goes on after epoch {kept}." if kept else ""
    if job.status == "failed":
        return f"Failed: {job.cause}{again}"
    return f"Cancelled {date(job.since)}.{again}"


def curve(name: str, progress: dict[str, Any]) -> str:
    """The last point of a curve, for those who cannot see the chart."""
    history = progress.get("history", [])
    if not history:
        return f"{name}: no epoch has ended yet"
    last = history[-1]
    key = name.lower().replace(" ", "_")
    held_out = f", validation {last[f'val_{key}']:.4g}" if f"val_{key}" in last else ""
    return f"{name} after epoch {last['epoch']}: training {last[key]:.4g}{held_out}"


def in_service_since(entry: Service) -> str:
    """Since when a version serves, as a sentence."""
    return f"Since {date(entry.since)}." if entry.since else "The first one here."


def service(entry: Service) -> dict[str, str]:
    """One row of the history of service."""
    return {
        "Version": entry.version,
        "Since": date(entry.since),
        "How": CHANGES[entry.change],
        "Asked for on": entry.by or "not recorded",
    }

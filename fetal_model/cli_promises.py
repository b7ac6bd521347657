"""What `predict` promises when asked: few wrong among accepted, the truth in a set so often.

Imported only then: it brings a library that takes seconds.
"""

from __future__ import annotations

from dataclasses import replace

import typer

from fetal_model.evaluation.predictions import read_predictions
from fetal_model.export.entry import Entry, Named
from fetal_model.store.versions import PREDICTIONS, Version
from fetal_model.uncertainty.conformal import ConformalSets
from fetal_model.uncertainty.promises import defer, named, sets_of


def threshold_for(version: Version, target: float) -> float:
    """Confidence from which at most a share `target` of accepted answers is wrong.

    Raises:
        ValueError: The version's scans cannot support it.
    """
    found = defer(read_predictions(version.path / PREDICTIONS), target)
    typer.echo(found.in_words(), err=True)
    return found.threshold


def sets_for(version: Version, coverage: float) -> ConformalSets:
    """Conformal sets of a version.

    Raises:
        ValueError: The version's scans cannot support the coverage.
    """
    sets = sets_of(read_predictions(version.path / PREDICTIONS))
    sets.check(coverage)
    scans = ", ".join(f"{n} {key}" for key, n in sets.scans.items())
    typer.echo(f"Sets from {scans} scans that the thresholds were fitted on.", err=True)
    return sets


def with_set(entry: Entry, sets: ConformalSets, coverage: float) -> Entry:
    """The entry with its set, if it has an answer."""
    if isinstance(entry.answer, str):
        return entry
    return replace(entry, named=Named(coverage, named(sets, entry.answer, coverage)))

"""Every experiment of the first report, judged: each recipe's figures over its runs, and whether it
is better than the base. What the report claims is in `experiments.toml`; nothing is written here.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import seeds
from fetal_model.evaluation.metrics import mean_recall
from fetal_model.evaluation.paired import holm
from fetal_model.evaluation.resampling import Floats, interval
from fetal_model.evaluation.runs import Run

PLAN = Path(__file__).with_name("experiments.toml")
SIGNIFICANT = 0.05
BASE, SAME, BETTER, WORSE = "the base", "no difference shown", "better", "worse"
Key = tuple[str, int, int]
"""Recipe, side in pixels, epochs: the runs of one row differ in their seed only."""


@dataclass(frozen=True)
class Bounded:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, drawn: Floats) -> Bounded:
        """From resampled values, the first being that of the sample as it is."""
        return cls(float(drawn[0]), *interval(drawn[1:]))


@dataclass(frozen=True)
class Outcome:
    """What the runs of one recipe show.

    Attributes:
        runs: By seed.
        accuracy: Mean over its seeds, on the test scans.
        balanced: Balanced accuracy, likewise.
        difference: Its accuracy less the base's over the seeds both have, None where the two
            cannot be compared.
        p: Of the difference.
        holm: The same, corrected for every recipe that is compared.
        verdict: `BETTER`, `WORSE`, `SAME`, `BASE`, or why it is not compared.
    """

    runs: tuple[Run, ...]
    accuracy: Bounded
    balanced: Bounded
    difference: Bounded | None
    p: float | None
    holm: float | None
    verdict: str


@dataclass(frozen=True)
class Flattery:
    """By how much the scans that a split held out flatter, over its seeds.

    Attributes:
        held_out: Accuracy on those scans.
        above_test: The same less the accuracy on the test patients, whom no split has.
        above_base: The last less that of the base, over the seeds both have; None for the base.
    """

    held_out: Bounded
    above_test: Bounded
    above_base: Bounded | None


def read_plan() -> dict[str, Any]:
    """The rows of the tables and the claims of the report."""
    return tomllib.loads(PLAN.read_text(encoding="utf-8"))


def group_runs(runs: Iterable[Run]) -> dict[Key, list[Run]]:
    """The runs of each recipe, side and number of epochs, by seed.

    Raises:
        ValueError: Two runs have the same of all and the same seed.
    """
    groups: dict[Key, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.settings["recipe"], *run.size].append(run)
    for key, members in groups.items():
        members.sort(key=lambda run: run.seed)
        if len({run.seed for run in members}) < len(members):
            raise ValueError(f"runs of {key}: expected each seed once, found one twice")
    return dict(groups)


def judge_all(groups: dict[Key, list[Run]], base: str) -> dict[Key, Outcome]:
    """The outcome of every group, beside the base with the same side and epochs.

    Args:
        groups: See `group_runs`.
        base: Name of the recipe that the others are compared with.
    """
    found = {key: _judge(key, groups, base) for key in groups}
    compared = [key for key, outcome in found.items() if outcome.p is not None]
    corrected = holm([found[key].p or 0.0 for key in compared])
    for key, p in zip(compared, corrected, strict=True):
        difference = found[key].difference
        assert difference is not None
        sign = BETTER if difference.value > 0 else WORSE
        verdict = sign if p < SIGNIFICANT else SAME
        found[key] = replace(found[key], holm=p, verdict=verdict)
    return found


def flattery(runs: Sequence[Run], base: Sequence[Run]) -> Flattery | None:
    """How much a split flatters; None where a run kept no answers about its held-out scans.

    Args:
        runs: Of a recipe, by seed.
        base: Of the recipe that splits by patient, likewise; the same runs for that recipe itself.
    """
    if not all(run.held_out.patients for run in [*runs, *base]):
        return None
    held_out, gap = _gap(runs, _patients(runs, held_out=True), _patients(runs))
    shared = {run.seed for run in runs} & {run.seed for run in base}
    own, beside = ([run for run in side if run.seed in shared] for side in (runs, base))
    above_base = None
    if shared and runs != base:
        both = [*own, *beside]
        patients = _patients(both, held_out=True), _patients(both)
        above_base = Bounded.of(_gap(own, *patients)[1] - _gap(beside, *patients)[1])
    return Flattery(Bounded.of(held_out), Bounded.of(gap), above_base)


def confused(runs: Sequence[Run], one: int, two: int) -> tuple[int, Bounded]:
    """Errors between two anatomies.

    Args:
        runs: Of a recipe.
        one: Position of an anatomy in `KEYS`.
        two: Position of the other.

    Returns:
        Their number over all seeds, and their share of all errors.
    """
    tables = _tested(runs, _patients(runs)).reshape(-1, len(KEYS), len(KEYS))
    between = tables[:, one, two] + tables[:, two, one]
    wrong = tables.sum(axis=(1, 2)) - np.trace(tables, axis1=1, axis2=2)
    return round(between[0]), Bounded.of(between / np.maximum(wrong, 1e-9))


def _judge(key: Key, groups: dict[Key, list[Run]], base: str) -> Outcome:
    runs = groups[key]
    tables = _tested(runs, _patients(runs))
    alone = Outcome(
        runs=tuple(runs),
        accuracy=Bounded.of(seeds.accuracy(tables)),
        balanced=Bounded.of(mean_recall(tables)),
        difference=None,
        p=None,
        holm=None,
        verdict=BASE,
    )
    if key[0] == base:
        return alone
    beside = groups.get((base, *key[1:]), [])
    shared = {run.seed for run in runs} & {run.seed for run in beside}
    pair = [[run for run in side if run.seed in shared] for side in (beside, runs)]
    if not shared:
        return replace(alone, verdict=f"not compared: {base} has no such run of the same seed")
    if len({run.settings["test_fingerprint"] for side in pair for run in side}) > 1:
        return replace(alone, verdict="not compared: tested on other scans")
    patients = _patients([*pair[0], *pair[1]])
    first, second = (seeds.accuracy(_tested(side, patients)) for side in pair)
    drawn = second - first
    return replace(alone, difference=Bounded.of(drawn), p=seeds.p_value(drawn[1:]))


def _gap(
    runs: Sequence[Run], held_out: Sequence[str], tested: Sequence[str]
) -> tuple[Floats, Floats]:
    """Resampled accuracy on held-out scans, and the same less that on the test scans."""
    own = seeds.accuracy(seeds.confusions([run.held_out for run in runs], held_out, stream=1))
    return own, own - seeds.accuracy(_tested(runs, tested))


def _tested(runs: Sequence[Run], patients: Sequence[str]) -> Floats:
    return seeds.confusions([run.test for run in runs], patients)


def _patients(runs: Sequence[Run], held_out: bool = False) -> list[str]:
    said = [run.held_out if held_out else run.test for run in runs]
    return sorted({patient for answers in said for patient in answers.patients})

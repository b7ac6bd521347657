"""Every experiment of the first report, judged: each recipe's figures over its runs, and whether it
is better than the base. What the report claims is in `experiments.toml`; nothing is written here.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
UNJUDGED = "not judged: how much seeds differ is unknown"
Key = tuple[str, int, int, str]
"""Recipe, side in pixels, epochs, backend and precision: the runs of one row differ in their seed
only."""


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

    @classmethod
    def of_share(cls, drawn: Floats) -> Bounded:
        """The same for a figure that cannot leave 0 to 1."""
        return cls.of(np.clip(drawn, 0, 1))


@dataclass(frozen=True)
class Outcome:
    """What the runs of one recipe show.

    Attributes:
        runs: By seed.
        accuracy: Mean over its seeds, on the test scans.
        balanced: Balanced accuracy, likewise.
        training: Accuracy on the training scans in the best epoch, under augmentation and dropout.
        difference: Its accuracy less the base's over the seeds both have, None where the two
            cannot be compared.
        p: Of the difference, None without one and where the spread between seeds is unknown.
        holm: The same, corrected for every recipe that is compared.
        freedom: Degrees of freedom of the spread between seeds; 0: unknown, and left out.
        verdict: `BETTER`, `WORSE`, `SAME`, `BASE`, `UNJUDGED`, or why it is not compared.
        base: Recipe that it was compared with.
        alike: Seeds whose run gives every test scan the very probabilities that the base's gives.
    """

    runs: tuple[Run, ...]
    accuracy: Bounded
    balanced: Bounded
    training: Bounded
    difference: Bounded | None
    p: float | None
    holm: float | None
    freedom: int
    verdict: str
    base: str
    alike: int = 0


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
    """The runs of each recipe under the same conditions, by seed.

    Raises:
        ValueError: Two runs have the same of all and the same seed.
    """
    groups: dict[Key, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.settings["recipe"], *run.conditions].append(run)
    for key, members in groups.items():
        members.sort(key=lambda run: run.seed)
        if len({run.seed for run in members}) < len(members):
            raise ValueError(f"runs of {key}: expected each seed once, found one twice")
    return dict(groups)


def judge_all(
    groups: dict[Key, list[Run]],
    base: str,
    others: Mapping[str, tuple[str, int | None]] | None = None,
    apart: Mapping[str, str] | None = None,
) -> dict[Key, Outcome]:
    """The outcome of every group, beside its base under the same conditions.

    Args:
        groups: See `group_runs`.
        base: Name of the recipe that the others are compared with.
        others: Another base, by recipe that is compared with it, and its side if it is another.
        apart: Name of those whose spread between seeds is estimated apart from that of all others,
            by recipe.
    """
    bases, names = others or {}, apart or {}
    alike: dict[Key, list[Run]] = defaultdict(list)
    for key, runs in groups.items():
        alike[names.get(key[0], ""), *key[1:]] += runs
    spreads = {one: _spreads(_distinct(runs)) for one, runs in alike.items()}
    found = {}
    for key in groups:
        other = _base(key, *bases.get(key[0], (base, None)))
        name, others_name = (names.get(one, "") for one in (key[0], other[0]))
        own = spreads[name, *key[1:]]
        if name != others_name and other in groups:
            own = own.beside(spreads[others_name, *other[1:]])
        found[key] = _judge(key, groups, other, own)
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
    everything = [*runs, *base]
    if not all(run.held_out.patients for run in everything):
        return None
    own_patients, tested = _patients(everything, held_out=True), _patients(everything)

    def draw(chosen: Sequence[Run]) -> tuple[Floats, Floats]:
        """Resampled accuracy on held-out scans, and the same less that on the test scans."""
        said = [run.held_out for run in chosen]
        own = seeds.accuracy(seeds.confusions(said, own_patients, stream=1))
        return own, own - seeds.accuracy(_tested(chosen, tested))

    gaps = {_name(r): r.held_out.accuracy - r.test.accuracy for r in everything}
    held_out, gap = draw(runs)
    own = seeds.spread({_name(r): r.held_out.accuracy for r in everything})
    share = 1 / len(runs)
    found = Flattery(
        Bounded.of_share(own.blur(held_out, share)),
        Bounded.of(seeds.spread(gaps).blur(gap, share)),
        None,
    )
    one, two = _pairs(base, runs)
    if not one or runs == base:
        return found
    more = seeds.spread(gaps, paired=True).blur(draw(two)[1] - draw(one)[1], 2 / len(one))
    return replace(found, above_base=Bounded.of(more))


def confused(runs: Sequence[Run], peers: Sequence[Run], one: int, two: int) -> tuple[int, Bounded]:
    """Errors between two anatomies.

    Args:
        runs: Of a recipe.
        peers: Of all recipes, from which the spread between seeds is taken.
        one: Position of an anatomy in `KEYS`.
        two: Position of the other.

    Returns:
        Their number over all seeds, and their share of all errors.
    """

    def count(tables: Floats) -> tuple[Floats, Floats]:
        square = tables.reshape(-1, len(KEYS), len(KEYS))
        wrong = square.sum(axis=(1, 2)) - np.trace(square, axis1=1, axis2=2)
        between = square[:, one, two] + square[:, two, one]
        return between, between / np.maximum(wrong, 1)

    between, drawn = count(_tested(runs, _patients(runs)))
    spread = seeds.spread({_name(run): float(count(_table(run))[1][0]) for run in peers})
    return round(between[0]), Bounded.of_share(spread.blur(drawn, 1 / len(runs)))


@dataclass(frozen=True)
class _Spreads:
    """Between seeds, over recipes under the same conditions."""

    accuracy: seeds.Spread
    balanced: seeds.Spread
    training: seeds.Spread
    difference: seeds.Spread

    def beside(self, other: _Spreads) -> _Spreads:
        """The same, where the recipe that is compared with has another spread.

        What a seed does to both alike is not known then, and is not taken out.
        """
        one, two = self.accuracy, other.accuracy
        # a difference has twice the variance of one run
        deviation = float(np.sqrt((one.deviation**2 + two.deviation**2) / 2))
        freedom = min(one.freedom, two.freedom)
        return replace(self, difference=seeds.Spread(deviation, freedom))


def _distinct(runs: Sequence[Run]) -> list[Run]:
    """Without runs that repeat one of the same seed: they say nothing more of how seeds differ."""
    first: dict[tuple[int, bytes], Run] = {}
    for run in runs:
        first.setdefault((run.seed, run.test.shares.tobytes()), run)
    return list(first.values())


def _spreads(runs: Sequence[Run]) -> _Spreads:
    accuracies = {_name(run): run.test.accuracy for run in runs}
    balanced = {_name(run): float(mean_recall(_table(run))[0]) for run in runs}
    return _Spreads(
        seeds.spread(accuracies),
        seeds.spread(balanced),
        seeds.spread({_name(run): run.settings["accuracy_train"] for run in runs}),
        seeds.spread(accuracies, paired=True),
    )


def _base(key: Key, name: str, side: int | None) -> Key:
    """The runs that a group is compared with."""
    return name, side or key[1], *key[2:]


def _judge(key: Key, groups: dict[Key, list[Run]], base: Key, spreads: _Spreads) -> Outcome:
    runs = groups[key]
    tables, share = _tested(runs, _patients(runs)), 1 / len(runs)
    training = np.full(len(tables), np.mean([run.settings["accuracy_train"] for run in runs]))
    alone = Outcome(
        runs=tuple(runs),
        accuracy=Bounded.of_share(spreads.accuracy.blur(seeds.accuracy(tables), share)),
        balanced=Bounded.of_share(spreads.balanced.blur(mean_recall(tables), share)),
        training=Bounded.of_share(spreads.training.blur(training, share)),
        difference=None,
        p=None,
        holm=None,
        freedom=spreads.accuracy.freedom,
        verdict=BASE,
        base=base[0],
    )
    if key == base:
        return alone
    first, second = _pairs(groups.get(base, []), runs)
    if not first:
        return replace(alone, verdict=f"not compared: {base[0]} has no such run of the same seed")
    both = [*first, *second]
    if len({run.settings["test_fingerprint"] for run in both}) > 1:
        return replace(alone, verdict="not compared: tested on other scans")
    pairs = zip(first, second, strict=True)
    same = sum(np.array_equal(one.test.shares, two.test.shares) for one, two in pairs)
    alone = replace(alone, alike=same)
    patients = _patients(both)
    drawn = seeds.accuracy(_tested(second, patients)) - seeds.accuracy(_tested(first, patients))
    if not spreads.difference.freedom:
        return replace(alone, difference=Bounded.of(drawn), verdict=UNJUDGED)
    drawn = spreads.difference.blur(drawn, 2 / len(first))
    return replace(alone, difference=Bounded.of(drawn), p=seeds.p_value(drawn[1:]))


def _pairs(first: Sequence[Run], second: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs of two recipes whose seed both have."""
    shared = {run.seed for run in first} & {run.seed for run in second}
    one, two = ([run for run in side if run.seed in shared] for side in (first, second))
    return one, two


def _table(run: Run) -> Floats:
    """Confusion matrix on the test scans, shape (16,)."""
    return np.eye(len(KEYS) ** 2)[run.test.cells].sum(axis=0)


def _name(run: Run) -> tuple[str, int]:
    return run.settings["recipe"], run.seed


def _tested(runs: Sequence[Run], patients: Sequence[str]) -> Floats:
    return seeds.confusions([run.test for run in runs], patients)


def _patients(runs: Sequence[Run], held_out: bool = False) -> list[str]:
    said = [run.held_out if held_out else run.test for run in runs]
    return sorted({patient for answers in said for patient in answers.patients})

"""Several answers about a scan made one: of several networks, against the best of them, and of one
network that looks at several views or through dropout masks, against one look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import seeds
from fetal_model.evaluation.doubt_answers import Answer
from fetal_model.evaluation.experiments import Bounded
from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.paired import discordant
from fetal_model.evaluation.resampling import Floats
from fetal_model.evaluation.runs import Answers, Run

Way = Literal["averaging", "voting"]
WAYS: tuple[Way, ...] = ("averaging", "voting")


@dataclass(frozen=True)
class Ensemble:
    """What is gained by asking several.

    Attributes:
        accuracy: Of all together, on the test scans.
        best: Of the member that is best on validation scans, as which one is best on the test
            scans nobody knows beforehand; of those that are not leaky, if there are.
        more: The first less the second, on the same resampled patients.
        p: Two-sided, of the difference.
    """

    accuracy: Bounded
    best: Bounded
    more: Bounded
    p: float


def combine(shares: Floats, way: Way) -> Floats:
    """One answer of several.

    Args:
        shares: Probabilities of each member, shape (members, n, 4).
        way: `averaging`, the mean of the probabilities (Lakshminarayanan et al. 2017,
            arXiv:1612.01474), or `voting`, the share of members that answer so, ties going to the
            higher mean.

    Returns:
        Shape (n, 4), rows sum to 1.
    """
    mean: Floats = shares.mean(axis=0)
    if way == "averaging":
        return mean
    votes = np.eye(shares.shape[-1])[shares.argmax(axis=-1)].mean(axis=0)
    # less than any difference between votes, so that it decides between equal ones alone
    decided = votes + mean / (2 * len(shares))
    return np.asarray(decided / decided.sum(axis=1, keepdims=True))


def judge(runs: Sequence[Run], way: Way) -> Ensemble:
    """An ensemble of runs beside its best member.

    Args:
        runs: At least two, tested on the same scans.
        way: As in `combine`.

    Raises:
        ValueError: There are fewer, or they were tested on different scans.
    """
    if len(runs) < 2 or len({run.settings["test_fingerprint"] for run in runs}) > 1:
        raise ValueError("ensemble: expected two or more runs, tested on the same scans")
    first = runs[0].test
    together = combine(np.stack([run.test.shares for run in runs]), way)
    honest = [run for run in runs if not run.settings["leaky"]] or runs
    best = max(honest, key=lambda run: float(run.settings["accuracy_validation"]))
    return _beside(Answers(first.patients, first.truth, together), best.test)


@dataclass(frozen=True)
class Asked:
    """One version asked in another way, beside the same asked once.

    Attributes:
        right: Of the other way.
        once: Of one look.
        gained: Scans that only the other way got right.
        lost: Scans that only one look got right.
        more: Difference of the accuracies, on the same resampled patients.
        p: McNemar's exact, of gained and lost.
    """

    right: Proportion
    once: Proportion
    gained: int
    lost: int
    more: Bounded
    p: float


def asked(answers: Sequence[Answer], once: Sequence[Answer]) -> Asked:
    """Compare two methods of `fetal_model.uncertainty.methods` on scans of the four anatomies.

    Args:
        answers: Of a method.
        once: Of `softmax`, about the same scans.

    Raises:
        ValueError: They are about other scans.
    """
    one, two = ([answer for answer in said if answer.label in KEYS] for said in (answers, once))
    if [answer.scan for answer in one] != [answer.scan for answer in two]:
        raise ValueError("answers: expected two methods asked about the same scans, found others")
    right, before = ([answer.is_right for answer in said] for said in (one, two))
    gained, lost, p = discordant(right, before)
    return Asked(
        Proportion(sum(right), len(right)),
        Proportion(sum(before), len(before)),
        gained,
        lost,
        _beside(_as_run(one), _as_run(two)).more,
        p,
    )


def _as_run(answers: Sequence[Answer]) -> Answers:
    return Answers(
        tuple(answer.group for answer in answers),
        np.array([KEYS.index(answer.label) for answer in answers], dtype=np.int64),
        np.array([answer.probabilities for answer in answers]),
    )


def _beside(together: Answers, alone: Answers) -> Ensemble:
    patients = sorted(set(together.patients))
    ours, theirs = (
        seeds.accuracy(seeds.confusions([answers], patients)) for answers in (together, alone)
    )
    more = ours - theirs
    return Ensemble(
        Bounded.of_share(ours), Bounded.of_share(theirs), Bounded.of(more), seeds.p_value(more[1:])
    )

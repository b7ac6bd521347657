"""Several trained networks asked together, against the best of them; from the runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fetal_model.evaluation import seeds
from fetal_model.evaluation.experiments import Bounded
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
    patients = sorted(set(first.patients))
    said = Answers(first.patients, first.truth, together)
    ours, theirs = (
        seeds.accuracy(seeds.confusions([answers], patients)) for answers in (said, best.test)
    )
    more = ours - theirs
    return Ensemble(
        Bounded.of_share(ours), Bounded.of_share(theirs), Bounded.of(more), seeds.p_value(more[1:])
    )

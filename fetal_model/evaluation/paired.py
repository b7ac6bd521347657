"""Two sets of answers about the same scans: is one better, and could that be chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.evaluate import align
from fetal_model.evaluation.figures import FEW, of_the_four
from fetal_model.evaluation.metrics import answer_cells, mean_recall
from fetal_model.evaluation.predictions import Prediction
from fetal_model.evaluation.resampling import Draws, Floats, draw_patients, interval

ALL = "all"


@dataclass(frozen=True)
class Difference:
    """How much better the second is than the first.

    Attributes:
        value: Figure of the second less that of the first, in [-1, 1].
        low: Of the 95% interval over patients, None where they are few.
        high: Of the same.
    """

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.value:+.3f} (no interval)"
        return f"{self.value:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


@dataclass(frozen=True)
class Comparison:
    """Two versions on some scans.

    Attributes:
        scans: Which ones: all, of an anatomy, or with a value of a column.
        n: How many.
        patients: Of how many patients.
        right: How many each got right.
        only: How many the first alone, and the second alone, got right.
        accuracy: Difference of the accuracies.
        balanced: Difference of the balanced accuracies, None for the scans of one anatomy.
        p: Of McNemar's exact test.
        holm: The same, corrected for all the rows of its table.
    """

    scans: str
    n: int
    patients: int
    right: tuple[int, int]
    only: tuple[int, int]
    accuracy: Difference
    balanced: Difference | None
    p: float
    holm: float


def compare(
    first: Sequence[Prediction],
    second: Sequence[Prediction],
    columns: Mapping[str, Sequence[str]] | None = None,
) -> list[Comparison]:
    """Compare on all scans, on those of each anatomy, and for each value of each column.

    Args:
        first: Answers of one version.
        second: Answers of the other about the same scans in the same order.
        columns: What is known about each scan, such as its machine.

    Raises:
        ValueError: The scans are not the same, or none is of the four planes.
    """
    _check_same(first, second)
    chosen: dict[str, list[int]] = {ALL: list(range(len(first)))}
    for key in KEYS:
        chosen[key] = [i for i, row in enumerate(first) if row.label == key]
    for column, values in (columns or {}).items():
        for value in sorted(set(values)):
            chosen[f"{column} {value}"] = [i for i, v in enumerate(values) if v == value]
    found: dict[str, tuple[list[Prediction], list[Prediction]]] = {}
    for name, indices in chosen.items():
        pair = tuple(of_the_four([rows[i] for i in indices]) for rows in (first, second))
        if pair[0]:
            found[name] = (pair[0], pair[1])
    tests = {name: mcnemar(*pair) for name, pair in found.items()}
    corrected = holm([p for *_, p in tests.values()])
    return [
        _comparison(name, *found[name], tests[name], holm_p)
        for name, holm_p in zip(found, corrected, strict=True)
    ]


def mcnemar(first: Sequence[Prediction], second: Sequence[Prediction]) -> tuple[int, int, float]:
    """McNemar's exact test (McNemar 1947, Psychometrika 12:153; two-sided binomial).

    It takes scans as independent. Several scans of a patient are not quite, so the interval over
    patients has the last word.

    Returns:
        Scans that only the first got right, those that only the second did, and p.
    """
    return discordant([row.is_right for row in first], [row.is_right for row in second])


def discordant(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int, float]:
    """`mcnemar` of whether each scan was answered right."""
    one = sum(a and not b for a, b in zip(first, second, strict=True))
    two = sum(b and not a for a, b in zip(first, second, strict=True))
    return one, two, float(binomtest(one, one + two).pvalue) if one + two else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being several (Holm 1979, Scandinavian Journal of Statistics 6:65).

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, floor = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = floor
    return corrected


def describe(rows: Sequence[Comparison]) -> str:
    """The table of a comparison as plain text, for a terminal."""
    head = ("scans", "n", "right", "only one right", "accuracy", "balanced", "p", "p (Holm)")
    table = [
        (
            row.scans,
            f"{row.n} of {row.patients}",
            f"{row.right[0]} : {row.right[1]}",
            f"{row.only[0]} : {row.only[1]}",
            str(row.accuracy),
            str(row.balanced or ""),
            f"{row.p:.4f}",
            f"{row.holm:.4f}",
        )
        for row in rows
    ]
    return "\n".join(
        [
            *align([head, *table]),
            "",
            "n: scans of patients; a scan whose patient is unknown counts as one. first : second. "
            "Differences: second less first, with the 95% interval of a paired bootstrap over "
            "patients. p: McNemar's exact test, which takes scans as independent; Holm: corrected "
            "for the rows of this table.",
        ]
    )


def _comparison(
    name: str,
    first: list[Prediction],
    second: list[Prediction],
    test: tuple[int, int, float],
    corrected: float,
) -> Comparison:
    draws = draw_patients([row.group for row in first])
    right = [[row.is_right for row in rows] for rows in (first, second)]
    hits = draws.totals(np.array([*right, [True] * len(first)], dtype=np.float64).T)
    balanced = None
    if len({row.label for row in first}) > 1:
        one, two = (mean_recall(draws.totals(answer_cells(rows))) for rows in (first, second))
        balanced = _difference(two - one, draws)
    return Comparison(
        scans=name,
        n=len(first),
        patients=draws.patients,
        right=(sum(right[0]), sum(right[1])),
        only=test[:2],
        accuracy=_difference((hits[:, 1] - hits[:, 0]) / hits[:, 2], draws),
        balanced=balanced,
        p=test[2],
        holm=corrected,
    )


def _difference(drawn: Floats, draws: Draws) -> Difference:
    if draws.patients < FEW:
        return Difference(float(drawn[0]), None, None)
    return Difference(float(drawn[0]), *interval(drawn[1:]))


def _check_same(first: Sequence[Prediction], second: Sequence[Prediction]) -> None:
    names = [[(row.source, row.scan, row.label) for row in rows] for rows in (first, second)]
    if names[0] != names[1]:
        raise ValueError(
            "compare: expected answers about the same scans in the same order, found "
            f"{len(first)} and {len(second)} scans, of which {len(set(names[0]) & set(names[1]))} "
            "are in both"
        )
    if not of_the_four(first):
        raise ValueError("compare: expected scans of the four planes, found none")

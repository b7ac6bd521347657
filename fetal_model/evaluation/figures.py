"""Every figure of a set of answers, each with an interval over patients, or exact bounds where the
patients are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.metrics import answer_cells, mean_recall
from fetal_model.evaluation.predictions import Prediction
from fetal_model.evaluation.resampling import (
    Draws,
    Floats,
    draw_patients,
    exact_bounds,
    interval,
)  # fmt: skip

FEW = 30
"""Patients; below this a percentile interval is too narrow, and exact bounds stand in its place."""


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        value: In [0, 1].
        low: Of the 95% interval, None where there is none.
        high: Of the same.
        n: Scans it is about.
        count: Of them, those that count; None for a figure that is no share.
        method: How the interval was made, or why there is none.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    count: int | None
    method: str

    def __str__(self) -> str:
        share = f"{self.count}/{self.n} = " if self.count is not None else ""
        bounds = "no interval" if self.low is None else f"{self.low:.3f} to {self.high:.3f}"
        return f"{share}{self.value:.3f} ({bounds})" + ("" if share else f", n = {self.n}")


def overall(rows: Sequence[Prediction]) -> dict[str, Figure]:
    """Accuracy, balanced accuracy and mean AUROC of one against the rest; empty without scans.

    Args:
        rows: Answers; those about other planes are left out.
    """
    within = of_the_four(rows)
    if not within:
        return {}
    draws = _draw(within)
    occurring = [key for key in KEYS if any(row.label == key for row in within)]
    found = {
        "accuracy": _accuracy(within, draws),
        "balanced accuracy": _scalar(
            mean_recall(draws.totals(answer_cells(within))), within, draws.patients
        ),
    }
    if len(occurring) > 1:
        areas = np.mean([_areas(within, draws, key) for key in occurring], axis=0)
        found["AUROC, mean of the anatomies"] = _scalar(areas, within, draws.patients)
    return found


def per_anatomy(rows: Sequence[Prediction]) -> dict[str, dict[str, Figure]]:
    """Precision, recall, F1 and AUROC of each anatomy; what cannot be had is left out.

    Precision is the share of right answers among its answers, recall among its scans, F1 their
    harmonic mean; AUROC ranks its scans against those of the other three by its probability.
    """
    within = of_the_four(rows)
    if not within:
        return {}
    draws = _draw(within)
    tables = draws.totals(answer_cells(within)).reshape(-1, len(KEYS), len(KEYS))
    found: dict[str, dict[str, Figure]] = {}
    for index, key in enumerate(KEYS):
        right, scans, answers = (
            tables[:, index, index],
            tables[:, index, :].sum(axis=1),
            tables[:, :, index].sum(axis=1),
        )
        figures: dict[str, Figure] = {}
        shows = [row for row in within if row.label == key]
        says = [row for row in within if row.answer == key]
        with np.errstate(invalid="ignore"):
            if says:
                figures["precision"] = _share(right / answers, says)
            if shows:
                figures["recall"] = _share(right / scans, shows)
                drawn = 2 * right / (scans + answers)
                figures["F1"] = _scalar(drawn, within, _patients(shows))
                if len(shows) < len(within):
                    areas = _areas(within, draws, key)
                    figures["AUROC"] = _scalar(areas, within, _patients(shows))
        if figures:
            found[key] = figures
    return found


def group(rows: Sequence[Prediction], values: Sequence[str]) -> dict[str, dict[str, Figure]]:
    """Accuracy and balanced accuracy for each value of a column, in alphabetical order.

    Args:
        rows: Answers.
        values: What the column says about each of them.
    """
    found = {}
    for value in sorted(set(values)):
        within = of_the_four([r for r, v in zip(rows, values, strict=True) if v == value])
        if within:
            figures = overall(within)
            found[value] = {name: figures[name] for name in ("accuracy", "balanced accuracy")}
    return found


def unit(rows: Sequence[Prediction]) -> str:
    """What is drawn with replacement: patients, or scans where these are not known.

    >>> unit([])
    'patients'
    """
    unknown = sum(not row.patient for row in rows)
    if not unknown:
        return "patients"
    return "scans" if unknown == len(rows) else "patients, or scans where the patient is unknown"


def of_the_four(rows: Sequence[Prediction]) -> list[Prediction]:
    """Those about scans of the four planes."""
    return [row for row in rows if row.in_plane]


def _draw(rows: Sequence[Prediction]) -> Draws:
    return draw_patients([row.group for row in rows])


def _patients(rows: Sequence[Prediction]) -> int:
    return len({row.group for row in rows})


def _areas(rows: Sequence[Prediction], draws: Draws, key: str) -> Floats:
    truth: NDArray[np.bool_] = np.array([row.label == key for row in rows])
    return draws.areas(truth, np.array([row.probabilities[KEYS.index(key)] for row in rows]))


def _accuracy(rows: Sequence[Prediction], draws: Draws) -> Figure:
    right = np.array([[row.is_right, 1.0] for row in rows], dtype=np.float64)
    totals = draws.totals(right)
    return _share(totals[:, 0] / totals[:, 1], rows)


def _share(drawn: Floats, rows: Sequence[Prediction]) -> Figure:
    """A share of right answers among `rows`, which are all it is about."""
    count, patients, of = sum(row.is_right for row in rows), _patients(rows), unit(rows)
    if patients < FEW or count in (0, len(rows)):
        # As if each patient were one scan: right where scans of a patient tell nothing new, and
        # on the safe side elsewhere. Resampling cannot tell of errors that never happened.
        low, high = exact_bounds(count * patients / len(rows), patients)
        method = f"exact, as of {patients} {of}"
    else:
        (low, high), method = interval(drawn[1:]), f"bootstrap over {patients} {of}"
    return Figure(count / len(rows), low, high, len(rows), count, method)


def _scalar(drawn: Floats, rows: Sequence[Prediction], patients: int) -> Figure:
    value, n, of = float(drawn[0]), len(rows), unit(rows)
    if patients < FEW:
        return Figure(value, None, None, n, None, f"no interval from {patients} {of}")
    if value in (0, 1):
        return Figure(value, None, None, n, None, "no interval: nothing varies")
    low, high = interval(drawn[1:])
    return Figure(value, low, high, n, None, f"bootstrap over {patients} {of}")

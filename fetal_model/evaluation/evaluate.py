"""A version judged on a folder of labelled scans: every figure, as text, as JSON and as files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import metrics
from fetal_model.evaluation.card import DISCLAIMER
from fetal_model.evaluation.figures import Figure, group, overall, per_anatomy, unit
from fetal_model.evaluation.gallery import GALLERY, write_gallery
from fetal_model.evaluation.labelled import Answers, overlap
from fetal_model.evaluation.predictions import Prediction, write_predictions
from fetal_model.store.versions import PREDICTIONS, Version, write_text

FIGURES = "figures.json"
ByName = dict[str, Figure]


@dataclass(frozen=True)
class Evaluation:
    """How good a version is on some scans.

    Attributes:
        version: Its label.
        scans: What they are, with their number and that of their patients.
        simulated: Whether every scan is a phantom.
        overlap: Whether the version may have learned from these patients, as a sentence.
        overall: Figures over all scans of the four planes.
        other_planes: Figures that need scans of other planes, empty without.
        per_anatomy: Figures of each anatomy.
        confusion: Counts of each answer by truth.
        by: Figures for each value of each column of the manifest.
        unreadable: A sentence for each scan that could not be read.
    """

    version: str
    scans: dict[str, int]
    simulated: bool
    overlap: str
    overall: ByName
    other_planes: dict[str, str]
    per_anatomy: dict[str, ByName]
    confusion: dict[str, dict[str, int]]
    by: dict[str, dict[str, ByName]]
    unreadable: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything, for `json.dumps`."""
        return asdict(self)


def evaluate(version: Version, answers: Answers) -> Evaluation:
    """Work out every figure of a version.

    Args:
        version: One that is in `answers.rows`.
        answers: See `answer_folder`.
    """
    rows = answers.rows[version.label]
    return Evaluation(
        version=version.label,
        scans=count(rows),
        simulated=all(row.simulated for row in rows),
        overlap=overlap(version, answers),
        overall=overall(rows),
        other_planes=_other_planes(rows),
        per_anatomy=per_anatomy(rows),
        confusion=metrics.confusion(rows),
        by={column: group(rows, values) for column, values in answers.columns.items()},
        unreadable=answers.unreadable,
    )


def write_evaluation(folder: Path, evaluation: Evaluation, answers: Answers) -> None:
    """Write figures, predictions and the gallery of mistakes into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = answers.rows[evaluation.version]
    text = json.dumps(evaluation.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_text(folder / FIGURES, text)
    write_predictions(folder / PREDICTIONS, rows)
    write_gallery(folder / GALLERY, evaluation.version, answers.records, rows)


def count(rows: list[Prediction]) -> dict[str, int]:
    """Scans, those of the four planes, patients, and scans whose patient is unknown."""
    return {
        "scans": len(rows),
        "of the four planes": sum(row.in_plane for row in rows),
        "patients": len({row.group for row in rows if row.patient}),
        "patient unknown": sum(not row.patient for row in rows),
    }


def describe(evaluation: Evaluation) -> str:
    """The figures as plain text, for a terminal."""
    scans = evaluation.scans
    kind = "simulated scans" if evaluation.simulated else "scans"
    lines = [
        f"{evaluation.version} on {scans['scans']} {kind} of {scans['patients']} patients"
        + (f" and {scans['patient unknown']} unknown" if scans["patient unknown"] else "")
        + f". {evaluation.overlap}",
        "",
        *align(_lines(evaluation.overall)),
        *(f"{name}  {value}" for name, value in evaluation.other_planes.items()),
        "",
    ]
    for key, figures in evaluation.per_anatomy.items():
        lines += [key, *align(_lines(figures), "  "), ""]
    lines += ["answers by truth", *align(_matrix(evaluation.confusion), "  "), ""]
    for column, values in evaluation.by.items():
        lines += [f"by {column}"]
        found = [(v, *row) for v, figures in values.items() for row in _lines(figures)]
        lines += [*align(found, "  "), ""]
    return "\n".join([*lines, f"Intervals are 95%. {DISCLAIMER}"])


def align(rows: Iterable[tuple[str, ...]], indent: str = "") -> list[str]:
    """Rows of a table with columns as wide as they need to be.

    >>> align([("a", "1"), ("long", "2")])
    ['a     1', 'long  2']
    """
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        indent + "  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _lines(figures: ByName) -> list[tuple[str, ...]]:
    return [(name, str(figure), figure.method) for name, figure in figures.items()]


def _matrix(confusion: dict[str, dict[str, int]]) -> list[tuple[str, ...]]:
    rows = [(label, *(str(n) for n in counts.values())) for label, counts in confusion.items()]
    return [("truth", *KEYS), *rows]


def _other_planes(rows: list[Prediction]) -> dict[str, str]:
    others = [row for row in rows if not row.in_plane]
    if not others:
        return {}
    return {
        "other planes accepted": str(metrics.accepted(others)),
        "AUROC of the plane score": f"{metrics.plane_auroc(rows)} (bootstrap over {unit(rows)})",
    }

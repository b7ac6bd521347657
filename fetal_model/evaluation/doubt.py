"""Doubt, calibration, conformal sets and rejection: the figures from what each method answered.

Beside the answers `docs/results/doubt/` holds `rejection.csv`, the rejection scores of the real
scans, `about.json`, the version, the folds and the networks, and `figures.json`, made here.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import metrics, reliability, selective
from fetal_model.evaluation.doubt_answers import DOUBT, SAMPLED, Answer, read_answers
from fetal_model.evaluation.metrics import Estimate
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.evaluation.resampling import Floats, draw_patients
from fetal_model.evaluation.results import RESULTS
from fetal_model.store.versions import write_text
from fetal_model.uncertainty.conformal import ConformalSets
from fetal_model.uncertainty.cross_fit import cross_fit
from fetal_model.uncertainty.measures import MEASURES

METHODS = {
    "softmax": 1,
    "dropout": 1,
    "augmentation": 10,
    "augmentation and dropout": 10,
    "ensemble": 5,
    "ensemble and dropout": 5,
}
"""Passes of a trunk for each scan, by method that may find errors."""
CALIBRATED = ("softmax", "temperature", "vector scaling")
"""Ways to make probabilities of the logits; the last two are fitted without the scan's fold."""
BASE = ("softmax", "confidence")
"""Method and measure that every other has to beat."""
COVERAGES = (0.8, 0.9, 0.95)
"""Asked of the conformal sets."""
PUBLISHED = RESULTS / "published-validation.csv"
REJECTED = 0.95
"""Share of the other planes that is turned away where lost scans are counted."""


@dataclass(frozen=True, eq=False)
class Table:
    """Answers about scans of the four planes as arrays, a row a scan."""

    labels: NDArray[np.int64]
    groups: list[str]
    folds: NDArray[np.int64]
    probabilities: Floats
    sampled: Floats

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Table:
        """From the answers of one method."""
        within = [answer for answer in answers if answer.label in KEYS]
        return cls(
            np.array([KEYS.index(answer.label) for answer in within]),
            [answer.group for answer in within],
            np.array([answer.fold for answer in within]),
            np.array([answer.probabilities for answer in within]),
            np.array([answer.sampled for answer in within]),
        )

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether the answer is not the truth."""
        return np.asarray(self.probabilities.argmax(axis=1) != self.labels)

    def doubt(self, measure: str) -> Floats | None:
        """One of `MEASURES`, None where it needs several answers and there is one."""
        if measure not in SAMPLED:
            return MEASURES[measure](self.probabilities[np.newaxis])
        return self.sampled[:, SAMPLED.index(measure)] if self.sampled.size else None


def write_figures(folder: Path = DOUBT, published: Path = PUBLISHED) -> None:
    """Write the figures of what was measured; arguments as of `rejection`."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    found = about | {
        "simulated": figures(True, folder),
        "real": figures(False, folder),
        "rejection": rejection(folder, published),
    }
    write_text(folder / "figures.json", json.dumps(found, indent=2) + "\n")


def figures(simulated: bool, folder: Path = DOUBT) -> dict[str, Any]:
    """Everything that is reported of the simulated or of the real scans.

    Returns:
        `n` and `patients`; `detection`, a row a method and measure; `calibration`, a row a way;
        `sets`, a row a coverage. Estimates are text with interval and n.
    """
    tables = {
        method: Table.of([a for a in read_answers(method, folder) if a.simulated == simulated])
        for method in dict.fromkeys([*METHODS, *CALIBRATED])
    }
    base = tables[BASE[0]]
    return {
        "n": len(base.labels),
        "patients": len(set(base.groups)),
        "detection": detection({name: tables[name] for name in METHODS}),
        "calibration": [calibration(way, tables[way]) for way in CALIBRATED],
        # of the real abdomens and femurs there are too few to leave some out
        "sets": sets(base, KEYS if simulated else ("brain", "thorax")),
    }


def detection(tables: dict[str, Table]) -> list[dict[str, Any]]:
    """How well each measure of each method tells the method's wrong answers from its right ones.

    Args:
        tables: Answers about the same scans by method, `BASE` among them.
    """
    base = _areas(tables[BASE[0]], BASE[1])
    n = len(tables[BASE[0]].labels)
    rows = []
    for method, table in tables.items():
        for measure in MEASURES:
            doubt = table.doubt(measure)
            if doubt is None:
                continue
            wrong, areas = table.wrong, _areas(table, measure)
            more = None if areas is None or base is None else str(Estimate.of(areas - base, n))
            rows.append(
                {
                    "method": method,
                    "measure": measure,
                    "passes": METHODS[method],
                    "wrong": int(wrong.sum()),
                    "auroc": None if areas is None else str(Estimate.of(areas, n)),
                    "more_than_base": more,
                    "area_under_risk": str(selective.area_under_risk(doubt, wrong, table.groups)),
                    **{
                        f"right_at_{coverage}": str(selective.accuracy_at(doubt, wrong, coverage))
                        for coverage in selective.COVERAGES
                    },
                }
            )
    return rows


def _areas(table: Table, measure: str) -> Floats | None:
    """AUROC of the sample and its resamples, None without both right and wrong answers."""
    doubt, wrong = table.doubt(measure), table.wrong
    if doubt is None or wrong.all() or not wrong.any():
        return None
    return draw_patients(table.groups).areas(wrong, doubt)


def calibration(way: str, table: Table) -> dict[str, str]:
    """What its probabilities are worth."""
    of = table.probabilities, table.labels, table.groups
    return {
        "way": way,
        "ece": str(reliability.calibration_error(*of)),
        "brier": str(reliability.brier_score(*of)),
        "nll": str(reliability.negative_log_likelihood(*of)),
    }


def sets(table: Table, among: Sequence[str]) -> list[dict[str, Any]]:
    """Coverage and size of the conformal sets, each made without the scan's fold."""
    kept = np.isin(table.labels, [KEYS.index(key) for key in among])
    shares, labels = table.probabilities[kept], table.labels[kept]
    groups = [group for group, keep in zip(table.groups, kept, strict=True) if keep]
    return [_sets(table.folds[kept], shares, labels, groups, among, c) for c in COVERAGES]


def _sets(
    folds: NDArray[np.int64],
    shares: Floats,
    labels: NDArray[np.int64],
    groups: list[str],
    among: Sequence[str],
    coverage: float,
) -> dict[str, Any]:
    made = cross_fit(
        folds,
        lambda on: ConformalSets.fit(shares[on], labels[on], among),
        lambda fitted, to: fitted.sets(shares[to], coverage),
    )
    held = np.asarray(made, dtype=np.bool_)
    return {
        "coverage": coverage,
        "size": str(reliability.mean_set_size(held, groups)),
        "holds": {k: str(share) for k, share in reliability.set_coverage(held, labels).items()},
    }


def rejection(folder: Path, published: Path) -> list[dict[str, str]]:
    """Four planes against the others on the real scans, by score.

    Args:
        folder: Holds `rejection.csv`.
        published: What the published network answered about the same scans.

    Returns:
        A row a score, the published network's first: `auroc`, `more_than_published`, paired, and
        `lost`.
    """
    with (folder / "rejection.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    theirs = {row.scan: row.plane_score for row in read_predictions(published)}
    names = [name for name in rows[0] if name not in ("scan", "label", "group")]
    scores = {"published plane mass": np.array([theirs[row["scan"]] for row in rows])} | {
        name.replace("_", " "): np.array([float(row[name]) for row in rows]) for name in names
    }
    inside = np.array([row["label"] in KEYS for row in rows])
    draws = draw_patients([row["group"] for row in rows])
    areas = {name: draws.areas(inside, values) for name, values in scores.items()}
    base = next(iter(areas.values()))
    found = []
    for name, values in scores.items():
        threshold = np.quantile(values[~inside], REJECTED, method="higher")
        lost = metrics.Proportion(int((values[inside] <= threshold).sum()), int(inside.sum()))
        found.append(
            {
                "score": name,
                "auroc": str(Estimate.of(areas[name], len(rows))),
                "more_than_published": str(Estimate.of(areas[name] - base, len(rows))),
                "lost": str(lost),
            }
        )
    return found

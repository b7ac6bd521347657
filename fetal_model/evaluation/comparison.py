"""Several versions on the same labelled scans: their figures side by side, and where they disagree.

One version's figures are made in `metrics`; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import ANATOMIES
from fetal_model.dataset.folders import LabelledFile
from fetal_model.dataset.manifest import Record
from fetal_model.evaluation import metrics
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.uncertainty.measures import mutual_information

NO_SCANS = "no scans"


@dataclass(frozen=True)
class Disagreement:
    """One scan that versions answer or decide differently.

    Attributes:
        index: Position of the scan in the set.
        scan: Its path.
        label: Its truth.
        divergence: Jensen-Shannon divergence of the versions' probabilities, in nats.
        predictions: What each version said, in the order given.
    """

    index: int
    scan: str
    label: str
    divergence: float
    predictions: tuple[Prediction, ...]

    @property
    def misled(self) -> bool:
        """Whether a version accepted a wrong answer, which nobody would look at again."""
        return any(p.decision == "accepted" and not is_right(p) for p in self.predictions)


@dataclass(frozen=True)
class Report:
    """What a comparison on a labelled set found.

    Attributes:
        versions: Their labels.
        scans: Positions in the set of the scans that every version answered about.
        problems: A sentence for each of the others.
        table: Rows of `figures`, empty without scans.
        matrices: Of each version, counts of its answers by truth.
        disputed: Where they disagree, worst first; `index` counts within `scans`.
        simulated: Whether every scan is a phantom.
    """

    versions: tuple[str, ...]
    scans: tuple[int, ...]
    problems: tuple[str, ...]
    table: list[dict[str, str]]
    matrices: dict[str, dict[str, dict[str, int]]]
    disputed: list[Disagreement]
    simulated: bool


def judge(predictor: Predictor, file: LabelledFile | Record) -> Prediction:
    """What a version says about a labelled scan, in memory or on disk.

    Raises:
        ScanError: The file cannot be read as a scan.
    """
    content = file.data if isinstance(file, LabelledFile) else file.file
    finding = predictor.analyse(read_scan(content, file.scan))
    return Prediction(
        scan=file.scan,
        label=file.label,
        patient=file.patient,
        source=file.source,
        part="comparison",
        fold="",
        probabilities=tuple(finding.probabilities.tolist()),
        plane_score=finding.plane_score,
        decision=finding.decision,
        simulated=file.simulated,
    )


def is_right(prediction: Prediction) -> bool:
    """Whether the answer is the truth; about another plane, no answer of the four is."""
    return prediction.in_plane and prediction.is_right


def report(answers: Mapping[str, Sequence[Prediction | str]]) -> Report:
    """Compare versions on a labelled set; a bad file costs only itself.

    Args:
        answers: Of each version, in the order of the set: what it said, or a sentence on why it
            said nothing.
    """
    kept: dict[str, list[Prediction]] = {label: [] for label in answers}
    scans, problems = [], []
    for index, said in enumerate(zip(*answers.values(), strict=True)):
        predictions = [answer for answer in said if isinstance(answer, Prediction)]
        if len(predictions) < len(said):
            problems.append(next(answer for answer in said if isinstance(answer, str)))
            continue
        scans.append(index)
        for label, prediction in zip(answers, predictions, strict=True):
            kept[label].append(prediction)
    return Report(
        versions=tuple(answers),
        scans=tuple(scans),
        problems=tuple(problems),
        table=figures(kept) if scans else [],
        matrices={label: metrics.confusion(rows) for label, rows in kept.items()},
        disputed=disagreements(kept),
        simulated=all(row.simulated for rows in kept.values() for row in rows),
    )


def figures(by_version: Mapping[str, Sequence[Prediction]]) -> list[dict[str, str]]:
    """The table of a comparison: one row for each figure, with n and 95% interval.

    Args:
        by_version: What each version said about the same scans.

    Returns:
        Rows with the key `Figure` and one key for each version.
    """
    scans = next(iter(by_version.values()))
    named: list[tuple[str, Callable[[Sequence[Prediction]], str]]] = [
        ("Accuracy, forced to four", lambda rows: _shown(metrics.accuracy(rows))),
        ("Balanced accuracy", _balanced),
    ]
    for entry in ANATOMIES:
        named.append((f"Recall, {entry.name.lower()}", partial(_recall, key=entry.key)))
    named.append(("Four planes accepted", partial(_accepted, in_plane=True)))
    if any(not row.in_plane for row in scans):
        named.append(("Other planes accepted", partial(_accepted, in_plane=False)))
    return [
        {"Figure": name} | {label: figure(rows) for label, rows in by_version.items()}
        for name, figure in named
    ]


def disagreements(by_version: Mapping[str, Sequence[Prediction]]) -> list[Disagreement]:
    """The scans about which versions differ in answer or in decision, worst first.

    First those where a version accepted a wrong answer, then the others; within both, the larger
    divergence first.

    Args:
        by_version: What each version said about the same scans in the same order.

    Raises:
        ValueError: The versions were judged on different scans.
    """
    found = []
    for index, said in enumerate(zip(*by_version.values(), strict=True)):
        if len({(p.scan, p.label) for p in said}) > 1:
            raise ValueError(
                "disagreements: expected the same scans in the same order for every version, found "
                f"{', '.join(sorted({p.scan for p in said}))} at position {index}"
            )
        if len({(p.answer, p.decision) for p in said}) > 1:
            divergence = jensen_shannon(np.array([p.probabilities for p in said]))
            found.append(Disagreement(index, said[0].scan, said[0].label, divergence, said))
    return sorted(found, key=lambda d: (not d.misled, -d.divergence, d.index))


def jensen_shannon(distributions: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence of several distributions with equal weights (Lin 1991, IEEE TIT).

    Args:
        distributions: Shape (n_distributions, n_outcomes), each sums to 1.

    Returns:
        In nats: 0 where all are the same, at most log(n_distributions).

    Example:
        >>> round(jensen_shannon(np.array([[1.0, 0.0], [0.0, 1.0]])), 4)
        0.6931
    """
    # the same number by another name: what equally likely answerers disagree about
    return float(mutual_information(distributions[:, np.newaxis])[0])


def _shown(share: metrics.Proportion) -> str:
    return str(share) if share.n else NO_SCANS


def _recall(rows: Sequence[Prediction], key: str) -> str:
    return _shown(metrics.recall(rows, key))


def _accepted(rows: Sequence[Prediction], in_plane: bool) -> str:
    return _shown(metrics.accepted([row for row in rows if row.in_plane is in_plane]))


def _balanced(rows: Sequence[Prediction]) -> str:
    return str(metrics.balanced_accuracy(rows)) if any(r.in_plane for r in rows) else NO_SCANS

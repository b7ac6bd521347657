"""What each method answered about the same scans, as committed.

`docs/results/doubt/` holds `predictions-<method>.csv.gz`, a row a scan: `scan, label, group, fold,
simulated, p_brain, p_abdomen, p_femur, p_thorax, mutual_information, variation_ratio`, the last
two empty where a method draws one answer. `group` is the patient, or the scan where that is
unknown; `fold` the one that was left out when what the method fits was fitted, empty for a scan of
another plane.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.results import RESULTS

DOUBT = RESULTS / "doubt"
SAMPLED = ("mutual information", "variation ratio")
"""Measures that need several answers."""
COLUMNS = (
    "scan", "label", "group", "fold", "simulated", *(f"p_{key}" for key in KEYS),
    *(name.replace(" ", "_") for name in SAMPLED),
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One row: what a method answered about one scan.

    Attributes:
        scan: Its name.
        label: Truth.
        group: Its patient, or itself.
        fold: Left out when something was fitted, -1 for a scan of another plane.
        simulated: Whether it is a phantom.
        probabilities: Mean over what was drawn, in the order of `anatomy.KEYS`.
        sampled: The measures `SAMPLED`, empty where one answer was drawn.
    """

    scan: str
    label: str
    group: str
    fold: int
    simulated: bool
    probabilities: tuple[float, ...]
    sampled: tuple[float, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the most probable anatomy is the truth."""
        return KEYS[max(range(len(KEYS)), key=self.probabilities.__getitem__)] == self.label


def write_answers(method: str, answers: Iterable[Answer], folder: Path = DOUBT) -> None:
    """Write a method's file, the same bytes for the same answers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        fold = "" if answer.fold < 0 else answer.fold
        numbers = [*answer.probabilities, *answer.sampled]
        shown = [*(f"{number:.9g}" for number in numbers), *[""] * len(SAMPLED)]
        known = [answer.scan, answer.label, answer.group, fold, str(answer.simulated).lower()]
        writer.writerow([*known, *shown][: len(COLUMNS)])
    folder.mkdir(parents=True, exist_ok=True)
    path = _file(method, folder)
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    beside.replace(path)


def read_answers(method: str, folder: Path = DOUBT) -> list[Answer]:
    """A method's file."""
    with gzip.open(_file(method, folder), "rt", newline="", encoding="utf-8") as file:
        return [
            Answer(
                row["scan"],
                row["label"],
                row["group"],
                int(row["fold"] or -1),
                row["simulated"] == "true",
                tuple(float(row[f"p_{key}"]) for key in KEYS),
                tuple(float(row[n]) for n in COLUMNS[-len(SAMPLED) :] if row[n]),
            )
            for row in csv.DictReader(file)
        ]


def _file(method: str, folder: Path) -> Path:
    return folder / f"predictions-{method.replace(' ', '-')}.csv.gz"

"""`predictions.csv`: what a version answered about every scan it was judged on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fetal_model import anatomy
from fetal_model.dataset.manifest import group_of
from fetal_model.store.versions import write_text

COLUMNS = (
    "scan", "label", "patient", "source", "part", "fold",
    *(f"p_{key}" for key in anatomy.KEYS),
    "plane_score", "decision", "simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """One row.

    Attributes:
        scan: Path in its data set.
        label: Truth: one of `anatomy.KEYS`, or `cervix` or `other`.
        patient: Identifier, empty where unknown ("overlap unknown").
        source: Data set.
        part: Role of the scan in its data set.
        fold: Fold that was left out when its temperature and thresholds were fitted, empty where
            none of its set was used for that.
        probabilities: Of the four anatomies, in the order of `anatomy.KEYS`.
        plane_score: Higher: more surely one of the four planes.
        decision: `accepted` or `look again`.
        simulated: Whether it is a phantom.
    """

    scan: str
    label: str
    patient: str
    source: str
    part: str
    fold: str
    probabilities: tuple[float, ...]
    plane_score: float
    decision: str
    simulated: bool

    @property
    def answer(self) -> str:
        """Key of the most probable anatomy."""
        return anatomy.KEYS[max(range(len(anatomy.KEYS)), key=self.probabilities.__getitem__)]

    @property
    def is_right(self) -> bool:
        """Whether that is the truth."""
        return self.answer == self.label

    @property
    def in_plane(self) -> bool:
        """Whether the truth is one of the four planes."""
        return self.label in anatomy.KEYS

    @property
    def group(self) -> str:
        """Unit of the patient bootstrap."""
        return group_of(self.scan, self.patient, self.source)


def write_predictions(path: Path, rows: Iterable[Prediction]) -> None:
    """Write the rows with the header `COLUMNS`; probabilities to six digits."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        shares = [f"{p:.6f}" for p in row.probabilities]
        facts = [row.scan, row.label, row.patient, row.source, row.part, row.fold]
        judged = [f"{row.plane_score:.6f}", row.decision, str(row.simulated).lower()]
        writer.writerow([*facts, *shares, *judged])
    write_text(path, buffer.getvalue())


def read_predictions(path: Path) -> list[Prediction]:
    """Read what `write_predictions` wrote.

    Raises:
        ValueError: The header is another.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: expected columns {COLUMNS}, found {reader.fieldnames}")
        return [
            Prediction(
                row["scan"],
                row["label"],
                row["patient"],
                row["source"],
                row["part"],
                row["fold"],
                tuple(float(row[f"p_{key}"]) for key in anatomy.KEYS),
                float(row["plane_score"]),
                row["decision"],
                row["simulated"] == "true",
            )
            for row in reader
        ]

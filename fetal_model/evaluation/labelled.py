"""What versions answer about a folder of labelled scans, and what is known about each scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fetal_model.dataset.built_in import orders
from fetal_model.dataset.manifest import Record, read_folder
from fetal_model.evaluation.comparison import judge
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version

COLUMNS = ("source", "machine", "quality")
"""Of a manifest, by which figures are broken down."""
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Answers:
    """What versions said about the scans that could be read.

    Attributes:
        records: Those scans.
        rows: Of each version, in the order of the records.
        unreadable: A sentence for each of the other scans.
        columns: Of each column that the manifest has, its value for each record.
    """

    records: tuple[Record, ...]
    rows: dict[str, list[Prediction]]
    unreadable: tuple[str, ...]
    columns: dict[str, list[str]]


def answer_folder(
    predictors: Sequence[Predictor], folder: Path, tell: Tell | None = None
) -> Answers:
    """Let versions answer about every labelled scan of a folder; a bad file costs only itself.

    Args:
        predictors: The versions, each once.
        folder: See `read_folder`.
        tell: Called with (done, total) scans.

    Raises:
        ValueError: The folder cannot be used, or none of its scans of the four planes can be read.
    """
    records = read_folder(folder)
    read: list[Record] = []
    rows: dict[str, list[Prediction]] = {p.version.label: [] for p in predictors}
    unreadable = []
    for done, record in enumerate(records, start=1):
        try:
            said = [judge(predictor, record) for predictor in predictors]
        except ScanError as error:
            unreadable.append(str(error))
        else:
            read.append(record)
            for predictor, row in zip(predictors, said, strict=True):
                rows[predictor.version.label].append(row)
        if tell:
            tell(done, len(records))
    if not any(row.in_plane for row in next(iter(rows.values()))):
        raise ValueError(
            f"data folder {folder}: expected a readable scan of one of the four planes, found none "
            f"among {len(records)}. " + " ".join(unreadable[:3])
        )
    return Answers(tuple(read), rows, tuple(unreadable), _columns(read))


def overlap(version: Version, answers: Answers) -> str:
    """Whether the version may have learned from the patients it is judged on, as a sentence."""
    records = answers.records
    simulated = [record for record in records if record.simulated]
    if len(simulated) == len(records):
        return _simulated_overlap(version, records)
    unknown = sum(not record.patient for record in records)
    if version.metadata.get("simulated"):
        stated = "The version learned from simulated scans only, so from none of these patients"
        return stated + (f"; {unknown} of {len(records)} scans name none." if unknown else ".")
    named = (
        f"{unknown} of {len(records)} scans have no patient identifier"
        if unknown
        else "a version keeps no list of the patients it learned from"
    )
    return f"Patient overlap unknown: {named}."


def _simulated_overlap(version: Version, records: Sequence[Record]) -> str:
    """Populations of different seeds share names, so scans are told apart by their own seeds."""
    data = version.metadata.get("recipe", {}).get("data", {})
    learned = {
        str(order.seed)
        for order in orders(data.get("phantoms") or {}, int(data.get("phantom_seed", 0)))
    }
    shared = sum(record.columns.get("seed") in learned for record in records)
    if shared:
        return (
            f"LEAK: {shared} of these simulated scans are of the set that the version learned "
            "from; its figures here flatter it."
        )
    return "Simulated patients that the version never saw."


def _columns(records: Sequence[Record]) -> dict[str, list[str]]:
    present = {column for record in records for column in record.columns}
    return {
        column: [record.columns.get(column) or "not stated" for record in records]
        for column in COLUMNS
        if column in present
    }

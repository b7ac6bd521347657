"""A version's figures beside those of the one in service, from the predictions of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fetal_model import anatomy
from fetal_model.evaluation import metrics
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.store.versions import PREDICTIONS, Version

NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Table:
    """Figures on one kind of scans.

    Attributes:
        title: Which scans, such as `Real scans`.
        note: Whether the two may be compared, as a sentence.
        rows: Figure, value of the version in service, value of the other; each value with its n
            and its 95% interval.
    """

    title: str
    note: str
    rows: list[tuple[str, str, str]]


def side_by_side(serving: Version, other: Version) -> list[Table]:
    """One table for real scans and one for simulated ones, where either was judged on any.

    Raises:
        ValueError: A version's predictions are missing or not of this project.
    """
    predictions = [_read(version) for version in (serving, other)]
    tables = []
    for simulated, title in ((False, "Real scans"), (True, "Simulated scans")):
        ours, theirs = ([r for r in rows if r.simulated is simulated] for rows in predictions)
        if not ours and not theirs:
            continue
        note = _note((serving, ours), (other, theirs), simulated)
        rows = [
            (name, _figure(name, ours), _figure(name, theirs))
            for name in ("Accuracy", "Balanced accuracy", *(a.name for a in anatomy.ANATOMIES))
        ]
        rows.append(("Accepted without a person", _accepted(ours), _accepted(theirs)))
        tables.append(Table(title, note, rows))
    return tables


def _note(
    one: tuple[Version, list[Prediction]], two: tuple[Version, list[Prediction]], simulated: bool
) -> str:
    """Whether the two columns may be compared, and what is not known about the scans."""
    for (_, rows), (judged, _) in ((one, two), (two, one)):
        if not rows:
            return f"Only {judged.label} was judged on such scans."
    same = _names(one[1]) == _names(two[1])
    # phantoms of another seed have the same names, and so may the scans of two folders
    if not same or _made_from(one, simulated) != _made_from(two, simulated):
        return "Judged on different scans, so a difference may lie in the scans."
    unknown = sum(not row.patient for row in one[1])
    return "Both were judged on the same scans" + (
        f"; {unknown} of {len(one[1])} have no patient identifier, so that overlap with training "
        "is unknown for them."
        if unknown
        else ", of patients that training never saw."
    )


def _figure(name: str, rows: Sequence[Prediction]) -> str:
    keys = {entry.name: entry.key for entry in anatomy.ANATOMIES}
    chosen = [r for r in rows if r.in_plane and (name not in keys or r.label == keys[name])]
    if not chosen:
        return NOT_JUDGED
    if name == "Balanced accuracy":
        return str(metrics.balanced_accuracy(chosen))
    return str(metrics.accuracy(chosen))


def _accepted(rows: Sequence[Prediction]) -> str:
    within = [row for row in rows if row.in_plane]
    return str(metrics.accepted(within)) if within else NOT_JUDGED


def _names(rows: Sequence[Prediction]) -> set[tuple[str, str]]:
    return {(row.source, row.scan) for row in rows}


def _made_from(judged: tuple[Version, list[Prediction]], simulated: bool) -> tuple[object, ...]:
    """What tells scans of the same names from others."""
    version, rows = judged
    data = version.metadata.get("recipe", {}).get("data", {})
    if simulated:
        return data.get("phantoms"), data.get("phantom_seed")
    if data.get("folder") in {row.source for row in rows}:
        return (version.metadata.get("data_fingerprint"),)
    return ()


def _read(version: Version) -> list[Prediction]:
    try:
        return read_predictions(version.path / PREDICTIONS)
    except FileNotFoundError as error:
        raise ValueError(
            f"{version.label}: expected {PREDICTIONS} in {version.path}, found none; it cannot be "
            "compared"
        ) from error

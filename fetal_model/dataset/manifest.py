"""Rows of labelled scans: phantoms as the command writes them, real ones, anybody's own folder."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fetal_model.anatomy import KEYS
from fetal_model.store.versions import sha256

LABELS = (*KEYS, "cervix", "other")
"""What a scan may be labelled; the last two are none of the four planes."""
MANIFEST = "manifest.csv"
LEAST = 10
"""Scans of each anatomy to learn from; fewer cannot be split."""


@dataclass(frozen=True)
class Record:
    """One labelled scan.

    Attributes:
        scan: Path relative to the data folder, with forward slashes.
        file: Where it is.
        label: One of `anatomy.KEYS`, or `cervix` or `other`.
        patient: Identifier, empty where unknown.
        source: Data set, or simulated scanner.
        part: Role the publisher gave it, empty where none.
        simulated: Whether it is a phantom.
        mask: Anatomy mask, or None.
    """

    scan: str
    file: Path
    label: str
    patient: str
    source: str
    part: str
    simulated: bool
    mask: Path | None = None

    @property
    def group(self) -> str:
        """The unit that a split may not divide: the patient, or the scan where that is unknown."""
        return group_of(self.scan, self.patient, self.source)


def group_of(scan: str, patient: str, source: str) -> str:
    """The patient within the data base a source belongs to, or the scan where that is unknown.

    >>> group_of("a.png", "P1", "fetal_planes_tt") == group_of("b.png", "P1", "fetal_planes")
    True
    """
    if not patient:
        return f"scan:{scan}"
    # every subset of FETAL_PLANES_DB shares its patient numbers
    database = "fetal_planes" if source.startswith("fetal_planes") else source
    return f"{database}:{patient}"


def shared_folder() -> Path:
    """Folder of the real scans and published weights: `FETAL_SHARED`, by default `../shared`."""
    default = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("FETAL_SHARED", default))


def read_phantoms(folder: Path) -> list[Record]:
    """Rows of the `manifest.csv` that the phantom command wrote.

    Raises:
        ValueError: There is no such file.
    """
    return [
        Record(
            scan=row["path"],
            file=folder / row["path"],
            label=row["label"],
            patient=row["patient"],
            source="phantom",
            part="",
            simulated=True,
            mask=folder / row["mask"],
        )
        for row in _rows(folder)
    ]


def read_real_scans(folder: Path, part: str) -> list[Record]:
    """Rows of one part (`train`, `validation`, `examples`) of the real scans' manifest.

    Raises:
        ValueError: There is no manifest in `folder`.
    """
    return [
        Record(
            scan=row["path"],
            file=folder / row["path"],
            label=row["label"],
            patient=row["patient"],
            source=row["source"],
            part=part,
            simulated=False,
            mask=folder / row["mask"] if row["mask"] else None,
        )
        for row in _rows(folder)
        if row["part"] == part
    ]


def read_folder(folder: Path) -> list[Record]:
    """Labelled scans of a folder on this machine.

    Where it has a `manifest.csv`, that says what each scan shows: columns `path` and `label`, and,
    where known, `patient`; the phantom command writes such a file. Otherwise a scan's label is the
    sub-folder in which it lies, in any case, and its patient is unknown.

    Raises:
        ValueError: The folder is none, holds no labelled scan, or its manifest cannot be used.
    """
    if not folder.is_dir():
        raise ValueError(f"data folder: expected a folder, found none at {folder}")
    if (folder / MANIFEST).is_file():
        return _read_manifest(folder)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    records = [
        _own(folder, path.relative_to(folder).as_posix(), path.parent.name.lower(), "")
        for path in files
        if path.parent.name.lower() in LABELS and not path.name.startswith(".")
    ]
    if not records:
        raise ValueError(
            f"data folder {folder}: expected a manifest.csv, or scans in sub-folders named "
            f"{', '.join(LABELS)}; found neither"
        )
    return records


def _read_manifest(folder: Path) -> list[Record]:
    rows = _rows(folder)
    columns = set(rows[0]) if rows else set()
    if not {"path", "label"} <= columns:
        raise ValueError(
            f"{folder / MANIFEST}: expected the columns path and label and a row for each scan, "
            f"found {', '.join(sorted(columns)) or 'no row'}"
        )
    for number, row in enumerate(rows, start=2):
        if row["label"] not in LABELS:
            raise ValueError(
                f"{folder / MANIFEST}, line {number}: expected a label out of {', '.join(LABELS)}, "
                f"found {row['label']!r}"
            )
        if not row["path"] or not (folder / row["path"]).resolve().is_relative_to(folder.resolve()):
            raise ValueError(
                f"{folder / MANIFEST}, line {number}: expected a path below the folder, found "
                f"{row['path']!r}"
            )
    if {"seed", "machine"} <= columns:
        return read_phantoms(folder)
    return [_own(folder, row["path"], row["label"], row.get("patient") or "") for row in rows]


def _own(folder: Path, scan: str, label: str, patient: str) -> Record:
    return Record(scan, folder / scan, label, patient, folder.name, "", simulated=False)


def fingerprint(records: Iterable[Record]) -> str:
    """SHA-256 over path, label, patient and content of every scan, in any order."""
    lines = sorted(f"{r.scan}\t{r.label}\t{r.patient}\t{sha256(r.file)}\n" for r in records)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _rows(folder: Path) -> list[dict[str, str]]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ValueError(f"{folder}: expected a manifest.csv that lists the scans, found none")
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))

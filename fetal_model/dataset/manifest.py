"""Rows of labelled scans: phantoms, real ones, FETAL_PLANES_DB as published, anybody's own."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fetal_model.anatomy import KEYS
from fetal_model.dataset import fetal_planes
from fetal_model.settings import read_settings
from fetal_model.store.versions import sha256

OTHER_PLANES = ("cervix", "other")
"""Labels of scans of none of the four planes."""
LABELS = (*KEYS, *OTHER_PLANES)
"""What a scan may be labelled."""
MANIFEST = "manifest.csv"
ORIGINAL = "original_sha256"
"""Column with the SHA-256 of the scan that a smaller copy was made of."""
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
        columns: What else its table says, by column: `machine`, `operator`, `quality`, `plane`,
            `gestational_age_weeks`, `part` (of a published split), or anything.
    """

    scan: str
    file: Path
    label: str
    patient: str
    source: str
    part: str
    simulated: bool
    mask: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)

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
    return read_settings().shared


def read_phantoms(folder: Path) -> list[Record]:
    """Rows of the `manifest.csv` that the phantom command wrote.

    Raises:
        ValueError: There is no such file.
    """
    return [_phantom(folder, row) for row in read_rows(folder / MANIFEST)]


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
            columns=_further(row),
        )
        for row in read_rows(folder / MANIFEST)
        if row["part"] == part
    ]


def read_folder(folder: Path) -> list[Record]:
    """Labelled scans of a folder on this machine.

    Where it has a `manifest.csv`, that says what each scan shows: columns `path` and `label`,
    where known `patient`, and any others; the phantom command writes such a file. FETAL_PLANES_DB
    is read as published. Otherwise a scan's label is the sub-folder in which it lies, in any case.
    Where nothing else tells the patient, a file name of FETAL_PLANES_DB does.

    Raises:
        ValueError: The folder is none, holds no labelled scan, or its table cannot be used.
    """
    if not folder.is_dir():
        raise ValueError(f"data folder: expected a folder, found none at {folder}")
    for table in (MANIFEST, fetal_planes.TABLE):
        if (folder / table).is_file():
            return read_table(folder / table)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    records = [
        _own(folder, path.relative_to(folder).as_posix(), path.parent.name.lower(), "", {})
        for path in files
        if path.parent.name.lower() in LABELS and not path.name.startswith(".")
    ]
    if not records:
        raise ValueError(
            f"data folder {folder}: expected a {MANIFEST}, {fetal_planes.TABLE}, or scans in "
            f"sub-folders named {', '.join(LABELS)}; found neither"
        )
    return records


def read_table(path: Path) -> list[Record]:
    """Labelled scans that a table lists, whether or not the scans are there.

    Args:
        path: A CSV with `,` or `;` between values, and the columns of a manifest (`path`, `label`)
            or of FETAL_PLANES_DB (`Image_name`, `Plane`); scans are looked for beside it.

    Raises:
        ValueError: It is none, lists nothing, or a row cannot be used; the message names the line.
    """
    rows = read_rows(path)
    columns = set(rows[0]) if rows else set()
    published = {"Image_name", "Plane"} <= columns
    if not published and not {"path", "label"} <= columns:
        raise ValueError(
            f"{path}: expected the columns path and label (or Image_name and Plane) and a row for "
            f"each scan, found {', '.join(sorted(columns)) or 'no row'}"
        )
    folder = path.parent
    if published:
        try:
            for line, row in enumerate(rows, start=2):
                rows[line - 2] = fetal_planes.manifest_row(row)
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from error
    for line, row in enumerate(rows, start=2):
        if row["label"] not in LABELS:
            raise ValueError(
                f"{path}, line {line}: expected a label out of {', '.join(LABELS)}, "
                f"found {row['label']!r}"
            )
        if not row["path"] or not (folder / row["path"]).resolve().is_relative_to(folder.resolve()):
            raise ValueError(
                f"{path}, line {line}: expected a path below the folder, found {row['path']!r}"
            )
    if {"seed", "machine", "mask"} <= columns:
        return [_phantom(folder, row) for row in rows]
    source = fetal_planes.SOURCE if published else ""
    return [
        _own(folder, row["path"], row["label"], row.get("patient", ""), _further(row), source)
        for row in rows
    ]


def _phantom(folder: Path, row: dict[str, str]) -> Record:
    return Record(
        scan=row["path"],
        file=folder / row["path"],
        label=row["label"],
        patient=row["patient"],
        source="phantom",
        part="",
        simulated=True,
        mask=folder / row["mask"],
        columns=_further(row),
    )


def _own(
    folder: Path, scan: str, label: str, patient: str, columns: dict[str, str], source: str = ""
) -> Record:
    named = fetal_planes.read_name(scan)
    patient = patient or (named.patient if named else "")
    source = source or folder.name
    return Record(scan, folder / scan, label, patient, source, "", False, columns=columns)


def _further(row: dict[str, str]) -> dict[str, str]:
    """The columns that are no field of a record of their own."""
    return {k: v for k, v in row.items() if k not in ("path", "label", "patient", "mask")}


def fingerprint(records: Iterable[Record]) -> str:
    """SHA-256 over path, label, patient and content of every scan, in any order.

    A smaller copy counts as the scan that it was made of.
    """
    lines = sorted(f"{r.scan}\t{r.label}\t{r.patient}\t{content(r)}\n" for r in records)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def content(record: Record) -> str:
    """SHA-256 of a scan's file; of a smaller copy, that of the scan that it was made of."""
    return record.columns.get(ORIGINAL) or sha256(record.file)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV by column, with `,` or `;` between values, without blanks around them.

    Raises:
        ValueError: There is no such file, or it is no text.
    """
    if not path.is_file():
        raise ValueError(f"{path.parent}: expected a {path.name} that lists the scans, found none")
    try:
        return _read_csv(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path}: expected a CSV in UTF-8, found one that cannot be read ({error}); save it "
            "again as CSV UTF-8"
        ) from error


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=";" if ";" in header else ",")
        # FETAL_PLANES_DB writes blanks after its last header and its values
        return [
            {key.strip(): (value or "").strip() for key, value in row.items() if key is not None}
            for row in reader
        ]

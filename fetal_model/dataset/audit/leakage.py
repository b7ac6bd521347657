"""Audit of leaks: patients and scans that two parts of a data set, or two data sets, share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from fetal_model.dataset import fetal_planes
from fetal_model.dataset.manifest import Record, read_folder, read_rows
from fetal_model.dataset.splits import LEFT_OUT, Split

Parts = Mapping[str, Sequence[Record]]


def published_parts(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by the part that their publisher gave them, those without one left out."""
    parts: dict[str, list[Record]] = {}
    for record in records:
        if part := record.columns.get("part", "") or record.part:
            parts.setdefault(part, []).append(record)
    return parts


def split_parts(records: Sequence[Record], made: Split) -> tuple[dict[str, list[Record]], int, int]:
    """Records by part of a split, how many it does not name, and how many of its are not there."""
    by_scan = {record.scan: record for record in records}
    named = {scan for scans in made.parts.values() for scan in scans}
    parts = {
        part: [by_scan[scan] for scan in scans if scan in by_scan]
        for part, scans in made.parts.items()
        if part != LEFT_OUT
    }
    return parts, len(by_scan.keys() - named), len(named - by_scan.keys())


def leaks(parts: Parts) -> list[dict[str, Any]]:
    """What each two parts share; parts that share nothing are in the list too."""
    found = []
    for first, second in combinations(parts, 2):
        shared = _shared(parts[first], parts[second])
        found.append({"between": [first, second], **shared})
    return found


def read_other(path: Path) -> dict[str, list[Record]]:
    """Other scans to compare with, by the sets they form.

    Args:
        path: A data folder; or a CSV with `path` or `Image_name`, and where known `patient` or
            `Patient_num`. Its rows are a set; each column that holds nothing but 0 and 1 names a
            further one, that of its ones. Labels need not be there.

    Raises:
        ValueError: It cannot be used.
    """
    if path.is_dir():
        return {path.name: read_folder(path)}
    rows = read_rows(path)
    columns = list(rows[0]) if rows else []
    name = next((column for column in ("path", "Image_name") if column in columns), None)
    if name is None:
        raise ValueError(
            f"{path}: expected a column path or Image_name and a row for each scan, found "
            f"{', '.join(columns) or 'no row'}"
        )
    records = [_unlabelled(path, row, row[name]) for row in rows]
    flags = [column for column in columns if {row[column] for row in rows} == {"0", "1"}]
    pairs = list(zip(records, rows, strict=True))
    parts = {flag: [record for record, row in pairs if row[flag] == "1"] for flag in flags}
    return {path.stem: records, **parts}


def shared_with(records: Sequence[Record], others: Parts) -> list[dict[str, Any]]:
    """How much of each other set is among the records, by name of scan and of patient."""
    return [
        {
            "set": name,
            "scans": len(other),
            "patients": len(_patients(other)),
            **_shared(records, other),
        }
        for name, other in others.items()
    ]


def _shared(first: Sequence[Record], second: Sequence[Record]) -> dict[str, list[str]]:
    return {
        "shared_scans": sorted(_scans(first) & _scans(second)),
        "shared_patients": sorted(_patients(first) & _patients(second)),
    }


def _scans(records: Sequence[Record]) -> set[str]:
    """Names by which a scan is known again; a published name counts in any folder."""
    return {
        Path(r.scan).name.split(".")[0] if fetal_planes.read_name(r.scan) else r.scan
        for r in records
    }


def _patients(records: Sequence[Record]) -> set[str]:
    """Identifiers; the same one means the same patient, whatever the folder is called."""
    return {record.patient for record in records if record.patient}


def _unlabelled(path: Path, row: Mapping[str, str], scan: str) -> Record:
    named = fetal_planes.read_name(scan)
    given = row.get("patient") or row.get("Patient_num") or ""
    patient = named.patient if named else given
    return Record(scan, path.parent / scan, "", patient, path.stem, "", simulated=False)

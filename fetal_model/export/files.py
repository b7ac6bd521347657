"""The exports that make files of their own for each scan: in a folder, or together in a ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from fetal_model.export.entry import Entry
from fetal_model.predictor import Finding
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version

Kind = Literal["overlays", "dicom", "fhir"]
NOTES = "not-exported.txt"


def files_of(
    kind: Kind, number: int, entry: Entry, version: Version, when: datetime
) -> dict[str, bytes]:
    """The files of one entry by name; none for an entry without an answer.

    Args:
        kind: Which export.
        number: Position of the entry, from 1; file names begin with it.
        entry: The scan and its answer.
        version: The version that answered.
        when: When the export is made, in local time.

    Raises:
        ScanError: The scan cannot be exported in this way.
    """
    if isinstance(entry.answer, str):
        return {}
    made = _make(kind, entry, entry.answer, version, when)
    return {f"{entry.stem(number)}{ending}": content for ending, content in made.items()}


def archive(kind: Kind, entries: Iterable[Entry], version: Version, when: datetime) -> bytes:
    """All entries' files in a ZIP, with a text file that says what is missing, if anything is."""
    file, missing = io.BytesIO(), []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for number, entry in enumerate(entries, start=1):
            if isinstance(entry.answer, str):
                missing.append(entry.answer)
                continue
            try:
                made = files_of(kind, number, entry, version, when)
            except ScanError as error:
                missing.append(str(error))
                continue
            for name, content in made.items():
                target.writestr(name, content)
        if missing:
            target.writestr(NOTES, "\n".join(missing) + "\n")
    return file.getvalue()


def _make(
    kind: Kind, entry: Entry, finding: Finding, version: Version, when: datetime
) -> dict[str, bytes]:
    """Each file's ending and content; what an export needs is imported with its first file."""
    if kind == "overlays":
        from fetal_model.export.overlays import overlay_png

        return {f"-{finding.anatomy.key}.png": overlay_png(entry.scan(), finding, version)}
    if kind == "dicom":
        from fetal_model.export.dicom_files import dicom_files

        return dicom_files(entry, finding, version, when)
    from fetal_model.export.fhir import diagnostic_report, to_json

    report = to_json(diagnostic_report(entry, finding, version, when))
    return {"-report.json": report.encode("utf-8")}

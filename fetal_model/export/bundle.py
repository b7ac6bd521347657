"""Scans of a page as one file, in any form of export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fetal_model.export import table
from fetal_model.export.entry import Entry
from fetal_model.export.files import Kind, archive
from fetal_model.export.record import record, to_json
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version

Form = Literal["json", "csv", "parquet", "pdf"] | Kind


def bundle(form: Form, entries: Sequence[Entry], version: Version, when: datetime) -> bytes:
    """One file about all entries, in their order.

    Args:
        form: `json`, `csv`, `parquet` or `pdf`; `overlays`, `dicom` and `fhir` are a ZIP.
        entries: The scans and their answers.
        version: The version that answered.
        when: When the file is made, in local time.
    """
    if form == "pdf":
        return _report(entries, version, when)
    if form in ("overlays", "dicom", "fhir"):
        return archive(form, entries, version, when)
    records = [record(entry, version) for entry in entries]
    if form == "parquet":
        return table.to_parquet(records)
    text = to_json(records) if form == "json" else table.to_csv(records)
    return text.encode("utf-8", "backslashreplace")


def _report(entries: Sequence[Entry], version: Version, when: datetime) -> bytes:
    from fetal_model.export.pdf import Report

    report = Report(version, when)
    for entry in entries:
        try:
            report.add(entry)
        except ScanError as error:
            report.add(Entry(entry.name, str(error), entry.scan, entry.file))
    return report.data()

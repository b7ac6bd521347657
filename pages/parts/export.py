"""The control that takes the answers of a page away as a file, made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fetal_model.deidentify.door import without_patient
from fetal_model.export.bundle import Form, bundle
from fetal_model.export.entry import Entry
from fetal_model.predictor import Finding
from fetal_model.predictor_clip import ClipFinding
from fetal_model.scan import Scan
from fetal_model.scan.content import recognise
from fetal_model.store.versions import Version
from pages.parts.answers import Source, scan_of
from pages.parts.promises import Promises


@dataclass(frozen=True)
class Choice:
    """One form of export as a reader chooses it."""

    form: Form
    label: str
    meaning: str
    file: str
    mime: str


CHOICES = (
    Choice("pdf", "PDF report", "A page for each scan, to print or to file.",
           "report.pdf", "application/pdf"),
    Choice("csv", "CSV table", "A row for each file, for a spreadsheet.",
           "findings.csv", "text/csv"),
    Choice("json", "JSON", "Every number with version and settings, for programs.",
           "findings.json", "application/json"),
    Choice("parquet", "Parquet table", "The table for data science, typed and small.",
           "findings.parquet", "application/vnd.apache.parquet"),
    Choice("overlays", "Overlays", "Each scan with its Grad-CAM as PNG, in a ZIP.",
           "overlays.zip", "application/zip"),
    Choice("dicom", "DICOM", "Structured Report and overlay, with the scan's patient, in a ZIP.",
           "dicom.zip", "application/zip"),
    Choice("fhir", "FHIR", "A DiagnosticReport (R4) for each scan, in a ZIP.",
           "fhir.zip", "application/zip"),
)  # fmt: skip
NO_DICOM = "None of these scans came from DICOM, so there is nothing to refer to."


def entry(source: Source, answer: Finding | ClipFinding | str, promises: Promises) -> Entry:
    """What an export needs of a file on the page."""
    file = partial(bytes, source.data)
    if isinstance(answer, str):
        return Entry(source.name, answer, partial(_shown, source), file)
    if isinstance(answer, ClipFinding):
        finding, shown = answer.finding, partial(_shown, source.at(answer.best))
        return Entry(source.name, finding, shown, file, answer, promises.named(finding))
    shown = partial(_shown, source)
    return Entry(source.name, answer, shown, file, named=promises.named(answer))


def _shown(source: Source) -> Scan:
    """The scan as an export may show it."""
    return without_patient(scan_of(source.name, source.data, source.frame), source.data)[0]


def show_choices(
    place: DeltaGenerator, entries: Sequence[Entry], version: Version, about: str
) -> None:
    """A button for each form.

    Args:
        place: An empty one, such as in a popover.
        entries: What is exported; nothing is offered without any.
        version: The version that answered.
        about: Which files these are, in a sentence.
    """
    if not entries:
        place.caption(about)
        return
    from_dicom = any(
        recognise(one.file()) == "DICOM" for one in entries if not isinstance(one.answer, str)
    )
    with place.container():
        st.caption(about)
        for choice in CHOICES:
            impossible = choice.form == "dicom" and not from_dicom
            with st.container(gap=None):
                st.download_button(
                    choice.label,
                    data=partial(_make, choice.form, entries, version),
                    file_name=choice.file,
                    mime=choice.mime,
                    key=f"export-{choice.form}",
                    on_click="ignore",
                    disabled=impossible,
                    width="stretch",
                )
                st.caption(NO_DICOM if impossible else choice.meaning)


def _make(form: Form, entries: Sequence[Entry], version: Version) -> bytes:
    return bundle(form, entries, version, datetime.now().astimezone())

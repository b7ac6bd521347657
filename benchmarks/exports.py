"""An example of each export: a simulated femur from DICOM, by the version in service."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pypdfium2
from pydicom import Dataset, dcmread

from benchmarks import RESULTS
from fetal_model.export.bundle import bundle
from fetal_model.export.dicom_files import dicom_files
from fetal_model.export.entry import Entry
from fetal_model.export.fhir import diagnostic_report, to_json
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_still
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.store.versions import write_bytes, write_text

LABEL, SEED = "femur", 4
FOLDER = RESULTS / "exports"
_VALUES = ("TextValue", "UID")


def main() -> None:
    """Write `exports/`: JSON, CSV, FHIR, the report as a picture, the DICOM results as text."""
    predictor = Predictor.load()
    when = datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{LABEL}.dcm"
        write_still(file, simulate(LABEL, SEED))
        data = file.read_bytes()
    scan = read_scan(data, file.name)
    finding = predictor.analyse(scan)
    entry = Entry(file.name, finding, lambda: scan, lambda: data)
    text = Entry("note.png", _refusal(), lambda: scan, lambda: b"text")
    FOLDER.mkdir(exist_ok=True)
    for form in ("json", "csv"):
        made = bundle(form, [entry, text], predictor.version, when)
        write_bytes(FOLDER / f"findings.{form}", made)
    report = diagnostic_report(entry, finding, predictor.version, when)
    write_text(FOLDER / "fhir.json", to_json(report))
    document = pypdfium2.PdfDocument(bundle("pdf", [entry], predictor.version, when))
    picture = io.BytesIO()
    document[0].render(scale=1.2).to_pil().save(picture, "PNG", optimize=True)
    write_bytes(FOLDER / "report.png", picture.getvalue())
    files = dicom_files(entry, finding, predictor.version, when)
    structured, capture = (dcmread(io.BytesIO(content)) for content in files.values())
    write_text(FOLDER / "structured-report.txt", "\n".join(tree(structured)) + "\n")
    shown = {
        element.keyword: str(element.value)
        for element in capture
        if element.keyword in ("SOPClassUID", "ImageType", "SeriesDescription", "ImageComments",
                               "DerivationDescription", "Rows", "Columns")
    }  # fmt: skip
    write_text(FOLDER / "secondary-capture.json", json.dumps(shown, indent=2) + "\n")


def tree(item: Dataset, depth: int = 0) -> Iterator[str]:
    """The content of a Structured Report, a line an item."""
    name = item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else ""
    yield f"{'  ' * depth}{item.ValueType}: {' = '.join(filter(None, (name, _value(item))))}"
    for child in item.get("ContentSequence", ()):
        yield from tree(child, depth + 1)


def _value(item: Dataset) -> str:
    if "ConceptCodeSequence" in item:
        code = item.ConceptCodeSequence[0]
        return f"{code.CodeMeaning} ({code.CodeValue}, {code.CodingSchemeDesignator})"
    if "MeasuredValueSequence" in item:
        measured = item.MeasuredValueSequence[0]
        unit = measured.MeasurementUnitsCodeSequence[0].CodeMeaning.lower()
        return f"{float(measured.NumericValue):.4g} {unit}"
    if "ReferencedSOPSequence" in item:
        return "the source instance"
    return next((str(item[keyword].value) for keyword in _VALUES if keyword in item), "")


def _refusal() -> str:
    try:
        read_scan(b"text", "note.png")
    except ValueError as error:
        return str(error)
    raise AssertionError("expected text to be refused")

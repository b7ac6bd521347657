"""`docs/exports.md`: the forms in which a finding leaves the program, with an example of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fetal_model.evaluation.results import RESULTS, missing
from fetal_model.export import record, table

EXAMPLES = RESULTS / "exports"
SCHEMA = Path(record.__file__).with_name("schema.json")
INTRODUCTION = """\
# Exports

Written by `make docs` from `docs/results/exports/` and
[`schema.json`](../fetal_model/export/schema.json). Research and teaching only, not a medical
device.

On the Classify page, *Export* beside *Clear* takes the answers away, about the scans that are
listed or, where some are selected in the table, about these; a file is made when it is asked for.
What is said of a clip is about its best frame, which DICOM results name. From a shell:

    python -m fetal_model predict SCANS... --format json --output findings.json
    python -m fetal_model predict SCANS... --pdf report.pdf --dicom results/ --fhir results/

| form | command line | page |
|---|---|---|
| JSON, CSV | `--format json`, `--format csv`, printed or with `--output FILE` | a file |
| Parquet | `--format parquet --output FILE` | a file |
| overlays as PNG | `--heatmaps DIR` | a ZIP |
| PDF report | `--pdf FILE` | a file |
| DICOM Structured Report and overlay | `--dicom DIR` | a ZIP |
| FHIR R4 `DiagnosticReport` | `--fhir DIR` | a ZIP |

Every form names the version, its hash and the settings. The hash is the SHA-256 of the version's
`metadata.json` with its keys sorted; that file holds the SHA-256 of each weight file, the input,
the outputs and the thresholds. The same file gives the same answer later:

    python -m fetal_model predict FILE --version VERSION --samples DROPOUT_SAMPLES

with the stated `version` and `dropout_samples` (without `--samples` where that is 0). On another
kind of processor the last digits of a number may differ.

A file is written beside its place and renamed, so no half of one is ever there. The name of a scan
in an export is the path as given, on the page the name that the page shows; the DICOM forms hold
neither."""


def exports() -> str:
    """The text of `docs/exports.md`."""
    sections = [[INTRODUCTION], fields(), columns(), overlays(), report(), dicom(), fhir()]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def fields() -> list[str]:
    """The JSON form: its fields and an example."""
    items = json.loads(SCHEMA.read_text(encoding="utf-8"))["items"]
    error, finding = items["oneOf"]
    described = {**items["properties"], **error["properties"], **finding["properties"]}
    described["error"] = error["properties"]["error"]
    for name, form in finding["properties"]["settings"]["properties"].items():
        described[f"settings.{name}"] = form
    rows = [(f"`{name}`", _type(form), form.get("description", "")) for name, form in
            described.items()]  # fmt: skip
    return [
        "## JSON",
        "",
        f"One array in the order of the files. Every element has `file` and `schema`, and either "
        f"`error` or all other fields. `schema` is `{record.SCHEMA}`; its number counts up when a "
        "field changes its meaning or goes, and stays when one is added.",
        "",
        "| field | type | meaning |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *_example("findings.json", "json"),
    ]


def columns() -> list[str]:
    """The tables: their columns and an example."""
    listed = ", ".join(f"`{name}` ({kind})" for name, kind in table.COLUMNS.items())
    return [
        "## CSV and Parquet",
        "",
        "A row for each file, always with the same columns: the fields above without nesting. `p_` "
        "is a probability, `sd_` its standard deviation; reasons are joined by a space. What has "
        "no value is empty in CSV and null in Parquet. In CSV `rejected` is `true` or `false`.",
        "",
        f"Columns and their Arrow types: {listed}.",
        "",
        *_example("findings.csv", "csv"),
    ]


def overlays() -> list[str]:
    """The PNG overlays."""
    return [
        "## Overlays",
        "",
        "Each scan at its own size with the Grad-CAM of the most probable anatomy over it, as "
        "`NUMBER-NAME-ANATOMY.png`. Version, hash and settings are in the text chunk `Comment`.",
    ]


def report() -> list[str]:
    """The PDF report."""
    return [
        "## PDF report",
        "",
        "A page for each scan, and a last one for what could not be read. Names are shown in "
        "Latin, Greek and Cyrillic; a sign of another script becomes a question mark.",
        "",
        "![The report about a simulated femur](results/exports/report.png)"
        if (EXAMPLES / "report.png").is_file()
        else missing("exports"),
    ]


def dicom() -> list[str]:
    """The two DICOM forms."""
    return [
        "## DICOM",
        "",
        "For scans that came from DICOM: `NUMBER-NAME-report.dcm`, a Comprehensive SR after "
        "TID 1500, and `NUMBER-NAME-overlay.dcm`, a Secondary Capture. Both belong to the study of "
        "their source, repeat its patient's identification (name, identifier, birth date, sex) and "
        "nothing else of the patient, refer to the source instance and have new identifiers. The "
        "report is preliminary and unverified, and its subject is the fetus. Other scans have "
        "nothing to refer to, and a sentence says so.",
        "",
        "A probability is *Certainty of Finding* (111012, DCM) in percent with the anatomy as its "
        "*Finding Site* (SNOMED CT); with the derivation *Standard Deviation* it is that of the "
        "dropout samples. The decision and the plane score have codes of our own, "
        "`99FETALANATOMY`.",
        "",
        *_example("structured-report.txt", "text"),
        "",
        "Of the overlay:",
        "",
        *_example("secondary-capture.json", "json"),
    ]


def fhir() -> list[str]:
    """The FHIR form."""
    return [
        "## FHIR",
        "",
        "A preliminary R4 `DiagnosticReport` for each scan, `NUMBER-NAME-report.json`, which "
        "contains an `Observation` for each anatomy, for the plane score and for the decision, and "
        "the model as `Device`. There is no patient in it: whoever files it adds the `subject`.",
        "",
        *_example("fhir.json", "json"),
    ]


def _type(form: dict[str, Any]) -> str:
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return " or ".join(f"`{value}`" for value in form["enum"])
    if "$ref" in form:
        return {"#/$defs/anatomy": "one of the four", "#/$defs/shares": "object over the four"}[
            form["$ref"]
        ]
    if "oneOf" in form:
        return " or ".join(_type(choice) for choice in form["oneOf"])
    kind = form["type"]
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _example(name: str, language: str) -> list[str]:
    path = EXAMPLES / name
    if not path.is_file():
        return [missing("exports")]
    return [f"```{language}", path.read_text(encoding="utf-8").rstrip("\n"), "```"]

"""An answer as a FHIR R4 `DiagnosticReport` that contains its `Observation`s and their `Device`.

Plain dictionaries; there is no patient in them, because a scan's file is not asked for one.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fetal_model import wording
from fetal_model.anatomy import ANATOMIES, Anatomy
from fetal_model.export.entry import DISCLAIMER, PROGRAM, Entry, settings
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version

Resource = dict[str, Any]
_SNOMED, _LOINC = "http://snomed.info/sct", "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"


def diagnostic_report(entry: Entry, finding: Finding, version: Version, when: datetime) -> Resource:
    """One preliminary report about one scan.

    Args:
        entry: Gives the name under which the scan is shown.
        finding: Its answer.
        version: The version that answered.
        when: When the report is made, with its time zone.

    Raises:
        ValueError: `when` has no time zone, which FHIR asks for.
    """
    if when.tzinfo is None:
        raise ValueError(f"when: expected a time with its time zone, received {when}")
    observations = [
        *(_probability(finding, index, anatomy) for index, anatomy in enumerate(ANATOMIES)),
        _plane_score(finding),
        _decision(finding),
    ]
    conclusion = [wording.headline(finding), *finding.reasons, wording.learned_from(version)]
    return {
        "resourceType": "DiagnosticReport",
        "contained": [_device(finding, version), *observations],
        "identifier": [{"value": _unicode(entry.name)}],
        "status": "preliminary",
        "category": [_concept(_SECTIONS, "RUS", "Radiology Ultrasound")],
        "code": {
            **_concept(_LOINC, "18748-4", "Diagnostic imaging study"),
            "text": "Fetal anatomy that an ultrasound scan shows",
        },
        "issued": when.isoformat(timespec="milliseconds"),
        "result": [{"reference": f"#{observation['id']}"} for observation in observations],
        "conclusion": ". ".join(filter(None, (part.rstrip(".") for part in conclusion)))
        + f". {DISCLAIMER}",
    }


def to_json(report: Resource) -> str:
    """The report as text."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _device(finding: Finding, version: Version) -> Resource:
    chosen = [
        {"type": {"text": name}, "valueQuantity": [{"value": value}]}
        if isinstance(value, int | float)
        else {"type": {"text": name}, "valueCode": [{"text": value}]}
        for name, value in settings(finding).items()
    ]
    return {
        "resourceType": "Device",
        "id": "model",
        "manufacturer": PROGRAM,
        "deviceName": [{"name": version.name, "type": "model-name"}],
        "type": {"text": "Image classification model"},
        "version": [
            {"type": {"text": "label"}, "value": version.label},
            {"type": {"text": "SHA-256"}, "value": version.hash},
        ],
        "property": chosen,
        "note": [{"text": DISCLAIMER}],
    }


def _observation(name: str, text: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "preliminary",
        "code": {"text": text},
        "device": {"reference": "#model"},
    }


def _probability(finding: Finding, index: int, anatomy: Anatomy) -> Resource:
    made = _observation(
        f"probability-{anatomy.key}",
        f"Probability that the scan shows the fetal {anatomy.name.lower()}, given that it shows "
        "one of the four anatomies",
    )
    made["bodySite"] = {
        **_concept(_SNOMED, anatomy.snomed, anatomy.name),
        "text": f"Fetal {anatomy.name.lower()}",
    }
    made["valueQuantity"] = _share(finding.probabilities[index])
    if finding.standard_deviation is not None:
        spread = _concept(_SNOMED, "386136009", "Standard deviation")
        spread["text"] = f"Standard deviation over {finding.samples} dropout samples"
        value = _share(finding.standard_deviation[index])
        made["component"] = [{"code": spread, "valueQuantity": value}]
    return made


def _plane_score(finding: Finding) -> Resource:
    made = _observation("plane-score", "How surely the scan shows one of the four planes")
    return {**made, "valueQuantity": _share(finding.plane_score)}


def _decision(finding: Finding) -> Resource:
    made = _observation("decision", "Whether a person should look again")
    made["valueCodeableConcept"] = {"text": finding.decision}
    if finding.reasons:
        made["note"] = [{"text": reason} for reason in finding.reasons]
    return made


def _share(value: float) -> Resource:
    return {"value": float(value), "unit": "1", "system": _UCUM, "code": "1"}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _unicode(name: str) -> str:
    """A file's name need not be Unicode, FHIR is."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")

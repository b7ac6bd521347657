"""A FHIR report is valid R4, says what was answered, and holds no patient."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from pydantic import ValidationError

from fetal_model import wording
from fetal_model.anatomy import ANATOMIES
from fetal_model.export.entry import DISCLAIMER, Entry
from fetal_model.export.fhir import diagnostic_report, to_json
from fetal_model.predictor import Predictor


@pytest.fixture(scope="module")
def reports(entries: list[Entry], served: Predictor, when: datetime) -> list[dict[str, Any]]:
    """Of an accepted scan, of a rejected one, and of one without dropout."""
    plain = Predictor.load("seed-cnn")
    assert not plain.offers_dropout
    answer = plain.analyse(entries[0].scan())
    return [
        diagnostic_report(entries[0], entries[0].answer, served.version, when),
        diagnostic_report(entries[3], entries[3].answer, served.version, when),
        diagnostic_report(replace(entries[0], answer=answer), answer, plain.version, when),
    ]


def contained(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {resource["id"]: resource for resource in report["contained"]}


def test_every_report_is_valid(reports: list[dict[str, Any]]) -> None:
    # R4B has these three resources as R4 has them
    for report in reports:
        DiagnosticReport.model_validate_json(to_json(report))
    with pytest.raises(ValidationError):
        DiagnosticReport.model_validate_json(to_json({**reports[0], "status": 3, "code": None}))


def test_every_reference_is_contained_and_everything_contained_is_referred_to(
    reports: list[dict[str, Any]],
) -> None:
    for report in reports:
        resources = contained(report)
        assert len(resources) == len(report["contained"])
        results = [result["reference"].removeprefix("#") for result in report["result"]]
        assert {*results, "model"} == set(resources)
        for name in results:
            assert resources[name]["resourceType"] == "Observation"
            assert resources[name]["device"] == {"reference": "#model"}


def test_values_are_those_of_the_finding(
    reports: list[dict[str, Any]], entries: list[Entry]
) -> None:
    finding, resources = entries[0].answer, contained(reports[0])
    for index, anatomy in enumerate(ANATOMIES):
        observation = resources[f"probability-{anatomy.key}"]
        assert observation["valueQuantity"]["value"] == finding.probabilities[index]
        (spread,) = observation["component"]
        assert spread["valueQuantity"]["value"] == finding.standard_deviation[index]
        (code,) = observation["bodySite"]["coding"]
        assert (code["system"], code["code"]) == ("http://snomed.info/sct", anatomy.snomed)
    assert resources["plane-score"]["valueQuantity"]["value"] == finding.plane_score
    assert resources["decision"]["valueCodeableConcept"] == {"text": "accepted"}
    assert wording.headline(finding) in reports[0]["conclusion"]


def test_rejection_is_said_with_its_reasons(
    reports: list[dict[str, Any]], entries: list[Entry]
) -> None:
    decision = contained(reports[1])["decision"]
    assert decision["valueCodeableConcept"] == {"text": "look again"}
    assert [note["text"] for note in decision["note"]] == list(entries[3].answer.reasons)
    assert reports[1]["conclusion"].startswith("None of these planes. ")


def test_without_dropout_there_is_no_spread(reports: list[dict[str, Any]]) -> None:
    assert not any("component" in resource for resource in reports[2]["contained"])
    assert {"type": {"text": "dropout_samples"}, "valueQuantity": [{"value": 0}]} in contained(
        reports[2]
    )["model"]["property"]


def test_version_hash_and_disclaimer_are_in_it(
    reports: list[dict[str, Any]], served: Predictor
) -> None:
    model = contained(reports[0])["model"]
    assert [part["value"] for part in model["version"]] == [
        served.version.label,
        served.version.hash,
    ]
    assert reports[0]["conclusion"].endswith(DISCLAIMER)
    assert wording.learned_from(served.version).rstrip(".") in reports[0]["conclusion"]


def test_time_needs_its_zone(entries: list[Entry], served: Predictor, when: datetime) -> None:
    report = diagnostic_report(entries[0], entries[0].answer, served.version, when)
    assert report["issued"] == "2026-03-04T05:06:07.000+01:00"
    with pytest.raises(ValueError, match="time zone"):
        diagnostic_report(entries[0], entries[0].answer, served.version, when.replace(tzinfo=None))


def test_there_is_no_patient_in_it(reports: list[dict[str, Any]], entries: list[Entry]) -> None:
    assert b"Simulated^" in entries[0].file()
    text = json.dumps(reports[0])
    assert "Simulated" not in text
    assert "subject" not in reports[0]

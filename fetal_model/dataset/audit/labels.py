"""Audit of the labels alone: how many of each, those given twice, those the name contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fetal_model.dataset.fetal_planes import read_name
from fetal_model.dataset.manifest import LABELS, Record


def class_balance(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """Scans and known patients of each label that occurs, in the order of `LABELS`."""
    balance = {}
    for label in LABELS:
        own = [record for record in records if record.label == label]
        if own:
            patients = {record.group for record in own if record.patient}
            balance[label] = {"scans": len(own), "patients": len(patients)}
    return balance


def repeated_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Scans that are listed more than once, with every label they are given."""
    labels: dict[str, list[str]] = {}
    for record in records:
        labels.setdefault(record.scan, []).append(record.label)
    return [
        {"scan": scan, "labels": given, "rows": len(given)}
        for scan, given in labels.items()
        if len(given) > 1
    ]


def name_contradictions(records: Sequence[Record]) -> dict[str, Any]:
    """Scans whose FETAL_PLANES_DB name encodes another plane, or patient, than their row says.

    Returns:
        `named`: how many scans have such a name; `labels`: those of another label, with what the
        name says; `patients`: those of another patient.
    """
    named = 0
    labels, patients = [], []
    for record in records:
        said = read_name(record.scan)
        if said is None:
            continue
        named += 1
        if said.label != record.label:
            labels.append({"scan": record.scan, "label": record.label, "name": said.label})
        if record.patient and said.patient != record.patient:
            patients.append({"scan": record.scan, "patient": record.patient, "name": said.patient})
    return {"named": named, "labels": labels, "patients": patients}

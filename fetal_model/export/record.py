"""The JSON form of an answer; `schema.json` beside this file is its definition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fetal_model.anatomy import KEYS
from fetal_model.export.entry import Entry, settings
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version

SCHEMA = "fetal-anatomy-lab/finding/1"
"""Counts up when a field changes its meaning or goes; a new field does not change it."""

Record = dict[str, Any]


def record(entry: Entry, version: Version) -> Record:
    """One element of the JSON array.

    Args:
        entry: The file and its answer.
        version: The version that answered.

    Returns:
        `file`, `schema` and either `error` or the fields that `docs/exports.md` lists.
    """
    start = {"file": entry.name, "schema": SCHEMA}
    if isinstance(entry.answer, str):
        return {**start, "error": entry.answer}
    return {**start, **_answer(entry.answer, version)}


def _answer(finding: Finding, version: Version) -> Record:
    spread = finding.standard_deviation
    return {
        "anatomy": finding.anatomy.key,
        "rejected": finding.turned_away,
        "probabilities": dict(zip(KEYS, finding.probabilities.tolist(), strict=True)),
        "standard_deviation": None
        if spread is None
        else dict(zip(KEYS, spread.tolist(), strict=True)),
        "predictive_entropy": finding.predictive_entropy,
        "mutual_information": finding.mutual_information,
        "plane_score": finding.plane_score,
        "taken_away": finding.taken_away,
        "decision": finding.decision,
        "reasons": list(finding.reasons),
        "version": version.label,
        "version_hash": version.hash,
        "settings": settings(finding),
        "seconds": round(finding.seconds, 4),
    }


def to_json(records: Sequence[Record]) -> str:
    """One array in the order of the files; ASCII, because a file's name need not be Unicode."""
    return json.dumps(records, indent=2) + "\n"

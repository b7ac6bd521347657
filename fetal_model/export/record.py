"""The JSON form of an answer; `schema.json` beside this file is its definition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.export.entry import Entry, settings
from fetal_model.predictor import Finding
from fetal_model.predictor_clip import ClipFinding
from fetal_model.scan import ScanError
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
    answer = {**start, **_answer(entry.answer, version)}
    if entry.named is not None:
        anatomies = entry.named.anatomies
        answer["anatomies"] = None if anatomies is None else list(anatomies)
        answer["coverage"] = entry.named.coverage
    return answer | _frames(entry.clip) if entry.clip else answer


def _frames(clip: ClipFinding) -> Record:
    frames: list[Record] = []
    for frame in clip.frames:
        row: Record = {"index": frame.index, "seconds": frame.seconds}
        if isinstance(frame.finding, ScanError):
            row["error"] = str(frame.finding)
        else:
            row["anatomy"] = frame.finding.anatomy.key
            row["probabilities"] = _by_anatomy(frame.finding.probabilities)
            row["decision"] = frame.finding.decision
            row["faults"] = list(frame.finding.faults)
        frames.append(row)
    return {"best_frame": clip.best, "clip_frames": clip.scan.facts.frames, "frames": frames}


def _answer(finding: Finding, version: Version) -> Record:
    spread = finding.standard_deviation
    return {
        "anatomy": finding.anatomy.key,
        "rejected": finding.turned_away,
        "probabilities": _by_anatomy(finding.probabilities),
        "standard_deviation": None if spread is None else _by_anatomy(spread),
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


def _by_anatomy(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(KEYS, values.tolist(), strict=True))


def to_json(records: Sequence[Record]) -> str:
    """One array in the order of the files; ASCII, because a file's name need not be Unicode."""
    return json.dumps(records, indent=2) + "\n"

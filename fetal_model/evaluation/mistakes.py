"""The most confident mistakes of a version, and their scans where these are to be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import orders
from fetal_model.dataset.folders import LabelledFile
from fetal_model.dataset.manifest import shared_folder
from fetal_model.evaluation.comparison import is_right, judge
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor

_SAME_ANSWER = 0.005
"""Probabilities of a scan that is simulated again differ by less than this, or it is another."""


def confident_mistakes(rows: Sequence[Prediction]) -> list[Prediction]:
    """Wrong answers about the four planes and other planes that were accepted, worst first.

    First what was accepted, then what a person is asked to look at again; within both, the more
    probable answer first.
    """
    wrong = [
        row for row in rows if not is_right(row) and (row.in_plane or row.decision == "accepted")
    ]
    return sorted(wrong, key=lambda row: (row.decision != "accepted", -max(row.probabilities)))


def find_scan(row: Prediction, predictor: Predictor) -> bytes | None:
    """The scan of a prediction, as a file, or None where it is not to be had.

    A real scan is read where the shared folder has it. A phantom is simulated again from the
    version's recipe, and taken only if the version still answers as it was recorded: otherwise the
    simulator has changed, and this would be another scan.
    """
    if not row.simulated:
        path = shared_folder() / "real_scans" / row.scan
        return path.read_bytes() if path.is_file() else None
    data = predictor.version.metadata.get("recipe", {}).get("data", {})
    if not data.get("phantoms"):
        return None
    counts = {key: int(data["phantoms"][key]) for key in KEYS}
    name = Path(row.scan).stem
    order = next((o for o in orders(counts, int(data["phantom_seed"])) if o.name == name), None)
    if order is None or order.label != row.label:
        return None
    file: LabelledFile = order.file()
    again = np.array(judge(predictor, file).probabilities)
    same = np.abs(again - np.array(row.probabilities)).max() < _SAME_ANSWER
    return file.data if same else None

"""Findings made by hand, for tests of what becomes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fetal_model.predictor import Finding
from fetal_model.scan.types import Region
from fetal_model.uncertainty.decision import Thresholds


def finding(**changed: Any) -> Finding:
    """A femur that was accepted, but for what is changed."""
    values: dict[str, Any] = {
        "probabilities": np.array([0.01, 0.01, 0.97, 0.01]),
        "mean": np.array([0.02, 0.02, 0.94, 0.02]),
        "standard_deviation": np.array([0.01, 0.01, 0.018, 0.01]),
        "predictive_entropy": 0.17,
        "mutual_information": 0.02,
        "samples": 30,
        "plane_score": 0.9,
        "rejected": False,
        "faults": (),
        "thresholds": Thresholds(plane_score=0.3, confidence=0.6),
        "decision": "accepted",
        "reasons": (),
        "grad_cams": np.zeros((4, 2, 2), np.float32),
        "region": Region(0, 0, 8, 8),
        "taken_away": 0.031,
        "shape": (8, 8),
        "version": "toy/1",
        "seconds": 0.05,
    }
    return Finding(**{**values, **changed})

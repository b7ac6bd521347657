"""Audit of labels that a model does not believe (confident learning, by cleanlab)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record


def doubted_labels(
    records: Sequence[Record], probabilities: Mapping[str, NDArray[np.float64]]
) -> dict[str, Any]:
    """Labels that are likely wrong, by what a model says that did not learn from these scans.

    Northcutt et al. 2021, "Confident learning", Journal of Artificial Intelligence Research
    70:1373-1411; `cleanlab.filter.find_label_issues`, pruned by noise rate.

    Args:
        records: Labelled scans; cervix and other are left out.
        probabilities: Over `anatomy.KEYS` by scan, float (4,), sums to 1. Scans without are left
            out.

    Returns:
        `judged`: how many were; `doubted`: those likely wrong, the surest first, each with its
        label, the model's answer, and the model's probability of the label.
    """
    # slow to import, and most audits do not need it
    from cleanlab.filter import find_label_issues

    judged = [r for r in records if r.label in KEYS and r.scan in probabilities]
    labels = np.array([KEYS.index(r.label) for r in judged], dtype=np.int64)
    shares = np.array([probabilities[r.scan] for r in judged], dtype=np.float64)
    found: list[int] = []
    if len(set(labels.tolist())) > 1:
        with warnings.catch_warnings():
            # it warns of a class with few scans; they are judged as far as they can be
            warnings.simplefilter("ignore", UserWarning)
            found = list(
                find_label_issues(
                    labels, shares, return_indices_ranked_by="self_confidence", n_jobs=1
                )
            )
    return {
        "judged": len(judged),
        "doubted": [
            {
                "scan": judged[index].scan,
                "label": judged[index].label,
                "model": KEYS[int(shares[index].argmax())],
                "probability_of_label": round(float(shares[index, labels[index]]), 4),
            }
            for index in found
        ],
    }

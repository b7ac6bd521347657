"""Splits that keep every scan of a patient on one side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from fetal_model.dataset.manifest import Record


def folds(records: Sequence[Record], count: int, seed: int) -> NDArray[np.int64]:
    """Fold number of each record, shape (n,): grouped by patient, stratified by label.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    groups = [record.group for record in records]
    if len(set(groups)) < count:
        raise ValueError(f"folds: expected at least {count} patients, found {len(set(groups))}")
    labels = [record.label for record in records]
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    numbers = np.empty(len(records), dtype=np.int64)
    for number, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
        numbers[held_out] = number
    return numbers


def split_by_patient(
    records: Sequence[Record], seed: int
) -> tuple[list[Record], list[Record], list[Record]]:
    """About 80/10/10 of the records for training, validation and test, no patient in two."""
    numbers = folds(records, 10, seed)
    train = [r for r, n in zip(records, numbers, strict=True) if n > 1]
    validation = [r for r, n in zip(records, numbers, strict=True) if n == 0]
    test = [r for r, n in zip(records, numbers, strict=True) if n == 1]
    return train, validation, test

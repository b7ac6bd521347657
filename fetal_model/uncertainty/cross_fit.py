"""Fit on some folds, apply to the one left out: what every reported figure here rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Fitted = TypeVar("Fitted")
Where = NDArray[np.bool_]


def cross_fit(
    numbers: NDArray[np.int64],
    fit: Callable[[Where], Fitted],
    apply: Callable[[Fitted, Where], NDArray[np.generic]],
) -> NDArray[np.generic]:
    """What is fitted without a scan's fold, applied to that scan.

    Args:
        numbers: Fold of each scan, shape (n,), as `fetal_model.dataset.splits.folds` gives them:
            all scans of a patient in one fold.
        fit: Fits on the scans where its argument, shape (n,), is true.
        apply: Takes what was fitted and the scans left out, shape (n,); returns one entry for each
            of them, shape (left out, ...).

    Returns:
        The entries in the order of the scans, shape (n, ...).

    Raises:
        ValueError: There is only one fold, or `apply` returns another number of entries.

    Example:
        >>> values, numbers = np.array([1.0, 3.0, 10.0]), np.array([0, 0, 1])
        >>> cross_fit(numbers, lambda on: values[on].mean(), lambda mean, to: values[to] - mean)
        array([-9., -7.,  8.])
    """
    present = np.unique(numbers)
    if len(present) < 2:
        raise ValueError(f"cross-fitting: expected at least 2 folds, found {len(present)}")
    gathered: NDArray[np.generic] | None = None
    for number in present:
        left_out = numbers == number
        entries = np.asarray(apply(fit(~left_out), left_out))
        if entries.shape[:1] != (left_out.sum(),):
            raise ValueError(
                f"cross-fitting: expected {left_out.sum()} entries for the fold left out, "
                f"received shape {entries.shape}"
            )
        if gathered is None:
            gathered = np.empty((len(numbers), *entries.shape[1:]), entries.dtype)
        gathered[left_out] = entries
    assert gathered is not None
    return gathered

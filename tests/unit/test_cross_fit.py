"""Cross-fitting: no scan is judged by what was fitted on its own fold."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.uncertainty.cross_fit import cross_fit

NUMBERS = np.array([2, 0, 1, 0, 2, 1, 1])


def test_a_scan_meets_only_what_was_fitted_without_its_fold() -> None:
    seen = []

    def fit(on):
        seen.append(set(NUMBERS[on]))
        return set(np.flatnonzero(on))

    def apply(fitted, to):
        assert not fitted & set(np.flatnonzero(to))
        return np.array([[n, len(fitted)] for n in np.flatnonzero(to)])

    found = cross_fit(NUMBERS, fit, apply)
    # in the order of the scans, each with the size of the other folds
    assert found.tolist() == [[0, 5], [1, 5], [2, 4], [3, 5], [4, 5], [5, 4], [6, 4]]
    assert seen == [{1, 2}, {0, 2}, {0, 1}]


def test_one_fold_or_a_wrong_number_of_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 2 folds, found 1"):
        cross_fit(np.zeros(4, np.int64), lambda on: 0, lambda fitted, to: np.zeros(4))
    with pytest.raises(ValueError, match=r"expected 2 entries .* received shape \(7,\)"):
        cross_fit(NUMBERS, lambda on: 0, lambda fitted, to: np.zeros(7))

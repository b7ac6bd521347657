"""Two versions on the same scans: McNemar and Holm by hand, differences over patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.paired import compare, describe, holm, mcnemar
from fetal_model.evaluation.predictions import Prediction


def said(labels: Sequence[str], right: Sequence[bool], patients: int = 40) -> list[Prediction]:
    rows = []
    for index, (label, good) in enumerate(zip(labels, right, strict=True)):
        answer = label if good else KEYS[KEYS.index(label) - 1]
        shares = tuple(0.7 if key == answer else 0.1 for key in KEYS)
        patient = f"p{index % patients}"
        rows.append(
            Prediction(f"{index}", label, patient, "set", "", "", shares, 1, "accepted", True)
        )
    return rows


LABELS = ["brain"] * 60 + ["femur"] * 60
# of 120 scans the first alone gets 3 right, the second alone 12
FIRST = said(LABELS, [i % 10 != 0 for i in range(120)])
SECOND = said(LABELS, [i % 40 != 5 for i in range(120)])


def test_mcnemar_by_hand() -> None:
    one, two, p = mcnemar(FIRST, SECOND)
    assert (one, two) == (3, 12)
    assert p == pytest.approx(2 * binom.cdf(3, 15, 0.5))
    assert p == pytest.approx(2 * (1 + 15 + 105 + 455) / 2**15)
    assert mcnemar(FIRST, FIRST) == (0, 0, 1)


def test_holm_by_hand() -> None:
    assert holm([0.02, 0.001, 0.5, 0.03]) == pytest.approx([0.06, 0.004, 0.5, 0.06])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


def test_rows_are_all_each_anatomy_and_each_value() -> None:
    machines = ["m" if i % 2 else "k" for i in range(120)]
    rows = compare(FIRST, SECOND, {"machine": machines})
    assert [row.scans for row in rows] == ["all", "brain", "femur", "machine k", "machine m"]
    whole = rows[0]
    assert (whole.n, whole.patients, whole.right, whole.only) == (120, 40, (108, 117), (3, 12))
    assert whole.accuracy.value == pytest.approx(9 / 120)
    assert whole.balanced is not None and whole.balanced.value == pytest.approx(9 / 120)
    assert rows[1].balanced is None, "one anatomy has one recall"
    assert [row.holm for row in rows] == holm([row.p for row in rows])
    assert "+0.075 (" in describe(rows)


def test_the_difference_is_paired_and_over_patients() -> None:
    found = compare(FIRST, SECOND)[0].accuracy
    # each patient's mean difference, of which there are forty
    each = np.array([b.answer == b.label for b in SECOND], float) - np.array(
        [a.answer == a.label for a in FIRST], float
    )
    spread = each.reshape(3, 40).mean(axis=0).std() / np.sqrt(40)
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * spread, rel=0.12)
    same = compare(FIRST, FIRST)[0].accuracy
    assert (same.low, same.value, same.high) == (0, 0, 0)


def test_few_patients_have_no_interval() -> None:
    few = [said(LABELS, [i % n != 0 for i in range(120)], patients=5) for n in (10, 40)]
    assert str(compare(*few)[0].accuracy) == "+0.075 (no interval)"


def test_other_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="120 and 119 scans, of which 119 are in both"):
        compare(FIRST, SECOND[:-1])
    with pytest.raises(ValueError, match="four planes, found none"):
        compare([], [])

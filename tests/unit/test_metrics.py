"""Figures against published values and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import metrics
from fetal_model.evaluation.predictions import Prediction


def row(
    label: str, answer: str, *, scan: str = "", patient: str = "", source: str = "hc18",
    score: float = 0.5, decision: str = "accepted",
) -> Prediction:  # fmt: skip
    shares = tuple(0.7 if key == answer else 0.1 for key in KEYS)
    return Prediction(
        scan, label, patient, source, "validation", "", shares, score, decision, False
    )


def rows_of(pairs: list[tuple[str, str, int]]) -> list[Prediction]:
    made = [(label, answer) for label, answer, count in pairs for _ in range(count)]
    return [row(label, answer, scan=f"{i}.png") for i, (label, answer) in enumerate(made)]


# brain 9/10, abdomen 2/4, femur 5/5; nothing of the thorax; three scans of other planes
MIXED = rows_of(
    [
        ("brain", "brain", 9), ("brain", "femur", 1), ("abdomen", "abdomen", 2),
        ("abdomen", "thorax", 2), ("femur", "femur", 5), ("other", "brain", 2),
        ("cervix", "femur", 1),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, Table I, method 5
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        # both ends: 1 - 0.025 ** (1 / n), 0.025 ** (1 / n)
        (0, 10, 0.0, 0.3085),
        (4, 4, 0.3976, 1.0),
        (5, 5, 0.4782, 1.0),
        (5, 10, 0.1871, 0.8129),
    ],
)
def test_clopper_pearson_against_published_values(
    count: int, n: int, low: float, high: float
) -> None:
    assert metrics.Proportion(count, n).interval == pytest.approx((low, high), abs=5e-5)


def test_a_proportion_says_count_share_and_interval() -> None:
    assert str(metrics.Proportion(4, 5)) == "4/5 = 0.800 (0.284 to 0.995)"


def test_accuracy_is_forced_to_four_and_knows_no_other_plane() -> None:
    assert metrics.accuracy(MIXED) == metrics.Proportion(16, 19)
    assert metrics.recall(MIXED, "abdomen") == metrics.Proportion(2, 4)
    assert metrics.recall(MIXED, "femur") == metrics.Proportion(5, 5)


def test_balanced_accuracy_by_hand() -> None:
    found = metrics.balanced_accuracy(MIXED)
    assert found.value == pytest.approx((0.9 + 0.5 + 1.0) / 3)
    assert found.n == 19
    assert found.low < found.value < found.high <= 1


def test_accepted_counts_decisions() -> None:
    rows = [row("brain", "brain"), row("brain", "brain", decision="look again")]
    assert metrics.accepted(rows) == metrics.Proportion(1, 2)


def test_auroc_by_hand_ties_count_half() -> None:
    rows = [
        row("brain", "brain", scan="1", score=0.9),
        row("femur", "femur", scan="2", score=0.5),
        row("other", "brain", scan="3", score=0.5),
        row("cervix", "brain", scan="4", score=0.2),
        row("other", "brain", scan="5", score=0.95),
    ]
    # of six pairs: 0.9 beats two, 0.5 beats one and ties one
    found = metrics.plane_auroc(rows)
    assert found is not None
    assert found.value == pytest.approx(3.5 / 6)
    assert found.n == 5


@pytest.mark.parametrize("labels", [["brain", "femur"], ["other", "cervix"]])
def test_auroc_needs_both_kinds(labels: list[str]) -> None:
    assert metrics.plane_auroc([row(label, "brain", scan=label) for label in labels]) is None


def test_confusion_by_hand() -> None:
    table = metrics.confusion(MIXED)
    assert list(table) == ["brain", "abdomen", "femur", "cervix", "other"]
    assert table["brain"] == {"brain": 9, "abdomen": 0, "femur": 1, "thorax": 0}
    assert table["abdomen"] == {"brain": 0, "abdomen": 2, "femur": 0, "thorax": 2}
    assert table["cervix"] == {"brain": 0, "abdomen": 0, "femur": 1, "thorax": 0}
    assert table["other"] == {"brain": 2, "abdomen": 0, "femur": 0, "thorax": 0}


def of_patients(patients: list[str], source: str = "hc18") -> list[Prediction]:
    """One scan for each entry; every other one is answered wrongly."""
    return [
        row("brain", "brain" if i % 2 else "femur", scan=f"{i}", patient=patient, source=source)
        for i, patient in enumerate(patients)
    ]


def test_the_bootstrap_draws_patients_not_scans() -> None:
    # all scans of one patient: every resample is the same forty scans
    one = metrics.balanced_accuracy(of_patients(["p"] * 40))
    assert (one.low, one.value, one.high) == (0.5, 0.5, 0.5)
    # every scan its own patient: the spread of a mean of forty coins
    alone = metrics.balanced_accuracy(of_patients([f"p{i}" for i in range(40)]))
    expected = 1.96 * np.sqrt(0.25 / 40)
    assert alone.high - alone.low == pytest.approx(2 * expected, rel=0.12)
    # four scans with one answer to a patient: twice as wide
    wrong = [i // 4 % 2 == 0 for i in range(40)]
    rows = [
        row("brain", "femur" if bad else "brain", scan=f"{i}", patient=f"p{i // 4}")
        for i, bad in enumerate(wrong)
    ]
    grouped = metrics.balanced_accuracy(rows)
    assert grouped.high - grouped.low == pytest.approx(4 * expected, rel=0.12)


def test_the_bootstrap_knows_who_shares_patients() -> None:
    rows = [
        row("brain", "brain", scan="1", patient="P1", source="fetal_planes"),
        row("brain", "femur", scan="2", patient="P1", source="fetal_planes_alzubaidi"),
    ]
    found = metrics.balanced_accuracy(rows)
    assert (found.low, found.high) == (0.5, 0.5)
    others = [
        row("brain", "brain", scan="1", patient="P1", source="fetal_planes"),
        row("brain", "femur", scan="2", patient="P1", source="hc18"),
    ]
    found = metrics.balanced_accuracy(others)
    assert (found.low, found.high) == (0, 1)


def test_scans_without_a_patient_are_drawn_one_by_one() -> None:
    found = metrics.balanced_accuracy(of_patients([""] * 40))
    assert found.high - found.low > 0.2


def test_figures_are_the_same_every_time() -> None:
    assert metrics.balanced_accuracy(MIXED) == metrics.balanced_accuracy(MIXED)

"""Figures of an evaluation are scikit-learn's, and few patients or no error get exact bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support, roc_auc_score

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.figures import group, overall, per_anatomy, unit
from fetal_model.evaluation.predictions import Prediction
from fetal_model.evaluation.resampling import exact_bounds


def rows_of(labels: Sequence[str], shares: np.ndarray, patients: Sequence[str]) -> list[Prediction]:
    return [
        Prediction(f"{i}.png", label, patient, "set", "", "", tuple(p), 0.9, "accepted", False)
        for i, (label, p, patient) in enumerate(zip(labels, shares.tolist(), patients, strict=True))
    ]


@pytest.fixture(scope="module")
def many() -> list[Prediction]:
    """360 scans of the four planes of 120 patients, and ten of another plane."""
    rng = np.random.default_rng(0)
    labels = [*rng.choice(KEYS, 360, p=(0.4, 0.3, 0.2, 0.1)), *["other"] * 10]
    logits = rng.normal(size=(370, 4))
    for index, label in enumerate(labels[:360]):
        logits[index, KEYS.index(label)] += 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return rows_of(labels, shares, [f"p{i // 3}" for i in range(370)])


def test_figures_are_those_of_scikit_learn(many: list[Prediction]) -> None:
    within = [row for row in many if row.in_plane]
    truth, said = [row.label for row in within], [row.answer for row in within]
    shares = np.array([row.probabilities for row in within])
    codes = [KEYS.index(label) for label in truth]
    found = overall(many)
    assert list(found) == ["accuracy", "balanced accuracy", "AUROC, mean of the anatomies"]
    assert found["accuracy"].value == np.mean(np.array(truth) == np.array(said))
    assert found["balanced accuracy"].value == pytest.approx(balanced_accuracy_score(truth, said))
    expected = roc_auc_score(codes, shares, multi_class="ovr", average="macro")
    assert found["AUROC, mean of the anatomies"].value == pytest.approx(expected)
    scored = precision_recall_fscore_support(truth, said, labels=list(KEYS))
    for index, (key, figures) in enumerate(per_anatomy(many).items()):
        assert key == KEYS[index]
        for name, expected in zip(("precision", "recall", "F1"), scored[:3], strict=True):
            assert figures[name].value == pytest.approx(expected[index])
        area = roc_auc_score(np.array(codes) == index, shares[:, index])
        assert figures["AUROC"].value == pytest.approx(area)
        assert figures["recall"].n == scored[3][index]


def test_intervals_are_of_patients_and_hold_the_value(many: list[Prediction]) -> None:
    for figure in (*overall(many).values(), *per_anatomy(many)["brain"].values()):
        assert figure.low is not None and figure.high is not None
        assert figure.low < figure.value < figure.high
        assert figure.method.startswith("bootstrap over ")
        assert figure.method.endswith(" patients")
    # the normal interval of a share, where patients do not matter
    accuracy = overall(many)["accuracy"]
    reach = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / accuracy.n)
    assert accuracy.high - accuracy.low == pytest.approx(2 * reach, rel=0.2)


def test_few_patients_get_counts_and_exact_bounds() -> None:
    shares = np.eye(4)[[0, 0, 0, 1, 1, 2]]
    rows = rows_of(["brain"] * 4 + ["abdomen"] * 2, shares, ["a", "a", "b", "b", "c", "c"])
    found = overall(rows)["accuracy"]
    assert (found.count, found.n, found.method) == (4, 6, "exact, as of 3 patients")
    assert (found.low, found.high) == exact_bounds(2, 3)
    assert str(found) == f"4/6 = 0.667 ({found.low:.3f} to {found.high:.3f})"
    balanced = overall(rows)["balanced accuracy"]
    assert balanced.low is None
    assert str(balanced) == "0.625 (no interval), n = 6"
    anatomies = per_anatomy(rows)
    assert list(anatomies) == ["brain", "abdomen", "femur"]
    assert list(anatomies["femur"]) == ["precision"], "no scan shows one, one answer says so"
    assert anatomies["femur"]["precision"].value == 0


def test_without_a_mistake_the_bounds_are_exact() -> None:
    rows = rows_of(["brain"] * 50, np.eye(4)[[0] * 50], [f"p{i}" for i in range(50)])
    found = overall(rows)["accuracy"]
    assert (found.low, found.high) == exact_bounds(50, 50)
    assert overall(rows)["balanced accuracy"].method == "no interval: nothing varies"
    assert "AUROC, mean of the anatomies" not in overall(rows)


def test_the_unit_says_what_is_unknown() -> None:
    shares = np.eye(4)[[0, 1]]
    assert unit(rows_of(["brain"] * 2, shares, ["", ""])) == "scans"
    assert "where the patient is unknown" in unit(rows_of(["brain"] * 2, shares, ["a", ""]))
    assert overall(rows_of(["brain"] * 2, shares, ["", ""]))["accuracy"].method.endswith("2 scans")


def test_groups_are_the_values_of_a_column(many: list[Prediction]) -> None:
    values = ["b" if i % 2 else "a" for i in range(360)] + ["other planes only"] * 10
    found = group(many, values)
    assert list(found) == ["a", "b"]
    assert found["a"] == {k: v for k, v in overall(many[:360:2]).items() if "AUROC" not in k}


def test_other_planes_alone_have_no_figures() -> None:
    rows = rows_of(["other"], np.eye(4)[[0]], ["a"])
    assert (overall(rows), per_anatomy(rows), group(rows, ["x"])) == ({}, {}, {})

"""Side by side: figures are those of each version alone, and the worst disagreement comes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.folders import LabelledFile
from fetal_model.evaluation import metrics
from fetal_model.evaluation.comparison import (
    disagreements,
    figures,
    is_right,
    jensen_shannon,
    judge,
    report,
)
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor
from fetal_model.scan import ScanError, read_scan


def said(
    scan: str, label: str, answer: str, share: float = 0.7, decision: str = "accepted"
) -> Prediction:
    rest = (1 - share) / 3
    shares = tuple(share if key == answer else rest for key in KEYS)
    return Prediction(scan, label, "", "upload", "comparison", "", shares, 0.9, decision, False)


AGAIN = "look again"
# What two versions say about five scans; only the first is undisputed.
FIRST = [
    said("same.png", "brain", "brain"),
    said("mild.png", "femur", "femur", 0.5),
    said("wide.png", "femur", "femur", 0.98),
    said("misled.png", "femur", "femur", 0.4),
    said("decided.png", "thorax", "thorax", 0.7),
]
SECOND = [
    said("same.png", "brain", "brain", 0.6),
    said("mild.png", "femur", "brain", 0.5, AGAIN),
    said("wide.png", "femur", "brain", 0.98, AGAIN),
    said("misled.png", "femur", "brain", 0.4),
    said("decided.png", "thorax", "thorax", 0.7, AGAIN),
]


def test_the_worst_disagreement_comes_first() -> None:
    found = disagreements({"a/1": FIRST, "b/1": SECOND})
    # accepted and wrong beats the widest divergence; a decision alone is a disagreement as well
    assert [d.scan for d in found] == ["misled.png", "wide.png", "mild.png", "decided.png"]
    assert [d.index for d in found] == [3, 2, 1, 4]
    assert [d.misled for d in found] == [True, False, False, False]
    assert found[0].predictions == (FIRST[3], SECOND[3])
    assert found[1].divergence > found[2].divergence > found[3].divergence == 0


def test_versions_judged_on_different_scans_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same scans in the same order.*mild\.png, same\.png"):
        disagreements({"a/1": FIRST, "b/1": [SECOND[1], SECOND[0], *SECOND[2:]]})
    with pytest.raises(ValueError, match="zip"):
        disagreements({"a/1": FIRST, "b/1": SECOND[:4]})


def test_jensen_shannon_against_scipy_and_its_bounds() -> None:
    from scipy.spatial.distance import jensenshannon

    rng = np.random.default_rng(0)
    for _ in range(5):
        pair = rng.dirichlet(np.ones(4), 2)
        assert jensen_shannon(pair) == pytest.approx(jensenshannon(*pair) ** 2)
    assert jensen_shannon(np.eye(4)) == pytest.approx(np.log(4))
    assert jensen_shannon(np.full((3, 4), 0.25)) == 0


def test_figures_are_those_of_each_version_alone() -> None:
    table = {row["Figure"]: row for row in figures({"a/1": FIRST, "b/1": SECOND})}
    for label, rows in (("a/1", FIRST), ("b/1", SECOND)):
        assert table["Accuracy, forced to four"][label] == str(metrics.accuracy(rows))
        assert table["Balanced accuracy"][label] == str(metrics.balanced_accuracy(rows))
        assert table["Recall, femur"][label] == str(metrics.recall(rows, "femur"))
        assert table["Four planes accepted"][label] == str(metrics.accepted(rows))
    assert table["Recall, femur"]["b/1"].startswith("0/3 = 0.000 (0.000 to 0.708)")
    assert table["Recall, abdomen"] == {
        "Figure": "Recall, abdomen", "a/1": "no scans", "b/1": "no scans",
    }  # fmt: skip
    assert "Other planes accepted" not in table


def test_other_planes_have_a_row_and_no_right_answer() -> None:
    other = said("kidney.png", "other", "abdomen")
    table = {row["Figure"]: row["a/1"] for row in figures({"a/1": [FIRST[0], other]})}
    assert table["Other planes accepted"].startswith("1/1")
    assert table["Four planes accepted"].startswith("1/1")
    assert table["Accuracy, forced to four"].startswith("1/1")
    assert not is_right(other)
    alone = {row["Figure"]: row["a/1"] for row in figures({"a/1": [other]})}
    assert alone["Accuracy, forced to four"] == alone["Balanced accuracy"] == "no scans"


def test_a_bad_file_costs_only_itself() -> None:
    bad = "note.txt: expected PNG, found text."
    found = report({"a/1": [FIRST[0], bad, FIRST[3]], "b/1": [SECOND[0], bad, SECOND[3]]})
    assert found.problems == (bad,)
    assert found.scans == (0, 2)
    assert [d.index for d in found.disputed] == [1]
    assert found.scans[found.disputed[0].index] == 2
    assert found.table == figures({"a/1": [FIRST[0], FIRST[3]], "b/1": [SECOND[0], SECOND[3]]})
    assert found.matrices["b/1"]["femur"] == {"brain": 1, "abdomen": 0, "femur": 0, "thorax": 0}
    assert not found.simulated


def test_when_no_file_can_be_read_there_is_no_table() -> None:
    found = report({"a/1": ["bad"], "b/1": ["bad"]})
    assert (found.scans, found.table, found.problems) == ((), [], ("bad",))


def test_what_is_judged_is_what_the_predictor_finds(
    untrained_weights: Path, phantom_files: dict[str, Path]
) -> None:
    predictor = Predictor.load("tiny-dropout", untrained_weights)
    data = phantom_files["femur"].read_bytes()
    file = LabelledFile("femur/1.png", "femur", data, "phantom", "P1", True)
    found, finding = judge(predictor, file), predictor.analyse(read_scan(data))
    assert found.probabilities == tuple(finding.probabilities)
    assert (found.plane_score, found.decision) == (finding.plane_score, finding.decision)
    facts = (found.scan, found.label, found.patient, found.source, found.simulated)
    assert facts == ("femur/1.png", "femur", "P1", "phantom", True)
    with pytest.raises(ScanError, match=r"brain/note\.txt"):
        judge(predictor, LabelledFile("brain/note.txt", "brain", b"hello"))

"""`predictions.csv`: what is written is read again, and nothing else is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from fetal_model.evaluation.predictions import (
    COLUMNS,
    Prediction,
    read_predictions,
    write_predictions,
)

ROWS = [
    Prediction("images/a,1.png", "brain", "P1", "phantom", "test", "3", (0.7, 0.1, 0.1, 0.1), 0.75,
               "accepted", True),
    Prediction('b "2".png', "cervix", "", "fetal_planes", "validation", "", (0.0, 0.25, 0.25, 0.5),
               0.0, "look again", False),
    Prediction("ü.png", "other", "Patient7", "hc18", "validation", "0", (0.1, 0.3, 0.3, 0.3), 1.0,
               "look again", False),
]  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.csv", ROWS)
    assert read_predictions(tmp_path / "predictions.csv") == ROWS
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.csv"]


def test_header_and_first_line(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.csv", ROWS)
    lines = (tmp_path / "predictions.csv").read_text(encoding="utf-8").split("\n")
    assert lines[0] == (
        "scan,label,patient,source,part,fold,p_brain,p_abdomen,p_femur,p_thorax,"
        "plane_score,decision,simulated"
    )
    assert tuple(lines[0].split(",")) == COLUMNS
    assert lines[1] == (
        '"images/a,1.png",brain,P1,phantom,test,3,0.700000,0.100000,0.100000,0.100000,'
        "0.750000,accepted,true"
    )


def test_probabilities_are_kept_to_six_digits(tmp_path: Path) -> None:
    precise = Prediction(
        "a", "brain", "", "s", "p", "", (0.1234567, 1e-9, 0.5, 0.3765433), 1 / 3, "accepted", False
    )
    write_predictions(tmp_path / "p.csv", [precise])
    (found,) = read_predictions(tmp_path / "p.csv")
    assert found.probabilities == (0.123457, 0.0, 0.5, 0.376543)
    assert found.plane_score == 0.333333


@pytest.mark.parametrize(
    ("row", "answer", "in_plane", "group"),
    [
        (ROWS[0], "brain", True, "phantom:P1"),
        (ROWS[1], "thorax", False, 'scan:b "2".png'),
        (ROWS[2], "abdomen", False, "hc18:Patient7"),
    ],
)
def test_what_a_row_means(row: Prediction, answer: str, in_plane: bool, group: str) -> None:
    assert (row.answer, row.in_plane, row.group) == (answer, in_plane, group)


@pytest.mark.parametrize(
    "header", ["", "scan,label", ",".join(reversed(COLUMNS)), ",".join(COLUMNS) + ",extra"]
)
def test_other_columns_are_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(header + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"p\.csv: expected columns"):
        read_predictions(tmp_path / "p.csv")

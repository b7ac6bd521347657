"""Findings in words: what is claimed, and what is not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_findings import finding

from fetal_model import wording
from fetal_model.store.versions import Version


def version(**metadata: Any) -> Version:
    return Version("toy", 1, Path(), metadata)


def test_headline_of_the_three_outcomes() -> None:
    assert wording.headline(finding()) == "Femur · 97% · accepted"
    unsure = np.array([0.55, 0.15, 0.15, 0.15])
    again = finding(probabilities=unsure, decision="look again")
    assert wording.headline(again) == "Brain · 55% · look again"
    rejected = finding(rejected=True, decision="look again")
    assert wording.headline(rejected) == "None of these planes"
    assert wording.nearest(rejected) == "Nearest of the four: Femur. Look again."


def test_a_picture_that_is_no_scan_is_not_given_an_anatomy() -> None:
    blurred = finding(faults=("The picture is blurred.",), decision="look again")
    assert wording.headline(blurred) == "Not a usable ultrasound scan"
    assert wording.row("b.png", blurred)["Anatomy"] == "no usable scan"


def test_a_second_look_says_how_far_the_views_agree() -> None:
    views = np.array([[0.01, 0.01, 0.97, 0.01]] * 9 + [[0.6, 0.1, 0.2, 0.1]])
    assert wording.second_look(views, finding()) == (
        "9 of 10 views (mirrored, turned, shifted, brighter, darker) say femur; on average femur, "
        "89%, and between 20% and 97% for femur."
    )


def test_what_was_hidden_from_the_model_is_said() -> None:
    assert wording.taken_away(finding()).startswith("3% of the picture was found to be drawn over")
    assert wording.taken_away(finding(taken_away=0.0)).startswith("Nothing was found written")
    assert wording.taken_away(finding(taken_away=None)).startswith("The model saw everything")


def test_spread_names_samples_points_and_anatomy() -> None:
    assert wording.spread(finding()) == (
        "30 dropout samples agree within 2 points on femur (one standard deviation)."
    )
    none = finding(standard_deviation=None, mean=None, samples=0, mutual_information=None)
    assert "no dropout layer" in wording.spread(none)
    wide = finding(standard_deviation=np.array([0.1, 0.1, 0.305, 0.1]))
    assert "differ by 31 points" in wording.spread(wide), "a wide spread is no agreement"
    narrow = finding(standard_deviation=np.full(4, 1e-5))
    assert "agree within 1 point on" in wording.spread(narrow)


def test_every_number_has_a_unit_and_a_meaning() -> None:
    rows = {term: (value, meaning) for term, value, meaning in wording.numbers(finding())}
    assert rows["Plane score"][0] == "0.900 (accepted from 0.30)"
    assert rows["Predictive entropy"][0] == "0.170 nats"
    assert f"{math.log(4):.2f}" in rows["Predictive entropy"][1]
    assert rows["Mutual information"][0] == "0.020 nats"
    assert "femur 1.8" in rows["Standard deviation"][0]
    assert "n = 30" in rows["Standard deviation"][0]
    assert all(meaning.endswith(".") for _, meaning in rows.values())
    none = finding(standard_deviation=None, mean=None, samples=0, mutual_information=None)
    terms = [term for term, _, _ in wording.numbers(none)]
    assert "Mutual information" not in terms
    assert "Standard deviation" not in terms


def test_summary_row_of_an_answer_and_of_a_message() -> None:
    assert wording.row("a.png", finding()) == {
        "File": "a.png",
        "Anatomy": "Femur",
        "Probability": "97%",
        "Decision": "accepted",
        "Reason": "",
        "Seconds": "0.05",
    }
    rejected = finding(rejected=True, decision="look again", reasons=("Another plane.",))
    assert wording.row("b.png", rejected)["Anatomy"] == "none (nearest: Femur)"
    message = wording.row("c.pdf", "c.pdf: found a PDF")
    assert (message["Decision"], message["Reason"]) == ("not read", "c.pdf: found a PDF")


def test_phantom_training_is_never_left_unsaid() -> None:
    assert wording.learned_from(version(simulated=True)) == wording.SIMULATED_ONLY
    stated = version(simulated=True, training_data="1,646 phantoms.")
    assert wording.learned_from(stated) == "1,646 phantoms."
    assert wording.learned_from(version(simulated=False)) == ""


def test_a_leaky_split_is_said_wherever_it_is_said_what_a_version_learned_from() -> None:
    leaky = version(simulated=True, training_data="1,646 phantoms.", leaky=True)
    assert wording.learned_from(leaky) == f"1,646 phantoms. {wording.LEAKY}"
    assert wording.learned_from(version(simulated=False, leaky=True)) == wording.LEAKY


@pytest.mark.parametrize("text", ["a_b_*c*", "[x](http://y)", ":red[z]", "`c`", "<b>", "$x$", "#1"])
def test_plain_leaves_no_markdown(text: str) -> None:
    escaped = wording.plain(text)
    assert escaped.replace("\\", "") == text
    for index, letter in enumerate(escaped):
        if letter in "*_[]`<>$:#":
            assert escaped[index - 1] == "\\"

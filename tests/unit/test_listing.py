"""Which answers a reader sees when asking for a group, and in which order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_findings import finding

from fetal_model import listing
from fetal_model.listing import by_group, groups_of, ordered
from fetal_model.predictor import Finding
from fetal_model.predictor_clip import ClipFinding, FrameFinding
from fetal_model.scan import read_scan
from fetal_model.uncertainty.decision import Thresholds

BRAIN = np.array([0.6, 0.2, 0.1, 0.1])


def unsure() -> Finding:
    return finding(probabilities=BRAIN, decision="look again")


def rejected() -> Finding:
    return finding(rejected=True, decision="look again", plane_score=0.1)


def clip(first: Finding, second: Finding, file: Path) -> ClipFinding:
    frames = (FrameFinding(0, 0.0, first), FrameFinding(1, 2.0, second))
    return ClipFinding(frames, 0, read_scan(file), first)


@pytest.mark.parametrize("answer", [None, "a.pdf: expected a scan, found a PDF."])
def test_what_has_no_answer_belongs_to_no_anatomy(answer: str | None) -> None:
    assert not groups_of(answer) & {listing.LOOK, listing.NONE, "brain"}


def test_an_answer_belongs_to_its_anatomy_unless_it_was_turned_away() -> None:
    assert groups_of(finding()) == {listing.ALL, "femur"}
    assert groups_of(unsure()) == {listing.ALL, "brain", listing.LOOK}
    assert groups_of(rejected()) == {listing.ALL, listing.NONE, listing.LOOK}
    blurred = finding(faults=("The picture is blurred.",), decision="look again")
    assert groups_of(blurred) == {listing.ALL, listing.NONE, listing.LOOK}


def test_a_clip_belongs_to_all_that_it_shows(phantom_files: dict[str, Path]) -> None:
    low = Thresholds(plane_score=0.3, confidence=0.5)
    shown = finding(thresholds=low), finding(thresholds=low, probabilities=BRAIN)
    file = phantom_files["femur"]
    assert groups_of(clip(*shown, file)) == {listing.ALL, "femur", "brain"}
    nothing = clip(rejected(), rejected(), file)
    assert groups_of(nothing) == {listing.ALL, listing.NONE, listing.LOOK}


def test_orders() -> None:
    names = ["d", "B", "a", "C", "e"]
    answers = [finding(), unsure(), "a: expected a scan, found none.", rejected(), None]
    groups = by_group(answers)
    assert groups == {
        listing.ALL: [0, 1, 2, 3, 4],
        listing.LOOK: [1, 3],
        "brain": [1],
        "femur": [0],
        listing.NONE: [3],
        listing.UNREAD: [2],
        listing.WAITING: [4],
    }
    everything = groups[listing.ALL]
    assert ordered(everything, names, answers, listing.AS_GIVEN) == everything
    assert ordered(everything, names, answers, listing.BY_NAME) == [2, 1, 3, 0, 4]
    assert ordered(everything, names, answers, listing.LEAST_SURE) == [2, 4, 3, 1, 0]
    assert ordered(groups[listing.LOOK], names, answers, listing.LEAST_SURE) == [3, 1]

"""A quiz is balanced and repeatable, asks each question once, and scores what was answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.charts import learner_calibration
from fetal_model.dataset.folders import LabelledFile
from fetal_model.evaluation.metrics import Proportion
from fetal_model.phantom import planes as planes_of
from fetal_model.scan import read_scan
from fetal_model.teaching import wording
from fetal_model.teaching.draw import (
    HARD,
    POOL,
    Drawn,
    draw_labelled,
    draw_simulated,
    share_out,
)
from fetal_model.teaching.landmarks import LANDMARKS, PLANES, tell_apart
from fetal_model.teaching.quiz import LENGTH, LEVELS, Answer, Question, Quiz
from fetal_model.teaching.score import calibrate, score, score_by_anatomy, score_model


def question(label: str, index: int = 0) -> Question:
    return Question(label, f"{label}.png", b"", f"{label}-{index}")


def played(*pairs: tuple[str, str, float]) -> Quiz:
    """A finished quiz of (truth, choice, confidence)."""
    quiz = Quiz(tuple(question(truth, index) for index, (truth, _, _) in enumerate(pairs)))
    for _, choice, confidence in pairs:
        quiz = quiz.answer(choice, confidence).advance()
    return quiz


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw_simulated(3, "good", annotations=False)


# drawing


def test_shares_are_even_and_the_odd_ones_are_drawn() -> None:
    extra = set()
    for seed in range(20):
        counts = share_out(dict.fromkeys(KEYS, 99), 10, np.random.default_rng(seed))
        assert sorted(counts.values()) == [2, 2, 3, 3]
        extra |= {key for key, count in counts.items() if count == 3}
    assert extra == set(KEYS), "always the same two would give the last questions away"


def test_shares_stop_at_what_there_is() -> None:
    counts = share_out({"brain": 1, "femur": 2}, 10, np.random.default_rng(0))
    assert counts == {"brain": 1, "femur": 2}


def test_simulated_quiz_is_balanced_with_masks_and_hard_ones(drawn: Drawn) -> None:
    assert len(drawn.questions) == LENGTH
    counts = Counter(q.label for q in drawn.questions)
    assert set(counts) == set(KEYS)
    assert set(counts.values()) == {2, 3}
    assert sum(q.hard for q in drawn.questions) == HARD
    for q in drawn.questions:
        assert q.simulated
        assert q.mask is not None
        assert q.mask.shape == read_scan(q.data).pixels.shape
        assert q.mask.any()
        assert ("fair quality" if q.hard else "good quality") in q.about
        assert "Simulated" in q.about
    assert len({q.identity for q in drawn.questions}) == LENGTH
    labels = [q.label for q in drawn.questions]
    assert labels != sorted(labels, key=KEYS.index), "the order must not tell the answers"


def test_same_number_same_quiz_and_another_number_another(drawn: Drawn) -> None:
    again = draw_simulated(3, "good", annotations=False)
    assert [q.data for q in again.questions] == [q.data for q in drawn.questions]
    other = draw_simulated(4, "good", annotations=False)
    assert not {q.data for q in other.questions} & {q.data for q in drawn.questions}


def test_poorer_quality_and_screen_text_change_the_scans_alone(drawn: Drawn) -> None:
    calls: list[tuple[int, int]] = []
    poor = draw_simulated(3, "poor", annotations=True, progress=lambda *done: calls.append(done))
    assert [q.label for q in poor.questions] == [q.label for q in drawn.questions]
    assert not any(q.hard for q in poor.questions), "below poor there is nothing harder"
    assert all("poor quality" in q.about for q in poor.questions)
    assert calls == [(done, LENGTH) for done in range(1, LENGTH + 1)]
    plain = draw_simulated(3, "poor", annotations=False)
    assert any(a.data != b.data for a, b in zip(plain.questions, poor.questions, strict=True)), (
        "some scans carry text"
    )
    assert all(
        np.array_equal(a.mask, b.mask)
        for a, b in zip(plain.questions, poor.questions, strict=True)
        if a.mask is not None and b.mask is not None
    )


def test_an_unknown_quality_is_named() -> None:
    with pytest.raises(ValueError, match="'superb'"):
        draw_simulated(1, "superb", annotations=False)


def teacher(each: int = 12, labels: tuple[str, ...] = KEYS) -> list[LabelledFile]:
    return [
        LabelledFile(f"set/{label}/{index:02}.png", label, f"{label}{index}".encode())
        for label in labels
        for index in range(each)
    ]


def seen_by(probability: Any) -> Any:
    """A model that gives the true anatomy of a file the probability that its name says."""

    def analyse(name: str, data: bytes) -> Any:
        label = name.split("/")[1]
        chances = np.zeros(4)
        chances[KEYS.index(label)] = probability(name)
        return SimpleNamespace(probabilities=chances)

    return analyse


def test_hard_ones_of_a_folder_are_those_the_model_finds_least_probable() -> None:
    files = teacher(each=POOL)
    chance = {file.scan: index / len(files) for index, file in enumerate(files)}
    found = draw_labelled(files, 5, seen_by(chance.__getitem__)).questions
    assert len(found) == LENGTH
    assert set(Counter(q.label for q in found).values()) == {2, 3}
    hard = [q for q in found if q.hard]
    assert len(hard) == HARD
    for q in hard:
        lowest = min(chance[file.scan] for file in files if file.label == q.label)
        assert chance[q.name] == lowest
    assert all(q.mask is None and not q.simulated for q in found)
    assert len({q.identity for q in found}) == LENGTH


def test_the_same_folder_in_another_order_gives_the_same_quiz() -> None:
    files = teacher()
    analyse = seen_by(lambda name: (len(name) * 7 % 10) / 10)
    first = draw_labelled(files, 8, analyse).questions
    again = draw_labelled(files[::-1], 8, analyse).questions
    other = draw_labelled(files, 9, analyse).questions
    assert [q.name for q in first] == [q.name for q in again]
    assert [q.name for q in first] != [q.name for q in other]


def test_files_called_otherwise_give_the_same_quiz() -> None:
    files = teacher()
    hidden = [replace(file, scan=f"scan-{hash(file.scan)}") for file in files]
    first = draw_labelled(files, 8, lambda name, data: None).questions
    again = draw_labelled(hidden, 8, lambda name, data: None).questions
    assert [q.data for q in first] == [q.data for q in again]


def test_unreadable_files_are_replaced_and_told() -> None:
    files = teacher(each=4)
    bad = {"set/femur/00.png", "set/brain/03.png"}
    good = seen_by(lambda _: 0.9)
    calls: list[int] = []

    def analyse(name: str, data: bytes) -> Any:
        return f"{name}: damaged" if name in bad else good(name, data)

    found = draw_labelled(files, 2, analyse, progress=lambda done, _: calls.append(done))
    assert set(found.unread) == {f"{name}: damaged" for name in bad}
    assert len(found.questions) == LENGTH
    assert not bad & {q.name for q in found.questions}
    assert len(calls) == len(files), "a stop must be possible at every file"


def test_other_planes_are_left_out_and_a_small_folder_gives_a_short_quiz() -> None:
    files = teacher(each=1, labels=("brain", "femur")) + teacher(each=5, labels=("cervix",))
    found = draw_labelled(files, 2, seen_by(lambda _: 0.9)).questions
    assert sorted(q.label for q in found) == ["brain", "femur"]


@pytest.mark.parametrize("labels", [("femur",), ("cervix", "other")])
def test_a_folder_without_a_choice_is_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"at least two anatomies, found readable scans of [01]"):
        draw_labelled(teacher(labels=labels), 2, seen_by(lambda _: 0.9))


def test_without_a_model_no_scan_counts_as_hard() -> None:
    found = draw_labelled(teacher(), 2, lambda name, data: None).questions
    assert len(found) == LENGTH
    assert not any(q.hard for q in found)


# playing


def test_a_question_is_answered_once_and_left_for_good() -> None:
    quiz = Quiz((question("brain"), question("femur")))
    with pytest.raises(ValueError, match="answer it first"):
        quiz.advance()
    assert quiz.given is None
    answered = quiz.answer("thorax", 0.5)
    assert quiz.given is None, "a step changes nothing that was"
    assert answered.given == Answer("thorax", 0.5)
    with pytest.raises(ValueError, match="without an answer"):
        answered.answer("brain", 0.95)
    second = answered.advance()
    assert second.current.label == "femur"
    assert second.given is None
    end = second.answer("femur", 0.95).advance()
    assert end.finished
    assert end.right == 1
    for step in (end.advance, lambda: end.answer("brain", 0.5)):
        with pytest.raises(ValueError, match="expected"):
            step()


@pytest.mark.parametrize(("choice", "confidence"), [("liver", 0.5), ("brain", 0.6)])
def test_answers_that_do_not_exist_are_refused(choice: str, confidence: float) -> None:
    with pytest.raises(ValueError, match=f"{choice}|{confidence}"):
        Quiz((question("brain"),)).answer(choice, confidence)


def test_a_quiz_needs_a_question() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Quiz(())


def test_again_asks_what_was_missed_and_nothing_else() -> None:
    quiz = played(
        ("brain", "brain", 0.95),
        ("femur", "thorax", 0.5),
        ("abdomen", "thorax", 0.75),
        ("thorax", "brain", 0.25),
    )
    again = quiz.again()
    assert {q.identity for q in again.questions} == {q.identity for q in quiz.missed}
    assert len(again.questions) == 3
    assert (again.position, again.answers, again.round) == (0, (), 2)
    with pytest.raises(ValueError, match="missed"):
        played(("brain", "brain", 0.5)).again()


# scoring


def test_score_by_anatomy_counts_each_truth() -> None:
    quiz = played(
        ("brain", "brain", 0.95),
        ("brain", "thorax", 0.5),
        ("femur", "femur", 0.75),
    )
    assert score(quiz.answered) == Proportion(2, 3)
    assert score_by_anatomy(quiz.answered) == {
        "brain": Proportion(1, 2),
        "femur": Proportion(1, 1),
    }


def test_calibration_has_one_level_for_each_confidence_used() -> None:
    quiz = played(
        ("brain", "brain", 0.95),
        ("brain", "thorax", 0.95),
        ("femur", "femur", 0.25),
    )
    found = calibrate(quiz.answered)
    assert [(level.confidence, level.right) for level in found.levels] == [
        (0.25, Proportion(1, 1)),
        (0.95, Proportion(1, 2)),
    ]
    assert found.said == pytest.approx((0.95 * 2 + 0.25) / 3)
    assert found.right == Proportion(2, 3)
    with pytest.raises(ValueError, match="at least one"):
        calibrate([])


@pytest.mark.parametrize(
    ("right", "confidence", "verdict", "words"),
    [
        (2, 0.95, "too sure", "surer than right"),
        (10, 0.25, "too unsure", "more often than you dared"),
        (6, 0.75, "in keeping", "chance alone"),
        (9, 0.75, "in keeping", "chance alone"),
    ],
)
def test_ten_answers_carry_only_large_differences(
    right: int, confidence: float, verdict: str, words: str
) -> None:
    pairs = [("brain", "brain" if i < right else "femur", confidence) for i in range(10)]
    found = calibrate(played(*pairs).answered)
    assert found.verdict == verdict
    assert words in wording.verdict(found)
    assert "n = 10" in wording.verdict(found)


def test_the_models_score_counts_a_rejected_scan_as_not_right() -> None:
    questions = [question(key) for key in ("brain", "femur", "thorax", "thorax", "brain")]

    def says(key: str, rejected: bool = False) -> Any:
        return SimpleNamespace(anatomy=BY_KEY[key], turned_away=rejected)

    answers = [says("brain"), says("femur", rejected=True), says("brain"), "unreadable", None]
    assert score_model(questions, answers) == (Proportion(1, 3), 1)
    assert score_model(questions[:1], [None]) == (None, 0)


# words and chart


def test_every_anatomy_has_landmarks_and_every_pair_a_difference() -> None:
    assert set(LANDMARKS) == set(KEYS)
    assert all(len(marks) >= 3 for marks in LANDMARKS.values())
    planes = {label: {n for n, p in planes_of.PLANES.items() if p.label == label} for label in KEYS}
    assert set(PLANES) == {name for names in planes.values() if len(names) > 1 for name in names}
    for truth in KEYS:
        for said in KEYS:
            sentence = tell_apart(truth, said)
            assert bool(sentence) is (truth != said)
            assert sentence == tell_apart(said, truth)
    with pytest.raises(KeyError, match="liver"):
        tell_apart("brain", "liver")


@pytest.mark.parametrize(
    ("model", "said", "words"),
    [
        ("brain", "brain", "The model says brain as well, and is right."),
        ("brain", "femur", "The model says brain, and is right."),
        ("femur", "femur", "The model says femur as well, and is wrong."),
        ("femur", "thorax", "The model says femur, and is wrong."),
    ],
)
def test_the_models_answer_is_set_beside_the_learners(model: str, said: str, words: str) -> None:
    finding: Any = SimpleNamespace(anatomy=BY_KEY[model], turned_away=False)
    assert wording.model_beside(finding, question("brain"), Answer(said, 0.5)) == words
    finding.turned_away = True
    beside = wording.model_beside(finding, question("brain"), Answer(said, 0.5))
    assert "none of these planes" in beside


def test_progress_says_where_the_learner_stands() -> None:
    quiz = Quiz((question("brain"), question("femur", 1), question("femur", 2)))
    assert wording.progress(quiz) == "Scan 1 of 3"
    quiz = quiz.answer("femur", 0.5)
    assert wording.progress(quiz) == "Scan 1 of 3 · 0 of 1 right so far"
    quiz = quiz.advance().answer("femur", 0.5).advance()
    assert wording.progress(quiz) == "Scan 3 of 3 · 1 of 2 right so far"
    again = quiz.answer("femur", 0.5).advance().again()
    assert wording.progress(again) == "Round 2 · Scan 1 of 1"


def test_chart_shows_shares_counts_and_intervals() -> None:
    figure = learner_calibration([0.25, 0.95], [1, 2], [1, 4], [(0.025, 1.0), (0.07, 0.93)])
    diagonal, points = figure.data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    assert list(points.x) == [25, 95]
    assert list(points.y) == [100, 50]
    assert np.allclose(points.error_y.array, [0, 43])
    assert np.allclose(points.error_y.arrayminus, [97.5, 43])
    assert [note.text for note in figure.layout.annotations] == ["1/1", "2/4"]
    with pytest.raises(ValueError, match="2, 1, 2 and 2"):
        learner_calibration([0.25, 0.95], [1], [1, 4], [(0.0, 1.0), (0.0, 1.0)])


def test_levels_start_at_chance() -> None:
    assert LEVELS[0][0] == 1 / len(KEYS)

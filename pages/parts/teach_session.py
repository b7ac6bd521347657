"""Where a learner stands on the teach page; kept in the session alone, gone when it ends."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import streamlit as st

from fetal_model.dataset.folders import LabelledFile
from fetal_model.teaching.quiz import Quiz

HIGHEST_NUMBER = 9999
_KEY = "teach"


@dataclass(frozen=True)
class Order:
    """A quiz as it was asked for.

    Attributes:
        seed: The number of the quiz.
        quality: Of simulated scans.
        annotations: Whether simulated scans may carry screen text.
        version: `name/number` of the model that answers beside the learner, None without one.
        learned: What that version learned from, in words.
        files: A teacher's labelled scans; None for simulated ones.
    """

    seed: int
    quality: str
    annotations: bool
    version: str | None
    learned: str = ""
    files: tuple[LabelledFile, ...] | None = None


@dataclass(frozen=True)
class Learning:
    """The state of the page.

    Attributes:
        number: Of the next quiz, until the learner chooses another.
        order: The quiz asked for, None on the start screen.
        quiz: The quiz once it is drawn.
        first: Its first round, for those who start over.
        choice: The anatomy picked for the question on the table, not yet an answer.
        sure: The confidence picked for it.
        notes: What the learner should know about the drawing, such as files left out.
        problem: Why the last order could not be met, to be read on the start screen.
    """

    number: int = field(default_factory=lambda: random.randint(1, HIGHEST_NUMBER))
    order: Order | None = None
    quiz: Quiz | None = None
    first: Quiz | None = None
    choice: str | None = None
    sure: float | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""


def learning() -> Learning:
    """Where the learner stands."""
    state: Learning = st.session_state.setdefault(_KEY, Learning())
    return state


def _set(state: Learning) -> None:
    st.session_state[_KEY] = state


def place_order(order: Order) -> None:
    """Ask for a quiz; the page draws it in the run that follows."""
    _set(Learning(number=order.seed, order=order))


def begin(quiz: Quiz, version: str | None, notes: tuple[str, ...]) -> None:
    """Put a drawn quiz on the table; `version` is the one that turned out to be able to answer."""
    state = learning()
    order = replace(state.order, version=version, files=None) if state.order else None
    _set(replace(state, order=order, quiz=quiz, first=quiz, notes=notes))


def fail(problem: str) -> None:
    """Back to the start screen, with a sentence on why."""
    _set(Learning(number=learning().number, problem=problem))


def cancel() -> None:
    """Back to the start screen before a quiz was drawn."""
    _set(Learning(number=learning().number))


def leave() -> None:
    """Back to the start screen for another quiz; whatever was answered is gone."""
    _set(Learning())


def pick(choice: str) -> None:
    """Pick an anatomy; it may still be changed."""
    state = learning()
    if state.quiz and not state.quiz.finished and state.quiz.given is None:
        _set(replace(state, choice=choice))


def be_sure(confidence: float) -> None:
    """Pick a confidence; it may still be changed."""
    state = learning()
    if state.quiz and not state.quiz.finished and state.quiz.given is None:
        _set(replace(state, sure=confidence))


def submit() -> None:
    """Make what was picked the answer; a second click finds nothing to do."""
    state = learning()
    if state.quiz and state.quiz.given is None and state.choice and state.sure is not None:
        _set(replace(state, quiz=state.quiz.answer(state.choice, state.sure)))


def proceed(position: int) -> None:
    """Leave the question at `position` for good; a second click finds it left."""
    state = learning()
    if state.quiz and state.quiz.position == position and state.quiz.given is not None:
        _set(replace(state, quiz=state.quiz.advance(), choice=None, sure=None, notes=()))


def repeat_missed() -> None:
    """Another round with the questions that were missed in this one."""
    state = learning()
    if state.quiz and state.quiz.finished and state.quiz.missed:
        _set(replace(state, quiz=state.quiz.again(), choice=None, sure=None))


def start_over() -> None:
    """The same quiz from its first question."""
    state = learning()
    _set(replace(state, quiz=state.first, choice=None, sure=None))

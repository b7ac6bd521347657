"""One round of a quiz: its questions, the learner's answers, and where the learner stands in it.

A quiz is never changed: every step gives the next one, so that a step cannot be half taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS

LENGTH = 10
"""Questions of a quiz, where there are scans enough."""
LEVELS: tuple[tuple[float, str], ...] = (
    (0.25, "Guessing"),
    (0.5, "Unsure"),
    (0.75, "Fairly sure"),
    (0.95, "Certain"),
)
"""What a learner can say about an answer: the chance of being right, and the words for it.

With four answers to choose from, a guess is right one time in four."""


@dataclass(frozen=True, eq=False)
class Question:
    """One scan to name.

    Attributes:
        label: The truth, one of `anatomy.KEYS`.
        name: Of the file; not for the learner's eye before the answer, as it may tell the truth.
        data: The file, in any format that `read_scan` reads.
        identity: Tells this scan from every other of the session.
        mask: 1 where the anatomy is, uint8 of shape (height, width), or None where unknown.
        simulated: Whether it is a phantom.
        about: What is known of the scan, to be read after the answer; empty where nothing is.
        plane: The plane shown, such as `transthalamic`; empty where unknown.
        hard: Whether it was drawn as one of the hard ones.
    """

    label: str
    name: str
    data: bytes = field(repr=False)
    identity: str
    mask: NDArray[np.uint8] | None = field(default=None, repr=False)
    simulated: bool = False
    about: str = ""
    plane: str = ""
    hard: bool = False


@dataclass(frozen=True)
class Answer:
    """What a learner said: an anatomy's key, and the chance of being right, one of `LEVELS`."""

    choice: str
    confidence: float


@dataclass(frozen=True)
class Quiz:
    """A round: each question is asked, answered, looked at with the truth, and left for good.

    Attributes:
        questions: In the order in which they are asked, at least one.
        answers: Of the questions so far, in the same order.
        position: Of the question on the table, from 0; as many as there are questions at the end.
        round: 1, and one more for each repetition of what was missed.
    """

    questions: tuple[Question, ...]
    answers: tuple[Answer, ...] = ()
    position: int = 0
    round: int = 1

    def __post_init__(self) -> None:
        if not self.questions:
            raise ValueError("Quiz: expected at least one question, received none")

    @property
    def finished(self) -> bool:
        """Whether every question was answered and left."""
        return self.position == len(self.questions)

    @property
    def current(self) -> Question:
        """The question on the table; there is none when finished."""
        return self.questions[self.position]

    @property
    def given(self) -> Answer | None:
        """The answer to the question on the table, None as long as there is none."""
        return self.answers[self.position] if len(self.answers) > self.position else None

    @property
    def answered(self) -> tuple[tuple[Question, Answer], ...]:
        """Every question that has its answer, with it."""
        return tuple(zip(self.questions, self.answers, strict=False))

    @property
    def right(self) -> int:
        """Number of right answers so far."""
        return sum(answer.choice == question.label for question, answer in self.answered)

    @property
    def missed(self) -> tuple[Question, ...]:
        """The questions that were answered wrongly so far."""
        return tuple(q for q, answer in self.answered if answer.choice != q.label)

    def answer(self, choice: str, confidence: float) -> Quiz:
        """Answer the question on the table, once.

        Raises:
            ValueError: It has its answer, or there is no such anatomy or level of confidence.
        """
        if self.finished or self.given is not None:
            raise ValueError("answer: expected a question without an answer, found none to answer")
        if choice not in KEYS:
            raise ValueError(f"choice: expected one of {', '.join(KEYS)}, received {choice!r}")
        levels = [level for level, _ in LEVELS]
        if confidence not in levels:
            raise ValueError(f"confidence: expected one of {levels}, received {confidence!r}")
        return replace(self, answers=(*self.answers, Answer(choice, confidence)))

    def advance(self) -> Quiz:
        """Leave the question on the table; there is no way back to it.

        Raises:
            ValueError: It has no answer yet.
        """
        if self.finished or self.given is None:
            raise ValueError("advance: expected an answered question, found none; answer it first")
        return replace(self, position=self.position + 1)

    def again(self) -> Quiz:
        """The next round: the questions that were missed, in another order.

        Raises:
            ValueError: None was missed.
        """
        missed = self.missed
        if not missed:
            raise ValueError("again: expected a missed question, found none")
        order = np.random.default_rng(self.round).permutation(len(missed))
        return Quiz(tuple(missed[index] for index in order), round=self.round + 1)

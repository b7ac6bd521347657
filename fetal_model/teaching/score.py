"""How a round went: right answers by anatomy, and the learner's confidence against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.metrics import Proportion
from fetal_model.teaching.quiz import LEVELS, Answer, Question

if TYPE_CHECKING:
    from fetal_model.predictor import Finding

Answered = Sequence[tuple[Question, Answer]]


@dataclass(frozen=True)
class Level:
    """The answers that were given with one confidence.

    Attributes:
        confidence: What the learner said: the chance of being right.
        words: The same in words.
        right: How many were, of how many; n is at least 1.
    """

    confidence: float
    words: str
    right: Proportion


@dataclass(frozen=True)
class Calibration:
    """The learner's confidence against the truth.

    Attributes:
        levels: Those that were used, least sure first.
        said: Mean confidence over all answers, in [0, 1].
        right: Right answers among all.
    """

    levels: tuple[Level, ...]
    said: float
    right: Proportion

    @property
    def verdict(self) -> str:
        """`too sure` or `too unsure`, where chance alone hardly explains it; else `in keeping`.

        Hardly: the mean confidence lies outside the 95% interval of the share that was right.
        """
        low, high = self.right.interval
        if self.said > high:
            return "too sure"
        return "too unsure" if self.said < low else "in keeping"


def score(answered: Answered) -> Proportion:
    """Right answers among all."""
    return Proportion(sum(answer.choice == q.label for q, answer in answered), len(answered))


def score_by_anatomy(answered: Answered) -> dict[str, Proportion]:
    """Right answers among the scans of each anatomy that was asked, in the order of `KEYS`."""
    scores = {key: score([pair for pair in answered if pair[0].label == key]) for key in KEYS}
    return {key: proportion for key, proportion in scores.items() if proportion.n}


def score_model(
    questions: Sequence[Question], answers: Sequence[Finding | str | None]
) -> tuple[Proportion | None, int]:
    """The model's right answers, and how many scans it took for none of the four planes.

    The latter count as not right. Without any answer there is no proportion.
    """
    given = [
        (question, answer)
        for question, answer in zip(questions, answers, strict=True)
        if answer is not None and not isinstance(answer, str)
    ]
    rejected = sum(answer.turned_away for _, answer in given)
    right = sum(not a.turned_away and a.anatomy.key == question.label for question, a in given)
    return (Proportion(right, len(given)) if given else None), rejected


def calibrate(answered: Answered) -> Calibration:
    """Compare what the learner said with what was true.

    Raises:
        ValueError: There is no answer.
    """
    if not answered:
        raise ValueError("calibrate: expected at least one answer, received none")
    levels = []
    for confidence, words in LEVELS:
        within = [pair for pair in answered if pair[1].confidence == confidence]
        if within:
            levels.append(Level(confidence, words, score(within)))
    said = sum(answer.confidence for _, answer in answered) / len(answered)
    return Calibration(tuple(levels), said, score(answered))

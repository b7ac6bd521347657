"""A quiz in a reader's words; nothing is computed or decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.teaching.quiz import LEVELS, Answer, Question, Quiz
from fetal_model.wording import percent

if TYPE_CHECKING:
    from fetal_model.evaluation.metrics import Proportion
    from fetal_model.predictor import Finding
    from fetal_model.teaching.score import Calibration

_LEVEL_WORDS = dict(LEVELS)


def counted(labels: Iterable[str]) -> str:
    """How many scans of each anatomy there are to draw from, and how many are left aside.

    >>> counted(["femur", "brain", "femur", "cervix"])
    '3 scans to draw from: 1 brain, 0 abdomen, 2 femur, 0 thorax. 1 of other planes is left aside.'
    """
    number = Counter(labels)
    each = ", ".join(f"{number[key]} {key}" for key in KEYS)
    within = sum(number[key] for key in KEYS)
    aside = number.total() - within
    first = f"{within} {'scan' if within == 1 else 'scans'} to draw from: {each}."
    if not aside:
        return first
    return f"{first} {aside} of other planes {'is' if aside == 1 else 'are'} left aside."


def level(confidence: float) -> str:
    """A confidence as a learner chooses it.

    >>> level(0.75)
    'Fairly sure · 75%'
    """
    return f"{_LEVEL_WORDS[confidence]} · {confidence:.0%}"


def progress(quiz: Quiz) -> str:
    """Where the learner stands, such as `Scan 3 of 10 · 1 of 2 right so far`."""
    n = len(quiz.questions)
    place = f"Scan {min(quiz.position + 1, n)} of {n}"
    if quiz.round > 1:
        place = f"Round {quiz.round} · {place}"
    done = len(quiz.answers)
    return f"{place} · {quiz.right} of {done} right so far" if done else place


def truth(question: Question, answer: Answer) -> str:
    """The headline after an answer."""
    name = BY_KEY[question.label].name
    if answer.choice == question.label:
        return f"Right: {name.lower()}"
    return f"{name}, not {BY_KEY[answer.choice].name.lower()}"


def said(answer: Answer) -> str:
    """What the learner said, in one line."""
    return f"You said {BY_KEY[answer.choice].name.lower()} ({level(answer.confidence)})."


def outlined(question: Question, shown: bool) -> str:
    """What the outline on a scan is, or why there is none."""
    if question.mask is None:
        return "No outline: where the anatomy lies in this scan is not known."
    if not shown:
        return "Outline off."
    return f"Outlined: the {BY_KEY[question.label].name.lower()}, as it was simulated."


def model_beside(finding: Finding, question: Question, answer: Answer) -> str:
    """How the model's answer compares with the truth and with the learner's."""
    if finding.turned_away:
        return "The model takes it for none of these planes."
    name = finding.anatomy.name.lower()
    as_well = " as well" if finding.anatomy.key == answer.choice else ""
    verdict = "right" if finding.anatomy.key == question.label else "wrong"
    return f"The model says {name}{as_well}, and is {verdict}."


def share(proportion: Proportion) -> str:
    """A share with its interval.

    >>> from fetal_model.evaluation.metrics import Proportion
    >>> share(Proportion(7, 10))
    '7 of 10 right (95% interval 35% to 93%)'
    """
    low, high = proportion.interval
    return (
        f"{proportion.count} of {proportion.n} right (95% interval {_whole(low)} to {_whole(high)})"
    )


def interval(proportion: Proportion) -> str:
    """Only the interval of a share."""
    low, high = proportion.interval
    return f"95% interval {_whole(low)} to {_whole(high)}"


def verdict(calibration: Calibration) -> str:
    """How the learner's confidence compares with the truth, no bolder than the number allows."""
    right = calibration.right
    n, mean = right.n, f"{calibration.said:.0%}"
    first = (
        f"On average you were {mean} sure, and {right.count / n:.0%} of your answers were right "
        f"(n = {n})."
    )
    if calibration.verdict == "in keeping":
        return (
            f"{first} That is no clear difference: with {n} {_answers(n)} chance alone moves the "
            f"share between {_whole(right.interval[0])} and {_whole(right.interval[1])}."
        )
    if calibration.verdict == "too sure":
        return f"{first} You were surer than right, by more than chance explains."
    return f"{first} You were right more often than you dared to say, by more than chance explains."


def reliability(calibration: Calibration) -> str:
    """The chart of the learner's confidence as text."""
    return "; ".join(
        f"{item.words} ({item.confidence:.0%}): {item.right.count} of {item.right.n} right"
        for item in calibration.levels
    )


def model_result(model: Proportion | None, rejected: int, version: str | None) -> str:
    """How the model did on the same scans, of which it took some for none of the four planes."""
    if version is None:
        return "No model answered in this quiz."
    if model is None:
        return f"{version} could not answer."
    first = f"The model ({version}) on the same scans: {model.count} of {model.n} right"
    return f"{first}, {rejected} taken for none of these planes." if rejected else f"{first}."


def result_row(
    number: int, question: Question, answer: Answer, model: Finding | str | None
) -> dict[str, str]:
    """One row of the table of a finished round; `model` is its answer, or None or why not."""
    if model is None or isinstance(model, str):
        theirs = "no answer"
    elif model.turned_away:
        theirs = "none of these planes"
    else:
        theirs = f"{model.anatomy.name} · {percent(float(model.probabilities.max()))}"
    return {
        "Scan": str(number),
        "It was": BY_KEY[question.label].name,
        "You said": BY_KEY[answer.choice].name,
        "Result": "right" if answer.choice == question.label else "missed",
        "How sure": level(answer.confidence),
        "The model": theirs,
        "Drawn as": "hard" if question.hard else "usual",
    }


def _whole(share: float) -> str:
    """Whole percent; unlike a probability, an interval may end at 0% and 100%."""
    return f"{share:.0%}"


def _answers(n: int) -> str:
    return "answer" if n == 1 else "answers"

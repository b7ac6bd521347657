"""Many answers as a list: which of them a reader wants to see, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from fetal_model import anatomy
from fetal_model.predictor import Finding
from fetal_model.predictor_clip import ClipFinding, follow

ALL, LOOK, NONE, UNREAD, WAITING = "all", "look again", "none", "not read", "waiting"
GROUPS = {
    ALL: "All",
    LOOK: "Look again",
    **{each.key: each.name for each in anatomy.ANATOMIES},
    NONE: "None of these planes",
    UNREAD: "Not read",
    WAITING: "Not looked at",
}
"""Groups of answers, by what the page calls them."""

AS_GIVEN, LEAST_SURE, BY_NAME = "as given", "least sure", "by name"
ORDERS = {AS_GIVEN: "As they came", LEAST_SURE: "Least sure first", BY_NAME: "By name"}

Answer = Finding | ClipFinding | str | None
"""An answer, why there is none, or None where nobody has looked yet."""


def groups_of(answer: Answer) -> frozenset[str]:
    """The groups that an answer belongs to.

    A clip belongs to every anatomy that one of its frames shows.

    Example:
        >>> sorted(groups_of("a.pdf: expected a scan, found a PDF.")), sorted(groups_of(None))
        (['all', 'not read'], ['all', 'waiting'])
    """
    if answer is None:
        return frozenset((ALL, WAITING))
    if isinstance(answer, str):
        return frozenset((ALL, UNREAD))
    finding = answer.finding if isinstance(answer, ClipFinding) else answer
    if isinstance(answer, ClipFinding):
        shows = set(follow(answer)[0].best) or {NONE}
    else:
        shows = {NONE if finding.turned_away else finding.anatomy.key}
    return frozenset((ALL, *shows, *([LOOK] if finding.decision == LOOK else [])))


def by_group(answers: Sequence[Answer]) -> dict[str, list[int]]:
    """Indices of the answers of each of `GROUPS` that has any, in the order of the files."""
    found: dict[str, list[int]] = {group: [] for group in GROUPS}
    for index, answer in enumerate(answers):
        for group in groups_of(answer):
            found[group].append(index)
    return {group: indices for group, indices in found.items() if indices}


def ordered(
    indices: Sequence[int], names: Sequence[str], answers: Sequence[Answer], order: str
) -> list[int]:
    """Indices of answers in an order.

    Args:
        indices: In the order in which the files came.
        names: Of all files.
        answers: About all files.
        order: Of `ORDERS`. Least sure first: those without an answer, then those turned away,
            then by the probability of the most probable anatomy.
    """
    if order == BY_NAME:
        return sorted(indices, key=lambda index: names[index].casefold())
    if order == LEAST_SURE:
        return sorted(indices, key=lambda index: _sureness(answers[index]))
    return list(indices)


def _sureness(answer: Answer) -> tuple[int, float]:
    if answer is None or isinstance(answer, str):
        return 0, 0.0
    finding = answer.finding if isinstance(answer, ClipFinding) else answer
    return (1 if finding.turned_away else 2), float(finding.probabilities.max())

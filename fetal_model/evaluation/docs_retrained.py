"""The part of `experiments.md` about the version in service, trained again with what helped."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.doubt_answers import Answer, read_answers
from fetal_model.evaluation.experiments import SIGNIFICANT
from fetal_model.evaluation.metrics import Proportion, accepted, plane_auroc
from fetal_model.evaluation.paired import Difference, discordant
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.evaluation.resampling import draw_patients, interval
from fetal_model.evaluation.results import RETRAINED, RETRAINED_RECIPE, TRIALS, missing
from fetal_model.store.versions import PREDICTIONS, find_version
from fetal_model.training.recipe import load_recipe

TITLE = "## The version in service, trained again with what helped"


def retrained() -> list[str]:
    """Its figures before and after, and the scans gained and lost."""
    if not (RETRAINED / "about.json").is_file():
        return [TITLE, "", missing("retrained")]
    label = json.loads((RETRAINED / "about.json").read_text(encoding="utf-8"))["before"]
    before, after = (read_answers(when, RETRAINED) for when in ("before", "after"))
    old, new = (
        [row for row in read_predictions(path) if not row.simulated]
        for path in (find_version(label).path / PREDICTIONS, TRIALS / f"{RETRAINED_RECIPE}.csv")
    )
    more = auroc_gained(old, new)
    phantoms = load_recipe(RETRAINED_RECIPE).data.phantoms
    learned = ", ".join(f"{count} {key}" for key, count in phantoms.items())
    lines = [
        TITLE,
        "",
        "Shown to help above: to begin with a trained network, flips and rotations, and more "
        f"scans. {label} has the first two; `{RETRAINED_RECIPE}` is its recipe with as many "
        f"phantoms as the seed CNN ({learned}), trained once. FixMatch helped where few scans are "
        "labelled, and here all are; an ensemble of its trainings is in the table before. Gained "
        "and lost are scans that only the new one or only the one in service got right; p is "
        "McNemar's, not corrected, and takes scans as independent, as do the exact bounds of "
        "shares. Real scans are those for validation, of patients that neither learned from.",
        "",
        "| scans | in service | trained again | gained | lost | p |",
        "|---|---|---|---|---|---|",
    ]
    for simulated, title in ((True, "simulated"), (False, "real")):
        for key in ("", *KEYS):
            one, two = (_right(rows, simulated, key) for rows in (before, after))
            gained, lost, p = discordant(two, one)
            shares = (Proportion(sum(right), len(right)) for right in (one, two))
            cells = [f"{title}, {key}" if key else title, *shares, gained, lost]
            shown = f"{p:.4f}" if p >= 0.0001 else "below 0.0001"
            lines.append(f"| {' | '.join(map(str, cells))} | {shown} |")
    lines += [
        "",
        "| real scans | in service | trained again | more |",
        "|---|---|---|---|",
        f"| AUROC of the plane score | {plane_auroc(old)} | {plane_auroc(new)} | {more} |",
    ]
    for title, within in (("four planes accepted", True), ("other planes accepted", False)):
        shares = (accepted([r for r in rows if r.in_plane == within]) for rows in (old, new))
        lines.append(f"| {title} | {' | '.join(map(str, shares))} | |")
    lines += ["", "Real scans gained and lost:", "", *_changed(old, new), ""]
    return [*lines, verdict(label, *discordant(*(_right(a, False) for a in (after, before))), more)]


def auroc_gained(old: Sequence[Prediction], new: Sequence[Prediction]) -> Difference:
    """AUROC of the plane score of the second less that of the first, on the same resamples."""
    truth = np.array([row.in_plane for row in old])
    draws = draw_patients([row.group for row in old])
    one, two = (
        draws.areas(truth, np.array([row.plane_score for row in rows])) for rows in (old, new)
    )
    more = two - one
    return Difference(float(more[0]), *interval(more[1:]))


def _right(answers: Sequence[Answer], simulated: bool, key: str = "") -> list[bool]:
    """Whether each is, of one kind of scans of the four planes; of one anatomy if it is named."""
    labels = (key,) if key else KEYS
    chosen = [a for a in answers if a.simulated == simulated and a.label in labels]
    return [answer.is_right for answer in chosen]


def _changed(old: Sequence[Prediction], new: Sequence[Prediction]) -> list[str]:
    lines = []
    for one, two in zip(old, new, strict=True):
        if one.in_plane and one.is_right != two.is_right:
            how = "gained" if two.is_right else "lost"
            lines.append(
                f"- {how} `{one.scan}`, {one.label}: answered {two.answer} "
                f"({max(two.probabilities):.2f}), before {one.answer} "
                f"({max(one.probabilities):.2f})"
            )
    return lines or ["None."]


def verdict(label: str, gained: int, lost: int, p: float, more: Difference) -> str:
    """What follows, by a rule that was set before."""
    higher = more.low is not None and more.low > 0
    better = (gained > lost and p < SIGNIFICANT) or higher
    rule = (
        "It takes the place in service if it loses no real scan of the four planes and more of "
        "them right or a higher AUROC is shown."
    )
    if better and not lost:
        return f"{rule} It does: it should be promoted."
    why = f"{lost} lost" if lost else "neither is shown"
    return f"{rule} It does not ({why}): {label} stays."

"""`docs/experiments.md`: every recipe of the first report with its interval and its verdict, and
beside it what the report claimed; from the runs that are committed."""

from __future__ import annotations

import json
from itertools import combinations
from statistics import median
from typing import Any

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.card import DISCLAIMER
from fetal_model.evaluation.docs_retrained import retrained
from fetal_model.evaluation.doubt_answers import DOUBT, read_answers
from fetal_model.evaluation.ensembles import WAYS, asked, judge
from fetal_model.evaluation.experiments import (
    SIGNIFICANT,
    Bounded,
    Key,
    Outcome,
    confused,
    flattery,
    group_runs,
    judge_all,
    read_plan,
)  # fmt: skip
from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.runs import Run, read_runs
from fetal_model.evaluation.seeds import RESAMPLES
from fetal_model.training.sweep import TEST_QUALITY
from fetal_model.uncertainty.methods import VIEWS

WAYS_TO_ASK = {
    "augmentation": "test-time augmentation",
    "dropout": "Monte Carlo dropout",
    "ensemble": "ensemble",
}
"""Methods of the study of doubt, and how the table calls them."""
_MANY = 1000
Groups = dict[Key, list[Run]]
_COLUMNS = (
    "recipe", "tried", "accuracy", "balanced accuracy", "less the base", "p (Holm)", "verdict",
    "the report's", "on training scans", "training scans", "parameters", "seconds an epoch",
    "remarks",
)  # fmt: skip


def experiments(runs: list[Run] | None = None) -> str:
    """The text of `docs/experiments.md`.

    Args:
        runs: By default those that are committed.
    """
    plan = read_plan()
    groups = group_runs(read_runs() if runs is None else runs)
    rows = [row for section in plan["section"] for row in section["row"]]
    others = {r["recipe"]: (r["against"], r.get("against_side")) for r in rows if "against" in r}
    found = judge_all(groups, plan["base"], others, _apart(plan))
    sections = [_introduction(plan, found)]
    shown: set[Key] = set()
    for section in plan["section"]:
        sections.append(_section(section, plan, found))
        shown |= {_key(row, section, plan) for row in section["row"]}
        if section.get("splits"):
            sections.append(_splits(section, plan, groups))
    if unplanned := [key for key in found if key not in shown]:
        names = ("recipe", "side", "epochs", "by")
        rows = [{**dict(zip(names, key, strict=True)), "tried": ""} for key in unplanned]
        sections.append(_section({"title": "Other runs", "row": rows}, plan, found))
    sections += [_ensembles(plan, groups), _views(), retrained(), _real(groups)]
    sections += [_confusions(plan, groups), _untested(plan)]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def _apart(plan: dict[str, Any]) -> dict[str, str]:
    """Recipes of few scans or labels, which vary more from seed to seed, by section."""
    return {
        row["recipe"]: section["title"]
        for section in plan["section"]
        if section.get("few")
        for row in section["row"]
        if row["recipe"] != plan["base"]
    }


def _introduction(plan: dict[str, Any], found: dict[Key, Outcome]) -> list[str]:
    tested = {
        (run.settings["test_scans"], len(set(run.test.patients)))
        for outcome in found.values()
        for run in outcome.runs
    }
    scans = "; ".join(f"{scans:,} simulated scans of {n:,} patients" for scans, n in sorted(tested))
    shares = ", ".join(f"{share:.0%} {quality}" for quality, share in TEST_QUALITY.items())
    return [
        "# What helped, and what did not",
        "",
        f"Written by `make docs` from `docs/results/experiments/`. {DISCLAIMER}",
        "",
        "All of it but what is called real is simulated: the recipes learned from phantoms, some "
        "from other scans or ImageNet before, and were tested on phantoms of patients that none of "
        "them saw"
        + (f" ({scans})" if scans else "")
        + f". They are harder than what was learned from ({shares}), to tell recipes apart. Only "
        "the column *the report's* is not ours: these figures are copied from the two reports, "
        "measured on their own scans, and cannot be compared with the others in size, only in "
        "direction.",
        "",
        "Accuracy, on test scans and on training scans (these under augmentation and dropout), and "
        f"balanced accuracy are means over the seeds, {plan['seeds']} where nothing "
        f"else is said, at {plan['side']} x {plan['side']} pixels and {plan['epochs']} epochs. The "
        "difference is paired: the same seeds and the same patients. Intervals are 95%, of "
        f"{RESAMPLES:,} resamples: patients are drawn with replacement, and the spread between "
        "seeds, which three seeds alone cannot show, is estimated from all recipes of the same "
        "pixels, epochs, backend and precision together (the residuals of an analysis of variance "
        "by recipe and seed, without runs that repeat another recipe's) and added as Student's t; "
        "it is taken to be the same for all of these, but for those of few scans and those "
        "of few labels, of which each seed draws others: they have one of their own, for all rows "
        "of the section. p is two-sided from the same resamples and corrected for every comparison "
        "on this page (Holm 1979); below "
        f"{SIGNIFICANT:g} a recipe is better or worse, else no difference was shown, which does "
        "not mean that there is none. Where every recipe has one seed there is no verdict. What "
        "computed is in the remarks, Keras's backend and its precision ([how](training.md)); a "
        "recipe is compared with the base by the same. Seconds are the median over epochs and "
        "seeds, of whatever machine trained, some of it with other runs beside.",
    ]


def _section(section: dict[str, Any], plan: dict[str, Any], found: dict[Key, Outcome]) -> list[str]:
    lines = [f"## {section['title']} (simulated)", "", *_head(_COLUMNS)]
    for row in section["row"]:
        outcome = found.get(_key(row, section, plan))
        cells = _cells(outcome, plan) if outcome else _waiting(row, section, plan)
        reported = row.get("reported", "")
        if reported and row.get("where"):
            reported += f" ({row['where']})"
        lines.append(_line(row["recipe"], row["tried"], *cells[:5], reported, *cells[5:]))
    return lines


def _cells(outcome: Outcome, plan: dict[str, Any]) -> list[str]:
    settings = [run.settings for run in outcome.runs]
    seconds = [s["seconds_per_epoch"] for s in settings]
    return [
        _shown(outcome.accuracy),
        _shown(outcome.balanced),
        _shown(outcome.difference, "+") if outcome.difference else "",
        f"{outcome.holm:.4f}" if outcome.holm is not None else "",
        outcome.verdict,
        _shown(outcome.training) if outcome.freedom else f"{outcome.training.value:.3f}",
        _range([s["train_scans"] for s in settings]),
        _range([s["parameters"] for s in settings]),
        f"{median(seconds):.1f}",
        "; ".join(_remarks(outcome, plan)),
    ]


def _waiting(row: dict[str, Any], section: dict[str, Any], plan: dict[str, Any]) -> list[str]:
    _, side, epochs, by = _key(row, section, plan)
    command = row.get("command", plan["command"]).format(
        recipe=row["recipe"], seeds=plan["seeds"], side=side, epochs=epochs
    )
    if "command" not in row:
        backend = by.split()[0]
        if backend != plan["by"].split()[0]:
            command = f"KERAS_BACKEND={backend} {command}"
        if output := {**section, **row}.get("output"):
            command += f" --output {output.format(side=side)}"
    reason = f"not run: {row['unavailable']}" if "unavailable" in row else "not run yet"
    return [f"{reason}: `{command}`", *[""] * 9]


def _remarks(outcome: Outcome, plan: dict[str, Any]) -> list[str]:
    """What a reader must know to compare the row with the others."""
    settings = [run.settings for run in outcome.runs]
    remarks = []
    if outcome.base not in (plan["base"], settings[0]["recipe"]):
        remarks.append(f"compared with {outcome.base}")
    if len(settings) != plan["seeds"]:
        remarks.append(f"{len(settings)} {'seed' if len(settings) == 1 else 'seeds'}")
    if outcome.alike:
        remarks.append(
            f"the very answers of {outcome.base} in {outcome.alike} of {len(settings)} seeds"
        )
    if not outcome.freedom:
        remarks.append("spread between seeds unknown and left out")
    if any(s["leaky"] for s in settings):
        remarks.append("leaky: patients on both sides of its split")
    return [*remarks, *_trained(outcome.runs[0].conditions, plan)]


def _trained(conditions: tuple[int, int, str], plan: dict[str, Any]) -> list[str]:
    """Pixels and epochs where they are not those of the page, and what computed."""
    side, epochs, by = conditions
    usual = (side, epochs) == (plan["side"], plan["epochs"])
    return [by] if usual else [f"{side} x {side}, {epochs} epochs", by]


def _splits(section: dict[str, Any], plan: dict[str, Any], groups: Groups) -> list[str]:
    """How much each split's own held-out scans promise beyond what new patients get."""
    base = groups.get((plan["base"], *_conditions(plan)), [])
    lines = [
        "### How much a leak flatters (simulated)",
        "",
        "Accuracy on the scans that each split itself keeps for testing, and by how much it is "
        "above the accuracy of the same networks on new patients, whose scans also differ in "
        "difficulty. The last column is the leak: how much more than with a split by patient. "
        "Means over seeds, intervals as above; held-out and new patients are drawn apart.",
        "",
        *_head(("recipe", "split", "held-out scans", "above new patients", "above the base")),
    ]
    for row in section["row"]:
        runs = groups.get(_key(row, section, plan))
        if not runs:
            lines.append(_line(row["recipe"], row["tried"], "not run yet", "", ""))
            continue
        found = flattery(runs, base)
        if found is None:
            shown = ["answers about held-out scans are missing", "", ""]
        else:
            above = found.above_base
            shown = [_shown(found.held_out), _shown(found.above_test, "+")]
            shown.append(_shown(above, "+") if above else "")
        lines.append(_line(row["recipe"], row["tried"], *shown))
    return lines


def _ensembles(plan: dict[str, Any], groups: Groups) -> list[str]:
    lines = [
        "## Several asked together (simulated)",
        "",
        "Against the member that is best on validation scans, of those that are not leaky. "
        "Averaging: the mean of their probabilities; voting: the answer of most. Intervals over "
        "patients alone. The report's: an ensemble would raise accuracy (9. Key Findings). p is "
        "not corrected.",
        "",
        *_head(("members", "runs", "by", "accuracy", "best member", "more", "p", "remarks")),
    ]
    for planned in plan["ensemble"]:
        conditions = _conditions({**plan, **planned})
        keys = [(recipe, *conditions) for recipe in planned["recipes"]]
        runs = [run for key in keys for run in groups.get(key, [])]
        if len(runs) < plan["seeds"] * len(keys):
            lines.append(_line(planned["title"], "not all run yet", *[""] * 6))
            continue
        trained = "; ".join(_trained(conditions, plan))
        leaky = sum(run.settings["leaky"] for run in runs)
        members = f"{len(runs)}, {leaky} of them leaky" if leaky else str(len(runs))
        for way in WAYS:
            found = judge(runs, way)
            shown = [_shown(found.accuracy), _shown(found.best), _shown(found.more, "+")]
            lines.append(_line(planned["title"], members, way, *shown, f"{found.p:.4f}", trained))
    return lines


def _views() -> list[str]:
    """The version that the study of doubt asked, with and without test-time augmentation."""
    about = json.loads((DOUBT / "about.json").read_text(encoding="utf-8"))
    lines = [
        "## One version asked in several ways",
        "",
        f"{about['version']} as in [trust](trust.md): test-time augmentation is the mean over "
        f"{len(VIEWS)} views, the ensemble {about['networks']} trainings of its recipe. Gained and "
        "lost are scans that only this way or only one look got right; p is McNemar's, not "
        "corrected, and takes scans as independent, as do the exact bounds of shares. Those of the "
        f"difference are over patients, and left out below {_MANY:,} scans.",
        "",
        *_head(("scans", "asked", "right", "right in one look", "gained", "lost", "more", "p")),
    ]
    for simulated, title in ((True, "simulated, of poor quality"), (False, "real validation")):
        once = [answer for answer in read_answers("softmax") if answer.simulated == simulated]
        for method, said in WAYS_TO_ASK.items():
            answers = [answer for answer in read_answers(method) if answer.simulated == simulated]
            found = asked(answers, once)
            more = _shown(found.more, "+") if found.once.n >= _MANY else ""
            counts = [str(found.right), str(found.once), str(found.gained), str(found.lost)]
            lines.append(_line(title, said, *counts, more, f"{found.p:.4f}"))
    return lines


def _real(groups: Groups) -> list[str]:
    lines = [
        "## The recipes on real scans",
        "",
        "Real validation scans of the four anatomies that each training answers right, with exact "
        "bounds; none of the patients was learned from, by any recipe. Only of runs where the real "
        "scans were at hand.",
        "",
        *_head(("recipe", "pixels", "epochs", "by", "right, by seed")),
    ]
    for (recipe, *conditions), runs in groups.items():
        shown = [
            f"{run.seed}: {Proportion(round(run.real.accuracy * count), count)}"
            for run in runs
            if (count := len(run.real.patients))
        ]
        if shown:
            lines.append(_line(recipe, *map(str, conditions), "; ".join(shown)))
    return lines


def _confusions(plan: dict[str, Any], groups: Groups) -> list[str]:
    lines = [
        "## Which anatomies are confused (simulated)",
        "",
        f"Errors of `{plan['base']}` on the test scans, all seeds together. The report's: most "
        "between femur and thorax, rarely between brain and abdomen (8. Results).",
        "",
    ]
    conditions = _conditions(plan)
    runs = groups.get((plan["base"], *conditions))
    if not runs:
        return [*lines, "Not run yet."]
    peers = [run for key, members in groups.items() if key[1:] == conditions for run in members]
    lines += _head(("between", "errors", "share of all errors"))
    for one, two in combinations(range(len(KEYS)), 2):
        errors, share = confused(runs, peers, one, two)
        lines.append(_line(f"{KEYS[one]} and {KEYS[two]}", f"{errors:,}", _shown(share)))
    return lines


def _untested(plan: dict[str, Any]) -> list[str]:
    lines = ["## Stated too, and not tested here", "", *_head(("tried", "the report's", "where"))]
    rows = plan["untested"]
    return [*lines, *(_line(row["tried"], row["reported"], row["where"]) for row in rows)]


def _key(row: dict[str, Any], section: dict[str, Any], plan: dict[str, Any]) -> Key:
    return row["recipe"], *_conditions({**plan, **section, **row})


def _conditions(given: dict[str, Any]) -> tuple[int, int, str]:
    """Side, epochs, and what computed, as `Run.conditions`."""
    return given["side"], given["epochs"], given["by"]


def _shown(figure: Bounded, sign: str = "") -> str:
    return f"{figure.value:{sign}.3f} ({figure.low:{sign}.3f} to {figure.high:{sign}.3f})"


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _head(columns: tuple[str, ...]) -> list[str]:
    return [_line(*columns), "|" + "---|" * len(columns)]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

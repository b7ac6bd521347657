"""The part of `results.md` about versions and trials beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fetal_model import anatomy
from fetal_model.evaluation import metrics
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.evaluation.results import (
    FROM_PHANTOMS,
    LEFT_OUT,
    RESULTS,
    TRIALS,
    missing,
    read_json,
)
from fetal_model.store.versions import PREDICTIONS, WEIGHTS, list_versions


def left_out(ours: Sequence[Prediction]) -> list[str]:
    """The recipe trained without a source, on that source."""
    lines = [
        "## Trained without a source, tested on it",
        "",
        "| source | trained with it | trained without it | simulator's release "
        "| published SonoNet-16 |",
        "|---|---|---|---|---|",
    ]
    path = RESULTS / "published-validation.csv"
    published = read_predictions(path) if path.is_file() else []
    for source, recipe in LEFT_OUT.items():
        path = TRIALS / f"{recipe}.csv"
        if not path.is_file() or not published:
            return [*lines[:2], missing("trials")]
        sets = (ours, read_predictions(path), published)
        with_it, without, theirs = (
            metrics.accuracy([r for r in rows if r.source == source]) for rows in sets
        )
        lines.append(f"| {source} | {with_it} | {without} | {_release(recipe)} | {theirs} |")
    lines += ["", "Balanced accuracy over all real validation scans:", ""]
    for source, recipe in LEFT_OUT.items():
        rows = [r for r in read_predictions(TRIALS / f"{recipe}.csv") if not r.simulated]
        lines.append(f"- without {source}: {metrics.balanced_accuracy(rows)}")
    return lines


def versions() -> list[str]:
    """What each version answers about the real validation scans, beside the one before it."""
    lines = [
        "## Every version on the real validation scans",
        "",
        "| version | simulator's release | accuracy | balanced accuracy "
        "| AUROC of the plane score |",
        "|---|---|---|---|---|",
    ]
    changes: list[str] = []
    before: dict[str, dict[str, Prediction]] = {}
    for version in list_versions(WEIGHTS):
        rows = [r for r in read_predictions(version.path / PREDICTIONS) if not r.simulated]
        lines.append(
            f"| {version.label} | {version.metadata.get('simulator_release', 1)} "
            f"| {metrics.accuracy(rows)} | {metrics.balanced_accuracy(rows)} "
            f"| {metrics.plane_auroc(rows)} |"
        )
        if earlier := before.get(version.name):
            changes += ["", f"{version.label} beside the version before it:", ""]
            within = [(row, earlier[row.scan]) for row in rows if row.in_plane]
            gained = [row for row, old in within if row.is_right and not old.is_right]
            lost = [row for row, old in within if old.is_right and not row.is_right]
            changes += [f"- gained {_by_label(gained)}", f"- lost {_by_label(lost)}"]
        before[version.name] = {row.scan: row for row in rows}
    return [*lines, *changes]


def from_phantoms() -> list[str]:
    """Networks that began at random and saw simulated scans alone."""
    lines = [
        "## From simulated scans to real ones",
        "",
        "Networks from random weights that learned from simulated scans alone, on simulated "
        "patients they never saw and on the real validation scans.",
        "",
        "| network | simulator's release | simulated | real | real: balanced accuracy | "
        + " | ".join(anatomy.KEYS)
        + " |",
        "|---|---|---|---|---|" + "---|" * len(anatomy.KEYS),
    ]
    learned = [
        (version.label, version.metadata.get("simulator_release", 1), version.path / PREDICTIONS)
        for version in list_versions(WEIGHTS)
        if version.metadata["simulated"]
    ]
    for recipe in FROM_PHANTOMS:
        path = TRIALS / f"{recipe}.csv"
        if not path.is_file():
            return [*lines[:2], missing("trials")]
        learned.append((recipe, _release(recipe), path))
    for label, release, path in learned:
        rows = read_predictions(path)
        real = [row for row in rows if not row.simulated]
        each = " | ".join(str(metrics.recall(real, key)) for key in anatomy.KEYS)
        lines.append(
            f"| {label} | {release} | {metrics.accuracy([r for r in rows if r.simulated])} "
            f"| {metrics.accuracy(real)} | {metrics.balanced_accuracy(real)} | {each} |"
        )
    return lines


def _release(recipe: str) -> int:
    return int(read_json(f"{TRIALS.name}/{recipe}.json")["simulator_release"])


def _by_label(rows: Sequence[Prediction]) -> str:
    counts = Counter(row.label for row in rows)
    each = ", ".join(f"{counts[key]} {key}" for key in anatomy.KEYS if counts[key])
    return f"{len(rows)} scans ({each})" if rows else "none"

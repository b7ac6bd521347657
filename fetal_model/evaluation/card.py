"""`CARD.md`: what a version is, what it learned from and how good it is, from its own files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from fetal_model import anatomy
from fetal_model.evaluation import metrics
from fetal_model.evaluation.card_prose import USE, doubt_and_explanation, limits
from fetal_model.evaluation.predictions import Prediction
from fetal_model.phantom import RELEASE
from fetal_model.uncertainty import calibration
from fetal_model.wording import LEAKY

DISCLAIMER = "Research and teaching only, not a medical device."


def card(metadata: dict[str, Any], rows: Sequence[Prediction]) -> str:
    """Markdown card of a version, after Mitchell et al. 2019, "Model Cards for Model Reporting"
    (arXiv:1810.03993), and the CLAIM checklist (Tejani et al. 2024, Radiology: Artificial
    Intelligence 6:e240300).

    Args:
        metadata: Parsed `metadata.json`.
        rows: Its `predictions.csv`.
    """
    dropout = metadata["recipe"]["options"].get("dropout", 0)
    spec, scans = metadata["input"], metadata["scans"]
    thresholds, temperature = metadata["thresholds"], metadata["outputs"]["temperature"]
    weights_of = metadata.get("weights_of", "")
    rejects = len(metadata["outputs"]["names"]) > len(anatomy.KEYS)
    lines = [
        f"# {metadata['name']}",
        "",
        *([f"**{LEAKY}**", ""] if metadata.get("leaky") else []),
        f"{metadata['description']} {DISCLAIMER}",
        "",
        "| | |",
        "|---|---|",
        f"| Training data | {metadata['training_data']} |",
        *([f"| Weights | those of {weights_of}, judged anew |"] if weights_of else []),
        f"| Scans | {scans['train']} for training, {scans['validation']} to choose the epoch |",
        f"| Network | {metadata['recipe']['architecture']}, "
        f"{metadata['parameters']:,} parameters |",
        f"| Input | {spec['height']} rows x {spec['width']} columns, grey, {spec['scaling']}, "
        f"annotations {spec.get('annotations', 'kept')} |",
        "| Decision | "
        + ("the picture's quality, " if metadata.get("quality_checked") else "")
        + "plane score, confidence |",
        "| Monte Carlo dropout | "
        + (
            f"offered: the head has dropout {dropout:g} |"
            if dropout
            else "not offered: no dropout layer |"
        ),
        f"| Temperature | {temperature:.3f} |",
        f"| Accepted from | confidence {thresholds['confidence']:.3f}, "
        f"plane score {thresholds['plane_score']:.3f} |",
        "| Plane score | "
        + (
            "share of the four planes among all outputs |"
            if rejects
            else "highest probability: the network has no output for other planes |"
        ),
        f"| Data fingerprint | `{metadata['data_fingerprint'][:16]}` |",
        f"| Licence | {metadata['licence']} |",
        "",
        *USE,
    ]
    for simulated, title in ((False, "Real scans"), (True, "Simulated scans")):
        chosen = [row for row in rows if row.simulated is simulated]
        if chosen:
            leaky = metadata.get("leaky", False) and any(row.part == "test" for row in chosen)
            lines += _figures(title, chosen, leaky, _release(metadata) if simulated else "")
    lines += [
        *limits(metadata, rows),
        *doubt_and_explanation(metadata),
        "## Sources",
        "",
        *(f"- {source}" for source in metadata["sources"]),
        "",
    ]
    return "\n".join(lines)


def _release(metadata: dict[str, Any]) -> str:
    """Where the simulated scans came from another simulator than today's, that."""
    release = metadata.get("simulator_release", 1)
    if release in (None, RELEASE):
        return ""
    return (
        f"Scans of release {release} of the simulator. Those of release {RELEASE}, which the app "
        "makes now, look different: these figures do not hold for them."
    )


def _figures(title: str, rows: Sequence[Prediction], leaky: bool, release: str) -> list[str]:
    within = [row for row in rows if row.in_plane]
    fitted = any(row.fold for row in rows)
    through = [row for row in within if row.decision == "accepted"]
    lines = [
        f"## {title}",
        "",
        (
            "Leaky split: training may have seen these patients"
            if leaky
            else "Patients that training never saw"
        )
        + (
            "; where a scan has no patient identifier, overlap unknown "
            f"({sum(not row.patient for row in rows)} of {len(rows)})."
            if any(not row.patient for row in rows)
            else "."
        )
        + (
            " Temperature and thresholds were fitted on the other four fifths of these patients."
            if fitted
            else " Nothing was fitted on these scans."
        ),
        *(["", release] if release else []),
        "",
        "| figure | value (95% interval) |",
        "|---|---|",
        f"| accuracy, forced to four | {metrics.accuracy(rows)} |",
        f"| balanced accuracy | {metrics.balanced_accuracy(rows)} |",
    ]
    for entry in anatomy.ANATOMIES:
        if any(row.label == entry.key for row in rows):
            lines.append(f"| {entry.name.lower()}, right | {metrics.recall(rows, entry.key)} |")
    for source, members in groupby(sorted(within, key=lambda r: r.source), lambda r: r.source):
        lines.append(f"| source {source}, right | {metrics.accuracy(list(members))} |")
    area = metrics.plane_auroc(rows)
    if area:
        lines.append(f"| AUROC of the plane score, four planes against others | {area} |")
        others = [row for row in rows if not row.in_plane]
        lines.append(f"| other planes accepted | {metrics.accepted(others)} |")
    lines.append(f"| four planes accepted | {metrics.accepted(within)} |")
    if through:
        lines.append(f"| accepted four planes, right | {metrics.accuracy(through)} |")
    lines += [
        "",
        "| truth | " + " | ".join(entry.name for entry in anatomy.ANATOMIES) + " |",
        "|---|" + "---|" * len(anatomy.KEYS),
    ]
    for label, counts in metrics.confusion(rows).items():
        lines.append(f"| {label} | " + " | ".join(str(n) for n in counts.values()) + " |")
    lines += [
        "",
        "Proportions: Clopper-Pearson; the rest: bootstrap over patients. The thresholds keep "
        f"{calibration.KEPT_PLANES:.0%} of the four planes and at most "
        f"{calibration.ACCEPTED_ERRORS:.0%} errors among the accepted of the scans they were "
        "fitted on.",
        "",
    ]
    return lines

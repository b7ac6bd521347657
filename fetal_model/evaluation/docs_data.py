"""The section of `docs/results.md` on labelled scans: what the audit finds."""

from __future__ import annotations

from typing import Any

from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.results import missing, read_json


def audit() -> list[str]:
    """Findings in the first report's label file, and how well faults put in by hand are found."""
    lines = ["## What the audit finds", ""]
    result = read_json("audit.json")
    if not result:
        return [*lines, missing("audit")]
    seed, text, copies = result["seed_labels"], result["text"], result["copies"]
    external, bits = seed["external_test"], copies["bits"]
    lines += [
        f"The first report's label file, {seed['scans']:,} rows of {seed['patients']} patients, "
        "from the labels and file names alone:",
        "",
        f"- labels that contradict the plane in the file name: {seed['contradicting_labels']}",
        *(f"  - {change}: {count}" for change, count in seed["contradictions"].items()),
        f'- of the {external["patients"]} patients of its "external test", '
        f"{external['patients_in_training']} are among the rows; of its {external['scans']} scans, "
        f"{external['scans_in_training']} are",
        "",
        *_real(result["real_scans"]),
        "",
        "Simulated scans with known faults:",
        "",
        "| fault | found |",
        "|---|---|",
        f"| burned-in text | {Proportion(text['found'], text['with_text'])} |",
        "| text found where there is no annotation "
        f"| {Proportion(text['found_wrongly'], text['without_annotation'])} |",
    ]
    for change, found in copies["found"].items():
        lines.append(f"| a copy, {change} | {Proportion(found, copies['scans'])} |")
    lines += [
        f"| another scan taken for a copy | {copies['pairs_found_wrongly']} of "
        f"{copies['pairs_of_other_scans']:,} pairs |",
        "",
        f"Copies differ in at most {bits['near']} of the {bits['of']} bits of the perceptual hash; "
        f"the closest two other scans in {bits['closest_other_scans']}.",
    ]
    return lines


def _real(found: dict[str, Any]) -> list[str]:
    pairs = found["pairs"]
    lines = [
        f"The {found['train']} real scans to learn from and the {found['validation']} real "
        f"validation scans: {len(pairs)} pairs across the two are near enough to count as "
        "copies, so figures on real scans may hold as many whose like was learned from.",
        "",
    ]
    return lines + [
        f"- `{pair['train']}` and `{pair['validation']}`, {pair['bits']} bits apart"
        for pair in pairs
    ]

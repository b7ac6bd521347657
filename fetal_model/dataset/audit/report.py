"""The audit's result in words, for a shell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

SHOWN = 10
"""Rows of each finding; the JSON has all of them."""


def report(result: dict[str, Any]) -> str:
    """Word what `examine.audit` found; what is in order is said too."""
    lines = [*_data(result), *_names(result["names"]), *_leaks(result), *_others(result["others"])]
    lines += _pictures(result["pictures"])
    if result["model"] is not None:
        lines += _model(result["model"])
    return "\n".join(lines)


def _data(result: dict[str, Any]) -> list[str]:
    data = result["data"]
    kind = "simulated scans" if data["simulated"] else "scans"
    lines = [f"{data['scans']:,} {kind} of {data['patients']:,} patients"]
    if data["scans_without_patient"]:
        lines[0] += f"; {data['scans_without_patient']:,} have no patient: their overlap is unknown"
    lines += ["", "Class balance"]
    for label, counts in result["classes"].items():
        share = counts["scans"] / data["scans"]
        lines.append(
            f"  {label:8} {counts['scans']:6,} scans {share:6.1%}  {counts['patients']:6,} patients"
        )
    repeated = result["repeated"]
    lines += _section("Scans listed more than once", f"{len(repeated):,}")
    return lines + _some(f"{r['scan']}: {', '.join(r['labels'])}" for r in repeated)


def _names(names: dict[str, Any]) -> list[str]:
    if not names["named"]:
        return _section("Labels against file names", "no file name encodes a plane")
    found = names["labels"]
    lines = _section(
        "Labels that contradict the file name", _of(len(found), names["named"], "named scans")
    )
    lines += _some(f"{r['scan']}: labelled {r['label']}, named {r['name']}" for r in found)
    if names["patients"]:
        lines += _section("Patients that contradict the file name", str(len(names["patients"])))
        lines += _some(f"{r['scan']}: {r['patient']}, named {r['name']}" for r in names["patients"])
    return lines


def _leaks(result: dict[str, Any]) -> list[str]:
    lines = []
    if split := result["split"]:
        lines += _section(f"Split by {split['how']}", split["note"] or "patients kept together")
        for key, words in (
            ("scans_in_no_part", "scans are in none of its parts"),
            ("scans_not_in_the_data", "of its scans are not in the data"),
        ):
            if split[key]:
                lines.append(f"  {split[key]:,} {words}")
    if not result["leaks"]:
        return [*lines, *_section("Leaks between parts", "no split given and none published")]
    for leak in result["leaks"]:
        first, second = leak["between"]
        patients, scans = leak["shared_patients"], leak["shared_scans"]
        lines += _section(
            f"Shared by {first} and {second}", f"{len(patients):,} patients, {len(scans):,} scans"
        )
        lines += _some(patients)
    return lines


def _others(others: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for other in others:
        lines += _section(
            f"Shared with {other['set']}",
            f"{len(other['shared_scans']):,} of its {other['scans']:,} scans, "
            f"{len(other['shared_patients']):,} of its {other['patients']:,} patients",
        )
    return lines


def _pictures(pictures: dict[str, Any] | None) -> list[str]:
    if pictures is None:
        return _section("Pictures", "none is there, so none was examined")
    lines = _section("Unreadable pictures", f"{len(pictures['unreadable']):,}")
    lines += _some(row["error"] for row in pictures["unreadable"])
    for key, title in (
        ("duplicates", "Groups with the same pixels"),
        ("near_duplicates", "Pairs that look almost the same"),
    ):
        lines += _section(title, f"{len(pictures[key]):,}")
        # what crosses patients, labels or parts does harm, the rest only repeats
        worst = sorted(pictures[key], key=lambda group: not _troubles(group))
        lines += _some(
            " = ".join(group["scans"]) + "".join(f"; {t}" for t in _troubles(group))
            for group in worst
        )
    for key, title in (
        ("near_black", "Near-black pictures"),
        ("text", "Pictures with burned-in text"),
    ):
        lines += _section(title, _of(len(pictures[key]), pictures["read"], "read"))
        lines += _some(pictures[key])
    return lines


def _troubles(group: dict[str, Any]) -> list[str]:
    troubles = []
    if group["same_patient"] is False:
        troubles.append("two patients")
    if len(group["labels"]) > 1:
        troubles.append(f"labels {' and '.join(group['labels'])}")
    if len(group["parts"]) > 1:
        troubles.append(f"parts {' and '.join(group['parts'])}")
    return troubles


def _model(model: dict[str, Any]) -> list[str]:
    found = model["doubted"]
    lines = _section(
        "Labels that the model doubts", _of(len(found), model["judged"], "judged scans")
    )
    if model.get("basis"):
        lines.append(f"  {model['basis']}")
    return lines + _some(
        f"{r['scan']}: labelled {r['label']} ({r['probability_of_label']:.0%}), answered "
        f"{r['model']}"
        for r in found
    )


def _section(title: str, fact: str) -> list[str]:
    return ["", f"{title}: {fact}"]


def _of(count: int, total: int, what: str) -> str:
    return f"{count:,} of {total:,} {what}" + (f" ({count / total:.1%})" if total else "")


def _some(rows: Iterable[str]) -> list[str]:
    found = list(rows)
    rest = len(found) - SHOWN
    return [f"  {row}" for row in found[:SHOWN]] + ([f"  and {rest:,} more"] if rest > 0 else [])

"""`docs/trust.md`: whether the software knows when it does not know, from committed results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.doubt import BASE, REJECTED, write_figures
from fetal_model.evaluation.doubt_answers import DOUBT
from fetal_model.evaluation.metrics import Estimate, Proportion
from fetal_model.evaluation.resampling import draw_patients
from fetal_model.evaluation.results import DOCS, missing, read_csv, read_json
from fetal_model.store.versions import write_text

Rows = Sequence[dict[str, str]]
DEFAULT = "Grad-CAM"
"""The explanation of every answer."""


def main() -> None:
    """Write the figures of what was measured, and the document."""
    if (DOUBT / "about.json").is_file():
        write_figures()
    write_text(DOCS / "trust.md", trust())


def trust() -> str:
    """The text of `docs/trust.md`."""
    sections = [
        [
            "# Trust",
            "",
            "Written by `make docs` from `docs/results/`. In brackets 95% intervals, "
            "Clopper-Pearson.",
        ],
        doubt(),
        not_ultrasound(),
        writing(),
        explanations(),
    ]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def doubt() -> list[str]:
    """What finds errors, what probabilities mean, and what may be promised."""
    lines = ["## Doubt, calibration, sets and rejection", ""]
    result = read_json("doubt/figures.json")
    if not result:
        return [*lines, missing("uncertainty")]
    lines += [
        f"{result['version']}, and for the ensemble {result['networks'] - 1} more trainings of its "
        "recipe with other seeds. A wrong answer is the method's own. Passes: of a trunk, for each "
        "scan. Temperature, vector scaling and sets are fitted without the scan's fold, over "
        f"{result['folds']} patient-grouped folds; the temperature that the networks have of "
        "their own was fitted on the real validation scans, where none of the methods that find "
        "errors is out of sample in that. Intervals that are no share of "
        "scans: bootstrap over patients. "
        f"More: AUROC less that of {' '.join(BASE)}, on the same resamples, each method about its "
        "own wrong answers; where the interval holds 0, no difference is shown. It is not "
        "corrected for the number of comparisons.",
    ]
    for kind, title in (
        ("simulated", "Simulated scans of poor quality"),
        ("real", "Real validation scans"),
    ):
        found = result[kind]
        lines += [
            "",
            f"### {title}",
            "",
            f"{found['n']} scans of {found['patients']} patients, or scans where the patient is "
            "unknown.",
            "",
            "| method | measure | passes | wrong | errors found, AUROC | more | area under risk "
            "| right among the surest 80% | 90% | 95% |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        cells = (["-" if v is None else str(v) for v in r.values()] for r in found["detection"])
        lines += [f"| {' | '.join(of_row)} |" for of_row in cells]
        lines += ["", _better(found["detection"])]
        lines += ["", "| calibration | ECE | Brier | NLL |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row.values())} |" for row in found["calibration"]]
        names = list(found["sets"][0]["holds"])
        lines += ["", f"| sets, coverage asked | size | {' | '.join(names)} |"]
        lines.append("|---|---|" + "---|" * len(names))
        for row in found["sets"]:
            shown = " | ".join(row["holds"].values())
            lines.append(f"| {row['coverage']:.0%} | {row['size']} | {shown} |")
    lines += [
        "",
        "### Four planes against cervix and other (real validation scans)",
        "",
        "Fitted on real training scans of the four planes alone. Lost: of the four planes, where "
        f"{REJECTED:.0%} of the others are turned away; that threshold is set on the scans that "
        "it is reported on, for comparison alone. The version in service goes by plane mass, and "
        "did before; no score was chosen for what it shows here.",
        "",
        "| score | AUROC | more than the published network | lost |",
        "|---|---|---|---|",
    ]
    return [*lines, *(f"| {' | '.join(r.values())} |" for r in result["rejection"])]


def _better(rows: Sequence[dict[str, Any]]) -> str:
    """Which measures are shown to find errors better than what acceptance goes by."""
    named: dict[bool, list[str]] = {True: [], False: []}
    for row in rows:
        # "0.007 (0.001 to 0.013), n = 4000"
        low = float((row["more_than_base"] or "0 (0").split("(")[1].split(" ")[0])
        if low > 0:
            named[row["passes"] == 1].append(f"{row['method']} {row['measure']}")
    one, several = (", ".join(named[kind]) or "none" for kind in (True, False))
    return (
        f"Acceptance goes by {' '.join(BASE)}. Shown to find errors better than it: in one pass, "
        f"{one}; in several, {several}. A second look on the page asks by augmentation."
    )


def not_ultrasound() -> list[str]:
    """What is turned away from the picture alone."""
    lines = ["## Pictures that are no ultrasound scan", ""]
    rows = read_csv("not-ultrasound.csv")
    if not rows:
        return [*lines, missing("not_ultrasound")]
    lines += [
        "Checks of the picture alone, before any network: colour, black and white, field of view, "
        "contrast, sharpness, and the grain of speckle. What a file states about itself is left "
        "out. The limits were set on the real training scans and simulated ones. The features "
        "were chosen with pictures of these kinds in view, and one check was added after screens "
        "had passed, so these figures are not blind ones.",
        "",
        "| pictures | turned away |",
        "|---|---|",
    ]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        turned = [row["turned_away"] == "true" for row in rows if row["kind"] == kind]
        lines.append(f"| {kind} | {Proportion(sum(turned), len(turned))} |")
    scans = [row for row in rows if row["kind"].startswith("ultrasound")]
    for row in scans:
        if row["turned_away"] == "true":
            lines += ["", f"Turned away although it is a scan: `{row['name']}`. {row['reasons']}"]
    return lines


def writing() -> list[str]:
    """What writing on a scan does to the answer."""
    lines = ["## Writing on a scan (simulated scans)", ""]
    rows = read_csv("annotations.csv")
    if not rows:
        return [*lines, missing("annotations")]
    count = len({row["scan"] for row in rows})
    lines += [
        f"{count} fresh simulated scans without annotation, then with one: in faces that the "
        "simulator does not have, words of another anatomy in a corner or on the tissue, "
        "calipers, all of these, and the simulated scanner's own screen. Changed: other answers "
        "than to the bare scan as it is. Found: share of the drawn pixels that are found or lie "
        "outside the fan. Tissue lost: share of shown tissue that was not drawn on and is taken "
        "away, mean over scans.",
        "",
        "| drawn | changed as it is | changed with what was drawn taken away | found "
        "| tissue lost |",
        "|---|---|---|---|---|",
    ]
    for attack in dict.fromkeys(row["attack"] for row in rows):
        chosen = [row for row in rows if row["attack"] == attack]
        before, after = (
            Proportion(sum(row[name] != row["answer_bare"] for row in chosen), len(chosen))
            for name in ("answer", "answer_masked")
        )
        drawn = sum(int(row["drawn_pixels"]) for row in chosen)
        found = sum(int(row["found_pixels"]) for row in chosen)
        lost = sum(float(row["removed_wrongly"]) for row in chosen) / len(chosen)
        share = f"{found / drawn:.3f}" if drawn else ""
        lines.append(f"| {attack} | {before} | {after} | {share} | {lost:.4f} |")
    return lines


def explanations() -> list[str]:
    """Every explanation beside what it must beat."""
    lines = ["## Where the default looks", ""]
    rows = read_csv("explanations.csv")
    if not rows:
        return [*lines, missing("explanations")]
    lines += [
        "Insertion less deletion: area under the anatomy's probability as the map's strongest "
        "pixels are shown first, less that as they are taken away first. Mass: share of the map "
        "on the anatomy. Points: scans whose strongest pixel lies on it. Means, slow methods on "
        f"fewer scans; in brackets bootstrap over scans. The last two columns: by how much "
        f"{DEFAULT}, the default, is above the method, on the scans of both.",
    ]
    for source in dict.fromkeys(row["source"] for row in rows):
        kind = "simulated" if source == "phantom" else f"real, {source}"
        lines += [
            "",
            f"| {kind} | n | insertion less deletion | ROAD | mass | points "
            "| default above it, insertion less deletion | mass |",
            "|---|---|---|---|---|---|---|---|",
        ]
        of_source = [row for row in rows if row["source"] == source]
        default = {row["scan"]: row for row in of_source if row["method"] == DEFAULT}
        for method in dict.fromkeys(row["method"] for row in of_source):
            chosen = [row for row in of_source if row["method"] == method]
            beside = [default[row["scan"]] for row in chosen]
            given, mass = (
                _bounded(chosen, name) for name in ("insertion_minus_deletion", "mass_in_mask")
            )
            points = Proportion(sum(int(r["points_at_mask"]) for r in chosen), len(chosen))
            above = ["", ""]
            if method != DEFAULT:
                above = [
                    _bounded(beside, name, chosen)
                    for name in ("insertion_minus_deletion", "mass_in_mask")
                ]
            cells = [given, f"{_mean(chosen, 'road'):.3f}", mass, str(points), *above]
            lines.append(f"| {method} | {len(chosen)} | {' | '.join(cells)} |")
    return [*lines, *_lost_with_the_weights()]


def _lost_with_the_weights() -> list[str]:
    rows = read_csv("randomisation.csv")
    if not rows:
        return []
    lines = [
        "",
        "Rank correlation of a map with itself as layers lose what they learned, from the output "
        f"down; mean over {len({row['scan'] for row in rows})} simulated scans of the "
        f"{len(KEYS)} anatomies.",
        "",
    ]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    lines += [f"| layers down to | {' | '.join(methods)} |", "|---|" + "---|" * len(methods)]
    for layer in dict.fromkeys(row["layer"] for row in rows):
        means = (
            _mean([r for r in rows if (r["layer"], r["method"]) == (layer, m)], "rank_correlation")
            for m in methods
        )
        lines.append(f"| {layer} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    return lines


def _bounded(rows: Rows, name: str, less: Rows | None = None) -> str:
    """Mean of a figure, or of its difference to that of other rows about the same scans."""
    values = np.array([float(row[name]) for row in rows])
    if less is not None:
        values = values - np.array([float(row[name]) for row in less])
    drawn = draw_patients([row["scan"] for row in rows]).totals(values[:, np.newaxis])[:, 0]
    estimate = Estimate.of(drawn / len(rows), len(rows))
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _mean(rows: Rows, name: str) -> float:
    return sum(float(row[name]) for row in rows) / len(rows)


if __name__ == "__main__":
    main()

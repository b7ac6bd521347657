"""`docs/phantom.md`: how real the simulated scans are to networks, from committed results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fetal_model import anatomy
from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.results import missing, read_csv, read_json

STANDARD = "standard planes"
Rows = Sequence[dict[str, str]]
TELLS = [
    "## What gives them away",
    "",
    "Five real and five simulated scans of each anatomy, shuffled, looked at by people. Mended "
    "since: speckle too fine across the beam, an even thick ring of fat around the abdomen, vein "
    "and portal sinus as one check mark. Left, the plainest first:",
    "",
    "- The tissue around the fetus is as bright and as evenly grained as the fetus itself. In real "
    "scans the mother's wall lies in layers along the probe, and what is deep is dark.",
    "- Pockets of amniotic fluid are black shapes with smooth hard edges, like pieces of a puzzle.",
    "- Stomach, vessels and chambers are flat black and cut out; in real scans haze fills them and "
    "their far wall shines.",
    "- The skull is an even ring, and the femur an even bar with a shadow that begins as a line. "
    "Real ones fade where the beam meets them at a slant.",
    "- Simulated scans show their plane larger in the sector than many real ones.",
]


def phantom() -> str:
    """The text of `docs/phantom.md`."""
    sections = [
        [
            "# The simulated scans",
            "",
            "Every scan that `fetal_model.phantom` makes is simulated. Written by `make docs` from "
            "`docs/results/`.",
        ],
        judged(),
        elsewhere(),
        second(),
        spread(),
        speckle(),
        grain(),
        speed(),
        TELLS,
        sheets(),
    ]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def judged() -> list[str]:
    """The published network on standard planes."""
    lines = ["## A network that has seen real scans only", ""]
    rows = [row for row in read_csv("realism.csv") if row["part"] == STANDARD]
    if not rows:
        return [*lines, missing("realism")]
    lines += [
        "The published SonoNet-16 over fresh phantoms: standard planes at 18 to 24 weeks, all "
        "simulated scanners, annotated and not. No answer selects or changes a phantom.",
        "",
        "| simulated | n | forced to four: right | own answer in its group |",
        "|---|---|---|---|",
    ]
    lines += [_row(label, [r for r in rows if r["label"] == label]) for label in anatomy.KEYS]
    lines += ["", "Forced to four:", "", "| simulated | " + " | ".join(anatomy.KEYS) + " |"]
    lines.append("|---|" + "---|" * len(anatomy.KEYS))
    for label in anatomy.KEYS:
        counts = Counter(row["forced"] for row in rows if row["label"] == label)
        lines.append(f"| {label} | " + " | ".join(str(counts[k]) for k in anatomy.KEYS) + " |")
    lines += ["", "Its own answers, by plane:", "", "| plane | n | answers |", "|---|---|---|"]
    for plane in dict.fromkeys(row["plane"] for row in rows):
        counts = Counter(row["answer"] for row in rows if row["plane"] == plane)
        shown = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        lines.append(f"| {plane} | {sum(counts.values())} | {shown} |")
    lines += ["", "By simulated scanner:", "", "| scanner | annotated | n | right | in its group |"]
    lines.append("|---|---|---|---|---|")
    for machine in sorted({row["machine"] for row in rows}):
        for annotated in ("true", "false"):
            chosen = [r for r in rows if (r["machine"], r["annotated"]) == (machine, annotated)]
            if chosen:
                lines.append(
                    f"| {machine} | {'yes' if annotated == 'true' else 'no'} | {len(chosen)} "
                    f"| {_right(chosen)} | {_in_group(chosen)} |"
                )
    return lines


def elsewhere() -> list[str]:
    """Other qualities and ages."""
    lines = ["## Other qualities and ages", ""]
    rows = [row for row in read_csv("realism.csv") if row["part"] != STANDARD]
    if not rows:
        return [*lines, missing("realism")]
    lines += ["| part | simulated | n | right | in its group |", "|---|---|---|---|---|"]
    for part in dict.fromkeys(row["part"] for row in rows):
        for label in anatomy.KEYS:
            chosen = [r for r in rows if (r["part"], r["label"]) == (part, label)]
            lines.append(f"| {part} " + _row(label, chosen))
    return lines


def second() -> list[str]:
    """The judge trained on real scans alone."""
    lines = ["## A second judge, trained on the real training scans alone", ""]
    figures = read_json("second-judge.json")
    if not figures:
        return [*lines, missing("realism")]
    learned = " and ".join(f"{n} {label}" for label, n in figures["learned_from"].items())
    lines += [
        f"A small network from random initialisation; it learned from {learned} scans and knows "
        "these two anatomies only.",
        "",
        "| scans | brain, right | thorax, right |",
        "|---|---|---|",
        "| real validation scans (patient overlap partly unknown) "
        f"| {figures['real_brain_right']} | {figures['real_thorax_right']} |",
    ]
    rows = [row for row in read_csv("realism.csv") if row["part"] == STANDARD]
    shown = []
    for label in ("brain", "thorax"):
        chosen = [row for row in rows if row["label"] == label]
        right = sum(row["second_judge"] == label for row in chosen)
        shown.append(str(Proportion(right, len(chosen))))
    return [*lines, f"| simulated standard planes | {' | '.join(shown)} |"]


def spread() -> list[str]:
    """Feature-space spread beside real scans."""
    lines = ["## Spread in the features of the published network", ""]
    rows = read_csv("realism-features.csv")
    if not rows:
        return [*lines, missing("realism")]
    lines += [
        "Averaged features of the trunk. Spread: root of the summed variances. Covered: share with "
        "a scan of the other kind nearer than their own fifth neighbour (Naeem et al. 2020, "
        "arXiv:2002.09797). With few real scans these say little.",
        "",
        "| | n real | n simulated | spread real | spread simulated | distance of means "
        "| real covered | simulated covered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return [*lines, *(f"| {' | '.join(row.values())} |" for row in rows)]


def speckle() -> list[str]:
    """Speckle statistics."""
    lines = ["## Speckle", ""]
    rows = read_csv("speckle.csv")
    if not rows:
        return [*lines, missing("speckle")]
    lines += [
        "Homogeneous tissue, one look. Rayleigh: Kolmogorov-Smirnov test on decorrelated samples "
        "of the amplitude. Width: of the autocorrelation of the amplitude at half its height, "
        "measured and as the point-spread function has it.",
        "",
        "| " + " | ".join(name.replace("_", " ") for name in rows[0]) + " |",
        "|" + "---|" * len(rows[0]),
    ]
    return [*lines, *(f"| {' | '.join(row.values())} |" for row in rows)]


def grain() -> list[str]:
    """Speckle of real and simulated scans."""
    lines = ["## Speckle beside real scans", ""]
    rows = read_csv("grain.csv")
    if not rows:
        return [*lines, missing("grain")]
    lines += [
        "Patches of even tissue, scans brought to 576 columns; medians over scans, the real ones "
        "drawn from the training and validation parts. Width: of the autocorrelation at half its "
        "height, across and along the beam, pixels.",
        "",
        "| | | scans | across | along | deviation over mean |",
        "|---|---|---|---|---|---|",
    ]
    return [*lines, *(f"| {' | '.join(row.values())} |" for row in rows)]


def speed() -> list[str]:
    """Scans a second."""
    lines = ["## Speed", ""]
    figures = read_json("phantom-speed.json")
    if not figures:
        return [*lines, missing("phantom_speed")]
    lines += [
        f"448 rows x 576 columns, one thread, mean over {figures['scans']} scans.",
        "",
        "| simulated | scans a second and core |",
        "|---|---|",
    ]
    rates = figures["per_second_and_core"].items()
    return [*lines, *(f"| {label} | {rate:g} |" for label, rate in rates)]


def sheets() -> list[str]:
    """Contact sheets."""
    names = ("planes", *anatomy.KEYS, "cervix", "other")
    pictures = (f"![Simulated: {name}](phantom/{name}.png)" for name in names)
    return ["## Contact sheets, all simulated", "", *pictures]


def _row(label: str, rows: Rows) -> str:
    return f"| {label} | {len(rows)} | {_right(rows)} | {_in_group(rows)} |"


def _right(rows: Rows) -> Proportion:
    return Proportion(sum(row["forced"] == row["label"] for row in rows), len(rows))


def _in_group(rows: Rows) -> Proportion:
    return Proportion(sum(row["in_group"] == "true" for row in rows), len(rows))

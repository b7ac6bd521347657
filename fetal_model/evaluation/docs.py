"""`make docs`: the cards and every generated document, all from committed files.

A section whose file is not there says which command makes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fetal_model import anatomy
from fetal_model.evaluation import docs_trust, metrics
from fetal_model.evaluation.card import DISCLAIMER, card
from fetal_model.evaluation.docs_data import audit
from fetal_model.evaluation.docs_experiments import experiments
from fetal_model.evaluation.docs_exports import exports
from fetal_model.evaluation.docs_inputs import inputs
from fetal_model.evaluation.docs_phantom import phantom
from fetal_model.evaluation.docs_privacy import privacy
from fetal_model.evaluation.docs_settings import settings
from fetal_model.evaluation.docs_versions import from_phantoms, left_out, versions
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.evaluation.results import DOCS, RESULTS, missing, read_csv, read_json
from fetal_model.store.versions import (
    CARD,
    PREDICTIONS,
    WEIGHTS,
    find_version,
    list_versions,
    write_text,
)  # fmt: skip


def main() -> None:
    """Write every card and every generated document."""
    for version in list_versions(WEIGHTS):
        rows = read_predictions(version.path / PREDICTIONS)
        write_text(version.path / CARD, card(version.metadata, rows))
    docs_trust.main()
    write_text(DOCS / "results.md", results())
    write_text(DOCS / "phantom.md", phantom())
    write_text(DOCS / "inputs.md", inputs())
    write_text(DOCS / "experiments.md", experiments())
    write_text(DOCS / "exports.md", exports())
    write_text(DOCS / "settings.md", settings())
    write_text(DOCS / "privacy.md", privacy())


def results() -> str:
    """The text of `docs/results.md`."""
    default = find_version()
    ours = [row for row in read_predictions(default.path / PREDICTIONS) if not row.simulated]
    sections = [
        [
            "# Results",
            "",
            f"Written by `make docs` from `docs/results/` and `weights/`. {DISCLAIMER}",
        ],
        ["Intervals are 95%: Clopper-Pearson for proportions, else bootstrap over patients."],
        examples(),
        against_published(default.label, ours),
        left_out(ours),
        looks(),
        heatmaps(),
        versions(),
        from_phantoms(),
        speed(),
        training_speed(),
        first_answer(),
        audit(),
    ]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def examples() -> list[str]:
    """The thirteen scans published with SonoNet."""
    lines = ["## The published SonoNet-16 through our loader and network", ""]
    rows = read_csv("published-examples.csv")
    if not rows:
        return [*lines, missing("published")]
    right = sum(row["expected"] == row["answer"] for row in rows)
    lines += [f"{right} of {len(rows)} published example scans right.", ""]
    lines += ["| expected | answer | probability |", "|---|---|---|"]
    lines += [f"| {r['expected']} | {r['answer']} | {r['probability']} |" for r in rows]
    return lines


def against_published(label: str, ours: Sequence[Prediction]) -> list[str]:
    """The default beside the published network on the real validation scans."""
    lines = [f"## {label} on the real validation scans, beside the published SonoNet-16", ""]
    path = RESULTS / "published-validation.csv"
    if not path.is_file():
        return [*lines, missing("published")]
    theirs = read_predictions(path)
    unknown = sum(not row.patient for row in ours)
    lines += [
        f"Whole image, forced to the four anatomies. {unknown} of {len(ours)} scans have no "
        "patient identifier: for them patient overlap with training is unknown. Temperature and "
        "thresholds are cross-fitted over five patient-grouped folds.",
        "",
        f"| figure | {label} | published SonoNet-16 |",
        "|---|---|---|",
        f"| accuracy | {metrics.accuracy(ours)} | {metrics.accuracy(theirs)} |",
        "| balanced accuracy "
        f"| {metrics.balanced_accuracy(ours)} | {metrics.balanced_accuracy(theirs)} |",
        "| AUROC of the plane score, four planes against cervix and other "
        f"| {metrics.plane_auroc(ours)} | {metrics.plane_auroc(theirs)} |",
    ]
    for key in anatomy.KEYS:
        lines.append(f"| {key} | {metrics.recall(ours, key)} | {metrics.recall(theirs, key)} |")
    for source in sorted({row.source for row in ours if row.in_plane}):
        pair = [[r for r in rows if r.source == source] for rows in (ours, theirs)]
        shown = " | ".join(str(metrics.accuracy(rows)) for rows in pair)
        lines.append(f"| source {source} | {shown} |")
    through = [row for row in ours if row.in_plane and row.decision == "accepted"]
    others = [row for row in ours if not row.in_plane]
    lines += [
        "",
        f"Accepted without a person: {metrics.accepted([r for r in ours if r.in_plane])} of the "
        f"four planes, of them right {metrics.accuracy(through)}; "
        f"{metrics.accepted(others)} of cervix and other.",
        "",
    ]
    published = {row.scan: row for row in theirs}
    lost = [r for r in ours if r.in_plane and published[r.scan].is_right and not r.is_right]
    gained = [r for r in ours if r.in_plane and r.is_right and not published[r.scan].is_right]
    lines += _named("Right in the published network, wrong in ours", lost, published)
    lines += _named("Wrong in the published network, right in ours", gained, published)
    return lines


def looks() -> list[str]:
    """Phantoms given the look of a source."""
    lines = ["## Does a look pull the answer? (simulated scans)", ""]
    rows = read_csv("looks.csv")
    if not rows:
        return [*lines, missing("looks")]
    lines += [
        "Fresh phantoms of every anatomy, as simulated and with the crop and grey levels of a real "
        "source. Pulled: answers that the look changed to the anatomy which that source shows.",
        "",
        "| look | truth | " + " | ".join(anatomy.KEYS) + " | pulled |",
        "|---|---|" + "---|" * (len(anatomy.KEYS) + 1),
    ]
    shows = {"hc18": "brain", "focus": "thorax"}
    for row in rows:
        counts = " | ".join(row[f"answered_{key}"] for key in anatomy.KEYS)
        towards = shows.get(row["look"])
        pulled = (
            "" if towards in (None, row["truth"]) else _of(row[f"changed_to_{towards}"], row["n"])
        )
        lines.append(f"| {row['look']} | {row['truth']} | {counts} | {pulled} |")
    return lines


def heatmaps() -> list[str]:
    """Grad-CAM against random weights and baselines."""
    lines = ["## Where the default looks (Grad-CAM of the true anatomy)", ""]
    rows = read_csv("heatmaps.csv")
    if not rows:
        return [*lines, missing("heatmaps")]
    repeat, random = (
        float(np.median([float(row[name]) for row in rows]))
        for name in ("repeat_correlation", "randomised_correlation")
    )
    lines += [
        f"Median rank correlation with the map of randomised weights {random:.3f}, of a repeated "
        f"run {repeat:.3f} (n = {len(rows)}).",
        "",
        "Mean share of the map that lies on the anatomy; simulated unless the source is real.",
        "",
        "| scans | n | Grad-CAM | random map | edge filter | area of the anatomy |",
        "|---|---|---|---|---|---|",
    ]
    for source, label in dict.fromkeys((row["source"], row["label"]) for row in rows):
        chosen = [row for row in rows if (row["source"], row["label"]) == (source, label)]
        means = [
            np.mean([float(row[name]) for row in chosen])
            for name in ("grad_cam", "random_map", "edge_filter", "mask_share")
        ]
        shown = " | ".join(f"{mean:.3f}" for mean in means)
        name = f"simulated {label}" if source == "phantom" else f"{label} ({source}, real)"
        lines.append(f"| {name} | {len(chosen)} | {shown} |")
    return lines


def speed() -> list[str]:
    """Full analysis against other ways."""
    lines = ["## Speed", ""]
    result = read_json("speed.json")
    if not result:
        return [*lines, missing("speed")]
    lines += [
        f"{result['version']}, one scan ({result['scan']}), {result['cores']} cores, "
        f"{result['rounds']} rounds, each way in turn.",
        "",
        "| | median | minimum | maximum |",
        "|---|---|---|---|",
    ]
    for table, unit in (("milliseconds", " ms"), ("ratios", "")):
        for name, values in result[table].items():
            shown = " | ".join(f"{values[k]:g}{unit}" for k in ("median", "minimum", "maximum"))
            lines.append(f"| {name} | {shown} |")
    return lines


def training_speed() -> list[str]:
    """Our pipeline against the first report's own style."""
    lines = ["## Training speed", ""]
    result = read_json("training-speed.json")
    if not result:
        return [*lines, missing("training_speed")]
    side, ways, ratios = result["side"], result["ways"], result["ratio_of_an_epoch"]
    own = ways["ours"]
    lines += [
        f"The seed CNN's recipe, {own['train_scans']:,} simulated scans at {side} x {side} pixels, "
        f"batches of {own['batch_size']}, {result['epochs']} epochs, {own['precision']}, "
        f"{result['cores']} cores. One training each, one after the other, every one in a process "
        "of its own. The report's style reads every PNG in every epoch, by TensorFlow as it is "
        "installed; with oneDNN it was timed for a few epochs and not judged. In all, first epoch "
        f"included, the report's style took {result['ratio_in_all']:g} times as long.",
        "",
        "| | seconds an epoch (median) | first epoch | times ours | right of the simulated test |",
        "|---|---|---|---|---|",
    ]
    for way, found in ways.items():
        right = str(metrics.Proportion(found["right"], found["of"])) if "right" in found else ""
        lines.append(
            f"| {way} | {found['seconds_per_epoch']:g} | {found['first_epoch']:g} "
            f"| {ratios.get(way, 1):g} | {right} |"
        )
    return lines


def first_answer() -> list[str]:
    """A fresh clone to its first answer."""
    lines = ["## A fresh clone to its first answered scan", ""]
    result = read_json("first-answer.json")
    if not result:
        return [*lines, missing("first_answer")]
    return [
        *lines,
        f"`make app` in an empty folder on {result['cores']} cores: the page answers the server's "
        f"health check after {result['server_seconds']:.0f} s, the first dropped scan has its "
        f"answer after {result['answer_seconds']:.0f} s (one run, package downloads included).",
    ]


def _named(title: str, rows: Sequence[Prediction], other: dict[str, Prediction]) -> list[str]:
    lines = [f"{title}: {len(rows)}.", ""]
    for row in rows:
        lines.append(
            f"- `{row.scan}`: ours {row.answer} {max(row.probabilities):.2f}, published "
            f"{other[row.scan].answer} {max(other[row.scan].probabilities):.2f}"
        )
    return [*lines, ""] if rows else lines


def _of(count: str, n: str) -> str:
    return str(metrics.Proportion(int(count), int(n)))


if __name__ == "__main__":
    main()

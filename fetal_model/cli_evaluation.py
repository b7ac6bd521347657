"""Commands that judge versions and look into them: `evaluate`, `compare`, `feature-maps`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fetal_model.predictor import Predictor
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.versions import VersionError, find_version

if TYPE_CHECKING:
    from fetal_model.evaluation.labelled import Answers

commands = typer.Typer()
Named = Annotated[str, typer.Argument(help="NAME or NAME/NUMBER.")]
Data = Annotated[
    Path, typer.Option(help="Folder with a sub-folder for each anatomy, or a manifest.csv.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@commands.command()
def evaluate(
    version: Named,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for figures, predictions and mistakes.html."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a version on labelled scans; exit 1 if some could not be read."""
    from fetal_model.evaluation.evaluate import describe, write_evaluation
    from fetal_model.evaluation.evaluate import evaluate as judge

    (predictor,), answers = _answers([version], data)
    found = judge(predictor.version, answers)
    if out:
        try:
            write_evaluation(out, found, answers)
        except OSError as error:
            raise typer.BadParameter(f"--out: cannot write there: {error}") from error
    text = json.dumps(found.as_json(), indent=2) if as_json else describe(found)
    _finish(text, answers.unreadable)


@commands.command()
def compare(
    first: Named,
    second: Named,
    data: Data,
    as_json: AsJson = False,
) -> None:
    """Compare two versions on the same labelled scans; exit 1 if some could not be read."""
    from fetal_model.evaluation import labelled, paired

    (one, two), answers = _answers([first, second], data)
    versions = (one.version, two.version)
    of_one, of_two = (answers.rows[version.label] for version in versions)
    rows = paired.compare(of_one, of_two, answers.columns)
    overlap = {v.label: labelled.overlap(v, answers) for v in versions}
    if as_json:
        found = {
            "versions": list(overlap),
            "overlap": overlap,
            "simulated": all(record.simulated for record in answers.records),
            "rows": [asdict(row) for row in rows],
            "unreadable": answers.unreadable,
        }
        text = json.dumps(found, indent=2)
    else:
        text = "\n".join([*(f"{k}: {v}" for k, v in overlap.items()), "", paired.describe(rows)])
    _finish(text, answers.unreadable)


@commands.command("feature-maps")
def feature_maps(
    version: Named,
    scan: Annotated[
        Path | None, typer.Argument(help="PNG, JPEG, TIFF, BMP, WebP or DICOM; not with --list.")
    ] = None,
    layer: Annotated[str, typer.Option(help="Name of a layer, as --list has them.")] = "features",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="PNG to write.", dir_okay=False)
    ] = Path("feature-maps.png"),
    names: Annotated[bool, typer.Option("--list", help="List the layers and stop.")] = False,
) -> None:
    """Draw what a layer makes of a scan: every map, those that vary most first."""
    from fetal_model.explain import feature_maps as maps

    try:
        found = find_version(version)
        if names:
            for entry in maps.list_layers(found):
                typer.echo(f"{entry.name}  {entry.kind}  {entry.dimensions}")
            return
        if scan is None:
            raise typer.BadParameter("expected a scan to draw the maps of, received none")
        values = maps.feature_maps(found, read_scan(scan, name=str(scan)), layer)
    except ScanError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        maps.write_sheet(output, values)
    except OSError as error:
        raise typer.BadParameter(f"--output: cannot write there: {error}") from error
    typer.echo(output)


def _answers(names: list[str], data: Path) -> tuple[list[Predictor], Answers]:
    """Load the versions and let them answer, with progress on the standard error."""
    from fetal_model.evaluation.labelled import answer_folder

    try:
        predictors = [Predictor.load(name) for name in names]
        labels = {predictor.version.label for predictor in predictors}
        if len(labels) < len(names):
            raise ValueError(f"expected two versions to compare, received {names[0]} twice")
        with typer.progressbar(length=1, label="Answering", file=sys.stderr) as bar:

            def advance(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            return predictors, answer_folder(predictors, data, advance)
    except (VersionError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def _finish(text: str, unreadable: tuple[str, ...]) -> None:
    typer.echo(text)
    for sentence in unreadable:
        typer.echo(sentence, err=True)
    if unreadable:
        raise typer.Exit(1)

"""The command line: the same verbs as the pages."""

from __future__ import annotations

import csv
import getpass
import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer

from fetal_model import cli_training
from fetal_model.anatomy import KEYS
from fetal_model.cli_data import data
from fetal_model.cli_evaluation import commands as evaluation_commands
from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.explain.overlay import overlay
from fetal_model.predictor import Finding, Predictor
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.serving import COMMAND_LINE
from fetal_model.store.versions import VersionError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which fetal anatomy a scan shows. Research and teaching only, not a medical device.",
)
admin = typer.Typer(no_args_is_help=True, help="The administrator's password.")
app.add_typer(admin, name="admin")
app.add_typer(evaluation_commands)
app.command()(cli_training.train)
app.command()(cli_training.sweep)
app.add_typer(data, name="data")


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    csv = "csv"


class Annotations(StrEnum):
    """Whether simulated screens carry text and marks."""

    on = "on"
    off = "off"
    mixed = "mixed"


@app.command()
def predict(
    files: Annotated[list[str], typer.Argument(help="Scans: PNG, JPEG, TIFF, BMP or DICOM.")],
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    heatmaps: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for the scans with their Grad-CAM overlay."),
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="NAME or NAME/NUMBER; without it the one in service.")
    ] = None,
) -> None:
    """Answer about each file; exit 1 if some could not be read."""
    try:
        predictor = Predictor.load(version)
    except VersionError as error:
        raise typer.BadParameter(str(error)) from error
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files, start=1):
        try:
            scan = read_scan(file, name=file)
        except ScanError as error:
            typer.echo(str(error), err=True)
            rows.append({"file": file, "error": str(error)})
            continue
        finding = predictor.analyse(scan)
        rows.append({"file": file, **answer(finding)})
        if heatmaps:
            heatmaps.mkdir(parents=True, exist_ok=True)
            shown, _ = blank_burned_in(scan)
            picture = overlay(shown.display, finding.heatmap(), 0.6)
            target = heatmaps / f"{number:04d}-{Path(file).stem}-{finding.anatomy.key}.png"
            # not imwrite, which says nothing when it fails and cannot write every file name
            png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
            target.write_bytes(png.tobytes())
    _print(rows, form)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def answer(finding: Finding) -> dict[str, Any]:
    """The JSON form of a finding, as the README documents it."""
    spread = finding.standard_deviation
    return {
        "anatomy": finding.anatomy.key,
        "probabilities": dict(zip(KEYS, finding.probabilities.tolist(), strict=True)),
        "standard_deviation": None
        if spread is None
        else dict(zip(KEYS, spread.tolist(), strict=True)),
        "predictive_entropy": finding.predictive_entropy,
        "mutual_information": finding.mutual_information,
        "plane_score": finding.plane_score,
        "decision": finding.decision,
        "reasons": list(finding.reasons),
        "version": finding.version,
        "seconds": round(finding.seconds, 4),
    }


@app.command()
def phantom(
    directory: Annotated[Path, typer.Argument(help="New or empty, or left by a stopped run.")],
    per_class: Annotated[int, typer.Option(min=1, help="Scans of each class.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    classes: Annotated[
        str, typer.Option(help="Names with commas between; also cervix and other.")
    ] = ",".join(KEYS),
    patients: Annotated[
        int | None, typer.Option(min=1, help="How many share the scans; else 2 or 3 scans each.")
    ] = None,
    annotations: Annotated[
        Annotations, typer.Option(help="Whether screens are annotated.")
    ] = Annotations.mixed,
    weeks: Annotated[
        tuple[float, float] | None, typer.Option(help="Youngest and oldest gestational age.")
    ] = None,
    cine: Annotated[
        bool, typer.Option("--cine", help="Also a probe sweep through each plane, as DICOM.")
    ] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="Each scan as DICOM too.")] = False,
    pathology: Annotated[
        bool, typer.Option("--pathology", help="Half of those that can show one do.")
    ] = False,
) -> None:
    """Simulate labelled scans; called again, a run that was stopped goes on."""
    from fetal_model.phantom import write_phantoms

    names = list(filter(None, (name.strip() for name in classes.split(","))))
    shown = {Annotations.on: True, Annotations.off: False, Annotations.mixed: None}[annotations]
    try:
        with typer.progressbar(length=per_class * len(names), label="Simulating",
                               file=sys.stderr) as bar:  # fmt: skip

            def advance(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            path = write_phantoms(
                directory, dict.fromkeys(names, per_class), seed, progress=advance,
                patients=patients, annotations=shown, weeks=weeks, cine=cine, dicom=dicom,
                pathology=pathology,
            )  # fmt: skip
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    typer.echo(path)


@app.command()
def promote(version: Annotated[str, typer.Argument(help="NAME or NAME/NUMBER.")]) -> None:
    """Put a version into service."""
    from fetal_model.store import serving

    try:
        made = serving.promote(version, COMMAND_LINE)
    except VersionError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{made.label} is in service")


@app.command()
def rollback() -> None:
    """Bring back the version that served before."""
    from fetal_model.store import serving

    try:
        made = serving.roll_back(COMMAND_LINE)
    except VersionError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{made.label} is back in service")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Say what is wrong with this installation; exit 1 when there is a problem."""
    from fetal_model.doctor.command import main

    raise typer.Exit(main(["--json"] if as_json else []))


@admin.command("set-password")
def set_password() -> None:
    """Set the password of the Administer page: asked for twice, or one line from a pipe."""
    from fetal_model.store.admin import password_file
    from fetal_model.store.admin import set_password as keep

    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise typer.BadParameter("expected the same password twice, received two; try again")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        keep(password)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"The password is set; its hash is in {password_file()}")


def _print(rows: list[dict[str, Any]], form: Format) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be Unicode
    if form is Format.json:
        typer.echo(json.dumps(rows, indent=2))
        return
    flat = [_flat(row) for row in rows]
    if form is Format.csv:
        columns = list(dict.fromkeys(key for row in flat for key in row))
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
        return
    width = max(len(row["file"]) for row in rows)
    for row in rows:
        if "error" in row:
            typer.echo(f"{row['file']:{width}}  could not be read")
            continue
        share = row["probabilities"][row["anatomy"]]
        line = f"{row['file']:{width}}  {row['anatomy']:8} {share:6.1%}  {row['decision']}"
        typer.echo(" ".join([line, *row["reasons"]]))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    if "error" in row:
        return row
    spread = row["standard_deviation"] or dict.fromkeys(KEYS)
    nested = ("probabilities", "standard_deviation", "reasons")
    return {
        **{key: value for key, value in row.items() if key not in nested},
        **{f"p_{key}": row["probabilities"][key] for key in KEYS},
        **{f"sd_{key}": spread[key] for key in KEYS},
        "reasons": " ".join(row["reasons"]),
    }

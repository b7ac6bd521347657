"""The command line: the same verbs as the pages."""

from __future__ import annotations

import getpass
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fetal_model import cli_predict, cli_training
from fetal_model.anatomy import KEYS
from fetal_model.cli_data import data
from fetal_model.cli_evaluation import commands as evaluation_commands
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
app.command()(cli_predict.predict)
app.command()(cli_training.train)
app.command()(cli_training.sweep)
app.command()(cli_training.recalibrate)
app.add_typer(data, name="data")


class Annotations(StrEnum):
    """Whether simulated screens carry text and marks."""

    on = "on"
    off = "off"
    mixed = "mixed"


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

"""The command line's `data`: get a set of labelled scans, split it, audit it, copy it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fetal_model.dataset.manifest import Record, read_folder, read_table
from fetal_model.store.versions import VersionError

data = typer.Typer(no_args_is_help=True, help="Labelled scans: fetch, split, audit, copy smaller.")


class DataSet(StrEnum):
    """What can be fetched."""

    fetal_planes = "fetal-planes"


@data.command()
def fetch(
    name: Annotated[DataSet, typer.Argument(help="The data set.")],
    directory: Annotated[Path | None, typer.Argument(help="New or empty; else data/NAME.")] = None,
    url: Annotated[str | None, typer.Option(help="Another address of the archive.")] = None,
    md5: Annotated[
        str | None, typer.Option(help="Its MD5, if the publisher gives another.")
    ] = None,
) -> None:
    """Download a published data set; called again, a download that was stopped goes on."""
    from fetal_model.dataset.fetch import FETAL_PLANES, notice
    from fetal_model.dataset.fetch import fetch as get

    published = replace(
        FETAL_PLANES, url=url or FETAL_PLANES.url, md5=(md5 or FETAL_PLANES.md5).strip()
    )
    typer.echo(notice(published), err=True)
    folder = directory or Path("data") / name.value
    try:
        with _bar("Downloading") as downloading, _bar("Unpacking") as unpacking:
            made = get(published, folder, downloading, unpacking)
    except (ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    typer.echo(made)


@data.command()
def split(
    directory: Annotated[Path, typer.Argument(help="A data folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    by: Annotated[
        str,
        typer.Option(
            help="patient, official, sequential, image, 5-fold (or another number), machine, "
            "operator or another column."
        ),
    ] = "patient",
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    leaky: Annotated[
        bool, typer.Option("--leaky", help="Allow a patient's scans in several parts.")
    ] = False,
) -> None:
    """Share out scans for training, validation and test, into a file with a hash."""
    from fetal_model.dataset.split_file import write_split
    from fetal_model.dataset.splits import split as share

    try:
        records = _read(directory)
        made = share(records, by, seed, leaky)
        write_split(output, made, records)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from error
    for part, scans in made.parts.items():
        typer.echo(f"{part}: {len(scans):,} scans", err=True)
    if made.note:
        typer.echo(made.note, err=True)
    typer.echo(output)


@data.command()
def audit(
    source: Annotated[Path, typer.Argument(help="A data folder, or a CSV of labels.")],
    split_file: Annotated[
        Path | None, typer.Option("--split", help="A split to look for leaks in.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Other scans (folder or CSV) that should not be in it.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="NAME or NAME/NUMBER that doubts labels.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Look for what is wrong with labelled scans."""
    from fetal_model.dataset.audit.examine import audit as examine
    from fetal_model.dataset.audit.leakage import read_other
    from fetal_model.dataset.audit.report import report
    from fetal_model.dataset.split_file import read_split

    try:
        records = _read(source)
        made = read_split(split_file) if split_file else None
        others = read_other(against) if against else None
        probabilities, basis = None, ""
        if version:
            from fetal_model.evaluation.out_of_sample import out_of_sample
            from fetal_model.store.versions import find_version

            with _bar("Answering") as answering:
                probabilities, basis = out_of_sample(find_version(version), records, answering)
        with _bar("Looking") as looking:
            result = examine(records, made, others, probabilities, looking)
    except (ValueError, OSError, VersionError) as error:
        raise typer.BadParameter(str(error)) from error
    if result["model"] is not None:
        result["model"]["basis"] = basis
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        typer.echo(report(result))


@data.command()
def smaller(
    directory: Annotated[Path, typer.Argument(help="A data folder with a manifest.csv.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to make.")],
    side: Annotated[int, typer.Option(min=1, help="Pixels of a side.")],
) -> None:
    """Copy labelled scans at the size of a network's input, to be carried to another machine."""
    from fetal_model.dataset.smaller import write_smaller
    from fetal_model.scan import ScanError

    try:
        typer.echo(write_smaller(directory, output, side, side))
    except (ValueError, OSError, ScanError) as error:
        raise typer.BadParameter(str(error)) from error


def _read(source: Path) -> list[Record]:
    return read_table(source) if source.is_file() else read_folder(source)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, which appears with the first progress."""
    with ExitStack() as stack:
        bars: list[Any] = []

        def advance(done: int, total: int) -> None:
            if not bars:
                bar = typer.progressbar(length=total, label=label, file=sys.stderr)
                bars.append(stack.enter_context(bar))
            bars[0].length = total
            bars[0].update(done - bars[0].pos)
            if done >= total:
                stack.close()

        yield advance

"""The command line's `predict`: answers about files, printed or written in every form of export."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.export import record as records_of
from fetal_model.export import table
from fetal_model.export.entry import Entry
from fetal_model.export.files import Kind, files_of
from fetal_model.export.record import Record, record
from fetal_model.predictor import DROPOUT_SAMPLES, Predictor
from fetal_model.predictor_clip import FRAMES, analyse_clip
from fetal_model.scan import Clip, Scan, ScanError, open_all, read_scan
from fetal_model.store.versions import Version, write_bytes, write_text

if TYPE_CHECKING:
    from fetal_model.export.pdf import Report


class Format(StrEnum):
    """How answers are printed, or written with --output."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Scans (PNG, JPEG, TIFF, BMP, WebP, DICOM), clips (DICOM, MP4, AVI, TIFF), "
            "folders, ZIPs or DICOMDIRs of them."
        ),
    ],
    form: Annotated[Format, typer.Option("--format", help="The form of the answers.")] = (
        Format.table
    ),
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="File to write them to, not stdout."),
    ] = None,
    heatmaps: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for the scans with their Grad-CAM overlay."),
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Report to write, a page for each scan.")
    ] = None,
    dicom: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for a Structured Report and the overlay."),
    ] = None,
    fhir: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for FHIR R4 DiagnosticReports.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="NAME or NAME/NUMBER; without it the one in service.")
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Dropout samples, where the version has dropout.")
    ] = DROPOUT_SAMPLES,
    frames: Annotated[
        int, typer.Option(min=1, help="Of a clip at most so many, evenly spaced, are looked at.")
    ] = FRAMES,
    keep_annotations: Annotated[
        bool, typer.Option("--keep-annotations", help="Show the model what is written too.")
    ] = False,
    at_most_wrong: Annotated[
        float | None,
        typer.Option(help="Largest share of wrong answers among accepted scans, such as 0.05."),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(help="Name the anatomies that hold the truth so often, such as 0.9."),
    ] = None,
) -> None:
    """Answer about each file; exit 1 if some could not be read or exported."""
    if form is Format.parquet and output is None:
        raise typer.BadParameter("parquet is no text: expected --output FILE, received none")
    try:
        predictor = Predictor.load(version)
        if at_most_wrong is not None:
            from fetal_model.cli_promises import threshold_for

            predictor = predictor.accepting_from(threshold_for(predictor.version, at_most_wrong))
        add_set: Callable[[Entry], Entry] | None = None
        if coverage is not None:
            from fetal_model.cli_promises import sets_for, with_set

            sets = sets_for(predictor.version, coverage)
            add_set = partial(with_set, sets=sets, coverage=coverage)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if keep_annotations:
        predictor = predictor.keeping_annotations()
    kinds: dict[Kind, Path | None] = {"overlays": heatmaps, "dicom": dicom, "fhir": fhir}
    folders = {kind: folder for kind, folder in kinds.items() if folder}
    with _writing():
        for folder in (*(path.parent for path in (output, pdf) if path), *folders.values()):
            folder.mkdir(parents=True, exist_ok=True)
    when = datetime.now().astimezone()
    report = _report(predictor, when) if pdf else None
    rows: list[Record] = []
    complete = True
    for number, (file, opened) in enumerate(open_all(files), start=1):
        entry = _entry(predictor, file, opened, samples, frames)
        if add_set:
            entry = add_set(entry)
        rows.append(record(entry, predictor.version))
        if report:
            report.add(entry)
        complete &= _write_files(folders, number, entry, predictor.version, when)
    with _writing():
        if pdf and report:
            write_bytes(pdf, report.data())
        _finish(rows, form, output)
    if not complete:
        raise typer.Exit(1)


def _write_files(
    folders: dict[Kind, Path], number: int, entry: Entry, version: Version, when: datetime
) -> bool:
    """Write an entry's own files; whether it has an answer and every export of it could be made."""
    complete = not isinstance(entry.answer, str)
    for kind, folder in folders.items():
        try:
            made = files_of(kind, number, entry, version, when)
        except ScanError as error:
            typer.echo(str(error), err=True)
            complete = False
            continue
        with _writing():
            for name, content in made.items():
                write_bytes(folder / name, content)
    return complete


def _entry(
    predictor: Predictor, file: str, opened: Scan | Clip | ScanError, samples: int, frames: int
) -> Entry:
    read = partial(_bytes, file)
    try:
        if isinstance(opened, ScanError):
            raise opened
        if isinstance(opened, Clip):
            found = analyse_clip(predictor, opened, frames, samples)
            return Entry(file, found.finding, lambda: blank_burned_in(found.scan)[0], read, found)
    except ScanError as error:
        typer.echo(str(error), err=True)
        return Entry(file, str(error), partial(read_scan, file, file), read)
    finding = predictor.analyse(opened, samples)
    return Entry(file, finding, lambda: blank_burned_in(opened)[0], read)


def _bytes(file: str) -> bytes:
    """The bytes of a file of its own.

    Raises:
        ScanError: It lies in a ZIP.
    """
    if not Path(file).is_file():
        raise ScanError.of(
            file,
            expected="a file of its own, for a DICOM result to refer to",
            found="one in a ZIP",
            advice="Unpack it first",
        )
    return Path(file).read_bytes()


def _report(predictor: Predictor, when: datetime) -> Report:
    from fetal_model.export.pdf import Report

    return Report(predictor.version, when)


@contextmanager
def _writing() -> Iterator[None]:
    """Word what the system refuses, such as a full disk or a folder that may not be written to."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"expected to write {error.filename or 'the output'}, found that the system refuses: "
            f"{error.strerror}; choose another place"
        ) from error


def _finish(rows: list[Record], form: Format, output: Path | None) -> None:
    if form is Format.parquet and output is not None:
        write_bytes(output, table.to_parquet(rows))
        return
    if form is Format.json:
        text = records_of.to_json(rows)
    elif form is Format.csv:
        text = table.to_csv(rows)
    else:
        text = _lines(rows)
    if output is not None:
        write_text(output, text)
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be Unicode
    typer.echo(text, nl=False)


def _lines(rows: list[Record]) -> str:
    """One line a file, for a reader."""
    width = max(len(row["file"]) for row in rows)
    lines = []
    for row in rows:
        if "error" in row:
            lines.append(f"{row['file']:{width}}  could not be read")
            continue
        share = row["probabilities"][row["anatomy"]]
        line = f"{row['file']:{width}}  {row['anatomy']:8} {share:6.1%}  {row['decision']}"
        if row.get("anatomies") is not None:
            line += f"  set: {' or '.join(row['anatomies']) or 'none fits'}"
        if "best_frame" in row:
            line += f"  frame {row['best_frame']} of {row['clip_frames']}"
        lines.append(" ".join([line, *row["reasons"]]))
    return "\n".join(lines) + "\n"

"""The command line's `predict`: an answer about each scan and clip."""

from __future__ import annotations

import csv
import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer

from fetal_model.anatomy import KEYS
from fetal_model.explain.overlay import overlay
from fetal_model.predictor import Finding, Predictor
from fetal_model.predictor_clip import FRAMES, ClipFinding, analyse_clip
from fetal_model.scan import Clip, Scan, ScanError, open_all
from fetal_model.store.versions import VersionError


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Scans (PNG, JPEG, TIFF, BMP, WebP, DICOM), clips (DICOM, MP4, AVI, TIFF), "
            "folders, ZIPs or DICOMDIRs of them."
        ),
    ],
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    heatmaps: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for the scans with their Grad-CAM overlay."),
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="NAME or NAME/NUMBER; without it the one in service.")
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, help="Of a clip at most so many, evenly spaced, are looked at.")
    ] = FRAMES,
) -> None:
    """Answer about each scan; exit 1 if some could not be read."""
    try:
        predictor = Predictor.load(version)
    except VersionError as error:
        raise typer.BadParameter(str(error)) from error
    rows: list[dict[str, Any]] = []
    for number, (file, opened) in enumerate(open_all(files), start=1):
        try:
            row, scan, finding = _answered(predictor, opened, frames)
        except ScanError as error:
            message = str(error)
            typer.echo(message, err=True)
            rows.append({"file": file, "error": message})
            continue
        rows.append({"file": file, **row})
        if heatmaps:
            heatmaps.mkdir(parents=True, exist_ok=True)
            picture = overlay(scan.display, finding.heatmap(), 0.6)
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
        "probabilities": _by_anatomy(finding.probabilities),
        "standard_deviation": None if spread is None else _by_anatomy(spread),
        "predictive_entropy": finding.predictive_entropy,
        "mutual_information": finding.mutual_information,
        "plane_score": finding.plane_score,
        "decision": finding.decision,
        "reasons": list(finding.reasons),
        "version": finding.version,
        "seconds": round(finding.seconds, 4),
    }


def answer_clip(found: ClipFinding) -> dict[str, Any]:
    """The JSON form of what was found in a clip: its best frame's, and each frame's in short."""
    frames: list[dict[str, Any]] = []
    for frame in found.frames:
        row: dict[str, Any] = {"index": frame.index, "seconds": frame.seconds}
        if isinstance(frame.finding, ScanError):
            row["error"] = str(frame.finding)
        else:
            row["anatomy"] = frame.finding.anatomy.key
            row["probabilities"] = _by_anatomy(frame.finding.probabilities)
            row["decision"] = frame.finding.decision
        frames.append(row)
    return {
        **answer(found.finding),
        "best_frame": found.best,
        "clip_frames": found.scan.facts.frames,
        "frames": frames,
    }


def _answered(
    predictor: Predictor, opened: Scan | Clip | ScanError, frames: int
) -> tuple[dict[str, Any], Scan, Finding]:
    if isinstance(opened, ScanError):
        raise opened
    if isinstance(opened, Clip):
        found = analyse_clip(predictor, opened, frames)
        return answer_clip(found), found.scan, found.finding
    finding = predictor.analyse(opened)
    return answer(finding), opened, finding


def _by_anatomy(values: Any) -> dict[str, float]:
    return dict(zip(KEYS, values.tolist(), strict=True))


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
        if "best_frame" in row:
            line += f"  frame {row['best_frame']} of {row['clip_frames']}"
        typer.echo(" ".join([line, *row["reasons"]]))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    if "error" in row:
        return row
    spread = row["standard_deviation"] or dict.fromkeys(KEYS)
    nested = ("probabilities", "standard_deviation", "reasons", "frames")
    return {
        **{key: value for key, value in row.items() if key not in nested},
        **{f"p_{key}": row["probabilities"][key] for key in KEYS},
        **{f"sd_{key}": spread[key] for key in KEYS},
        "reasons": " ".join(row["reasons"]),
    }

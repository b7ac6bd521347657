"""Exports say the same in every form, say where they come from, and can be obtained again."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pypdfium2
import pytest
from PIL import Image
from pyarrow import parquet
from pydicom import dcmread
from typer.testing import CliRunner

from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.export import record as records_of
from fetal_model.export.bundle import bundle
from fetal_model.export.entry import DISCLAIMER, Entry, Named
from fetal_model.export.files import NOTES, archive
from fetal_model.export.overlays import overlay_picture
from fetal_model.export.table import COLUMNS, to_csv, to_parquet
from fetal_model.predictor import Predictor
from fetal_model.predictor_clip import ClipFinding, FrameFinding
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.versions import Version, list_versions, write_bytes

SCHEMA = json.loads(Path(records_of.__file__).with_name("schema.json").read_text(encoding="utf-8"))
FORMS = ("json", "csv", "parquet", "pdf", "overlays", "dicom", "fhir")
ODD = os.fsdecode(b"odd-\xff.png")


@pytest.fixture(scope="module")
def records(entries: list[Entry], served: Predictor) -> list[dict[str, Any]]:
    return [records_of.record(entry, served.version) for entry in entries]


def without_dropout() -> Predictor:
    return next(p for p in map(Predictor, list_versions()) if not p.offers_dropout)


def test_json_is_what_the_schema_says(records: list[dict[str, Any]], entries: list[Entry]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(records_of.to_json(records)), SCHEMA)
    plain = without_dropout()
    answered = replace(entries[0], answer=plain.analyse(entries[0].scan()))
    (row,) = json.loads(records_of.to_json([records_of.record(answered, plain.version)]))
    jsonschema.validate([row], SCHEMA)
    assert row["standard_deviation"] is None
    assert row["settings"]["dropout_samples"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "fetal-anatomy-lab/finding/2"},
        {"decision": "maybe"},
        {"error": "and an answer"},
        {"version_hash": "short"},
        {"probabilities": {"brain": 1.0}},
        {"settings": {"dropout_samples": 30}},
    ],
    ids=str,
)
def test_the_schema_refuses(change: dict[str, Any], records: list[dict[str, Any]]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**records[0], **change}], SCHEMA)


def test_the_schema_names_every_field(records: list[dict[str, Any]]) -> None:
    error, finding = SCHEMA["items"]["oneOf"]
    assert ["file", "schema", *finding["required"]] == list(records[0])
    assert ["file", "schema", *error["required"]] == list(records[2])
    assert set(finding["properties"]) == {
        *finding["required"], "error", "anatomies", "coverage", "best_frame", "clip_frames",
        "frames",
    }  # fmt: skip


def test_every_field_is_documented(records: list[dict[str, Any]]) -> None:
    root = Path(__file__).resolve().parents[2]
    for document in (root / "README.md", root / "docs" / "exports.md"):
        text = document.read_text(encoding="utf-8")
        assert [key for key in records[0] if f"`{key}`" not in text] == [], document
    text = (root / "docs" / "exports.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []


def test_csv_and_parquet_say_what_json_says(records: list[dict[str, Any]]) -> None:
    of_csv = list(csv.DictReader(io.StringIO(to_csv(records))))
    of_parquet = parquet.read_table(io.BytesIO(to_parquet(records))).to_pylist()
    assert list(of_csv[0]) == list(of_parquet[0]) == list(COLUMNS)
    for record, text, typed in zip(records, of_csv, of_parquet, strict=True):
        assert text["file"] == typed["file"] == record["file"]
        if "error" in record:
            assert text["error"] == typed["error"] == record["error"]
            assert {text[column] for column in list(COLUMNS)[3:]} == {""}
            assert {typed[column] for column in list(COLUMNS)[3:]} == {None}
            continue
        assert (text["error"], typed["error"]) == ("", None)
        for key in KEYS:
            for prefix, field in (("p", "probabilities"), ("sd", "standard_deviation")):
                assert typed[f"{prefix}_{key}"] == record[field][key]
                assert float(text[f"{prefix}_{key}"]) == record[field][key]
        assert typed["rejected"] == record["rejected"] == (text["rejected"] == "true")
        assert typed["reasons"] == text["reasons"] == " ".join(record["reasons"])
        assert typed["dropout_samples"] == 30 == int(text["dropout_samples"])


def test_tables_of_unread_files_have_the_same_columns(records: list[dict[str, Any]]) -> None:
    table = parquet.read_table(io.BytesIO(to_parquet([records[2]])))
    assert table.schema.equals(parquet.read_table(io.BytesIO(to_parquet(records))).schema)
    assert to_csv([records[2]]).splitlines()[0] == ",".join(COLUMNS)


def content(form: str, data: bytes) -> str:
    """Everything that a reader of an export can find in it as text."""
    if form == "parquet":
        table = parquet.read_table(io.BytesIO(data))
        return f"{table.schema.metadata} {table.to_pylist()}"
    if form == "pdf":
        pages = pypdfium2.PdfDocument(data)
        return "\n".join(page.get_textpage().get_text_range() for page in pages)
    if form not in ("overlays", "dicom", "fhir"):
        return data.decode("utf-8")
    texts = []
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        for name in files.namelist():
            inner = files.read(name)
            if name.endswith(".dcm"):
                elements = dcmread(io.BytesIO(inner)).iterall()
                text = "\n".join(str(element.value) for element in elements)
            elif name.endswith(".png"):
                text = str(Image.open(io.BytesIO(inner)).info)
            else:
                text = inner.decode("utf-8")
            texts.append(f"{name}\n{text}")
    return "\n".join(texts)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_version_hash_and_settings(
    form: Any, entries: list[Entry], served: Predictor, when: datetime
) -> None:
    text = content(form, bundle(form, entries, served.version, when))
    for part in (served.version.label, served.version.hash, "30", "taken"):
        assert part in text, part
    if form not in ("json", "csv", "parquet"):
        assert DISCLAIMER in text


@pytest.mark.parametrize("form", FORMS)
def test_a_pseudonym_leaves_no_file_name(
    form: Any, entries: list[Entry], served: Predictor, when: datetime
) -> None:
    scan = read_scan(entries[0].file(), "MUSTERMANN.dcm")
    hidden = replace(entries[0], name="scan-3f2a9c", scan=lambda: scan)
    data = bundle(form, [hidden], served.version, when)
    text = content(form, data)
    assert "scan-3f2a9c" in text
    assert "MUSTERMANN" not in text
    assert b"MUSTERMANN" not in data


def test_an_archive_says_what_is_missing(
    entries: list[Entry], served: Predictor, when: datetime
) -> None:
    with zipfile.ZipFile(io.BytesIO(archive("dicom", entries, served.version, when))) as files:
        assert files.namelist() == ["0001-femur-report.dcm", "0001-femur-overlay.dcm", NOTES]
        brain, note, thorax = files.read(NOTES).decode("utf-8").splitlines()
    assert brain.startswith("brain.png: expected a scan that came from DICOM")
    assert "found a PNG file" in brain
    assert note == entries[2].answer
    assert thorax.startswith("thorax.png: expected a scan that came from DICOM")
    with zipfile.ZipFile(io.BytesIO(archive("fhir", entries[:2], served.version, when))) as files:
        assert files.namelist() == ["0001-femur-report.json", "0002-brain-report.json"]


def test_the_overlay_is_the_one_of_the_page(
    entries: list[Entry], served: Predictor, when: datetime
) -> None:
    with zipfile.ZipFile(io.BytesIO(archive("overlays", entries, served.version, when))) as files:
        name = files.namelist()[0]
        picture = np.asarray(Image.open(io.BytesIO(files.read(name))))
    finding = entries[0].answer
    assert name == f"0001-femur-{finding.anatomy.key}.png"
    assert np.array_equal(picture, overlay_picture(entries[0].scan(), finding))


@pytest.mark.parametrize("name", ["a" * 300 + ".png", "Ж" * 200, "x/../y.dcm", ODD])
def test_a_file_name_fits_any_system(name: str, entries: list[Entry], tmp_path: Path) -> None:
    stem = replace(entries[0], name=name).stem(12)
    write_bytes(tmp_path / f"{stem}-femur.png", b"x")
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}-femur.png"]


def test_a_name_that_is_not_unicode_costs_nothing(
    entries: list[Entry], served: Predictor, when: datetime
) -> None:
    odd = [replace(entries[0], name=ODD)]
    for form in FORMS:
        assert bundle(form, odd, served.version, when)
    assert json.loads(bundle("json", odd, served.version, when))[0]["file"] == ODD


def predict(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


@pytest.mark.parametrize(("dropout", "samples"), [(True, 7), (True, 30), (False, 30)])
def test_an_export_can_be_obtained_again(
    dropout: bool, samples: int, served: Predictor, phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    version = served.version if dropout else without_dropout().version
    files = [phantom_files["abdomen"], phantom_files["thorax"]]
    first = tmp_path / "deep" / "first.json"
    result = predict(
        *files, "--version", version.label, "--samples", samples, "--format", "json", "-o", first
    )
    assert (result.exit_code, result.output) == (0, "")
    exported = json.loads(first.read_text(encoding="utf-8"))
    for row in exported:
        again = tmp_path / "again.json"
        stated = row["settings"]["dropout_samples"]
        chosen = ["--samples", stated] if stated else []
        options = ["--version", row["version"], "--format", "json", "--output", again]
        assert predict(row["file"], *options, *chosen).exit_code == 0
        (repeated,) = json.loads(again.read_text(encoding="utf-8"))
        del row["seconds"], repeated["seconds"]
        assert repeated == row
    assert exported[0]["settings"]["dropout_samples"] == (samples if dropout else 0)


def test_the_hash_tells_versions_and_changes_apart() -> None:
    versions = list_versions()
    assert len({version.hash for version in versions}) == len(versions)
    one = versions[0]
    metadata = {**one.metadata, "thresholds": {"plane_score": 0.1, "confidence": 0.1}}
    assert Version(one.name, one.number, one.path, metadata).hash != one.hash
    reordered = dict(reversed(one.metadata.items()))
    assert Version(one.name, one.number, one.path, reordered).hash == one.hash


def test_all_exports_at_once_from_the_command_line(
    dicom_file: Path, phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    brain = phantom_files["brain"]
    result = predict(
        dicom_file, brain, "--format", "parquet", "--output", tmp_path / "a.parquet",
        "--pdf", tmp_path / "new" / "a.pdf", "--dicom", tmp_path / "dicom",
        "--fhir", tmp_path / "fhir", "--heatmaps", tmp_path / "maps",
    )  # fmt: skip
    assert result.exit_code == 1, "a PNG has no DICOM result"
    assert result.stdout == ""
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith(f"{brain}: expected a scan that came from DICOM")
    assert parquet.read_table(tmp_path / "a.parquet").num_rows == 2
    assert len(pypdfium2.PdfDocument((tmp_path / "new" / "a.pdf").read_bytes())) == 2
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert [name for name in left if not name.startswith("maps")] == [
        "a.parquet", "dicom/0001-femur-overlay.dcm", "dicom/0001-femur-report.dcm",
        "fhir/0001-femur-report.json", "fhir/0002-brain-report.json", "new/a.pdf",
    ]  # fmt: skip
    assert len(left) == 8


def test_what_cannot_be_written_is_exit_2_and_leaves_nothing(
    phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    brain = phantom_files["brain"]
    for options in (
        ["--format", "parquet"],
        ["--output", tmp_path / "file" / "a.json"],
        ["--pdf", tmp_path],
        ["--dicom", tmp_path / "file"],
    ):
        result = predict(brain, *options)
        assert result.exit_code == 2, options
        assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_finished_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_bytes(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("anatomies", [("femur", "thorax"), (), None])
def test_a_set_of_anatomies_leaves_with_the_answer(
    entries: list[Entry], served: Predictor, anatomies: tuple[str, ...] | None
) -> None:
    found = records_of.record(replace(entries[0], named=Named(0.9, anatomies)), served.version)
    assert found["anatomies"] == (None if anatomies is None else list(anatomies))
    jsonschema.validate([found], SCHEMA)
    (line,) = csv.DictReader(io.StringIO(to_csv([found])))
    assert (line["anatomies"], line["coverage"]) == (" ".join(anatomies or ()), "0.9")
    assert "anatomies" not in records_of.record(entries[0], served.version)


def test_a_clip_is_its_best_frame_and_all_frames_in_short(
    entries: list[Entry], served: Predictor
) -> None:
    finding = entries[0].answer
    assert not isinstance(finding, str)
    broken = ScanError.of("sweep.mp4", expected="a frame", found="none", advice="Export it again")
    frames = (FrameFinding(0, 0.0, broken), FrameFinding(7, 0.28, finding))
    scan = entries[0].scan()
    clip = ClipFinding(frames, 7, scan, finding)
    found = records_of.record(replace(entries[0], clip=clip), served.version)
    assert (found["best_frame"], found["clip_frames"]) == (7, scan.facts.frames)
    assert found["frames"][0] == {"index": 0, "seconds": 0.0, "error": str(broken)}
    assert found["frames"][1]["anatomy"] == found["anatomy"]
    assert found["frames"][1]["faults"] == list(finding.faults)
    jsonschema.validate([found], SCHEMA)
    assert f",{clip.best}," in to_csv([found]).splitlines()[1]

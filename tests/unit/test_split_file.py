"""A split's file: read back as it was written, and refused when it or the scans have changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.dataset.manifest import Record, read_folder
from fetal_model.dataset.split_file import read_split, write_split
from fetal_model.dataset.splits import split


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """48 scans of 24 patients, listed in a manifest."""
    made = tmp_path / "scans"
    made.mkdir()
    lines = ["path,label,patient,operator"]
    for number in range(48):
        (made / f"{number}.png").write_bytes(bytes([number]))
        lines.append(f"{number}.png,{KEYS[number % 4]},P{number // 2},O{number // 2 % 2}")
    (made / "manifest.csv").write_text("\n".join(lines) + "\n")
    return made


@pytest.fixture
def records(folder: Path) -> list[Record]:
    return read_folder(folder)


@pytest.mark.parametrize("how", ["patient", "operator", "3-fold"])
def test_it_is_read_back_as_written(how: str, records: list[Record], tmp_path: Path) -> None:
    made = split(records, how, 5)
    for name in ("a.json", "deep/b.json"):
        write_split(tmp_path / name, made, records)
        assert read_split(tmp_path / name, records) == made
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "deep/b.json").read_bytes()


@pytest.mark.parametrize("change", ["seed", "leaky", "note", "parts", "data"])
def test_a_changed_file_is_refused(change: str, records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    write_split(path, split(records, "patient", 0), records)
    content = json.loads(path.read_text())
    if change == "parts":
        content["parts"]["train"].append(content["parts"]["test"].pop())
    elif change == "data":
        content["data"]["scans"] += 1
    else:
        content[change] = {"seed": 1, "leaky": True, "note": "All is well."}[change]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"split\.json: expected the content that its SHA-256"):
        read_split(path)


@pytest.mark.parametrize("change", ["pixel", "label", "patient", "one less"])
def test_it_is_refused_for_other_scans(change: str, records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    write_split(path, split(records, "patient", 0), records)
    if change == "pixel":
        records[3].file.write_bytes(b"another")
    elif change == "one less":
        records.pop()
    else:
        records[3] = replace(records[3], **{change: "femur"})
    with pytest.raises(ValueError, match="expected the 48 scans it was made for"):
        read_split(path, records)
    assert read_split(path).how == "patient"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sha256": ""}', "\xff"])
def test_what_is_no_split_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="expected a split file"):
        read_split(path)


def test_the_command_writes_a_file(folder: Path, records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    arguments = ["data", "split", str(folder), "--by", "operator", "--seed", "4", "-o", str(path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    assert done.stdout == f"{path}\n"
    assert "O0: 24 scans" in done.stderr
    assert read_split(path, records) == split(records, "operator", 4)


def test_the_command_refuses_a_leak_unless_asked(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    arguments = ["data", "split", str(folder), "--by", "image", "-o", str(path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "24 patients" in " ".join(done.output.replace("│", " ").split())
    assert not path.exists()
    done = CliRunner().invoke(app, [*arguments, "--leaky"])
    assert done.exit_code == 0
    assert "Leaky: " in done.stderr
    assert json.loads(path.read_text())["leaky"] is True

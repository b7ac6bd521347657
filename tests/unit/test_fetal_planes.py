"""FETAL_PLANES_DB as published: every row is read, in our words; a row that is wrong is named."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from fetal_model.dataset.fetal_planes import TABLE, read_name
from fetal_model.dataset.manifest import LABELS, read_folder, read_table
from fetal_model.scan import read_scan


def test_the_published_layout_is_read(fetal_planes: Path) -> None:
    records = read_folder(fetal_planes)
    assert Counter(record.label for record in records) == dict.fromkeys(LABELS, 3)
    assert {record.source for record in records} == {"fetal_planes"}
    assert not any(record.simulated for record in records)
    for record in records:
        assert read_scan(record.file).pixels.shape == (150, 192)
        said = read_name(record.scan)
        assert said == (record.patient, record.label)


def test_further_columns_are_kept_without_blanks(fetal_planes: Path) -> None:
    brain = [record for record in read_folder(fetal_planes) if record.label == "brain"]
    assert [dict(record.columns) for record in brain] == [
        {
            "plane": "Fetal brain", "brain_plane": "Trans-thalamic", "operator": f"Op. {n}",
            "machine": machine, "part": part,
        }
        for n, machine, part in (
            (1, "Voluson E6", "test"), (2, "Aloka", "train"), (3, "Voluson E6", "train"),
        )
    ]  # fmt: skip


def test_patients_are_those_of_the_other_subsets(fetal_planes: Path) -> None:
    first = read_folder(fetal_planes)[0]
    assert first.group == "fetal_planes:Patient00003"


def test_a_label_file_alone_is_read(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("Image_name,Plane\nPatient01018_Plane3_2_of_3,Fetal brain\nx,Other\n")
    named, unnamed = read_table(table)
    assert (named.scan, named.label) == ("Images/Patient01018_Plane3_2_of_3.png", "brain")
    assert named.patient == "Patient01018"
    assert (unnamed.patient, unnamed.label) == ("", "other")
    assert not named.file.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Fetal femur", "Fetal leg", "line 14: expected a Plane out of Fetal brain"),
        (";0 ", ";2 ", "line 2: expected 1 or 0 in the column Train, found '2'"),
        ("Plane;Brain", "Class;Brain", "expected the columns path and label"),
        ("Patient00003_Plane1_1_of_1;3", "../../x;3", "line 2: expected a path below"),
    ],
)
def test_a_wrong_row_is_named(
    old: str, new: str, said: str, fetal_planes: Path, tmp_path: Path
) -> None:
    text = (fetal_planes / TABLE).read_text(encoding="utf-8")
    (tmp_path / TABLE).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        read_folder(tmp_path)
    assert TABLE in str(caught.value)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path, phantom_files: dict[str, Path]) -> None:
    shutil.copy(phantom_files["brain"], tmp_path / TABLE)
    with pytest.raises(ValueError, match="expected a CSV in UTF-8"):
        read_folder(tmp_path)


def test_a_manifest_keeps_further_columns(tmp_path: Path) -> None:
    text = "path,label,patient,quality,machine\na.png,brain,7,good,M1\n"
    (tmp_path / "manifest.csv").write_text(text)
    (record,) = read_folder(tmp_path)
    assert record.columns == {"quality": "good", "machine": "M1"}
    assert hash(record) == hash(record)

"""Manifests: what a row says, who shares patients with whom, and the data's fingerprint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fetal_model.dataset.manifest import (
    Record,
    fingerprint,
    read_folder,
    read_phantoms,
    read_real_scans,
    shared_folder,
)
from fetal_model.dataset.pipeline import decode
from fetal_model.dataset.smaller import write_smaller
from fetal_model.phantom import write_phantoms
from fetal_model.scan import ScanError
from fetal_model.scan.preprocess import InputSpec

REAL = """path,label,part,source,patient,width,height,mode,sha256,licence,note,mask
validation/brain/a.png,brain,validation,hc18,7,9,9,L,00,CC BY 4.0,,
train/brain/b.png,brain,train,fetal_planes_alzubaidi,Patient7,9,9,L,00,CC BY 4.0,,train/masks/b.png
train/other/c.png,other,train,focus,,9,9,L,00,CC BY 4.0,,
"""


def record(source: str, patient: str, scan: str = "a.png") -> Record:
    return Record(scan, Path(scan), "brain", patient, source, "", simulated=False)


def test_rows_of_the_phantom_command(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "made", 2, seed=1, workers=1)
    records = read_phantoms(tmp_path / "made")
    assert sorted(r.label for r in records) == sorted(["brain", "abdomen", "femur", "thorax"] * 2)
    for made in records:
        assert made.simulated
        assert made.source == "phantom"
        assert made.patient
        assert made.file == tmp_path / "made" / made.scan
        assert made.file.is_file()
        assert made.mask is not None
        assert made.mask.is_file()


@pytest.mark.parametrize(
    ("part", "scans"),
    [
        ("validation", ["validation/brain/a.png"]),
        ("train", ["train/brain/b.png", "train/other/c.png"]),
        ("examples", []),
    ],
)
def test_rows_of_one_part(part: str, scans: list[str], tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(REAL, encoding="utf-8")
    records = read_real_scans(tmp_path, part)
    assert [r.scan for r in records] == scans
    assert all(r.part == part and not r.simulated for r in records)
    assert all(r.file == tmp_path / r.scan for r in records)


def test_a_row_keeps_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(REAL, encoding="utf-8")
    masked, unmasked = read_real_scans(tmp_path, "train")
    assert (masked.label, masked.source, masked.patient) == (
        "brain", "fetal_planes_alzubaidi", "Patient7",
    )  # fmt: skip
    assert masked.mask == tmp_path / "train/masks/b.png"
    assert (unmasked.label, unmasked.patient, unmasked.mask) == ("other", "", None)


@pytest.mark.parametrize("read", [read_phantoms, lambda folder: read_real_scans(folder, "train")])
def test_a_folder_without_a_manifest_is_refused(read: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a manifest\.csv"):
        read(tmp_path)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (record("fetal_planes", "Patient7"), record("fetal_planes_alzubaidi", "Patient7"), True),
        (record("fetal_planes_tt", "Patient7"), record("fetal_planes_inferred", "Patient7"), True),
        (record("fetal_planes", "Patient7"), record("fetal_planes", "Patient8"), False),
        (record("fetal_planes", "7"), record("hc18", "7"), False),
        (record("focus", "", "a.png"), record("focus", "", "b.png"), False),
        (record("focus", "", "a.png"), record("focus", "", "a.png"), True),
        (record("focus", "", "a.png"), record("focus", "a.png"), False),
    ],
)
def test_who_counts_as_one_patient(first: Record, second: Record, same: bool) -> None:
    assert (first.group == second.group) is same


def scans_in(folder: Path) -> list[Record]:
    records = []
    for number in range(4):
        file = folder / f"{number}.png"
        file.write_bytes(bytes([number, 7]))
        records.append(Record(file.name, file, "brain", f"p{number}", "x", "", simulated=True))
    return records


def test_fingerprint_does_not_know_order_or_place(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = scans_in(tmp_path / "here"), scans_in(tmp_path / "there")
    assert fingerprint(here) == fingerprint(reversed(here)) == fingerprint(there)


def test_a_smaller_copy_has_the_fingerprint_of_the_scans_and_the_pixels_of_training(
    tmp_path: Path,
) -> None:
    whole, smaller = tmp_path / "made", tmp_path / "smaller"
    write_phantoms(whole, 2, seed=1, workers=1)
    assert write_smaller(whole, smaller, 48, 64) == smaller / "manifest.csv"
    before, after = read_phantoms(whole), read_phantoms(smaller)
    assert fingerprint(after) == fingerprint(before)
    assert [(r.scan, r.label, r.patient) for r in after] == [
        (r.scan, r.label, r.patient) for r in before
    ]
    spec = InputSpec(48, 64, "0-255")
    assert np.array_equal(decode(after, spec), decode(before, spec))
    assert cv2.imread(str(after[0].file), cv2.IMREAD_UNCHANGED).shape == (48, 64)
    again = tmp_path / "again"
    write_smaller(smaller, again, 48, 64)
    assert fingerprint(read_phantoms(again)) == fingerprint(before)
    for other in (InputSpec(24, 32, "0-255"), InputSpec(48, 64, "0-255", crop="content")):
        with pytest.raises(ValueError, match=r"expected a copy of \d+ x \d+ pixels"):
            decode(after, other)
    with pytest.raises(ValueError, match="smaller: expected a new folder, found one"):
        write_smaller(whole, smaller, 48, 64)
    with pytest.raises(ValueError, match=r"expected a manifest.csv"):
        write_smaller(tmp_path / "absent", tmp_path / "other", 48, 64)
    assert {path.name for path in tmp_path.iterdir()} == {"made", "smaller", "again"}


def test_of_a_copy_that_fails_nothing_is_left_and_no_scan_is_written_over(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.png", tmp_path / "mine"
    folder.mkdir()
    for file in (outside, folder / "a.png"):
        cv2.imwrite(str(file), np.full((90, 120), 80, np.uint8))
    before = outside.read_bytes()
    for path in (str(outside), "../outside.png"):
        (folder / "manifest.csv").write_text(f"path,label\na.png,brain\n{path},brain\n")
        with pytest.raises(ValueError, match="line 3: expected a path below the folder"):
            write_smaller(folder, tmp_path / "copy", 48, 64)
    (folder / "manifest.csv").write_text("path,label\na.png,brain\nb.png,brain\n")
    (folder / "b.png").write_bytes(b"no picture")
    with pytest.raises(ScanError):
        write_smaller(folder, tmp_path / "copy", 48, 64)
    assert outside.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"outside.png", "mine"}


@pytest.mark.parametrize("change", ["label", "patient", "scan", "pixel", "one less", "one twice"])
def test_fingerprint_changes_with_what_is_learned(change: str, tmp_path: Path) -> None:
    records = scans_in(tmp_path)
    before = fingerprint(records)
    if change == "pixel":
        records[2].file.write_bytes(bytes([2, 8]))
    elif change == "one less":
        records.pop()
    elif change == "one twice":
        records.append(records[0])
    else:
        records[2] = replace(records[2], **{change: "femur"})
    assert fingerprint(records) != before


def test_shared_folder_is_where_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    assert shared_folder() == tmp_path
    monkeypatch.delenv("FETAL_SHARED")
    assert shared_folder() == Path(__file__).resolve().parents[3] / "shared"


def test_a_folder_without_a_manifest_is_labelled_by_its_sub_folders(tmp_path: Path) -> None:
    for path in ("set/Brain/a.png", "femur/b.dcm", "cervix/c.png", "notes/d.txt", "femur/.hidden"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    records = read_folder(tmp_path)
    assert [(r.scan, r.label) for r in records] == [
        ("cervix/c.png", "cervix"), ("femur/b.dcm", "femur"), ("set/Brain/a.png", "brain"),
    ]  # fmt: skip
    assert {(r.patient, r.source, r.simulated) for r in records} == {("", tmp_path.name, False)}
    assert len({r.group for r in records}) == 3


def test_a_manifest_says_label_and_patient(tmp_path: Path) -> None:
    # as a spreadsheet writes it, with a mark of the byte order
    text = "\ufeffpath,label,patient\na.png,brain,7\nb.png,other,\n"
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    first, second = read_folder(tmp_path)
    assert (first.label, first.patient, second.label, second.patient) == ("brain", "7", "other", "")
    write_phantoms(tmp_path / "made", 2, seed=1, workers=1)
    assert all(record.simulated for record in read_folder(tmp_path / "made"))


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("path,class\na.png,brain\n", "columns path and label"),
        ("path,label\n", "found no row"),
        ("path,label\na.png,heart\n", "line 2: expected a label out of brain"),
        ("path,label\na.png,brain\n../b.png,brain\n", "line 3: expected a path below"),
        ("label,path\nbrain,a.png\nbrain\n", "line 3: expected a path below"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(manifest: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(manifest)
    with pytest.raises(ValueError, match=said):
        read_folder(tmp_path)


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found neither"):
        read_folder(tmp_path)
    with pytest.raises(ValueError, match="found none at"):
        read_folder(tmp_path / "absent")


def test_a_published_file_name_tells_the_patient_if_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "Brain").mkdir()
    (tmp_path / "Brain" / "Patient00012_Plane3_1_of_2.png").touch()
    (only,) = read_folder(tmp_path)
    assert only.patient == "Patient00012"
    text = "path,label,patient\nBrain/Patient00012_Plane3_1_of_2.png,brain,mine\n"
    (tmp_path / "manifest.csv").write_text(text)
    assert read_folder(tmp_path)[0].patient == "mine"

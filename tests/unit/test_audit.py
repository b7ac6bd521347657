"""The audit finds what was put into a set of scans, and nothing in one without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.dataset.audit.doubts import doubted_labels
from fetal_model.dataset.audit.examine import audit
from fetal_model.dataset.audit.leakage import read_other
from fetal_model.dataset.audit.pictures import NEAR, perceptual_hash
from fetal_model.dataset.audit.report import report
from fetal_model.dataset.fetal_planes import TABLE
from fetal_model.dataset.manifest import Record, read_folder
from fetal_model.dataset.split_file import write_split
from fetal_model.dataset.splits import split


def run(*arguments: str | Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["data", "audit", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def spoilt(fetal_planes: Path, tmp_path: Path) -> Path:
    """The small published folder with one of each fault."""
    folder = tmp_path / "spoilt"
    shutil.copytree(fetal_planes, folder)
    images, table = folder / "Images", folder / TABLE
    text = table.read_text(encoding="utf-8")
    for old, new in (
        ("Patient00009_Plane3_1_of_1;9;Fetal brain", "Patient00009_Plane3_1_of_1;9;Fetal femur"),
        ("Plane6_1_of_1;18;", "Plane6_1_of_1;17;"),  # a test patient's number on a training scan
        ("Plane6_1_of_1;19;", "Plane6_1_of_1;18;"),
    ):
        assert old in text
        text = text.replace(old, new)
    table.write_text(text, encoding="utf-8")
    (images / "Patient00003_Plane1_1_of_1.png").write_bytes(b"no picture")
    (images / "Patient00004_Plane1_1_of_1.png").unlink()
    black = np.zeros((150, 192), np.uint8)
    cv2.imwrite(str(images / "Patient00012_Plane4_1_of_1.png"), black)
    # the same pixels, and almost the same, under other patients
    shutil.copy(
        images / "Patient00006_Plane2_1_of_1.png", images / "Patient00007_Plane2_1_of_1.png"
    )
    brain = cv2.imread(str(images / "Patient00010_Plane3_1_of_1.png"), 0)
    cv2.imwrite(str(images / "Patient00011_Plane3_1_of_1.png"), np.minimum(brain, 250) + 4)
    return folder


def test_a_sound_folder_is_found_sound(fetal_planes: Path) -> None:
    result = audit(read_folder(fetal_planes))
    assert result["data"] == {
        "scans": 18, "patients": 18, "scans_without_patient": 0, "simulated": False,
    }  # fmt: skip
    assert result["classes"] == {
        label: {"scans": 3, "patients": 3} for label in (*KEYS, "cervix", "other")
    }
    assert result["repeated"] == []
    assert result["names"] == {"named": 18, "labels": [], "patients": []}
    assert [leak["between"] for leak in result["leaks"]] == [["test", "train"]]
    assert result["leaks"][0]["shared_patients"] == result["leaks"][0]["shared_scans"] == []
    pictures = result["pictures"]
    assert pictures["read"] == 18
    for fault in ("unreadable", "duplicates", "near_duplicates", "near_black"):
        assert pictures[fault] == []


def test_every_fault_is_found(spoilt: Path) -> None:
    result = run(spoilt)
    assert result["names"]["labels"] == [
        {"scan": "Images/Patient00009_Plane3_1_of_1.png", "label": "femur", "name": "brain"}
    ]
    assert [(row["patient"], row["name"]) for row in result["names"]["patients"]] == [
        ("Patient00017", "Patient00018"), ("Patient00018", "Patient00019"),
    ]  # fmt: skip
    pictures = result["pictures"]
    assert pictures["read"] == 16
    assert [row["scan"][:19] for row in pictures["unreadable"]] == [
        "Images/Patient00003", "Images/Patient00004",
    ]  # fmt: skip
    assert "no such file" in pictures["unreadable"][1]["error"]
    assert pictures["near_black"] == ["Images/Patient00012_Plane4_1_of_1.png"]
    (same,) = pictures["duplicates"]
    assert [scan[14:19] for scan in same["scans"]] == ["00006", "00007"]
    assert same["same_patient"] is False
    assert same["parts"] == ["test", "train"]
    (near,) = pictures["near_duplicates"]
    assert [scan[14:19] for scan in near["scans"]] == ["00010", "00011"]
    assert near["bits"] <= NEAR


def test_the_report_names_what_was_found(spoilt: Path) -> None:
    text = report(audit(read_folder(spoilt)))
    for words in (
        "18 scans of 17 patients",
        "Labels that contradict the file name: 1 of 18 named scans (5.6%)",
        "Patient00009_Plane3_1_of_1.png: labelled femur, named brain",
        "Patient00018, named Patient00019",
        "Unreadable pictures: 2",
        "Patient00007_Plane2_1_of_1.png; two patients; parts test and train",
        "Near-black pictures: 1 of 16 read",
    ):
        assert words in text


def test_labels_alone_are_audited(spoilt: Path) -> None:
    whole = run(spoilt)
    shutil.rmtree(spoilt / "Images")
    result = run(spoilt / TABLE)
    assert result["pictures"] is None
    assert result["names"] == whole["names"]
    assert result["leaks"] == whole["leaks"]
    assert "none is there" in report(result)


def test_a_published_split_that_leaks_is_found(spoilt: Path) -> None:
    text = (spoilt / TABLE).read_text(encoding="utf-8")
    # patient 18 is tested on; now one of the training scans of 20 is that patient's
    (spoilt / TABLE).write_text(text.replace("1_of_1;20;", "1_of_1;17;"), encoding="utf-8")
    (leak,) = run(spoilt)["leaks"]
    assert leak["shared_patients"] == ["Patient00017"]


def test_a_leaky_split_is_found(tmp_path: Path, phantom_files: dict[str, Path]) -> None:
    lines = ["path,label,patient"]
    for number in range(40):
        key = KEYS[number % 4]
        lines.append(f"{number}.png,{key},P{number // 4}")
        shutil.copy(phantom_files[key], tmp_path / f"{number}.png")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    records = read_folder(tmp_path)
    made = split(records, "image", 0, leaky=True)
    write_split(tmp_path / "split.json", made, records)
    for path in tmp_path.glob("*.png"):
        path.unlink()
    result = run(tmp_path, "--split", tmp_path / "split.json")
    assert result["split"]["leaky"]
    train, test = ({r.patient for r in part} for part in made.take(records)[::2])
    (leak,) = (leak for leak in result["leaks"] if leak["between"] == ["train", "test"])
    assert leak["shared_patients"] == sorted(train & test) != []
    assert leak["shared_scans"] == []
    (tmp_path / "manifest.csv").write_text("\n".join(lines[:-3]) + "\nnew.png,brain,P1\n")
    changed = run(tmp_path, "--split", tmp_path / "split.json")["split"]
    assert (changed["scans_in_no_part"], changed["scans_not_in_the_data"]) == (1, 3)


def test_other_scans_are_compared_by_their_sets(fetal_planes: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text(
        "Image_name,Patient_num,tested,seen\n"
        "Patient00003_Plane1_1_of_1,3,1,0\n"  # the same scan
        "Patient00004_Plane1_9_of_9,4,1,1\n"  # another of the same patient
        "Patient99999_Plane1_1_of_1,99999,1,0\n"
        "Patient00005_Plane1_1_of_1,5,0,0\n"
    )
    found = run(fetal_planes, "--against", names)["others"]
    assert [(s["set"], s["scans"], s["patients"]) for s in found] == [
        ("names", 4, 4), ("tested", 3, 3), ("seen", 1, 1),
    ]  # fmt: skip
    assert found[1]["shared_scans"] == ["Patient00003_Plane1_1_of_1"]
    assert found[1]["shared_patients"] == ["Patient00003", "Patient00004"]
    assert len(run(fetal_planes, "--against", fetal_planes)["others"][0]["shared_scans"]) == 18
    names.write_text("path,patient\nx.png,Patient00005\n")
    (only,) = run(fetal_planes, "--against", names)["others"]
    assert (only["set"], only["shared_patients"]) == ("names", ["Patient00005"])
    names.write_text("file\nx.png\n")
    with pytest.raises(ValueError, match="expected a column path or Image_name"):
        read_other(names)


def changed(picture: np.ndarray, how: str) -> np.ndarray:
    if how == "smaller":
        return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    if how == "compressed":
        return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 0)
    return np.clip(picture * 1.2 + 5, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("how", ["smaller", "compressed", "brighter"])
def test_a_changed_copy_is_near_and_another_scan_is_not(
    how: str, phantom_files: dict[str, Path]
) -> None:
    pictures = [cv2.imread(str(path), 0) for path in phantom_files.values()]
    hashes = [perceptual_hash(picture) for picture in pictures]
    for picture, bits in zip(pictures, hashes, strict=True):
        assert (perceptual_hash(changed(picture, how)) != bits).sum() <= NEAR
    for n, bits in enumerate(hashes):
        assert all((bits != other).sum() > NEAR for other in hashes[:n])


def test_a_scan_listed_twice_is_found(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("path,label\na.png,brain\nb.png,femur\na.png,thorax\n")
    result = run(table)
    assert result["repeated"] == [{"scan": "a.png", "labels": ["brain", "thorax"], "rows": 2}]
    assert "a.png: brain, thorax" in report(result)


def test_a_version_judges_labels(fetal_planes: Path) -> None:
    model = run(fetal_planes, "--version", "seed-cnn")["model"]
    assert model["judged"] == 12
    assert "12 answered now (it learned from simulated scans only)" in model["basis"]


@pytest.fixture
def judged() -> Callable[[int], tuple[list[Record], dict[str, np.ndarray]]]:
    """Scans and what a good model says of them, the first few labelled wrongly."""

    def make(wrong: int) -> tuple[list[Record], dict[str, np.ndarray]]:
        rng = np.random.default_rng(0)
        records, probabilities = [], {}
        for number in range(200):
            truth = number % 4
            label = KEYS[(truth + 1) % 4] if number < wrong else KEYS[truth]
            scan = f"{number}.png"
            records.append(Record(scan, Path(scan), label, "", "made", "", False))
            shares = rng.uniform(0, 0.05, 4)
            shares[truth] = 0.9
            probabilities[scan] = shares / shares.sum()
        return records, probabilities

    return make


@pytest.mark.parametrize("wrong", [0, 5])
def test_a_model_doubts_wrong_labels(wrong: int, judged: Any) -> None:
    records, probabilities = judged(wrong)
    records += [replace(records[0], scan="c.png", label="cervix")]
    found = doubted_labels(records, probabilities)
    assert found["judged"] == 200
    assert {row["scan"] for row in found["doubted"]} == {f"{n}.png" for n in range(wrong)}
    for row in found["doubted"]:
        assert row["model"] == KEYS[int(row["scan"][:-4]) % 4] != row["label"]
        assert row["probability_of_label"] < 0.1


def test_too_little_to_doubt_is_no_error(judged: Any) -> None:
    records, probabilities = judged(0)
    assert doubted_labels(records[:1], probabilities) == {"judged": 1, "doubted": []}
    assert doubted_labels(records, {}) == {"judged": 0, "doubted": []}
    assert doubted_labels(records[:3], probabilities)["doubted"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent"], "found none at absent"),
        ([".", "--split", "absent.json"], "expected a split file"),
        ([".", "--against", "absent.csv"], "expected a absent.csv"),
        ([".", "--version", "nothing"], "version: expected one of"),
    ],
)
def test_wrong_use_is_exit_2(arguments: list[str], said: str, fetal_planes: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(fetal_planes)
        done = CliRunner().invoke(app, ["data", "audit", *arguments])
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())

"""The command line: exit codes, the documented JSON, one bad file costs that file a message."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.made_dicom import make, to_bytes
from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.explain.overlay import overlay
from fetal_model.export.record import SCHEMA
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = [
    "file", "schema", "anatomy", "rejected", "probabilities", "standard_deviation",
    "predictive_entropy", "mutual_information", "plane_score", "taken_away", "decision", "reasons",
    "version", "version_hash", "settings", "seconds",
]  # fmt: skip


def run(*arguments: str | Path, weights: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    settings = {"FETAL_WEIGHTS": str(weights), "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "fetal_model", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, phantom_files: dict[str, Path]) -> Path:
    """Four good scans, a text file with a picture's name, and a cut-off PNG in a folder."""
    where = tmp_path_factory.mktemp("cli")
    for key, file in phantom_files.items():
        (where / f"{key}.png").write_bytes(file.read_bytes())
    (where / "note.png").write_text("not a picture", encoding="utf-8")
    (where / "deep").mkdir()
    (where / "deep" / "cut.png").write_bytes(phantom_files["femur"].read_bytes()[:3000])
    return where


MIXED = [
    "./femur.png", "note.png", "brain.png", "absent.png", "deep/../thorax.png", "deep/cut.png",
    "deep", "brain.png",
]  # fmt: skip
ANSWERED = [*MIXED[:6], "deep/cut.png", "brain.png"]
UNREADABLE = ["note.png", "absent.png", "deep/cut.png", "deep/cut.png"]
OF_A_CLIP = [*DOCUMENTED, "best_frame", "clip_frames", "frames"]
OF_A_FRAME = ["index", "seconds", "anatomy", "probabilities", "decision", "faults"]


@pytest.fixture(scope="module")
def mixed(folder: Path, untrained_weights: Path) -> subprocess.CompletedProcess[str]:
    """JSON for readable and unreadable files, with heatmaps, by the version in service."""
    return run(
        "predict", *MIXED, "--format", "json", "--heatmaps", "maps/new",
        weights=untrained_weights, cwd=folder,
    )  # fmt: skip


def test_json_is_one_array_in_the_order_of_the_files(mixed: Any) -> None:
    rows = json.loads(mixed.stdout)
    assert [row["file"] for row in rows] == ANSWERED


def test_some_unreadable_is_exit_1_and_each_is_named(mixed: Any) -> None:
    assert mixed.returncode == 1
    lines = mixed.stderr.strip().split("\n")
    assert [line.split(":")[0] for line in lines] == UNREADABLE
    rows = {row["file"]: row for row in json.loads(mixed.stdout)}
    for name, line in zip(UNREADABLE, lines, strict=True):
        assert rows[name] == {"file": name, "schema": SCHEMA, "error": line}
    assert "no such file" in rows["absent.png"]["error"]
    assert "found text" in rows["note.png"]["error"]


@pytest.fixture(scope="module")
def sweep(folder: Path) -> np.ndarray:
    """Five frames as a DICOM clip, alone and in a ZIP beside a still and a text."""
    frames = np.stack([cv2.imread(str(folder / f"{key}.png"), 0) for key in (*KEYS, "femur")])
    data = to_bytes(make(frames[0], NumberOfFrames=5, PixelData=frames.tobytes(), FrameTime="40"))
    (folder / "sweep.dcm").write_bytes(data)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("in/sweep", data)
        archive.write(folder / "brain.png", "in/brain.png")
        archive.write(folder / "note.png", "note.png")
    return frames


def test_a_clip_has_the_answer_of_its_best_frame_and_each_frame_in_short(
    folder: Path, sweep: np.ndarray, untrained_weights: Path
) -> None:
    done = run(
        "predict", "sweep.dcm", "all.zip", "--frames", "3", "--format", "json",
        "--heatmaps", "clip-maps", weights=untrained_weights, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 1  # the text in the ZIP
    rows = {row["file"]: row for row in json.loads(done.stdout)}
    assert list(rows) == [
        "sweep.dcm",
        "all.zip/in/brain.png",
        "all.zip/in/sweep",
        "all.zip/note.png",
    ]
    row = rows["sweep.dcm"]
    assert list(row) == OF_A_CLIP
    assert list(rows["all.zip/in/brain.png"]) == DOCUMENTED
    assert row["clip_frames"] == 5
    assert [frame["index"] for frame in row["frames"]] == [0, 2, 4]
    assert [frame["seconds"] for frame in row["frames"]] == pytest.approx([0, 0.08, 0.16])
    predictor = Predictor.load(root=untrained_weights)
    for frame in row["frames"]:
        alone = predictor.analyse(Scan.from_array(sweep[frame["index"]] / np.float32(255), "x"))
        assert list(frame) == OF_A_FRAME
        assert list(frame["probabilities"].values()) == alone.probabilities.tolist()
    best = max(row["frames"], key=lambda frame: max(frame["probabilities"].values()))
    assert row["best_frame"] == best["index"]
    assert {key: row[key] for key in ("anatomy", "probabilities", "decision")} == {
        key: best[key] for key in ("anatomy", "probabilities", "decision")
    }
    assert rows["all.zip/in/sweep"]["frames"] == row["frames"]
    assert len(list((folder / "clip-maps").iterdir())) == 3


def test_a_clip_in_a_table_and_as_csv(
    folder: Path, sweep: np.ndarray, untrained_weights: Path
) -> None:
    for form in ("table", "csv"):
        done = run(
            "predict", "sweep.dcm", "brain.png", "--format", form,
            weights=untrained_weights, cwd=folder,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        if form == "table":
            first, second = done.stdout.splitlines()
            assert " of 5" in first
            assert "frame" not in second
        else:
            clip, still = csv.DictReader(io.StringIO(done.stdout))
            assert clip["clip_frames"] == "5"
            assert clip["best_frame"] in "01234"
            assert still["best_frame"] == still["clip_frames"] == ""
            assert "frames" not in clip


def test_json_has_exactly_the_documented_keys(
    mixed: Any, folder: Path, untrained_weights: Path
) -> None:
    predictor = Predictor.load(root=untrained_weights)
    for row in json.loads(mixed.stdout):
        if "error" in row:
            continue
        finding = predictor.analyse(read_scan(folder / row["file"]))
        assert list(row) == DOCUMENTED
        assert list(row["probabilities"]) == list(row["standard_deviation"]) == list(KEYS)
        assert list(row["probabilities"].values()) == finding.probabilities.tolist()
        assert list(row["standard_deviation"].values()) == finding.standard_deviation.tolist()
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-12)
        assert row["anatomy"] == max(KEYS, key=row["probabilities"].__getitem__)
        assert row["predictive_entropy"] == finding.predictive_entropy
        assert row["mutual_information"] == finding.mutual_information
        assert row["plane_score"] == finding.plane_score
        assert (row["decision"], row["reasons"]) == ("accepted", [])
        assert row["version"] == "tiny-dropout/1"
        assert row["version_hash"] == predictor.version.hash
        assert row["settings"] == {
            "dropout_samples": 30,
            "annotations": "kept",
            "accepted_from": 0.0,
        }
        assert isinstance(row["seconds"], float)


def test_heatmaps_lie_over_every_scan_that_was_read(
    mixed: Any, folder: Path, untrained_weights: Path
) -> None:
    rows = json.loads(mixed.stdout)
    expected = {
        f"{number:04d}-{Path(row['file']).stem}-{row['anatomy']}.png": row["file"]
        for number, row in enumerate(rows, start=1)
        if "error" not in row
    }
    assert sorted(file.name for file in (folder / "maps/new").iterdir()) == sorted(expected)
    predictor = Predictor.load(root=untrained_weights)
    for name, source in expected.items():
        written = cv2.cvtColor(cv2.imread(str(folder / "maps/new" / name)), cv2.COLOR_BGR2RGB)
        scan = read_scan(folder / source)
        heat = predictor.analyse(scan).heatmap()
        shown, _ = blank_burned_in(scan)
        assert np.array_equal(written, overlay(shown.display, heat, 0.6))
        assert not np.array_equal(written, shown.display)


def test_without_dropout_spread_is_null(folder: Path, untrained_weights: Path) -> None:
    done = run(
        "predict", "brain.png", "--format", "json", "--version", "tiny-plain",
        weights=untrained_weights, cwd=folder,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = json.loads(done.stdout)
    assert list(row) == DOCUMENTED
    assert row["standard_deviation"] is None
    assert row["mutual_information"] is None
    assert row["version"] == "tiny-plain/1"
    assert row["settings"] == {
        "dropout_samples": 0,
        "annotations": "kept",
        "accepted_from": 1.01,
    }
    assert row["decision"] == "look again"
    assert len(row["reasons"]) == 1
    assert row["reasons"][0].startswith("Unsure between ")


def test_csv_has_one_line_a_file(folder: Path, untrained_weights: Path) -> None:
    done = run(
        "predict", "note.png", "brain.png", "femur.png", "--format", "csv",
        weights=untrained_weights, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 1
    bad, *good = csv.DictReader(io.StringIO(done.stdout))
    assert bad["file"] == "note.png"
    assert bad["error"] == done.stderr.strip()
    assert bad["anatomy"] == ""
    predictor = Predictor.load(root=untrained_weights)
    assert [row["file"] for row in good] == ["brain.png", "femur.png"]
    for row in good:
        finding = predictor.analyse(read_scan(folder / row["file"]))
        assert row["error"] == ""
        assert [float(row[f"p_{key}"]) for key in KEYS] == finding.probabilities.tolist()
        assert [float(row[f"sd_{key}"]) for key in KEYS] == finding.standard_deviation.tolist()
        assert float(row["plane_score"]) == finding.plane_score
        assert row["decision"] == "accepted"


def test_table_has_one_line_a_file(folder: Path, untrained_weights: Path) -> None:
    done = run(
        "predict", "brain.png", "femur.png", "--version", "tiny-plain/1",
        weights=untrained_weights, cwd=folder,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    predictor = Predictor.load("tiny-plain", untrained_weights)
    for line, name in zip(done.stdout.splitlines(), ["brain.png", "femur.png"], strict=True):
        finding = predictor.analyse(read_scan(folder / name))
        words = line.split(maxsplit=3)
        assert words[:3] == [name, finding.anatomy.key, f"{finding.probabilities.max():.1%}"]
        assert words[3] == f"look again {finding.reasons[0]}"


def test_a_name_that_is_not_utf8_costs_nothing(folder: Path, untrained_weights: Path) -> None:
    odd = os.fsdecode(b"odd-\xff.png")
    (folder / odd).write_bytes((folder / "brain.png").read_bytes())
    for form in ("json", "csv"):
        done = run(
            "predict", odd, "femur.png", "--format", form, "--heatmaps", "odd",
            weights=untrained_weights, cwd=folder,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        if form == "json":
            assert [row["file"] for row in json.loads(done.stdout)] == [odd, "femur.png"]
        else:
            assert [row["file"] for row in csv.DictReader(io.StringIO(done.stdout))] == [
                "odd-\\udcff.png",
                "femur.png",
            ]
    assert len(list((folder / "odd").iterdir())) == 2


def test_an_answer_needs_no_tensorflow(folder: Path, untrained_weights: Path) -> None:
    code = (
        "import sys; from fetal_model.cli import app;"
        "app(['predict', 'brain.png', '--heatmaps', 'no-tf'], standalone_mode=False);"
        "sys.exit(3 if {'tensorflow', 'keras'} & set(sys.modules) else 0)"
    )
    root = Path(__file__).resolve().parents[2]
    settings = {"FETAL_WEIGHTS": str(untrained_weights), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **settings}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "brain.png", "--version", "nothing"], "tiny-dropout/1"),
        (["predict", "brain.png", "--version", "tiny-plain/2"], "tiny-plain/1"),
        (["predict", "brain.png", "--heatmaps", "note.png"], "is a file"),
    ],
)
def test_wrong_use_is_exit_2_and_helps(
    arguments: list[str], said: str, folder: Path, untrained_weights: Path
) -> None:
    done = run(*arguments, weights=untrained_weights, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_an_empty_weights_folder_says_to_train(folder: Path, tmp_path: Path) -> None:
    done = run("predict", "brain.png", weights=tmp_path, cwd=folder)
    assert done.returncode == 2
    assert "train one" in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["predict"],
        ["predict", "a.png", "--format", "xml"],
        ["predict", "a.png", "--frames", "0"],
        ["predict", "a.png", "--colour", "red"],
        ["classify", "a.png"],
        ["phantom"],
        ["phantom", "x", "--per-class", "0"],
        ["phantom", "x", "--seed", "-1"],
        ["train"],
        ["train", "seed-cnn", "--epochs", "0"],
        ["train", "no-such-recipe"],
    ],
    ids=" ".join,
)
def test_every_wrong_use_is_exit_2(arguments: list[str], tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_phantom_writes_a_labelled_folder(tmp_path: Path) -> None:
    target = tmp_path / "made"
    result = CliRunner().invoke(app, ["phantom", str(target), "--per-class", "1", "--seed", "5"])
    assert result.exit_code == 0
    assert result.stdout.strip() == str(target / "manifest.csv")
    rows = list(csv.DictReader((target / "manifest.csv").open(encoding="utf-8")))
    assert sorted(row["label"] for row in rows) == sorted(KEYS)
    assert all((target / row["path"]).is_file() for row in rows)
    again = CliRunner().invoke(app, ["phantom", str(target), "--per-class", "1"])
    assert again.exit_code == 2
    assert "new or empty" in " ".join(again.output.replace("│", " ").split())


def test_a_set_of_anatomies_comes_with_the_answer(folder: Path) -> None:
    """The version in service has 4 scans of an abdomen to make sets from, enough for 80%."""
    asked = ("predict", "brain.png", "--format", "json", "--coverage")
    done = run(*asked, "0.8", weights=ROOT / "weights", cwd=folder)
    assert done.returncode == 0
    (answer,) = json.loads(done.stdout)
    assert answer["coverage"] == 0.8
    assert answer["anatomies"] is None or set(answer["anatomies"]) <= set(KEYS)
    assert "4 abdomen" in done.stderr
    refused = run(*asked, "0.95", weights=ROOT / "weights", cwd=folder)
    assert refused.returncode == 2
    assert "Choose at most 80%" in " ".join(refused.stderr.replace("│", " ").split())


def test_a_target_that_cannot_be_promised_is_refused(folder: Path) -> None:
    done = run(
        "predict", "brain.png", "--at-most-wrong", "0.000001", weights=ROOT / "weights", cwd=folder
    )
    assert done.returncode == 2
    assert "needs at least" in " ".join(done.stderr.split())
    assert done.stdout == ""

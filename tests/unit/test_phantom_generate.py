"""The phantom folder: what it holds, the same bytes whatever happened on the way, and refusals."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from fetal_model import phantom as phantom_package
from fetal_model.anatomy import KEYS
from fetal_model.cli import app
from fetal_model.phantom import (
    CINE_COLUMNS,
    CODES,
    COLUMNS,
    STRUCTURES,
    draw_patient,
    simulate,
    write_phantoms,
)
from fetal_model.phantom import plan as plan_module
from fetal_model.phantom.plan import Request, plan
from fetal_model.phantom.planes import LABELS, PLANES
from fetal_model.phantom.stage import NAME as STAGE
from fetal_model.phantom.stage import Stage
from fetal_model.scan import ScanError, read_scan

COUNTS = {"brain": 3, "femur": 3, "thorax": 4}
MADE = ["images", "manifest.csv", "masks", "structures", "structures.csv"]


def folder_digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms") / "one"
    seen: list[tuple[int, int]] = []
    manifest = write_phantoms(
        folder, COUNTS, seed=9, workers=1,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert manifest == folder / "manifest.csv"
    assert seen == [(count, 10) for count in range(1, 11)]
    return folder


def test_manifest_says_what_was_written(written: Path) -> None:
    rows = read_table(written / "manifest.csv")
    assert tuple(rows[0]) == COLUMNS
    assert ",".join(COLUMNS) == (
        "path,mask,structures,label,plane,patient,gestational_age_weeks,machine,quality,offset,"
        "annotations,pathology,mm_per_pixel,seed"
    )
    assert [row["label"] for row in rows] == ["brain"] * 3 + ["femur"] * 3 + ["thorax"] * 4
    assert len({row["seed"] for row in rows}) == 10
    patients = {row["patient"] for row in rows}
    shared = {(row["patient"], row["gestational_age_weeks"], row["machine"]) for row in rows}
    assert 4 <= len(patients) <= 5
    assert len(shared) == len(patients)
    for row in rows:
        assert all(row.values())
        assert row["annotations"] in ("on", "off")
        image, mask, codes = (
            cv2.imread(str(written / row[key]), cv2.IMREAD_UNCHANGED)
            for key in ("path", "mask", "structures")
        )
        assert image.shape == mask.shape == codes.shape == (448, 576)
        assert set(np.unique(mask)) == {0, 255}
        assert codes.max() <= len(STRUCTURES)


def test_a_row_gives_the_scan_again(written: Path) -> None:
    row = read_table(written / "manifest.csv")[4]
    again = simulate(row["label"], int(row["seed"]), draw_patient(9, int(row["patient"][1:])))
    for key, pixels in (("path", again.image), ("structures", again.structures)):
        stored = cv2.imread(str(written / row[key]), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(stored, pixels)
    assert row["plane"] == again.plane
    assert float(row["offset"]) == pytest.approx(again.scene.cut.offset, abs=1e-3)
    assert float(row["mm_per_pixel"]) == pytest.approx(again.scene.view.mm_per_pixel, abs=1e-4)
    assert (row["annotations"] == "on") is again.scene.annotated


def test_codes_have_their_names_beside_them(written: Path) -> None:
    rows = read_table(written / "structures.csv")
    assert {row["name"]: int(row["code"]) for row in rows} == CODES


def test_scans_of_a_patient_share_age_and_machine() -> None:
    orders = plan(dict.fromkeys(KEYS, 50), 3)
    per_patient: dict[int, list[str]] = {}
    for order in orders:
        per_patient.setdefault(order.patient, []).append(order.label)
    sizes = [len(labels) for labels in per_patient.values()]
    assert 2.0 <= np.mean(sizes) <= 3.0
    assert max(sizes) == 3
    assert any(len(set(labels)) > 1 for labels in per_patient.values())
    patient = draw_patient(3, 5)
    assert patient == draw_patient(3, 5)
    assert patient.name == "P00005"
    scans = [simulate(label, seed, patient) for label, seed in (("brain", 1), ("femur", 2))]
    assert {scan.patient for scan in scans} == {"P00005"}
    assert {scan.machine for scan in scans} == {patient.machine}
    assert {scan.gestational_age_weeks for scan in scans} == {patient.gestational_age_weeks}


@pytest.mark.parametrize("patients", [1, 3, 7, 20])
def test_as_many_patients_as_asked_for_share_the_scans_evenly(patients: int) -> None:
    orders = plan(dict.fromkeys(KEYS, 5), 3, patients)
    each = np.bincount([order.patient for order in orders])[1:]
    assert len(each) == patients
    assert each.max() - each.min() <= 1
    # whose scan it is changes neither what is made nor its name
    for order, other in zip(orders, plan(dict.fromkeys(KEYS, 5), 3), strict=True):
        assert (order.name, order.seed) == (other.name, other.seed)


def test_ages_lie_where_they_were_asked_for() -> None:
    request = Request({"femur": 40}, 3, patients=8, weeks=(14.0, 16.0))
    orders = plan(request.counts, 3, 8)
    ages = {order.patient: request.patient_of(order).gestational_age_weeks for order in orders}
    assert len(set(ages.values())) > 3
    assert all(14 <= age <= 16 for age in ages.values())
    for order in orders:
        assert request.patient_of(order).gestational_age_weeks == ages[order.patient]


@pytest.mark.parametrize("annotations", [True, False])
def test_all_screens_are_annotated_or_none(annotations: bool, tmp_path: Path) -> None:
    write_phantoms(tmp_path, {"femur": 4}, seed=2, workers=1, annotations=annotations)
    shown = {row["annotations"] for row in read_table(tmp_path / "manifest.csv")}
    assert shown == {"on" if annotations else "off"}


def test_qualities_come_in_the_shares_that_were_asked_for(tmp_path: Path) -> None:
    shares = {"good": 0.0, "fair": 0.25, "poor": 0.75}
    write_phantoms(tmp_path / "set", 8, 3, workers=1, quality=shares)
    counts = Counter(row["quality"] for row in read_table(tmp_path / "set" / "manifest.csv"))
    assert counts.total() == 32
    assert 18 <= counts["poor"] <= 30
    assert not counts["good"]
    with pytest.raises(ValueError, match="shares of good, fair, poor that sum to 1"):
        write_phantoms(tmp_path / "other", 8, 3, quality={"poor": 0.5})


def test_worker_count_does_not_change_the_bytes(written: Path, tmp_path: Path) -> None:
    write_phantoms(tmp_path, COUNTS, seed=9, workers=2)
    assert folder_digest(tmp_path) == folder_digest(written)


class Stopped(Exception):
    """An interruption at a chosen moment."""


def stop_after(scans: int):
    def stop(done: int, total: int) -> None:
        if done == scans:
            raise Stopped

    return stop


def test_an_interrupted_run_goes_on_where_it_stopped(written: Path, tmp_path: Path) -> None:
    for scans in (3, 7):
        with pytest.raises(Stopped):
            write_phantoms(tmp_path, COUNTS, seed=9, workers=1, progress=stop_after(scans))
        assert [path.name for path in tmp_path.iterdir()] == [STAGE]
    made = [path.stat().st_mtime_ns for path in sorted((tmp_path / STAGE / "images").iterdir())]
    assert len(made) == 7
    # what a kill leaves: a line that is cut off, a picture that is not whole
    with (tmp_path / STAGE / "finished.jsonl").open("a") as journal:
        journal.write('["thorax-00002", {"pa')
    (tmp_path / STAGE / "unfinished" / "images-thorax-00002.png").write_bytes(b"half")
    seen: list[tuple[int, int]] = []
    write_phantoms(
        tmp_path, COUNTS, seed=9, workers=2, progress=lambda *pair: seen.append(pair)
    )  # fmt: skip
    assert seen == [(7, 10), (8, 10), (9, 10), (10, 10)]
    kept = [path.stat().st_mtime_ns for path in sorted((tmp_path / "images").iterdir())]
    assert kept[:7] == made
    assert folder_digest(tmp_path) == folder_digest(written)
    assert sorted(path.name for path in tmp_path.iterdir()) == MADE


def test_a_run_that_stopped_while_moving_its_files_is_finished(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Stage.finish

    def stop_half_way(self: Stage) -> None:
        (self.folder / "images").replace(self.target / "images")
        raise Stopped

    monkeypatch.setattr(Stage, "finish", stop_half_way)
    with pytest.raises(Stopped):
        write_phantoms(tmp_path, COUNTS, seed=9, workers=1)
    monkeypatch.setattr(Stage, "finish", finish)
    write_phantoms(tmp_path, COUNTS, seed=9, workers=1)
    assert folder_digest(tmp_path) == folder_digest(written)


def test_other_arguments_do_not_go_on_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        write_phantoms(tmp_path, {"femur": 2}, seed=1, workers=1, progress=stop_after(1))
    before = folder_digest(tmp_path)
    with pytest.raises(ValueError, match=r"expected .*seed 1.*received seed 2.*delete") as caught:
        write_phantoms(tmp_path, {"femur": 2}, seed=2, workers=1)
    assert "counts" not in str(caught.value)
    assert folder_digest(tmp_path) == before


def test_a_killed_process_leaves_what_another_finishes(written: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    script = (
        "from fetal_model.phantom import write_phantoms\n"
        f"write_phantoms({str(target)!r}, {COUNTS!r}, 9, workers=1)"
    )
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    journal = target / STAGE / "finished.jsonl"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") >= 2:
            break
        time.sleep(0.005)
    process.kill()
    process.wait()
    if target.joinpath("manifest.csv").exists():
        pytest.skip("it was too fast to be killed")
    write_phantoms(target, COUNTS, seed=9, workers=1)
    assert folder_digest(target) == folder_digest(written)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_class": 0}, "per_class"),
        ({"per_class": -2}, "per_class"),
        ({"per_class": {"heart": 2}}, "heart"),
        ({"per_class": {"brain": 1.5}}, "1.5"),
        ({"seed": -1}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"workers": 0}, "workers"),
        ({"patients": 0}, "patients"),
        ({"patients": 5}, "fewer patients"),
        ({"weeks": (30.0, 20.0)}, "weeks"),
        ({"weeks": (3.0, 20.0)}, "weeks"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict, message: str
) -> None:
    target = tmp_path / "new"
    with pytest.raises(ValueError, match=message) as caught:
        write_phantoms(target, **{"per_class": 1, "seed": 1, "workers": 1, **arguments})
    assert "expected" in str(caught.value)
    assert "received" in str(caught.value)
    assert not target.exists()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        write_phantoms(tmp_path, 1, seed=1, workers=1)
    with pytest.raises(ValueError, match="folder"):
        write_phantoms(tmp_path / "notes.txt", 1, seed=1, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_dicom_and_sweeps_come_beside_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "FRAMES", (60, 60))
    write_phantoms(tmp_path, {"femur": 2}, seed=5, workers=1, cine=True, dicom=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*MADE, "cines", "cines.csv", "dicom"]
    )
    for row in read_table(tmp_path / "manifest.csv"):
        stored = cv2.imread(str(tmp_path / row["path"]), cv2.IMREAD_UNCHANGED)
        scan = read_scan((tmp_path / "dicom" / f"{Path(row['path']).stem}.dcm").read_bytes())
        assert np.array_equal(np.rint(255 * scan.pixels).astype(np.uint8), stored)
    sweeps = read_table(tmp_path / "cines.csv")
    assert tuple(sweeps[0]) == CINE_COLUMNS
    assert [row["plane"] for row in sweeps] == [n for n, p in PLANES.items() if p.label == "femur"]
    for row in sweeps:
        assert len(read_table(tmp_path / row["truth"])) == int(row["frames"])
        with pytest.raises(ScanError, match=f"a clip of {row['frames']} frames"):
            read_scan((tmp_path / row["path"]).read_bytes())


def test_the_command_makes_what_its_options_say(tmp_path: Path) -> None:
    target = tmp_path / "made"
    chosen = "femur,thorax"
    result = CliRunner().invoke(
        app,
        ["phantom", str(target), "--per-class", "3", "--seed", "4", "--patients", "2", "--classes",
         chosen, "--annotations", "off", "--weeks", "20", "22", "--dicom"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = read_table(target / "manifest.csv")
    assert [row["label"] for row in rows] == ["femur"] * 3 + ["thorax"] * 3
    assert len({row["patient"] for row in rows}) == 2
    assert {row["annotations"] for row in rows} == {"off"}
    assert all(20 <= float(row["gestational_age_weeks"]) <= 22 for row in rows)
    assert len(list((target / "dicom").iterdir())) == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--classes", "heart"], "heart"),
        (["--classes", ","], "ask for 1 or more"),
        (["--patients", "100"], "fewer patients"),
        (["--weeks", "5", "9"], "choose two ages"),
        (["--annotations", "some"], "mixed"),
    ],
)
def test_wrong_use_of_the_command_helps(tmp_path: Path, arguments: list[str], said: str) -> None:
    target = tmp_path / "made"
    result = CliRunner().invoke(app, ["phantom", str(target), "--per-class", "1", *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert not target.exists()


def test_a_stopped_command_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(phantom_package, "write_phantoms", stop)
    result = CliRunner().invoke(app, ["phantom", str(tmp_path / "made"), "--per-class", "1"])
    assert result.exit_code == 130
    assert "goes on from here" in result.output


def test_a_request_outlives_json() -> None:
    request = Request({"brain": 1}, 3, weeks=(20, 22.5), cine=True)
    assert json.loads(json.dumps(request.as_json())) == request.as_json()


def test_every_label_can_be_asked_for() -> None:
    names = {order.label for order in plan(dict.fromkeys(LABELS, 1), 2)}
    assert names == set(LABELS)


def test_half_of_the_scans_show_a_pathology_when_asked(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "ill", {"brain": 12, "cervix": 1}, seed=4, workers=1, pathology=True)
    rows = list(csv.DictReader((tmp_path / "ill" / "manifest.csv").open(encoding="utf-8")))
    found = [row["pathology"] for row in rows if row["label"] == "brain"]
    assert set(found) == {"ventriculomegaly", "none"}
    assert 2 <= found.count("ventriculomegaly") <= 10
    assert [row["pathology"] for row in rows if row["label"] == "cervix"] == ["none"]

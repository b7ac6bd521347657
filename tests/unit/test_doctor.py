"""The doctor names what is wrong, says what to do, and works where something is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetal_model.doctor import command, model, packages, surroundings
from fetal_model.doctor.check import NOTE, OK, PROBLEM, Check
from fetal_model.store import versions

ROOT = Path(__file__).resolve().parents[2]


def marks(checks: Iterator[Check]) -> dict[str, str]:
    return {check.check: check.mark for check in checks}


def test_a_home_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FETAL_HOME", str(tmp_path / "new"))
    assert marks(surroundings.home()) == {"FETAL_HOME": OK}
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("FETAL_HOME", str(wrong))
        (check,) = surroundings.home()
        assert check.mark == PROBLEM
        assert str(wrong) in check.found
        assert "FETAL_HOME" in check.advice


def test_a_wrong_setting_is_a_problem_and_a_misspelt_one_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FETAL_MAX_BITES", "3")
    assert [check.mark for check in surroundings.settings()] == [OK, NOTE]
    monkeypatch.setenv("FETAL_MAX_BYTES", "3")
    checks = list(surroundings.settings())
    assert [check.mark for check in checks] == [PROBLEM, NOTE]
    assert "FETAL_MAX_BYTES" in checks[0].found
    assert "FETAL_MAX_BITES" in checks[1].found


@pytest.mark.parametrize(("free", "mark"), [(0.5, PROBLEM), (3, NOTE), (50, OK)])
def test_disk(free: float, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=int(free * 1024**3))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert marks(surroundings.disk()) == {"disk": mark}


def test_what_is_optional_is_never_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert set(marks(surroundings.programs()).values()) == {NOTE}


def test_packages_at_another_version_or_missing_are_named(tmp_path: Path) -> None:
    lines = ["numpy==0.1", "no-such-package==1.0 ; python_version >= '3'", "# note", "    # via x",
             "never==1 ; python_version < '3'"]  # fmt: skip
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    found = list(packages.versions(tmp_path))
    assert [check.check for check in found] == ["package numpy", "package no-such-package"]
    assert "expected 0.1, found " in found[0].found
    assert found[1].found == "expected 1.0, found none"
    assert {check.mark for check in found} == {PROBLEM}


def test_this_installation_has_its_packages() -> None:
    assert marks(packages.versions()) == {"packages": OK}


def test_a_module_that_fails_or_ends_python_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fails.py").write_text("raise RuntimeError('x')")
    (tmp_path / "ends.py").write_text("import os; os._exit(9)")
    (tmp_path / "fine.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = packages._import(["fails", "ends", "fine", "absent"])
    assert found == {
        "fails": "RuntimeError", "ends": "ends Python with 9", "fine": "",
        "absent": "ModuleNotFoundError",
    }  # fmt: skip


def test_every_package_we_ask_for_is_imported() -> None:
    for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name = line.split(">")[0].strip()
            assert packages._modules(name), name


def test_a_changed_or_unreadable_version_is_a_problem(
    untrained_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "weights"
    shutil.copytree(untrained_weights, root)
    monkeypatch.setattr(versions, "WEIGHTS", root)
    assert set(marks(model.versions()).values()) == {OK}
    with (root / "tiny-plain/1" / versions.HEAD).open("ab") as file:
        file.write(b"x")
    (root / "tiny-sononet/1" / versions.METADATA).write_text("{")
    assert marks(model.versions()) == {
        "version tiny-dropout/1": OK, "version tiny-plain/1": PROBLEM,
        "version tiny-sononet/1": PROBLEM,
    }  # fmt: skip
    monkeypatch.setattr(versions, "WEIGHTS", tmp_path)
    assert marks(model.versions()) == {"versions": PROBLEM}


def test_the_one_in_service_is_asked(
    untrained_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetal_model.predictor import Predictor

    monkeypatch.setattr(Predictor.load.__func__, "__defaults__", (None, untrained_weights))
    (check,) = model.answer()
    assert check.mark in (OK, NOTE)
    assert "tiny-dropout/1" in check.found
    monkeypatch.setattr(Predictor.load.__func__, "__defaults__", (None, tmp_path))
    assert marks(model.answer()) == {"answer": PROBLEM}


def test_a_check_that_fails_itself_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[Check]:
        raise RuntimeError("odd")
        yield

    def lacking() -> Iterator[Check]:
        raise ModuleNotFoundError("no", name="numpy")
        yield

    def fine() -> Iterator[Check]:
        yield Check("fine", OK, "so")

    checks = list(command.examine((), (broken, lacking, fine)))
    assert [check.mark for check in checks] == [PROBLEM, PROBLEM, OK]
    assert "odd" in checks[0].found
    assert "numpy is missing" in checks[1].found
    monkeypatch.setattr(command, "examine", lambda: iter(checks))
    assert command.main(["--json"]) == 1
    assert [row["mark"] for row in json.loads(capsys.readouterr().out)] == ["problem"] * 2 + ["ok"]
    monkeypatch.setattr(command, "examine", lambda: iter(checks[2:]))
    assert command.main([]) == 0
    assert capsys.readouterr().out == "ok       fine: so\nNo problem found.\n"


def test_it_answers_with_a_wrong_setting_and_without_its_packages() -> None:
    """Only Python's own library is there (-S), and a setting is wrong."""
    code = (
        "import sys; sys.argv = ['fetal_model', 'doctor', '--json'];"
        f"sys.path.insert(0, {str(ROOT)!r}); import runpy; runpy.run_module('fetal_model')"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    said = {row["check"]: row for row in json.loads(done.stdout)}
    assert said["Python"]["mark"] == OK
    assert "pydantic is missing" in said["settings"]["found"]
    assert said["versions"]["mark"] == PROBLEM

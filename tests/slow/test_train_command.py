"""`train` from a shell: Ctrl-C keeps what was learned, `--resume` ends as an unbroken run does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fetal_model.phantom import write_phantoms
from fetal_model.store.versions import HEAD, find_version

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TINY = """
base = "seed-cnn-dropout"
name = "tiny"
options = { size = 64, filters = [8, 16] }
[input]
height = 64
width = 64
[training]
epochs = 12
batch_size = 8
precision = "float32"
"""


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    settings = {
        **os.environ, "PYTHONPATH": str(ROOT), "FETAL_WEIGHTS": str(folder / "weights"),
        "FETAL_SHARED": str(folder / "absent"), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return subprocess.Popen(
        [
            sys.executable, "-m", "fetal_model", "train", "tiny.toml", "--data", "scans",
            "--size", "56", "--seed", "7", "--work", "work", *more,
        ],
        cwd=folder, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_ctrl_c_keeps_what_was_learned_and_resume_ends_the_same(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    write_phantoms(tmp_path / "scans", 15, seed=2)
    whole = start(tmp_path)
    out, told = whole.communicate(timeout=300)
    assert whole.returncode == 0, told
    assert out.splitlines()[-1] == "tiny/1"
    assert sum(line.startswith("epoch ") for line in out.splitlines()) == 12
    assert not (tmp_path / "work" / "runs" / "tiny").exists()

    begun = start(tmp_path)
    assert begun.stdout is not None
    for line in begun.stdout:
        if line.startswith("epoch 2/12"):
            break
    begun.send_signal(signal.SIGINT)
    _, told = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert "of 12 epochs are kept in" in told
    assert "--resume goes on from there" in told
    plain = start(tmp_path)
    _, told = plain.communicate(timeout=60)
    assert plain.returncode == 2
    assert "--afresh" in told

    resumed = start(tmp_path, "--resume", "--tensorboard", "events")
    out, told = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, told
    assert out.startswith("tiny: goes on after epoch ")
    assert out.splitlines()[-1] == "tiny/2"
    assert list((tmp_path / "events").iterdir())
    first, second = (find_version(f"tiny/{n}", tmp_path / "weights") for n in (1, 2))
    assert first.metadata["history"] == second.metadata["history"]
    assert first.metadata["recipe"] == second.metadata["recipe"]
    assert first.metadata["recipe"]["data"]["size"] == 56
    assert json.dumps(first.metadata["outputs"]) == json.dumps(second.metadata["outputs"])
    with np.load(first.file(HEAD)) as one, np.load(second.file(HEAD)) as two:
        assert set(one.files) == set(two.files)
        for name in one.files:
            assert np.array_equal(one[name], two[name]), name

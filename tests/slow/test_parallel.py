"""One network trained by two real processes: as by one, also when one of them was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from fetal_model.phantom import write_phantoms
from fetal_model.store.versions import MODEL, find_version
from fetal_model.training.processes import CONFIG, free_addresses

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# 47 scans in batches of 23: the last batch has one, and one process has no share in it
TINY = """
base = "seed-cnn-batch-norm"
name = "tiny"
options = { size = 64, filters = [8, 16], batch_norm = true }
[input]
height = 64
width = 64
[training]
epochs = 6
batch_size = 23
precision = "float32"
class_weights = "balanced"
averaging = 0.9
seed = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe and the scans that it learns from."""
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    write_phantoms(tmp_path / "scans", 15, seed=2)
    return tmp_path


def start(folder: Path, *more: str, config: str = "") -> subprocess.Popen[str]:
    settings = {
        **os.environ, "PYTHONPATH": str(ROOT), "FETAL_WEIGHTS": str(folder / "weights"),
        "FETAL_SHARED": str(folder / "absent"), "PYTHONUNBUFFERED": "1", CONFIG: config,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "fetal_model", "train", "tiny.toml", "--data", "scans", *more],
        cwd=folder, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(begins: str, lines: IO[str] | None) -> None:
    assert lines is not None
    assert any(line.startswith(begins) for line in lines), "it ended before"


def children(process: subprocess.Popen[str]) -> Iterator[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return map(int, path.read_text().split())


def assert_equal(first: Path, second: Path) -> None:
    import keras

    made = [json.loads((path / "metadata.json").read_text()) for path in (first, second)]
    assert made[0]["scans"]["train"] % 23 == 1
    assert set(made[0]["history"]) == set(made[1]["history"])
    for name, values in made[0]["history"].items():
        assert len(values) == 6
        assert made[1]["history"][name] == pytest.approx(values, abs=2e-5), name
    ours, theirs = (
        keras.models.load_model(path / MODEL, compile=False).weights for path in (first, second)
    )
    assert len(ours) == len(theirs) > 8
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs(np.array(one) - np.array(other)).max() <= 1e-4, one.path


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the processes by /proc")
def test_two_processes_learn_what_one_does_even_when_one_is_killed(folder: Path) -> None:
    alone = start(folder)
    out, told = alone.communicate(timeout=300)
    assert alone.returncode == 0, told
    assert out.splitlines()[-1] == "tiny/1"

    begun = start(folder, "--processes", "2")
    wait_for("epoch 2/6", begun.stdout)
    crew = list(children(begun))
    assert len(crew) == 2
    os.kill(crew[1], signal.SIGKILL)
    _, told = begun.communicate(timeout=300)
    assert begun.returncode == 1
    assert "process 2 of 2 was killed by signal 9" in told
    assert "--resume" in told
    assert not any(Path(f"/proc/{pid}").exists() for pid in crew)

    resumed = start(folder, "--processes", "2", "--resume")
    out, told = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, told
    assert out.startswith("tiny: goes on after epoch ")
    assert out.splitlines()[-1] == "tiny/2"
    assert not (folder / "data" / "runs" / "tiny").exists()
    assert_equal(*(find_version(f"tiny/{n}", folder / "weights").path for n in (1, 2)))


def test_ctrl_c_keeps_what_two_processes_learned(folder: Path) -> None:
    begun = start(folder, "--processes", "2", "--epochs", "1000")
    wait_for("epoch 2/1000", begun.stdout)
    begun.send_signal(signal.SIGINT)
    _, told = begun.communicate(timeout=300)
    assert begun.returncode == 130, told
    assert "of 1000 epochs are kept in" in told
    # the first process says why it will not begin, and the other does not wait for it
    again = start(folder, "--processes", "2")
    _, told = again.communicate(timeout=300)
    assert again.returncode == 2
    assert "--afresh" in told


def test_processes_that_were_told_different_things_do_not_train(folder: Path) -> None:
    addresses = free_addresses(2)
    crew = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        crew.append(start(folder, "--seed", str(index), config=config))
    told = [process.communicate(timeout=300)[1] for process in crew]
    assert [process.returncode for process in crew] == [2, 2], told
    assert all("expected the recipe to be the same" in " ".join(said.split()) for said in told)


def test_on_many_machines_one_that_is_gone_ends_the_others(folder: Path) -> None:
    crew = []
    addresses = free_addresses(2)
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        crew.append(start(folder, "--epochs", "1000", config=config))
    try:
        wait_for("epoch 2/1000", crew[0].stdout)
        crew[1].kill()
        _, told = crew[0].communicate(timeout=300)
        assert crew[0].returncode == 1
        assert "another process that trains with this one has ended. The same commands" in told
    finally:
        for process in crew:
            process.kill()
            process.communicate()

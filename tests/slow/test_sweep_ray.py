"""A sweep on a real Ray cluster of two nodes: as on one machine, also when a worker is killed."""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fetal_model.phantom import write_phantoms
from fetal_model.training.processes import free_addresses

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="finds processes by /proc"),
]

ROOT = Path(__file__).resolve().parents[2]
TINY = """
name = "{name}"
description = "For a test."
architecture = "seed_cnn"
options = {{ size = 64, filters = [8, 16], dropout = 0.5 }}
[input]
height = 64
width = 64
scaling = "0-255"
[data]
phantoms = {{ brain = 15, abdomen = 15, femur = 15, thorax = 15 }}
[training]
epochs = 40
batch_size = 16
"""


def wait_for(condition: Callable[[], bool], seconds: float = 400) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Of every process here; the cluster asks for a token, and its nodes know no shared folder."""
    return {
        **os.environ, "PYTHONPATH": str(ROOT), "FETAL_SHARED": str(tmp_path / "absent"),
        "FETAL_HOME": str(tmp_path / "home"), "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }  # fmt: skip


@pytest.fixture
def cluster(settings: dict[str, str]) -> Iterator[str]:
    """Address of a cluster of two nodes with a processor each."""
    (address,) = free_addresses(1)
    host, port = address.split(":")
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # its sockets' paths may not be long
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    memory = f"--object-store-memory={100 * 1024**2}"
    asked = [
        ["--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false"],
        [f"--address={address}"],
    ]
    nodes = []
    try:
        for more in asked:
            node = subprocess.Popen(
                [*start, memory, f"--node-ip-address={host}", *more],
                env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            nodes.append(node)
            lines = node.stdout
            assert lines is not None
            assert any("Ray runtime started" in line for line in lines)
        yield address
    finally:
        for node in reversed(nodes):
            node.terminate()
        for node in nodes:
            node.communicate(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def worker_of(run: str) -> int:
    """The Ray worker that waits for the process of a run, 0 when there is none."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            status = (entry / "status").read_text()
        except OSError:  # it has ended
            continue
        if any(f"/{run}-".encode() in word for word in words):
            return int(status.split("\nPPid:\t")[1].split("\n")[0])
    return 0


def shared_scans(folder: Path) -> Path:
    """A folder like the one that `FETAL_SHARED` names, with a scan of each anatomy to validate."""
    made = write_phantoms(folder / "real_scans", 1, seed=3)
    rows = list(csv.DictReader(made.open(encoding="utf-8")))
    with made.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], "part", "source"])
        writer.writeheader()
        writer.writerows({**row, "part": "validation", "source": "made"} for row in rows)
    return folder


def test_a_cluster_gives_what_one_machine_gives_though_a_worker_is_killed(
    cluster: str, settings: dict[str, str], tmp_path: Path
) -> None:
    names, shared = ["first", "second"], shared_scans(tmp_path / "shared")
    for name in names:
        (tmp_path / f"{name}.toml").write_text(TINY.format(name=name), encoding="utf-8")

    def start(engine: str) -> subprocess.Popen[str]:
        asked = ["--seeds", "1", "--test-scans", "40", "-o", f"out-{engine}", "--work", engine]
        return subprocess.Popen(
            [
                sys.executable, "-m", "fetal_model", "sweep", *(f"{name}.toml" for name in names),
                *asked, "--engine", engine,
            ],
            cwd=tmp_path, env={**settings, "RAY_ADDRESS": cluster, "FETAL_SHARED": str(shared)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    local = start("local")
    _, told = local.communicate(timeout=400)
    assert local.returncode == 0, told
    (tmp_path / "ray").mkdir()
    for folder in (tmp_path / "local").glob("phantoms-*"):
        (tmp_path / "ray" / folder.name).symlink_to(folder)

    spread = start("ray")
    runs = tmp_path / "ray" / "sweep"
    wait_for(lambda: all(list(runs.glob(f"{name}-0-*/backup/after-*")) for name in names))
    killed = worker_of("second-0")
    assert killed not in {0, worker_of("first-0")}  # both are at work at once
    os.kill(killed, signal.SIGKILL)
    out, told = spread.communicate(timeout=400)
    assert spread.returncode == 0, told
    assert sum("of 40 test scans right" in line for line in out.splitlines()) == 2

    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "out-local", tmp_path / "out-ray")
    ]
    assert len(files[0]) == 8
    assert Path("real/second-0.csv.gz") in files[1]  # the folder that this process knows
    assert set(files[0]) == set(files[1])
    for name, content in files[0].items():
        if name.suffix == ".json":
            made = [json.loads(one[name]) for one in files]
            for one in made:
                assert one.pop("finished")
                assert one.pop("seconds_per_epoch") > 0
            assert made[0] == made[1]
        else:
            assert content == files[1][name], name
    # it went on from where it was, and no epoch was lost
    (log,) = runs.glob("second-0-*/log.txt")
    epochs = [
        int(line[6:].split("/")[0]) for line in log.read_text().split("\n") if line[:6] == "epoch "
    ]
    assert epochs == sorted(set(epochs))
    assert len(epochs) >= 39  # the line of the one that was cut off may be missing

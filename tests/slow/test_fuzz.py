"""Ten thousand broken files over all formats: no exception but `ScanError`, no hang, no crash.

Each worker is a process: a hang or a crash ends it, and its last line says at which file. The same
number is the same file: `python tests/slow/fuzz_worker.py NUMBER 1` opens it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES, WORKERS, BATCH = 10_000, 2, 1000
MOST_MEMORY = 2 * 1024**3
"""Bytes of a worker; the largest picture that is read takes a quarter of it, its decoder more."""


def work(first: int) -> tuple[int, str, str]:
    """Exit status, answer and log of a worker."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/slow/fuzz_worker.py"), str(first), str(BATCH)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_no_broken_file_costs_more_than_its_message() -> None:
    outcomes: Counter[str] = Counter()
    peak = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for status, answer, log in pool.map(work, range(0, FILES, BATCH)):
            assert status == 0, log[-3000:]
            told = json.loads(answer.splitlines()[-1])
            assert told["failures"] == []
            assert told["peak"] < MOST_MEMORY
            outcomes.update(told["outcomes"])
            peak = max(peak, told["peak"])
    print(f"{dict(outcomes)}, a worker held at most {peak / 1024**2:.0f} MiB")  # shown by -rP
    assert outcomes.total() >= FILES
    # files that are read in spite of what was done to them, and files that are not
    assert min(outcomes["Scan"], outcomes["Clip"], outcomes["ScanError"]) > FILES / 100

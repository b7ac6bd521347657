"""Seconds from a fresh clone to the first answered scan: `make app`, a browser, one dropped file.

Not part of `make bench`: it installs everything anew. Needs Debian's Chromium.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import cv2

from benchmarks import write_result
from fetal_model.phantom import simulate

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 600


def main() -> None:
    """Write `first-answer.json`."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch:
        clone, scan = Path(scratch) / "clone", Path(scratch) / "femur.png"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        cv2.imwrite(str(scan), simulate("femur", 7).image)
        started = time.perf_counter()
        # its own process group, so that make and the server it started end together
        server = subprocess.Popen(
            ["make", "app", f"PORT={port}"],
            cwd=clone,
            # no cache: packages are downloaded, as on a fresh machine
            env={**os.environ, "UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/_stcore/health", started)
            ready = time.perf_counter() - started
            with sync_playwright() as play:
                browser = play.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page()
                page.goto(address)
                page.locator("input[type=file]").set_input_files(scan, timeout=60_000)
                page.get_by_text("Femur ·").first.wait_for(timeout=120_000)
                answered = time.perf_counter() - started
                browser.close()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
    result = {
        "cores": os.cpu_count(),
        "server_seconds": round(ready, 1),
        "answer_seconds": round(answered, 1),
    }
    write_result("first-answer.json", result)


def _wait(address: str, started: float) -> None:
    while time.perf_counter() - started < LIMIT:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(f"{address}: no answer within {LIMIT} s")

"""A newcomer goes through every page of the app, which is killed in the middle of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from admin_installation import own_installation
from newcomer import walk
from playwright.sync_api import expect
from real_browser import CHROMIUM, PATIENCE_MS, chromium

from fetal_model.store.versions import WEIGHTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_newcomer_goes_through_every_page(tmp_path: Path, phantom_files: dict[str, Path]) -> None:
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    if not (WEIGHTS / "serving.json").is_file():
        pytest.skip(f"no version is in service in {WEIGHTS}")
    expect.set_options(timeout=3 * PATIENCE_MS)
    scans = [phantom_files["femur"], phantom_files["brain"]]
    with own_installation(tmp_path, ("seed-cnn/1",)) as installation, chromium() as browser:
        walk(browser, installation, scans, shoot=lambda page, name: None)

"""A newcomer goes through every page of the app, which is killed in the middle of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from admin_installation import own_installation
from newcomer import walk
from playwright.sync_api import Browser

from fetal_model.store.versions import WEIGHTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_newcomer_goes_through_every_page(
    browser: Browser, tmp_path: Path, phantom_files: dict[str, Path]
) -> None:
    if not (WEIGHTS / "serving.json").is_file():
        pytest.skip(f"no version is in service in {WEIGHTS}")
    scans = [phantom_files["femur"], phantom_files["brain"]]
    with own_installation(tmp_path, ("seed-cnn/1",)) as installation:
        walk(browser, installation, scans, shoot=lambda page, name: None)

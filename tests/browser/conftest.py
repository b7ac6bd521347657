"""One server and one Chromium for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import CHROMIUM, PATIENCE_MS, chromium, open_page, running_app

from fetal_model.store.versions import WEIGHTS


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The only one: Playwright refuses a second beside it in the same process."""
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    expect.set_options(timeout=3 * PATIENCE_MS)
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def address(browser: Browser) -> Iterator[str]:
    if not (WEIGHTS / "serving.json").is_file():
        pytest.skip(f"no version is in service in {WEIGHTS}")
    with running_app() as app:
        yield app


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = open_page(browser, address)
    yield opened
    opened.context.close()


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    opened = open_page(browser, address, width=390, height=844)
    yield opened
    opened.context.close()

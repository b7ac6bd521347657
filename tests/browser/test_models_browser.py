"""The models page in a real Chromium: every section, inside the network, narrow, dark and light."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import DISCLAIMER, PATIENCE_MS, open_page, running_app, wait_until_still
from take_screenshots import choose_theme

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def several(browser: Browser, judged_weights: Path) -> Iterator[str]:
    """Address of an app with three versions, one of them with all that a training leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FETAL_WEIGHTS", str(judged_weights))
        with running_app() as app:
            yield app


@pytest.fixture
def models(browser: Browser, several: str) -> Iterator[Page]:
    page = open_models(browser, several, 1440, 900)
    yield page
    page.context.close()


@pytest.fixture
def phone_models(browser: Browser, several: str) -> Iterator[Page]:
    page = open_models(browser, several, 390, 844)
    yield page
    page.context.close()


def open_models(browser: Browser, address: str, width: int, height: int) -> Page:
    page = open_page(browser, address, width, height)
    page.goto(f"{address}/models")
    expect(page.get_by_text("A network that learned nothing.")).to_be_visible(timeout=PATIENCE_MS)
    return page


def show(page: Page, section: str, mark: str) -> None:
    page.get_by_role("radio", name=section, exact=True).click()
    expect(page.get_by_text(mark).first).to_be_visible(timeout=PATIENCE_MS)
    wait_until_still(page)


SECTIONS = {
    "Training": "scans to learn from",
    "Answers": "Simulated scans, n = 8",
    "Mistakes": "held-out scans",
    "Card": "A network that learned nothing.",
}


def test_every_section_shows_its_own(models: Page) -> None:
    for section, mark in SECTIONS.items():
        show(models, section, mark)
        for other, foreign in SECTIONS.items():
            if other != section:
                expect(models.get_by_text(foreign)).to_have_count(0, timeout=PATIENCE_MS)
        expect(models.get_by_text(DISCLAIMER, exact=True)).to_be_in_viewport(ratio=1)
    show(models, "Mistakes", SECTIONS["Mistakes"])
    pictures = models.locator('[class*="st-key-scan-"] img')
    expect(pictures).not_to_have_count(0)
    for image in pictures.all():
        assert image.get_attribute("alt")


def test_numbers_in_the_matrix_can_be_read_in_both_themes(models: Page) -> None:
    show(models, "Answers", SECTIONS["Answers"])
    number = models.locator(".annotation-text").first
    for theme, bright in (("Dark", True), ("Light", False)):
        choose_theme(models, theme)
        models.wait_for_function(
            """bright => {
                const text = document.querySelector(".annotation-text");
                const [red] = getComputedStyle(text).fill.match(/\\d+/g).map(Number);
                return bright ? red > 180 : red < 100;
            }""",
            arg=bright,
        )
        expect(number).to_be_visible(timeout=PATIENCE_MS)


def test_inside_the_network_by_keyboard(models: Page) -> None:
    models.get_by_role("radio", name="Layers", exact=True).click()
    models.get_by_role("button", name="Load the network").focus()
    models.keyboard.press("Enter")
    expect(models.get_by_text("layers, ")).to_be_visible(timeout=2 * PATIENCE_MS)
    expect(models.get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE_MS)
    show(models, "Feature maps", "Those that vary most")
    maps = models.locator(".st-key-scan-maps img")
    expect(maps).to_have_count(12, timeout=PATIENCE_MS)  # of 16, on the first page
    before = maps.first.get_attribute("src")
    chooser = models.get_by_role("combobox", name="Scan")
    chooser.focus()
    models.keyboard.type("Thorax")
    models.keyboard.press("Enter")
    expect(maps.first).not_to_have_attribute("src", str(before), timeout=PATIENCE_MS)
    for image in models.locator("img").all():
        assert image.get_attribute("alt"), image.evaluate("e => e.outerHTML")


def test_a_phone_needs_no_sideways_scrolling(phone_models: Page) -> None:
    for section, mark in SECTIONS.items():
        show(phone_models, section, mark)
        for selector in ("html", '[data-testid="stMain"]'):
            wide, seen = phone_models.locator(selector).evaluate(
                "e => [e.scrollWidth, e.clientWidth]"
            )
            assert wide <= seen, (section, selector)

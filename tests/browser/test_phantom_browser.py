"""The simulate page in a real Chromium: names on hover and by keyboard, redraws, narrow, themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import DISCLAIMER, PATIENCE_MS, open_page, wait_until_still
from take_screenshots import choose_theme

from fetal_model.phantom.planes import PLANES
from fetal_model.wording_phantom import KNOBS, plane_name

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_gallery(browser: Browser, address: str, width: int, height: int) -> Page:
    page = open_page(browser, address, width, height)
    page.goto(f"{address}/phantom")
    page.get_by_role("button", name="Transthalamic", exact=True).wait_for()
    wait_until_still(page)
    return page


def choose(page: Page, plane: str) -> None:
    page.get_by_role("button", name=plane, exact=True).click()
    expect(page.locator(".structure").first).to_be_attached(timeout=PATIENCE_MS)
    wait_until_still(page)


@pytest.fixture
def gallery(browser: Browser, address: str) -> Iterator[Page]:
    page = open_gallery(browser, address, 1440, 900)
    yield page
    page.context.close()


@pytest.fixture
def phone_gallery(browser: Browser, address: str) -> Iterator[Page]:
    page = open_gallery(browser, address, 390, 844)
    yield page
    page.context.close()


def test_the_gallery_shows_every_plane_and_says_simulated(gallery: Page) -> None:
    for plane in PLANES:
        expect(gallery.get_by_alt_text(f"Simulated scan: {plane_name(plane)}")).to_be_visible()
    expect(gallery.get_by_text("· simulated")).to_have_count(len(PLANES))
    expect(gallery.get_by_text(DISCLAIMER, exact=True)).to_be_in_viewport(ratio=1)


def test_a_structure_is_named_where_the_pointer_is(gallery: Page) -> None:
    choose(gallery, "Transthalamic")
    picture = gallery.locator(".st-key-scan-studio img").bounding_box()
    overlay = gallery.locator(".structures").bounding_box()
    assert picture and overlay
    for side in ("x", "y", "width", "height"):
        assert abs(picture[side] - overlay[side]) <= 2, side
    name = gallery.locator(".structure[aria-label='skull'] + .name")
    expect(name).to_be_hidden()
    at = name.evaluate("e => [parseFloat(e.style.left) / 100, parseFloat(e.style.top) / 100]")
    gallery.mouse.move(
        picture["x"] + at[0] * picture["width"], picture["y"] + at[1] * picture["height"]
    )
    expect(name).to_be_visible()
    gallery.mouse.move(5, 5)
    expect(name).to_be_hidden()


def test_names_by_keyboard_and_from_the_list(gallery: Page) -> None:
    choose(gallery, "Transthalamic")
    gallery.locator(".structure").first.focus()
    first = gallery.locator(".structure").first.get_attribute("aria-label")
    expect(gallery.locator(".structures .name:visible")).to_have_text([str(first)])
    gallery.keyboard.press("Tab")
    expect(gallery.locator(".structures .name:visible")).not_to_have_text([str(first)])
    gallery.evaluate("document.activeElement.blur()")
    gallery.get_by_role("radio", name="skull", exact=True).focus()
    gallery.keyboard.press("Space")
    expect(gallery.locator(".structure.marked + .name")).to_have_text("skull")


def test_a_slider_redraws_by_keyboard(gallery: Page) -> None:
    choose(gallery, "Femur")
    picture = gallery.locator(".st-key-scan-studio img")
    for knob in KNOBS:
        before = picture.get_attribute("src")
        gallery.get_by_role("slider", name=knob.name).focus()
        gallery.keyboard.press("ArrowRight")
        expect(picture).not_to_have_attribute("src", str(before), timeout=PATIENCE_MS)
    wait_until_still(gallery)
    gallery.get_by_role("button", name="All planes").focus()
    gallery.keyboard.press("Enter")
    expect(gallery.get_by_role("button", name="Transthalamic", exact=True)).to_be_visible()


def test_the_picture_stays_in_view_on_a_phone(phone_gallery: Page) -> None:
    def no_sideways_scrolling() -> None:
        for selector in ("html", '[data-testid="stMain"]'):
            wide, seen = phone_gallery.locator(selector).evaluate(
                "e => [e.scrollWidth, e.clientWidth]"
            )
            assert wide <= seen, selector

    no_sideways_scrolling()
    choose(phone_gallery, "Transthalamic")
    no_sideways_scrolling()
    phone_gallery.get_by_role("slider", name="Frequency").scroll_into_view_if_needed()
    phone_gallery.mouse.move(195, 600)
    phone_gallery.mouse.wheel(0, 300)
    expect(phone_gallery.locator(".st-key-scan-studio img")).to_be_in_viewport(ratio=0.9)
    skull = phone_gallery.locator(".structure[aria-label='skull']")
    skull.focus()
    expect(phone_gallery.locator(".structure[aria-label='skull'] + .name")).to_be_in_viewport()


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_names_can_be_read_in_both_themes(gallery: Page, theme: str) -> None:
    choose(gallery, "Transthalamic")
    choose_theme(gallery, theme)
    gallery.locator(".structure").first.focus()
    name = gallery.locator(".structures .name:visible").first
    colour = name.evaluate("e => getComputedStyle(e).color")
    assert colour == "rgb(255, 255, 255)"
    for image in gallery.locator("img").all():
        assert image.get_attribute("alt")

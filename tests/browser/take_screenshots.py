"""Take the pictures in docs/screenshots again: `python tests/browser/take_screenshots.py`.

They show simulated scans only.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page
from real_browser import PATIENCE_MS, ROOT, chromium, open_page, running_app, wait_until_still

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
TALLEST = 4000


def choose_theme(page: Page, theme: str) -> None:
    """By the settings menu, as a reader would."""
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_role("menuitemradio", name=theme.capitalize()).click()
    page.keyboard.press("Escape")
    page.get_by_role("menuitemradio").first.wait_for(state="detached")
    page.evaluate("document.activeElement.blur()")


def shoot(page: Page, path: Path, whole: bool = False) -> None:
    """Save what is in view, or the whole page in a window as tall as it."""
    wait_until_still(page)
    if whole:
        width = (page.viewport_size or {})["width"]
        page.set_viewport_size({"width": width, "height": TALLEST})
        wait_until_still(page)
        content = page.locator(".stMainBlockContainer > div").first.bounding_box()
        height = int(content["y"] + content["height"] + 90) if content else TALLEST
        page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
        wait_until_still(page)
    page.screenshot(path=path, animations="disabled")
    print(path.relative_to(ROOT))


def take(browser: Browser, address: str, size: str, theme: str) -> None:
    """The empty page and the page with a femur, at one size in one theme."""
    page = open_page(browser, address, *SIZES[size])
    choose_theme(page, theme)
    shoot(page, FOLDER / f"empty-{size}-{theme}.png")
    page.get_by_role("button", name="Femur (simulated)").click()
    page.get_by_text("Analysed in").wait_for(timeout=PATIENCE_MS)
    shoot(page, FOLDER / f"classify-{size}-{theme}.png", whole=True)
    page.context.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_app() as address, chromium() as browser:
        for size in SIZES:
            for theme in ("dark", "light"):
                take(browser, address, size, theme)


if __name__ == "__main__":
    main()

"""Take the pictures in docs/screenshots again: `take_screenshots.py [PAGE ...]`.

They show simulated scans only.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from admin_installation import PASSWORD, open_admin, own_installation, sign_in
from newcomer import walk
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from real_browser import PATIENCE_MS, ROOT, chromium, open_page, running_app, wait_until_still

from fetal_model.anatomy import KEYS
from fetal_model.phantom import QUALITIES, simulate
from fetal_model.phantom.cine import draw_cine, write_cine
from fetal_model.store.admin import set_password
from fetal_model.store.versions import list_versions
from fetal_model.training.jobs import read_job, submit
from fetal_model.training.jobs_plan import Changes, plan

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
TALLEST = 4000


def choose_theme(page: Page, theme: str) -> None:
    """By the settings menu, as a reader would."""
    page.mouse.move(0, 0)  # off what has a tooltip, which could cover the menu
    page.evaluate("document.activeElement.blur()")
    page.get_by_test_id("stTooltipContent").wait_for(state="detached")
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


def take_many(browser: Browser, address: str, size: str, theme: str) -> None:
    """A dozen scans with a file that is none, and a probe sweep over time."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        study.mkdir()
        for number in range(12):
            scan = simulate(KEYS[number % len(KEYS)], number, quality=QUALITIES[number % 3])
            Image.fromarray(scan.image).save(study / f"{number:02}.png")
        (study / "letter.pdf").write_bytes(b"%PDF-1.7 a letter")
        clip = Path(folder) / "sweep.dcm"
        write_cine(draw_cine("femur", 4, quality="good"), clip, clip.with_suffix(".csv"))
        for name, files in (("batch", sorted(study.iterdir())), ("timeline", [clip])):
            page = open_page(browser, address, *SIZES[size])
            choose_theme(page, theme)
            page.locator('input[type="file"]').set_input_files(files)
            page.get_by_text("Analysed in").first.wait_for(timeout=4 * PATIENCE_MS)
            page.mouse.move(0, 0)  # off what has a tooltip by now
            shoot(page, FOLDER / f"{name}-{size}-{theme}.png", whole=name == "timeline")
            page.context.close()


def take_teach(browser: Browser, address: str, size: str, theme: str) -> None:
    """A quiz: its start, a question, the truth about it, and the result."""
    from fetal_model.anatomy import BY_KEY
    from fetal_model.teaching.draw import draw_simulated

    labels = [q.label for q in draw_simulated(7, "good", annotations=False).questions]
    page = open_page(browser, address, *SIZES[size])
    page.goto(f"{address}/teach")
    page.get_by_role("spinbutton").wait_for()
    choose_theme(page, theme)
    page.get_by_role("spinbutton").fill("7")
    page.get_by_role("spinbutton").press("Enter")
    shoot(page, FOLDER / f"teach-start-{size}-{theme}.png", whole=True)
    page.get_by_role("button", name="Start the quiz").click()
    for index, label in enumerate(labels):
        missed = index in (2, 5, 8)
        choice = KEYS[(KEYS.index(label) + 1) % len(KEYS)] if missed else label
        page.get_by_text(f"Scan {index + 1} of 10").wait_for()
        page.get_by_text("Pick an anatomy.").wait_for()
        wait_until_still(page)
        page.get_by_role("button", name=BY_KEY[choice].name).click()
        page.get_by_text(f"Picked: {BY_KEY[choice].name}. Now").wait_for()
        sure = "Unsure · 50%" if index % 4 == 1 else "Fairly sure" if index % 2 else "Certain"
        page.get_by_role("button", name=sure).click()
        page.get_by_text(f"Picked: {BY_KEY[choice].name}, ").wait_for()
        if index == 2:
            shoot(page, FOLDER / f"teach-question-{size}-{theme}.png", whole=True)
        page.get_by_role("button", name="Answer").click()
        page.get_by_text("You said").wait_for()
        if index == 2:
            page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
            shoot(page, FOLDER / f"teach-{size}-{theme}.png", whole=True)
        page.get_by_role("button", name="See the result" if index == 9 else "Next scan").click()
    page.get_by_text("By anatomy").wait_for()
    shoot(page, FOLDER / f"teach-result-{size}-{theme}.png", whole=True)
    page.context.close()


def take_compare(browser: Browser, address: str, size: str, theme: str) -> None:
    """Two versions on a simulated femur, and the report on the simulated set."""
    page = open_page(browser, address, *SIZES[size])
    page.goto(f"{address}/compare")
    page.get_by_role("button", name="Femur (simulated)").click()
    page.get_by_text("analysed in").nth(1).wait_for()
    choose_theme(page, theme)
    shoot(page, FOLDER / f"compare-{size}-{theme}.png", whole=True)
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
    page.get_by_role("radio", name="Simulated set").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Where they disagree").wait_for(timeout=4 * PATIENCE_MS)
    shoot(page, FOLDER / f"compare-set-{size}-{theme}.png", whole=True)
    page.context.close()


def take_models(browser: Browser, address: str, size: str, theme: str) -> None:
    """What a version's files say, and its feature maps; never its mistakes on real scans."""
    page = open_page(browser, address, *SIZES[size])
    page.goto(f"{address}/models")
    page.get_by_role("radio", name="Training").click()
    choose_theme(page, theme)
    for section, mark in (("Training", "scans to learn from"), ("Answers", "Simulated scans, n")):
        page.get_by_role("radio", name=section).click()
        page.get_by_text(mark).wait_for()
        shoot(page, FOLDER / f"models-{section.lower()}-{size}-{theme}.png")
    page.get_by_role("radio", name="Feature maps").click()
    page.get_by_role("button", name="Load the network").click()
    page.get_by_role("combobox", name="Layer").wait_for(timeout=4 * PATIENCE_MS)
    page.get_by_text("Those that vary most").wait_for()
    shoot(page, FOLDER / f"models-feature-maps-{size}-{theme}.png", whole=True)
    page.context.close()


def take_simulate(browser: Browser, address: str, size: str, theme: str) -> None:
    """The gallery of planes, and one of them in the studio."""
    page = open_page(browser, address, *SIZES[size])
    page.goto(f"{address}/phantom")
    plane = page.get_by_role("button", name="Four-chamber", exact=True)
    plane.wait_for()
    choose_theme(page, theme)
    shoot(page, FOLDER / f"simulate-{size}-{theme}.png", whole=True)
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
    plane.click()
    page.locator(".structures").wait_for()
    shoot(page, FOLDER / f"simulate-studio-{size}-{theme}.png", whole=True)
    page.context.close()


def take_admin(browser: Browser) -> None:
    """A real training of the seed CNN at work, the form, and two versions side by side."""
    versions = tuple(v.label for v in list_versions() if v.name == "seed-cnn")
    with tempfile.TemporaryDirectory() as folder, own_installation(Path(folder), versions) as ours:
        set_password(PASSWORD)
        recipe = plan("seed-cnn", Changes(60, 0.001, 16, 40))
        number = submit(recipe, ours / "weights").number
        while len(read_job(number).progress.get("history", [])) < 10:
            time.sleep(1)
        with running_app() as address:
            for size in SIZES:
                for theme in ("dark", "light"):
                    page = open_admin(browser, address, *SIZES[size])
                    sign_in(page)
                    page.get_by_role("button", name="Start training").wait_for()
                    page.get_by_text("Accepted without a person").first.wait_for()
                    choose_theme(page, theme)
                    shoot(page, FOLDER / f"admin-{size}-{theme}.png", whole=True)
                    page.context.close()


def take_newcomer(browser: Browser) -> None:
    """Each station of the newcomer's walk."""

    def both(page: Page, name: str) -> None:
        size = page.viewport_size
        for theme in ("dark", "light"):
            choose_theme(page, theme)
            shoot(page, FOLDER / "newcomer" / f"{name}-{theme}.png", whole=True)
            page.set_viewport_size(dict(size or {}))

    expect.set_options(timeout=3 * PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder:
        scans = []
        for key in ("femur", "brain"):
            scans.append(Path(folder) / f"{key}.png")
            Image.fromarray(simulate(key, 4, quality="good").image).save(scans[-1])
        with own_installation(Path(folder), ("seed-cnn/1",)) as ours:
            walk(browser, ours, scans, both)


PAGES = {
    "classify": take,
    "many": take_many,
    "compare": take_compare,
    "models": take_models,
    "teach": take_teach,
    "simulate": take_simulate,
}
ON_THEIR_OWN = {"admin": take_admin, "newcomer": take_newcomer}


def main(wanted: list[str]) -> None:
    (FOLDER / "newcomer").mkdir(parents=True, exist_ok=True)
    wanted = wanted or [*PAGES, *ON_THEIR_OWN]
    with chromium() as browser:
        if shared := [PAGES[name] for name in wanted if name in PAGES]:
            with running_app() as address:
                for size in SIZES:
                    for theme in ("dark", "light"):
                        for pictures in shared:
                            pictures(browser, address, size, theme)
        for name in wanted:
            if name in ON_THEIR_OWN:
                ON_THEIR_OWN[name](browser)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The compare page in a real Chromium: side by side, a folder as it is dropped, stop and go on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from real_browser import DISCLAIMER, PATIENCE_MS, open_page, running_app, wait_until_still

from fetal_model.anatomy import ANATOMIES, KEYS
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def several(browser: Browser, untrained_weights: Path) -> Iterator[str]:
    """Address of an app with three versions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FETAL_WEIGHTS", str(untrained_weights))
        with running_app() as app:
            yield app


@pytest.fixture
def compare(browser: Browser, several: str) -> Iterator[Page]:
    page = open_compare(browser, several, 1440, 900)
    yield page
    page.context.close()


@pytest.fixture
def phone_compare(browser: Browser, several: str) -> Iterator[Page]:
    page = open_compare(browser, several, 390, 844)
    yield page
    page.context.close()


def open_compare(browser: Browser, address: str, width: int, height: int) -> Page:
    page = open_page(browser, address, width, height)
    page.goto(f"{address}/compare")
    expect(page.get_by_role("heading", name="Compare versions")).to_be_visible(timeout=PATIENCE_MS)
    return page


def drop(page: Page, file: Path) -> None:
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("analysed in")).to_have_count(2, timeout=PATIENCE_MS)
    wait_until_still(page)


def scans(page: Page) -> Locator:
    return page.locator('[class*="st-key-scan-"] img')


def boxes(page: Page) -> list[dict[str, float]]:
    found = [image.bounding_box() for image in scans(page).all()]
    return [dict(box) for box in found if box]


def start(page: Page) -> None:
    page.get_by_role("button", name="Compare", exact=True).click()


def test_overlays_stand_side_by_side_under_one_picker(
    compare: Page, phantom_files: dict[str, Path], untrained_weights: Path
) -> None:
    scan = read_scan(phantom_files["femur"])
    engines = [Predictor.load(name, untrained_weights) for name in ("tiny-dropout", "tiny-sononet")]
    own = {engine.analyse(scan).anatomy.key for engine in engines}
    another = next(entry for entry in ANATOMIES if entry.key not in own)
    drop(compare, phantom_files["femur"])
    left, right = boxes(compare)
    assert left["y"] == pytest.approx(right["y"], abs=2)
    assert left["width"] == pytest.approx(right["width"], abs=2)
    assert left["x"] + left["width"] <= right["x"]
    sources = [image.get_attribute("src") for image in scans(compare).all()]
    compare.get_by_role("radio", name=another.name, exact=True).click()
    expect(compare.get_by_text(f"speaks for {another.name.lower()} (Grad-CAM)")).to_have_count(
        2, timeout=PATIENCE_MS
    )
    wait_until_still(compare)
    moved = [image.get_attribute("src") for image in scans(compare).all()]
    assert all(before != after for before, after in zip(sources, moved, strict=True))
    assert boxes(compare) == [left, right], "another anatomy moves no picture"
    for image in compare.locator("img").all():
        assert image.get_attribute("alt"), image.evaluate("e => e.outerHTML")


def test_a_third_version_joins_by_keyboard(compare: Page, phantom_files: dict[str, Path]) -> None:
    drop(compare, phantom_files["femur"])
    chooser = compare.get_by_role("combobox", name="Versions, two to four")
    chooser.focus()
    compare.keyboard.type("plain")
    compare.keyboard.press("Enter")
    expect(compare.get_by_text("analysed in")).to_have_count(3, timeout=PATIENCE_MS)


def test_a_long_comparison_stops_and_goes_on_from_there(compare: Page) -> None:
    compare.get_by_role("radio", name="Simulated set").click()
    slider = compare.get_by_role("slider", name="Simulated scans of each anatomy")
    slider.press("End")
    expect(compare.get_by_text("200 simulated scans of")).to_be_visible(timeout=PATIENCE_MS)
    start(compare)
    compare.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stProgress"] p')]
            .some(text => /^Scan ([3-9]|\\d\\d+) of 200$/.test(text.textContent))"""
    )
    compare.get_by_role("button", name="Stop comparing").click()
    stopped = compare.get_by_text("Stopped after")
    expect(stopped).to_be_visible(timeout=PATIENCE_MS)
    done = int(re.search(r"after (\d+) of 200", stopped.inner_text())[1])  # type: ignore[index]
    assert 2 <= done < 200
    expect(compare.get_by_role("button", name="Stop comparing")).to_have_count(
        0, timeout=PATIENCE_MS
    )
    # a smaller set is another one, with a report of its own
    slider.press("Home")
    expect(compare.get_by_text("20 simulated scans of")).to_be_visible(timeout=PATIENCE_MS)
    start(compare)
    expect(compare.get_by_text("Figures on 20 simulated scans")).to_be_visible(timeout=PATIENCE_MS)
    expect(compare.get_by_test_id("stPlotlyChart")).to_have_count(2, timeout=PATIENCE_MS)
    expect(compare.get_by_text("Where they disagree")).to_be_visible(timeout=PATIENCE_MS)


def test_a_dropped_folder_is_labelled_by_its_sub_folders(
    compare: Page, phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    for key in KEYS:
        (tmp_path / "set" / key).mkdir(parents=True)
        shutil.copy(phantom_files[key], tmp_path / "set" / key / "1.png")
    (tmp_path / "set" / "kidney").mkdir()
    shutil.copy(phantom_files["brain"], tmp_path / "set" / "kidney" / "2.png")
    compare.get_by_role("radio", name="Labelled folder").click()
    expect(compare.get_by_text("Nothing is here yet")).to_be_visible(timeout=PATIENCE_MS)
    compare.locator('input[type="file"]').first.set_input_files(tmp_path / "set")
    expect(compare.get_by_text("4 scans: brain 1, abdomen 1, femur 1, thorax 1.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(compare.get_by_text("'kidney'")).to_have_count(0)
    compare.get_by_text("Hide file names").click()
    expect(compare.get_by_text("folder 'kidney': expected a sub-folder")).to_be_visible(
        timeout=PATIENCE_MS
    )
    start(compare)
    expect(compare.get_by_text("Figures on 4 scans")).to_be_visible(timeout=PATIENCE_MS)
    table = compare.get_by_test_id("stTable")
    expect(table).to_contain_text("Recall, femur")
    expect(table).to_contain_text("/1 = ")


def test_a_phone_needs_no_sideways_scrolling(
    phone_compare: Page, phantom_files: dict[str, Path]
) -> None:
    drop(phone_compare, phantom_files["brain"])
    above, below = boxes(phone_compare)
    assert above["y"] + above["height"] <= below["y"], "one below the other"
    phone_compare.get_by_role("radio", name="Simulated set").click()
    phone_compare.get_by_role("slider", name="Simulated scans of each anatomy").press("Home")
    expect(phone_compare.get_by_text("20 simulated scans of")).to_be_visible(timeout=PATIENCE_MS)
    start(phone_compare)
    expect(phone_compare.get_by_text("Where they disagree")).to_be_visible(timeout=PATIENCE_MS)
    wait_until_still(phone_compare)
    for selector in ("html", '[data-testid="stMain"]'):
        wide, seen = phone_compare.locator(selector).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen, selector
    expect(phone_compare.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)

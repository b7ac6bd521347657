"""The classify page in a real Chromium: upload, read, move, toggle, narrow, dark and light."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from pypdfium2 import PdfDocument
from real_browser import DISCLAIMER, PATIENCE_MS, running_app, wait_until_still

from fetal_model import wording
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_still
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FETAL_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A femur and a brain: real ones where they are at hand, else phantoms."""
    folder = tmp_path_factory.mktemp("scans")
    found = []
    for label in ("femur", "brain"):
        real = sorted((SHARED / "real_scans" / "validation" / label).glob("*.png"))
        if real:
            found.append(real[0])
        else:
            found.append(folder / f"{label}.png")
            Image.fromarray(simulate(label, 4, quality="good").image).save(found[-1])
    return found


def drop(page: Page, files: list[Path], cards: int) -> None:
    page.locator('input[type="file"]').set_input_files(files)
    expect(page.get_by_text("Analysed in")).to_have_count(cards, timeout=PATIENCE_MS)
    wait_until_still(page)


def scan(page: Page, index: int = 0) -> Locator:
    return page.locator('[class*="st-key-scan-"] img').nth(index)


def pixels(image: Locator) -> bytes:
    """What a reader sees of a scan, pixel by pixel."""
    return Image.open(io.BytesIO(image.screenshot())).convert("RGB").tobytes()


def test_two_files_get_their_answers_in_order(page: Page, files: list[Path]) -> None:
    drop(page, files, cards=2)
    predictor = Predictor.load()
    wanted = [wording.headline(predictor.analyse(read_scan(file))) for file in files]
    assert page.get_by_role("heading", level=3).all_inner_texts() == wanted
    for index in range(2):
        size = scan(page, index).evaluate("e => [e.naturalWidth, e.naturalHeight]")
        with Image.open(files[index]) as picture:
            assert tuple(size) == picture.size, "the scan is shown at its own size"
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)


def test_slider_moved_by_keyboard_changes_the_picture(page: Page, files: list[Path]) -> None:
    drop(page, files[:1], cards=1)
    slider = page.get_by_role("slider", name="Opacity of the overlay")
    slider.focus()
    before, source = pixels(scan(page)), scan(page).get_attribute("src")
    for _ in range(4):
        slider.press("ArrowRight")
    expect(scan(page)).not_to_have_attribute("src", str(source))
    expect(page.get_by_text("Opacity 80%")).to_be_visible()
    wait_until_still(page)
    assert pixels(scan(page)) != before


def test_toggling_the_overlay_never_moves_the_picture(page: Page, files: list[Path]) -> None:
    drop(page, files[:1], cards=1)
    toggle = page.get_by_role("switch", name="Overlay")
    box, source = scan(page).bounding_box(), scan(page).get_attribute("src")
    before = pixels(scan(page))
    toggle.press(" ")
    expect(page.get_by_text("Overlay off")).to_be_visible()
    expect(scan(page)).not_to_have_attribute("src", str(source))
    wait_until_still(page)
    assert scan(page).bounding_box() == box
    assert pixels(scan(page)) != before
    toggle.press(" ")
    expect(scan(page)).to_have_attribute("src", str(source))
    wait_until_still(page)
    assert scan(page).bounding_box() == box
    assert pixels(scan(page)) == before


def test_another_anatomy_gets_its_own_map_and_legend(page: Page, files: list[Path]) -> None:
    drop(page, files[:1], cards=1)
    source = scan(page).get_attribute("src")
    page.get_by_role("radio", name="Thorax").click()
    expect(page.get_by_text("speaks for thorax (Grad-CAM)")).to_be_visible()
    expect(scan(page)).not_to_have_attribute("src", str(source))


def test_a_bad_file_is_explained_beside_a_good_one(
    page: Page, files: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "letter.pdf"
    bad.write_bytes(b"%PDF-1.7 a letter")
    drop(page, [bad, files[0]], cards=1)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("scan-")
    expect(alert).to_contain_text("PDF")
    expect(page.get_by_text("letter.pdf")).not_to_be_visible()
    page.get_by_text("Hide file names").click()
    expect(alert).to_contain_text("letter.pdf")
    wait_until_still(page)
    above, below = alert.bounding_box(), scan(page).bounding_box()
    assert above
    assert below
    assert above["y"] < below["y"], "results stand in the order of the files"


def test_example_by_keyboard_then_clear(page: Page) -> None:
    page.get_by_role("button", name="Thorax (simulated)").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Analysed in")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Thorax (simulated)", exact=True)).to_be_visible()
    expect(page.get_by_text("Analysed in")).to_have_count(0)


def download(page: Page, label: str) -> bytes:
    # the first of its form brings in its library
    with page.expect_download(timeout=3 * PATIENCE_MS) as started:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(started.value.path()).read_bytes()


def test_answers_are_taken_away(page: Page, files: list[Path], tmp_path: Path) -> None:
    dicom = tmp_path / "thorax.dcm"
    write_still(dicom, simulate("thorax", 4))
    page.get_by_text("Hide file names").click()
    drop(page, [*files, dicom], cards=3)
    page.get_by_role("button", name="Export").click()
    rows = json.loads(download(page, "JSON"))
    predictor = Predictor.load()
    dropped = [*files, dicom]
    assert [row["file"] for row in rows] == [file.name for file in dropped]
    for row, file in zip(rows, dropped, strict=True):
        found = predictor.analyse(read_scan(file)).probabilities.tolist()
        assert list(row["probabilities"].values()) == found
    assert len(PdfDocument(download(page, "PDF report"))) == 3
    with zipfile.ZipFile(io.BytesIO(download(page, "DICOM"))) as made:
        names = ["0003-thorax-report.dcm", "0003-thorax-overlay.dcm", "not-exported.txt"]
        assert made.namelist() == names
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Export")).to_have_count(0)


def test_export_fits_a_phone(phone: Page, files: list[Path]) -> None:
    drop(phone, files[:1], cards=1)
    phone.get_by_role("button", name="Export").click()
    expect(phone.get_by_role("button", name="DICOM", exact=True)).to_be_disabled()
    for label in ("PDF report", "FHIR"):
        box = phone.get_by_role("button", name=label).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_disclaimer_stays_in_view_at_any_scroll_position(page: Page, files: list[Path]) -> None:
    drop(page, files, cards=2)
    disclaimer = page.get_by_text(DISCLAIMER)
    expect(disclaimer).to_be_in_viewport(ratio=1)
    page.get_by_text("Analysed in").last.scroll_into_view_if_needed()
    page.get_by_test_id("stMain").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    expect(disclaimer).to_be_in_viewport(ratio=1)
    # the last of the page can be scrolled clear of it
    last = page.get_by_role("radio", name="Thorax").last.bounding_box()
    pinned = disclaimer.bounding_box()
    assert last
    assert pinned
    assert last["y"] + last["height"] <= pinned["y"]


def test_a_phone_needs_no_sideways_scrolling(phone: Page, files: list[Path]) -> None:
    drop(phone, files, cards=2)
    for selector in ("html", '[data-testid="stMain"]'):
        wide, seen = phone.locator(selector).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen, selector
    box = scan(phone).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    expect(phone.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)


def test_a_tall_scan_fits_the_screen_at_its_own_aspect_ratio(page: Page, tmp_path: Path) -> None:
    tall = tmp_path / "tall.png"
    upright = Image.fromarray(simulate("femur", 4).image).rotate(90, expand=True)
    upright.resize((400, 1600)).save(tall)
    drop(page, [tall], cards=1)
    box = scan(page).bounding_box()
    assert box
    assert box["height"] <= 900
    fit, shade = scan(page).evaluate(
        "e => [getComputedStyle(e).objectFit, getComputedStyle(e).backgroundColor]"
    )
    assert fit == "contain"
    assert shade == "rgb(0, 0, 0)"


def test_dark_unless_the_reader_chooses_light(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="light")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("() => localStorage.getItem('stActiveTheme-/-v2')")
    page.get_by_role("button", name="Femur (simulated)").wait_for()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(20, 20, 20)")
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_role("menuitemradio", name="Light").click()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.reload()
    page.get_by_role("button", name="Femur (simulated)").wait_for()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    # the choice holds at every address, and in the next visit
    for address_of in ("/compare", "/"):
        page.goto(address + address_of)
        page.get_by_role("heading", level=1).wait_for()
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    context.close()


def test_every_picture_has_a_text_for_those_who_cannot_see_it(
    page: Page, files: list[Path]
) -> None:
    assert all(image.get_attribute("alt") for image in page.get_by_role("img").all())
    drop(page, files[:1], cards=1)
    for image in page.locator("img").all():
        assert image.get_attribute("alt"), image.evaluate("e => e.outerHTML")


def test_a_page_address_on_a_fresh_server_still_shows_the_disclaimer(browser: Browser) -> None:
    """Until `st.navigation` has run once, Streamlit opens files in `pages/` without `app.py`."""
    with running_app() as fresh:
        context = browser.new_context(color_scheme="dark")
        page = context.new_page()
        page.goto(f"{fresh}/classify")
        expect(page.get_by_text(DISCLAIMER)).to_be_visible(timeout=PATIENCE_MS)
        context.close()


def test_screenshot_is_dark_and_not_empty(page: Page, files: list[Path]) -> None:
    drop(page, files[:1], cards=1)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
    assert shot.size == (1440, 900)
    assert shot.getpixel((720, 5)) < 40
    assert len(set(shot.crop((400, 350, 900, 700)).tobytes())) > 100, "a scan has many greys"


def drop_paths(page: Page, paths: list[Path]) -> None:
    """Drag files and folders onto the page, as from the system's file manager."""
    box = page.get_by_test_id("stFileUploaderDropzone").bounding_box()
    assert box is not None
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    dragged = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    mouse = page.context.new_cdp_session(page)
    for moment in ("dragEnter", "dragOver", "drop"):
        mouse.send("Input.dispatchDragEvent", {"type": moment, **where, "data": dragged})


def test_a_dropped_folder_is_stopped_finished_filtered_and_chosen_from(
    page: Page, files: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    (folder / "inner").mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.png").write_bytes(files[0].read_bytes())
        (folder / "inner" / f"{number}.png").write_bytes(files[1].read_bytes())
    (folder / "letter.pdf").write_bytes(b"%PDF-1.7 a letter")
    drop_paths(page, [folder])
    page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name="Stop").click()
    go_on = page.get_by_role("button", name="Go on")
    expect(page.get_by_text("files have no answer yet")).to_be_visible()
    go_on.click()
    expect(go_on).to_have_count(0)
    expect(page.get_by_text("All (13)")).to_be_visible()
    wait_until_still(page)
    page.get_by_text("Not read (1)").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    expect(page.get_by_text("Analysed in")).to_have_count(0)
    page.get_by_text("All (13)").click()
    expect(page.get_by_text("Analysed in").first).to_be_visible()
    wait_until_still(page)
    table = page.get_by_test_id("stDataFrame").bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 15, table["y"] + 38 + 17)  # the box of the first row
    expect(page.get_by_text("1 selected: cards and exports are of these alone.")).to_be_visible()
    wait_until_still(page)
    shown = page.get_by_text("Analysed in").count() + page.get_by_test_id("stAlert").count()
    assert shown == 1


def test_a_large_file_arrives_before_it_is_judged(page: Page, tmp_path: Path) -> None:
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(100 * 1024**2)  # above what a still may have, below a clip
    page.locator('input[type="file"]').set_input_files(tmp_path / "large.bin")
    expect(page.get_by_test_id("stAlert")).to_contain_text("expected")


def test_a_whole_folder_can_be_browsed_for(page: Page, files: list[Path], tmp_path: Path) -> None:
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    page.get_by_text("Browse for a folder").click()
    chooser = page.locator('input[type="file"][webkitdirectory]')
    chooser.set_input_files(tmp_path)
    expect(page.get_by_text("Analysed in")).to_have_count(2)

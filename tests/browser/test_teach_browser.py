"""The quiz in a real Chromium: by keyboard alone, with a folder, on a phone, and across pages."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from real_browser import DISCLAIMER, wait_until_still

from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.phantom import simulate
from fetal_model.teaching.draw import draw_simulated
from fetal_model.teaching.quiz import Question

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUMBER = 7


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    return draw_simulated(NUMBER, "good", annotations=False).questions


def open_teach(page: Page) -> Page:
    page.goto(page.evaluate("location.origin") + "/teach")
    expect(page.get_by_role("button", name="Start the quiz")).to_be_visible()
    return page


def start(page: Page, number: int = NUMBER) -> Page:
    open_teach(page)
    page.get_by_role("spinbutton").fill(str(number))
    page.get_by_role("spinbutton").press("Enter")
    wait_until_still(page)
    page.get_by_role("button", name="Start the quiz").click()
    asked(page, 1)
    return page


def asked(page: Page, number: int, of: int = 10) -> None:
    """Wait for a question; a click while the page still changes can be lost in the browser."""
    expect(page.get_by_text(f"Scan {number} of {of}")).to_be_visible()
    expect(page.get_by_text("Pick an anatomy.")).to_be_visible()
    wait_until_still(page)


def answer(page: Page, choice: str, sure: str = "Fairly sure") -> None:
    name = BY_KEY[choice].name
    page.get_by_role("button", name=name).click()
    expect(page.get_by_text(f"Picked: {name}. Now")).to_be_visible()
    page.get_by_role("button", name=sure).click()
    expect(page.get_by_text(f"Picked: {name}, {sure.lower()}")).to_be_visible()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("You said")).to_be_visible()
    wait_until_still(page)


def scan(page: Page) -> Locator:
    return page.locator('[class*="st-key-scan-"] img').first


def pixels(image: Locator) -> np.ndarray:
    """What a reader sees of a scan, uint8 RGB."""
    return np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("RGB"))


def in_colour(seen: np.ndarray, colour: str) -> int:
    """Pixels close to a colour."""
    wanted = np.frombuffer(bytes.fromhex(colour[1:]), np.uint8).astype(int)
    return int((np.abs(seen.astype(int) - wanted).max(axis=2) < 25).sum())


def no_sideways_scrolling(page: Page) -> None:
    wait_until_still(page)
    for selector in ("html", '[data-testid="stMain"]'):
        wide, seen = page.locator(selector).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen, selector


def test_a_whole_quiz_by_keyboard(page: Page, questions: tuple[Question, ...]) -> None:
    start(page)
    missed = {2, 5}
    for index, question in enumerate(questions):
        asked(page, index + 1)
        right = KEYS.index(question.label)
        chosen = BY_KEY[KEYS[(right + 1) % 4 if index in missed else right]].name
        page.keyboard.press(str(1 + KEYS.index(chosen.lower())))
        expect(page.get_by_text(f"Picked: {chosen}. Now say how sure")).to_be_visible()
        page.keyboard.press("8")
        expect(page.get_by_text(f"Picked: {chosen}, certain")).to_be_visible()
        expect(page.get_by_role("button", name="Answer")).to_be_enabled()
        wait_until_still(page)
        page.keyboard.press("a")
        said = f"You said {chosen.lower()} (Certain · 95%)."
        expect(page.get_by_text(said)).to_be_visible()
        wait_until_still(page)
        page.keyboard.press("n")
    # the last answer's heading stays until the summary is drawn: it is named, not counted
    expect(page.get_by_role("heading", name=re.compile(r"^8 of 10 right"))).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(4)
    expect(page.get_by_role("button", name="Again, the 2 I missed")).to_be_visible()
    expect(page.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Again, the 2 I missed").press("Enter")
    expect(page.get_by_text("Round 2 · Scan 1 of 2")).to_be_visible()


def test_nothing_on_the_page_tells_before_the_answer(
    page: Page, questions: tuple[Question, ...]
) -> None:
    start(page)
    expect(scan(page)).to_have_attribute("alt", "Scan 1 of 10, to be named")
    source = page.locator(".stMainBlockContainer").inner_html().lower()
    for label in KEYS:
        # each anatomy is there as one of the four answers and in no other way
        left = re.sub(rf"(card-{label}-choice|teach-choice-{label}|>{label}<)", "", source)
        assert label not in left, label
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(0)


def test_the_outline_lies_on_the_anatomy_and_toggling_moves_nothing(
    page: Page, questions: tuple[Question, ...]
) -> None:
    first = questions[0]
    colour = BY_KEY[first.label].colour
    start(page)
    bare = pixels(scan(page))
    assert in_colour(bare, colour) == 0
    answer(page, first.label)
    expect(page.get_by_text(f"Outlined: the {first.label}")).to_be_visible()
    page.get_by_role("switch", name="Overlay").press(" ")
    expect(page.get_by_text("Overlay off")).to_be_visible()
    wait_until_still(page)
    box, outlined = scan(page).bounding_box(), pixels(scan(page))
    assert in_colour(outlined, colour) > 200
    # around the mask, at the size at which the scan is shown
    assert first.mask is not None and first.mask.any(), "there is something to outline"
    height, width = outlined.shape[:2]
    wanted = np.frombuffer(bytes.fromhex(colour[1:]), np.uint8).astype(int)
    on_line = np.abs(outlined.astype(int) - wanted).max(axis=2) < 25
    rows, columns = np.nonzero(on_line)
    mask_rows, mask_columns = np.nonzero(first.mask)
    scale = height / first.mask.shape[0], width / first.mask.shape[1]
    for line, inside, factor in ((rows, mask_rows, scale[0]), (columns, mask_columns, scale[1])):
        assert abs(line.min() - inside.min() * factor) < 6
        assert abs(line.max() - inside.max() * factor) < 6

    page.get_by_role("switch", name="Outline").press(" ")
    expect(page.get_by_text("Outline off")).to_be_visible()
    wait_until_still(page)
    assert in_colour(pixels(scan(page)), colour) == 0
    assert scan(page).bounding_box() == box


def test_a_teachers_folder(page: Page, tmp_path: Path) -> None:
    for label in ("brain", "femur"):
        (tmp_path / "class" / label).mkdir(parents=True)
        for seed in range(2):
            image = Image.fromarray(simulate(label, seed, quality="good").image)
            image.save(tmp_path / "class" / label / f"{seed}.png")
    (tmp_path / "class" / "femur" / "letter.pdf").write_bytes(b"%PDF-1.7 a letter")
    open_teach(page)
    page.get_by_text("A folder of scans", exact=True).click()
    begin = page.get_by_role("button", name="Start the quiz")
    expect(begin).to_be_disabled()
    page.get_by_text("Hide file names").click()
    page.locator('input[type="file"]').set_input_files(tmp_path / "class")
    expect(page.get_by_text("2 brain, 0 abdomen, 3 femur, 0 thorax")).to_be_visible()
    begin.click()
    asked(page, 1, of=4)
    expect(page.get_by_test_id("stAlert")).to_contain_text("letter.pdf")
    answer(page, "femur")
    expect(page.get_by_text("No outline")).to_be_visible()
    expect(page.get_by_role("switch", name="Outline")).to_have_count(0)
    expect(page.get_by_role("switch", name="Overlay")).to_be_visible()


def test_another_page_and_back_keeps_the_quiz(page: Page, questions: tuple[Question, ...]) -> None:
    start(page)
    answer(page, questions[0].label)
    page.get_by_role("button", name="Next scan").click()
    expect(page.get_by_text("Scan 2 of 10")).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Classify").click()
    expect(page.get_by_role("button", name="Femur (simulated)")).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Teach").click()
    expect(page.get_by_text("Scan 2 of 10 · 1 of 1 right so far")).to_be_visible()


def test_restart_by_keyboard_asks_first(page: Page, questions: tuple[Question, ...]) -> None:
    start(page)
    answer(page, questions[0].label)
    page.get_by_role("button", name="Restart").press("Enter")
    expect(page.get_by_text("your 1 answer so far will be lost")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("1 of 1 right so far")).to_be_visible()
    page.get_by_role("button", name="Restart").press("Enter")
    page.get_by_role("button", name="Start this quiz over").press("Enter")
    expect(page.get_by_text("Scan 1 of 10", exact=True)).to_be_visible()
    expect(page.get_by_text("right so far")).to_have_count(0)


def test_a_phone_needs_no_sideways_scrolling(phone: Page, questions: tuple[Question, ...]) -> None:
    open_teach(phone)
    no_sideways_scrolling(phone)
    start(phone)
    no_sideways_scrolling(phone)
    expect(scan(phone)).to_be_in_viewport(ratio=1)
    for index in range(len(questions)):
        asked(phone, index + 1)
        answer(phone, "brain")
        if index == 0:
            no_sideways_scrolling(phone)
            expect(phone.get_by_role("button", name="Next scan")).to_be_in_viewport(ratio=1)
        last = index + 1 == len(questions)
        phone.get_by_role("button", name="See the result" if last else "Next scan").click()
    expect(phone.get_by_text("of 10 right (95%")).to_be_visible()
    no_sideways_scrolling(phone)
    expect(phone.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)

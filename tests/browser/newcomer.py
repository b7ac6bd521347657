"""A newcomer's walk through every page, for the browser test and for the pictures of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from admin_installation import PASSWORD, sign_in
from playwright.sync_api import Browser, Page, expect
from real_browser import ROOT, open_page, running_app, wait_until_still

from fetal_model.store.versions import serving
from fetal_model.training import jobs

Shoot = Callable[[Page, str], None]
PHANTOMS = 60
"""Simulated scans of each anatomy: enough that the app is gone and back before it has learned."""
JOB_MS = 900_000
"""How long a state of a training is waited for; loading TensorFlow alone takes many seconds."""


def walk(browser: Browser, installation: Path, scans: list[Path], shoot: Shoot) -> None:
    """Classify, compare, take a quiz, retrain through a crash of the app, promote and roll back.

    Args:
        browser: Chromium.
        installation: Folder of `own_installation`, with two versions and no password.
        scans: Two scans.
        shoot: Called with the page and a name at each station.
    """
    weights = installation / "weights"
    before = serving(weights)
    with running_app(end=signal.SIGKILL) as address:
        page = open_page(browser, address)
        page.set_default_timeout(180_000)
        classify(page, scans, before)
        shoot(page, "1-classify")
        compare(page, scans)
        shoot(page, "2-compare")
        take_quiz(page)
        shoot(page, "3-quiz")
        go_to(page, "Administer")
        expect(page.get_by_text("no administrator's password is set")).to_be_visible()
        shoot(page, "4-no-password")
        set_password()
        page.reload()
        sign_in(page)
        start_training(page)
        shoot(page, "5-retrain")
        page.context.close()
    # the app was killed; its training goes on, and the next visit finds it
    pid = jobs.read_job(1).progress["pid"]
    with running_app() as address:
        page = open_page(browser, address)
        page.set_default_timeout(180_000)
        go_to(page, "Administer")
        sign_in(page)
        expect(page.get_by_text("Training 1 · seed-cnn")).to_be_visible()
        job = jobs.read_job(1)
        assert job.status in ("running", "finished"), job.cause
        assert job.progress["pid"] == pid
        shoot(page, "6-after-the-crash")
        expect(page.get_by_text(": made seed-cnn/2.")).to_be_visible(timeout=JOB_MS)
        expect(page.get_by_role("table").first).to_contain_text("seed-cnn/2")
        shoot(page, "7-finished")
        page.get_by_role("button", name="Promote", exact=True).click()
        page.get_by_role("button", name="Promote seed-cnn/2").click()
        expect(page.get_by_text("seed-cnn/2 is in service.")).to_be_visible()
        assert serving(weights) == "seed-cnn/2"
        wait_until_still(page)
        shoot(page, "8-promoted")
        classify(page, scans, "seed-cnn/2")
        shoot(page, "9-classified-with-it")
        go_to(page, "Administer")  # still signed in
        page.get_by_role("button", name="Roll back", exact=True).click()
        page.get_by_role("button", name=f"Roll back to {before}").click()
        expect(page.get_by_text(f"{before} is back in service.")).to_be_visible()
        assert serving(weights) == before
        wait_until_still(page)
        page.get_by_text("Who served when").click()
        expect(page.get_by_role("table").last).to_contain_text("rolled back to")
        shoot(page, "10-rolled-back")
        page.context.close()


def go_to(page: Page, title: str) -> None:
    """Another page, by the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()


def classify(page: Page, scans: list[Path], version: str) -> None:
    """Drop the scans and read an answer about each."""
    go_to(page, "Classify")
    page.get_by_role("button", name="Femur (simulated)").wait_for()
    page.locator('input[type="file"]').set_input_files(scans)
    expect(page.get_by_text("Analysed in")).to_have_count(len(scans))
    expect(page.get_by_text(f"by {version}.")).to_have_count(len(scans))
    expect(page.get_by_role("heading", level=3)).to_have_count(len(scans))
    wait_until_still(page)


def compare(page: Page, scans: list[Path]) -> None:
    """Two versions on the same scans."""
    go_to(page, "Compare")
    expect(page.get_by_role("heading", name="Compare versions")).to_be_visible()
    page.locator('input[type="file"]').set_input_files(scans)
    expect(page.get_by_text("analysed in")).to_have_count(2 * len(scans))
    wait_until_still(page)


def take_quiz(page: Page) -> None:
    """Ten scans, each taken for a brain."""
    go_to(page, "Teach")
    page.get_by_role("button", name="Start the quiz").click()
    for number in range(1, 11):
        expect(page.get_by_text(f"Scan {number} of 10")).to_be_visible()
        expect(page.get_by_text("Pick an anatomy.")).to_be_visible()
        # a click while the page still changes can be lost in the browser
        wait_until_still(page)
        page.get_by_role("button", name="Brain").click()
        expect(page.get_by_text("Picked: Brain. Now")).to_be_visible()
        page.get_by_role("button", name="Fairly sure").click()
        expect(page.get_by_text("Picked: Brain, fairly sure")).to_be_visible()
        page.get_by_role("button", name="Answer").click()
        expect(page.get_by_text("You said brain")).to_be_visible()
        wait_until_still(page)
        page.get_by_role("button", name="See the result" if number == 10 else "Next scan").click()
    expect(page.get_by_text("of 10 right (95%")).to_be_visible()
    wait_until_still(page)


def set_password() -> None:
    """As the page says, in a shell."""
    command = [sys.executable, "-m", "fetal_model", "admin", "set-password"]
    subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, cwd=ROOT, env=os.environ)


def start_training(page: Page) -> None:
    """The seed CNN for three epochs on a small set, watched until its curve has moved."""
    page.get_by_role("button", name="Start training").wait_for()
    page.get_by_role("spinbutton", name="Epochs").fill("3")
    page.get_by_role("spinbutton", name="Scans in a batch").fill("16")
    page.get_by_text("Another number of simulated scans").click()
    page.get_by_role("spinbutton", name="Simulated scans of each anatomy").fill(str(PHANTOMS))
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"(n = {4 * PHANTOMS};")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("The training was queued")).to_be_visible()
    expect(page.get_by_text("Learning, epoch")).to_be_visible(timeout=JOB_MS)
    curve = page.get_by_test_id("stPlotlyChart").first.locator("path.js-line").first
    expect(curve).to_be_attached(timeout=JOB_MS)
    drawn = curve.get_attribute("d")
    # the page follows by itself
    expect(curve).not_to_have_attribute("d", drawn or "", timeout=JOB_MS)
    assert jobs.read_job(1).status == "running"

"""The admin page in a real Chromium: the password, a killed training, the queue, a phone.

One app with an installation of its own; the newcomer's test has the whole way of a version.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from admin_installation import PASSWORD, open_admin, own_installation, sign_in
from playwright.sync_api import Browser, Page, expect
from real_browser import DISCLAIMER, running_app, wait_until_still

from fetal_model.store import admin
from fetal_model.store.versions import WEIGHTS, list_versions
from fetal_model.training import jobs, jobs_plan
from fetal_model.training.jobs_plan import Changes

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ADDRESSES = (
    "", "classify", "compare", "teach", "models", "admin",
    # none of these is a page, though files have such names
    "admin_start", "admin_trainings", "parts", "app", "pages",
)  # fmt: skip
JOB_MS = 900_000
"""How long a state of a training is waited for; loading TensorFlow alone takes many seconds."""


@pytest.fixture(scope="module")
def installation(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the version in service, and no password."""
    if not (WEIGHTS / "serving.json").is_file():
        pytest.skip(f"no version is in service in {WEIGHTS}")
    with own_installation(tmp_path_factory.mktemp("installation")) as folder:
        yield folder


@pytest.fixture(scope="module")
def app(installation: Path) -> Iterator[str]:
    with running_app() as address:
        yield address


def signed_in(browser: Browser, address: str, width: int = 1440) -> Page:
    page = open_admin(browser, address, width)
    sign_in(page)
    page.get_by_role("button", name="Start training").wait_for()
    return page


@pytest.fixture
def password(installation: Path) -> None:
    if not admin.password_is_set():
        admin.set_password(PASSWORD)


def test_without_a_password_nothing_can_be_done(browser: Browser, app: str) -> None:
    if admin.password_is_set():
        pytest.skip("an earlier test has set it")
    page = open_admin(browser, app)
    expect(page.get_by_text("no administrator's password is set")).to_be_visible()
    expect(page.get_by_text("python -m fetal_model admin set-password")).to_be_visible()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)
    page.context.close()


def test_signed_out_no_address_offers_an_action(browser: Browser, app: str, password: None) -> None:
    page = open_admin(browser, app)
    for address in ADDRESSES:
        page.goto(f"{app}/{address}")
        page.get_by_role("heading", level=1).wait_for()
        wait_until_still(page)
        for label in ("Start training", "Measure now", "Promote", "Roll back", "Restart"):
            expect(page.get_by_role("button", name=label)).to_have_count(0)
    page.goto(f"{app}/admin")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page, "not the password at all")
    expect(page.get_by_text("That is not the administrator's password.")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_have_count(0)
    page.context.close()


def test_a_killed_training_is_told_and_restarted(
    browser: Browser, app: str, installation: Path, password: None
) -> None:
    recipe = jobs_plan.plan("seed-cnn", Changes(200, 0.001, 16, 10))
    number = jobs.submit(recipe, installation / "weights").number
    page = signed_in(browser, app)
    expect(page.get_by_text("Learning, epoch")).to_be_visible(timeout=JOB_MS)
    os.kill(int(jobs.read_job(number).progress["pid"]), signal.SIGKILL)
    expect(page.get_by_text("signal 9")).to_be_visible(timeout=JOB_MS)
    assert not list_versions(installation / "weights" / "seed-cnn")
    page.get_by_role("button", name="Restart").click()
    expect(page.get_by_text("goes on.")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel this training").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=JOB_MS)
    page.context.close()


def test_a_waiting_training_is_taken_out_of_the_line(
    browser: Browser, app: str, installation: Path, password: None
) -> None:
    recipe = jobs_plan.plan("seed-cnn", Changes(200, 0.001, 16, 10))
    for _ in range(2):
        jobs.submit(recipe, installation / "weights")
    page = signed_in(browser, app)
    expect(page.get_by_text("next in line")).to_be_visible()
    page.get_by_role("button", name="Take out of the line").click()
    expect(page.get_by_text("next in line")).to_have_count(0)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel this training").click()
    # the two of this test, and the one of the test before
    expect(page.get_by_role("button", name="Restart")).to_have_count(3)
    page.context.close()


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, app: str, password: None) -> None:
    page = signed_in(browser, app, width=390)
    wait_until_still(page)
    for selector in ("html", '[data-testid="stMain"]'):
        wide, seen = page.locator(selector).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen, selector
    expect(page.get_by_text(DISCLAIMER)).to_be_in_viewport(ratio=1)
    page.context.close()

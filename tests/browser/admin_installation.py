"""An installation of its own for the admin page: versions, settings and jobs apart from ours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from fetal_model.store.versions import WEIGHTS, serving
from fetal_model.training import jobs

PASSWORD = "correct horse battery"


@contextmanager
def own_installation(folder: Path, versions: tuple[str, ...] = ()) -> Iterator[Path]:
    """Let the environment name `folder`, with a copy of what serves and of `versions`.

    What still trains there at the end is cancelled.
    """
    for label in {serving(WEIGHTS), *versions}:
        shutil.copytree(WEIGHTS / label, folder / "weights" / label)
    shutil.copy(WEIGHTS / "serving.json", folder / "weights")
    ours = {
        "FETAL_HOME": str(folder / "home"),
        "FETAL_WEIGHTS": str(folder / "weights"),
        "FETAL_SHARED": str(folder / "absent"),
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield folder
        for job in jobs.list_jobs():
            if job.status in ("queued", "running"):
                jobs.cancel(job.number)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def open_admin(browser: Browser, address: str, width: int = 1440, height: int = 900) -> Page:
    """The admin page as a visitor reaches it, signed out."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark", reduced_motion="reduce"
    )
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Femur (simulated)").wait_for()
    page.goto(f"{address}/admin")
    page.get_by_role("heading", name="Administer").wait_for()
    return page


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """By the keyboard alone."""
    field = page.get_by_label("Password", exact=True)
    field.fill(password)
    field.press("Enter")

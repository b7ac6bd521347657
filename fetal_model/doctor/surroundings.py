"""Checks of what is around the app: Python, settings, folders, disk, programs it can do without."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fetal_model.doctor.check import NOTE, OK, PROBLEM, Check

OLDEST_PYTHON = (3, 11)
LEAST_FREE, LITTLE_FREE = 1, 5  # GiB
PROGRAMS = {
    "Chromium": (("chromium", "chromium-browser", "google-chrome"), "the browser tests skip"),
    "dcmtk": (("dcmdump", "storescu"), "DICOM files cannot be looked into or sent from a shell"),
}


def python() -> Iterator[Check]:
    """Whether the language is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        yield Check("Python", OK, found)
    else:
        advice = f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} and run make app"
        yield Check("Python", PROBLEM, found, advice)


def settings() -> Iterator[Check]:
    """Whether every setting has a value it can have, and nothing is misspelt."""
    from fetal_model.settings import SettingsError, read_settings, unknown_settings

    try:
        read_settings()
    except SettingsError as error:
        yield Check("settings", PROBLEM, str(error).rstrip("."), "See docs/settings.md")
    else:
        yield Check("settings", OK, "valid")
    for name in unknown_settings(dict(os.environ)):
        yield Check("settings", NOTE, f"{name} is none", "See docs/settings.md for their names")


def home() -> Iterator[Check]:
    """Whether the app can keep what it has to keep."""
    from fetal_model.store.home import home as folder

    place = folder()
    try:
        if place.is_dir():
            with tempfile.TemporaryFile(dir=place):
                yield Check("FETAL_HOME", OK, f"{place} can be written")
            return
        above = next(parent for parent in place.absolute().parents if parent.exists())
        if not above.is_dir() or place.exists() or not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError
        yield Check("FETAL_HOME", OK, f"{place} is made when it is needed")
    except OSError:
        advice = "Give the app's account the right to write there, or set FETAL_HOME"
        yield Check("FETAL_HOME", PROBLEM, f"{place} cannot be written", advice)


def disk() -> Iterator[Check]:
    """Whether a training has room."""
    from fetal_model.store.home import home as folder

    place = next(path for path in (folder().absolute(), *folder().absolute().parents)
                 if path.exists())  # fmt: skip
    free = shutil.disk_usage(place).free / 1024**3
    found = f"{free:.1f} GiB free"
    if free < LEAST_FREE:
        yield Check("disk", PROBLEM, found, f"Free at least {LEAST_FREE} GiB on that disk")
    elif free < LITTLE_FREE:
        yield Check("disk", NOTE, found, f"Free {LITTLE_FREE} GiB before a training")
    else:
        yield Check("disk", OK, found)


def programs() -> Iterator[Check]:
    """Programs that the app can do without."""
    for name, (commands, without) in PROGRAMS.items():
        found = next(filter(None, map(shutil.which, commands)), None)
        if found:
            yield Check(name, OK, Path(found).name)
        else:
            yield Check(name, NOTE, f"not found (optional); without it {without}")

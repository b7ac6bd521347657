"""Where the app keeps what belongs to one installation: settings, jobs, simulated scans."""

from __future__ import annotations

from pathlib import Path

from fetal_model.settings import read_settings


def home() -> Path:
    """Folder that `FETAL_HOME` names, by default `data/` in the project; git ignores it."""
    return read_settings().home

"""Where the app keeps what belongs to one installation: settings, jobs, simulated scans."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Folder that `FETAL_HOME` names, by default `data/` in the project; git ignores it."""
    return Path(os.environ.get("FETAL_HOME", Path(__file__).resolve().parents[2] / "data"))

"""The committed results that the docs are written from."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS = DOCS / "results"
TRIALS = RESULTS / "trials"
"""Answers of recipes that are not shipped, a file a recipe."""
LEFT_OUT = {"hc18": "sononet16-without-hc18", "focus": "sononet16-without-focus"}
"""The recipe that never saw a source of real scans, by source."""
FROM_PHANTOMS = ("sononet16-from-phantoms",)
"""Recipes of networks that begin at random and see simulated scans alone."""
RETRAINED = RESULTS / "retrained"
"""What the version in service and `RETRAINED_RECIPE` answered about the same scans."""
RETRAINED_RECIPE = "sononet16-more-phantoms"
"""Its recipe with what helped."""


def missing(module: str) -> str:
    """What stands where a result is not there yet."""
    return f"Not measured yet: `python -m benchmarks {module}`."


def read_csv(name: str) -> list[dict[str, str]]:
    """Rows of a table of results, none where it is not there."""
    path = RESULTS / name
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_json(name: str) -> dict[str, Any]:
    """One result, empty where it is not there."""
    path = RESULTS / name
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

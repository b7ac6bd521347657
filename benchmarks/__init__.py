"""Measurements behind the docs: `python -m benchmarks` writes `docs/results/`, a module a file."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fetal_model.store.versions import write_text

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"


def write_rows(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a table of results as CSV; the first row's keys are the columns."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(RESULTS / name, buffer.getvalue())


def write_result(name: str, result: dict[str, Any]) -> None:
    """Write one result as JSON."""
    write_text(RESULTS / name, json.dumps(result, indent=2) + "\n")

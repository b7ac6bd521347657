"""Measurements behind the docs: `python -m benchmarks` writes `docs/results/`, a module a file."""

from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

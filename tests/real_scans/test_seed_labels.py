"""The audit on the first report's label file: it finds the wrong labels and the leak by itself."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from benchmarks.audit import seed_labels
from fetal_model.cli import app
from fetal_model.dataset.manifest import shared_folder
from fetal_model.evaluation.results import read_json

FOLDER = shared_folder() / "seed_labels"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "image_label.csv").is_file(),
    reason=f"no seed_labels in {shared_folder()}: set FETAL_SHARED",
)


def test_wrong_labels_and_the_leak_are_found() -> None:
    labels, names = FOLDER / "image_label.csv", FOLDER / "fetal_planes_names.csv"
    arguments = ["data", "audit", str(labels), "--against", str(names), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert (result["data"]["scans"], result["data"]["patients"]) == (1646, 854)
    found = result["names"]["labels"]
    assert len(found) == 52
    with (FOLDER / "seed_label_conflicts.csv").open(encoding="utf-8") as file:
        known = {f"Images/{row['Image_name']}.png" for row in csv.DictReader(file)}
    assert {row["scan"] for row in found} == known
    external = {other["set"]: other for other in result["others"]}["in_seed_external40"]
    assert (external["scans"], external["patients"]) == (40, 36)
    assert len(external["shared_scans"]) == 5
    assert len(external["shared_patients"]) == 31


def test_the_committed_findings_are_these() -> None:
    assert read_json("audit.json")["seed_labels"] == seed_labels()

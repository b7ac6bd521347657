"""A version's answers for an audit: its held-out ones, or new ones, never about what it learned."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.evaluation.out_of_sample import out_of_sample
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.store.versions import METADATA, Version, find_version


@pytest.fixture(scope="module")
def version(judged_weights: Path) -> Version:
    return find_version("tiny-dropout", judged_weights)


def test_held_out_scans_need_no_picture(version: Version) -> None:
    scan = "validation/brain/right.png"
    known = Record(scan, Path("nowhere.png"), "femur", "", "hc18", "", simulated=False)
    answers, basis = out_of_sample(version, [known])
    assert answers[scan].tolist() == [0.97, 0.01, 0.01, 0.01]
    assert basis == "tiny-dropout/1: 1 answers from its own held-out scans"


def test_other_scans_are_answered_now(version: Version, phantom_files: dict[str, Path]) -> None:
    records = [
        Record(f"{key}.png", file, key, "", "mine", "", simulated=False)
        for key, file in phantom_files.items()
    ]
    records += [replace(records[0], scan="gone.png", file=Path("gone.png"))]
    records += [replace(records[0], scan="c.png", label="cervix")]
    answers, basis = out_of_sample(version, records)
    assert list(answers) == [f"{key}.png" for key in KEYS]
    predictor = Predictor(version)
    for key, file in phantom_files.items():
        expected = predictor.analyse(read_scan(file)).probabilities
        assert np.array_equal(answers[f"{key}.png"], expected)
    assert "4 answered now (it learned from simulated scans only)" in basis
    records = [replace(record, simulated=True) for record in records]
    assert "4 answered now (patient overlap unknown)" in out_of_sample(version, records)[1]


def test_what_it_may_have_learned_from_is_left_out(
    version: Version, phantom_files: dict[str, Path]
) -> None:
    metadata = json.loads(json.dumps(version.metadata))
    metadata["recipe"]["data"] = {"folder": "mine"}
    own = replace(version, metadata=metadata)
    learned = Record("a.png", phantom_files["brain"], "brain", "", "mine", "", simulated=False)
    answers, basis = out_of_sample(own, [learned])
    assert answers == {}
    assert "1 scans left out that it may have learned from" in basis
    assert (own.path / METADATA).is_file()
    with (own.path / "predictions.csv").open(encoding="utf-8") as file:
        assert "mine" not in {row["source"] for row in csv.DictReader(file)}

"""The version in service on every real validation scan, run afresh from file to answer.

Needs the real scans, which are never copied into the project.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.predictor import Finding, Predictor
from fetal_model.scan import read_scan
from fetal_model.store.versions import PREDICTIONS, WEIGHTS
from fetal_model.training.data import gather
from fetal_model.training.recipe import Recipe
from fetal_model.training.recipe_tables import Data

REAL = shared_folder() / "real_scans"
PUBLISHED = np.mean([100 / 108, 1, 1, 57 / 58])
"""Balanced accuracy of the published SonoNet-16 on the same scans: 0.977."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REAL / "manifest.csv").is_file(),
        reason=f"no real scans in {shared_folder()}: set FETAL_SHARED",
    ),
    pytest.mark.skipif(
        not (WEIGHTS / "serving.json").is_file(), reason=f"no version in service in {WEIGHTS}"
    ),
]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The version in service."""
    return Predictor.load()


@pytest.fixture(scope="module")
def findings(predictor: Predictor) -> dict[str, Finding]:
    """Its answer about every validation scan, by path."""
    return {
        record.scan: predictor.analyse(read_scan(record.file))
        for record in read_real_scans(REAL, "validation")
    }


@pytest.fixture(scope="module")
def rows(predictor: Predictor) -> dict[str, Prediction]:
    """What its `predictions.csv` says about real scans, by path."""
    read = read_predictions(predictor.version.path / PREDICTIONS)
    return {row.scan: row for row in read if not row.simulated}


def test_balanced_accuracy_is_not_below_the_published_network(
    findings: dict[str, Finding],
) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for record in read_real_scans(REAL, "validation"):
        if record.label in KEYS:
            right[record.label].append(findings[record.scan].anatomy.key == record.label)
    assert {key: len(found) for key, found in right.items()} == {
        "brain": 108, "thorax": 58, "abdomen": 4, "femur": 5,
    }  # fmt: skip
    assert np.mean([np.mean(found) for found in right.values()]) >= PUBLISHED


@pytest.mark.parametrize("key", ["abdomen", "femur"])
def test_no_scan_of_the_rare_planes_is_lost(key: str, findings: dict[str, Finding]) -> None:
    wrong = [
        record.scan
        for record in read_real_scans(REAL, "validation")
        if record.label == key and findings[record.scan].anatomy.key != key
    ]
    assert wrong == []


def test_answers_are_those_that_the_card_was_made_from(
    findings: dict[str, Finding], rows: dict[str, Prediction]
) -> None:
    assert set(rows) == set(findings)
    for scan, finding in findings.items():
        assert finding.anatomy.key == rows[scan].answer, scan
        # no temperature in it, so no fold either
        assert finding.plane_score == pytest.approx(rows[scan].plane_score, abs=2e-6), scan


def test_no_patient_of_these_was_learned_from(predictor: Predictor) -> None:
    recipe = Recipe.model_validate(predictor.version.metadata["recipe"])
    learned = {
        r.group for r in read_real_scans(REAL, "train") if r.source not in recipe.data.without
    }
    judged = {r.group for r in read_real_scans(REAL, "validation")}
    assert not learned & judged
    hashes = [
        {r.file.read_bytes() for r in read_real_scans(REAL, part)}
        for part in ("train", "validation")
    ]
    assert not hashes[0] & hashes[1]


def test_gathered_parts_share_no_patient(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = Data(phantoms=dict.fromkeys(KEYS, 10), phantom_seed=1, real_scans=True)
    parts = gather(data, tmp_path_factory.mktemp("cache"))
    groups = [
        {record.group for record in part}
        for part in (parts.train, parts.validation, parts.own_test, parts.real_test)
    ]
    for first in range(4):
        for second in range(first):
            assert not groups[first] & groups[second]
    assert len(parts.real_test) == 208


def test_two_runs_agree(predictor: Predictor, findings: dict[str, Finding]) -> None:
    for record in read_real_scans(REAL, "validation")[::20]:
        again, before = predictor.analyse(read_scan(record.file)), findings[record.scan]
        assert np.array_equal(again.probabilities, before.probabilities)
        assert np.array_equal(again.grad_cams, before.grad_cams)
        assert again.mutual_information == before.mutual_information

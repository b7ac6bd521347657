"""The most confident mistakes come first, and their picture is the scan that was judged or none."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import orders
from fetal_model.evaluation.comparison import judge
from fetal_model.evaluation.mistakes import confident_mistakes, find_scan
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor

COUNTS, SEED = dict.fromkeys(KEYS, 2), 5


def row(scan: str, label: str, answer: str, share: float, decision: str) -> Prediction:
    rest = (1 - share) / 3
    shares = tuple(share if key == answer else rest for key in KEYS)
    return Prediction(scan, label, "", "hc18", "validation", "0", shares, 0.9, decision, False)


def test_accepted_first_then_the_more_probable() -> None:
    rows = [
        row("right", "brain", "brain", 0.99, "accepted"),
        row("unsure", "brain", "femur", 0.4, "look again"),
        row("sure", "brain", "femur", 0.99, "look again"),
        row("accepted", "brain", "femur", 0.6, "accepted"),
        row("cervix", "cervix", "brain", 0.8, "accepted"),
        row("refused", "cervix", "brain", 0.9, "look again"),
    ]
    found = [mistake.scan for mistake in confident_mistakes(rows)]
    assert found == ["cervix", "accepted", "sure", "unsure"]


@pytest.fixture
def predictor(untrained_weights: Path, tmp_path: Path) -> Predictor:
    """A version whose recipe learned from two phantoms of each anatomy."""
    root = tmp_path / "weights"
    shutil.copytree(untrained_weights / "tiny-dropout", root / "tiny-dropout")
    path = root / "tiny-dropout" / "1" / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata["recipe"] = {"data": {"phantoms": COUNTS, "phantom_seed": SEED}}
    path.write_text(json.dumps(metadata))
    return Predictor.load("tiny-dropout", root)


def test_a_phantom_is_simulated_again_only_if_it_is_the_same(predictor: Predictor) -> None:
    order = list(orders(COUNTS, SEED))[3]
    file = order.file()
    judged = replace(judge(predictor, file), scan=f"images/{order.name}.png")
    assert find_scan(judged, predictor) == file.data
    # as if the simulator, and with it the scan, had changed since
    shares = (judged.probabilities[0] + 0.02, judged.probabilities[1] - 0.02)
    changed = replace(judged, probabilities=(*shares, *judged.probabilities[2:]))
    assert find_scan(changed, predictor) is None
    assert find_scan(replace(judged, scan="images/brain-00099.png"), predictor) is None
    predictor.version.metadata.pop("recipe")
    assert find_scan(judged, predictor) is None


def test_a_real_scan_is_read_where_it_is(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    wrong = row("validation/brain/1.png", "brain", "femur", 0.9, "accepted")
    assert find_scan(wrong, predictor) is None
    place = tmp_path / "real_scans" / "validation" / "brain"
    place.mkdir(parents=True)
    (place / "1.png").write_bytes(b"the scan")
    assert find_scan(wrong, predictor) == b"the scan"

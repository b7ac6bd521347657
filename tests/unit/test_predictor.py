"""The one door to an answer: repeatable, one trunk pass, heatmaps on the whole scan.

The versions are untrained; that they answer as their Keras model does is shown in
`tests/contract/test_versions.py` for those that ship, and here for these.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import ANATOMIES, KEYS
from fetal_model.predictor import DROPOUT_SAMPLES, Finding, Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import preprocess
from fetal_model.scan.types import Region
from fetal_model.store.versions import HEAD, METADATA, TRUNK, VersionError
from fetal_model.uncertainty.decision import Thresholds
from fetal_model.uncertainty.measures import entropy

NAMES = ["tiny-dropout", "tiny-plain", "tiny-sononet"]
WITH_DROPOUT = ["tiny-dropout", "tiny-sononet"]


@pytest.fixture(params=KEYS, scope="module")
def scan(request: pytest.FixtureRequest, phantom_files: dict[str, Path]) -> Scan:
    """A simulated scan of each anatomy."""
    return read_scan(phantom_files[request.param])


def numbers(finding: Finding) -> dict[str, Any]:
    """Everything but the time taken, as plain values that compare exactly."""
    values = {f.name: getattr(finding, f.name) for f in dataclasses.fields(finding)}
    del values["seconds"]
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_same_scan_same_numbers(name: str, scan: Scan, untrained_weights: Path) -> None:
    predictor = Predictor.load(name, untrained_weights)
    first = numbers(predictor.analyse(scan))
    assert numbers(predictor.analyse(scan)) == first
    assert numbers(Predictor.load(name, untrained_weights).analyse(scan)) == first


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_and_score_are_those_of_the_keras_model(
    name: str, scan: Scan, untrained_weights: Path
) -> None:
    import keras

    predictor = Predictor.load(name, untrained_weights)
    finding = predictor.analyse(scan)
    model = keras.models.load_model(predictor.version.file("model.keras"), compile=False)
    pixels, region = preprocess(scan, predictor.input)
    share = np.asarray(model(pixels[np.newaxis]))[0].astype(np.float64)
    groups = predictor.version.metadata["outputs"]["groups"]
    names = predictor.version.metadata["outputs"]["names"]
    # the temperature, 1.5, raises every share to the power of 1 / 1.5
    warm = np.array([sum(share[names.index(n)] ** (1 / 1.5) for n in groups[key]) for key in KEYS])
    assert finding.probabilities == pytest.approx(warm / warm.sum(), abs=2e-5)
    mass = [sum(share[names.index(n)] for n in groups[key]) for key in KEYS]
    assert finding.plane_score == pytest.approx(
        sum(mass) if name == "tiny-sononet" else max(mass), abs=2e-5
    )
    assert finding.region == region
    assert finding.anatomy is ANATOMIES[int(np.argmax(warm))]


@pytest.mark.parametrize("name", WITH_DROPOUT)
@pytest.mark.parametrize("samples", [1, 7, 3000])
def test_a_stochastic_pass_leaves_the_deterministic_answer_bit_identical(
    samples: int, name: str, scan: Scan, untrained_weights: Path
) -> None:
    predictor = Predictor.load(name, untrained_weights)
    weights = [layer.kernel.copy() for layer in predictor.head.layers]
    before, after = predictor.analyse(scan), predictor.analyse(scan, samples)
    for field in ("probabilities", "plane_score", "decision", "reasons", "grad_cams"):
        assert np.array_equal(getattr(before, field), getattr(after, field))
    assert after.samples == samples
    assert numbers(predictor.analyse(scan)) == numbers(before)
    for old, layer in zip(weights, predictor.head.layers, strict=True):
        assert np.array_equal(old, layer.kernel)
    for file in (HEAD, TRUNK):
        predictor.version.file(file)  # raises if its hash has changed


@pytest.mark.parametrize("name", WITH_DROPOUT)
def test_with_dropout_the_answer_has_a_spread(
    name: str, scan: Scan, untrained_weights: Path
) -> None:
    finding = Predictor.load(name, untrained_weights).analyse(scan)
    assert finding.samples == DROPOUT_SAMPLES == 30
    assert finding.mean is not None
    assert finding.standard_deviation is not None
    assert finding.mutual_information is not None
    assert finding.mean.sum() == pytest.approx(1)
    assert (finding.standard_deviation > 0).all()
    assert 0 < finding.mutual_information < finding.predictive_entropy
    assert finding.predictive_entropy == pytest.approx(entropy(finding.mean))


def test_without_dropout_no_spread_is_made_up(scan: Scan, untrained_weights: Path) -> None:
    predictor = Predictor.load("tiny-plain", untrained_weights)
    assert not predictor.offers_dropout
    finding = predictor.analyse(scan)
    assert finding.mean is None
    assert finding.standard_deviation is None
    assert finding.mutual_information is None
    assert finding.samples == 0
    assert finding.predictive_entropy == entropy(finding.probabilities)


@pytest.mark.parametrize("name", NAMES)
def test_one_pass_of_the_trunk_feeds_everything(
    name: str, scan: Scan, untrained_weights: Path
) -> None:
    predictor = Predictor.load(name, untrained_weights)
    trunk, shapes = predictor.trunk, []

    def counted(batch: np.ndarray) -> np.ndarray:
        shapes.append(batch.shape)
        return trunk(batch)

    predictor.trunk = counted  # type: ignore[assignment]
    finding = predictor.analyse(scan, samples=200)
    for key in KEYS:
        finding.heatmap(key)
    assert shapes == [(1, predictor.input.height, predictor.input.width, 1)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(661, 959), (320, 200), (64, 64)])
def test_heatmaps_lie_on_the_whole_scan(
    shape: tuple[int, int], name: str, untrained_weights: Path
) -> None:
    pixels = np.random.default_rng(0).random(shape)
    finding = Predictor.load(name, untrained_weights).analyse(Scan.from_array(pixels, "noise"))
    assert finding.shape == shape
    for key in KEYS:
        heat = finding.heatmap(key)
        assert heat.shape == shape
        assert heat.dtype == np.float32
        assert heat.min() >= 0
        assert heat.max() <= 1
    assert np.array_equal(finding.heatmap(), finding.heatmap(finding.anatomy.key))


@pytest.mark.parametrize("grid", [(14, 18), (8, 8)])
@pytest.mark.parametrize(
    "region", [Region(0, 0, 661, 959), Region(115, 81, 640, 874), Region(37, 5, 638, 612)]
)
def test_one_active_cell_lands_within_half_a_cell_of_its_place(
    region: Region, grid: tuple[int, int], scan: Scan, untrained_weights: Path
) -> None:
    finding = Predictor.load("tiny-plain", untrained_weights).analyse(scan)
    tall, wide = region.height / grid[0], region.width / grid[1]
    for row in range(grid[0]):
        for column in range(grid[1]):
            cams = np.zeros((4, *grid), np.float32)
            cams[2, row, column] = 1
            placed = dataclasses.replace(finding, grad_cams=cams, region=region, shape=(661, 959))
            heat = placed.heatmap("femur")
            y, x = np.unravel_index(heat.argmax(), heat.shape)
            assert abs(y + 0.5 - (region.top + (row + 0.5) * tall)) <= tall / 2
            assert abs(x + 0.5 - (region.left + (column + 0.5) * wide)) <= wide / 2
            if row == column:
                # and so does its centre of mass, away from the edge, where a half is cut off
                weights = heat / heat.sum()
                centre = weights.sum(axis=1) @ (np.arange(661) + 0.5)
                assert abs(centre - (region.top + (row + 0.5) * tall)) <= tall / 2
                assert not placed.heatmap("brain").any()


def test_every_anatomy_has_its_own_map(scan: Scan, untrained_weights: Path) -> None:
    finding = Predictor.load("tiny-sononet", untrained_weights).analyse(scan)
    assert finding.grad_cams.shape == (4, 14, 18)
    assert len({finding.grad_cams[index].tobytes() for index in range(4)}) == 4


@pytest.mark.parametrize(
    ("name", "decision"), [("tiny-dropout", "accepted"), ("tiny-plain", "look again")]
)
def test_the_thresholds_of_the_version_decide(
    name: str, decision: str, scan: Scan, untrained_weights: Path
) -> None:
    finding = Predictor.load(name, untrained_weights).analyse(scan)
    assert finding.decision == decision
    assert bool(finding.reasons) is (decision == "look again")
    assert not finding.rejected
    assert finding.version == f"{name}/1"


def test_other_thresholds_decide_otherwise_about_the_same_answer(
    scan: Scan, untrained_weights: Path
) -> None:
    finding = Predictor.load("tiny-dropout", untrained_weights).analyse(scan)
    strict = finding.under(Thresholds(plane_score=0.0, confidence=1.01))
    assert strict.decision == "look again"
    assert "Unsure between" in strict.reasons[0]
    assert strict.probabilities is finding.probabilities
    assert numbers(strict.under(finding.thresholds)) == numbers(finding)


def test_a_picture_that_is_no_scan_is_turned_away(untrained_weights: Path) -> None:
    noise = np.random.default_rng(0).random((300, 400), dtype=np.float32)
    finding = Predictor.load("tiny-dropout", untrained_weights).analyse(
        Scan.from_array(noise, "noise")
    )
    assert finding.faults
    assert finding.turned_away
    assert finding.decision == "look again"
    assert finding.reasons[: len(finding.faults)] == finding.faults


def test_writing_is_hidden_from_a_version_that_wants_it_so(
    scan: Scan, untrained_weights: Path
) -> None:
    predictor = Predictor.load("tiny-sononet", untrained_weights)
    assert predictor.analyse(scan).taken_away is None
    before = predictor.analyse(scan)
    predictor.input = dataclasses.replace(predictor.input, annotations="taken away")
    hidden = predictor.analyse(scan)
    assert hidden.taken_away is not None
    assert 0 <= hidden.taken_away < 0.2
    kept = numbers(predictor.keeping_annotations().analyse(scan))
    assert kept == numbers(before)
    # not only said to be hidden: a word across the picture changes less of what the network sees
    grey = np.rint(255 * scan.pixels).astype(np.uint8)
    cv2.putText(grey, "Cardiac", (220, 220), cv2.FONT_HERSHEY_DUPLEX, 0.8, 250, 2, cv2.LINE_AA)
    written = Scan.from_array(grey.astype(np.float32) / 255, "written")
    seen, sees_all = predictor.analyse(written), predictor.keeping_annotations().analyse(written)
    assert seen.taken_away is not None
    assert seen.taken_away > hidden.taken_away
    assert not np.array_equal(seen.probabilities, sees_all.probabilities)


def test_the_version_in_service_answers_when_none_is_named(untrained_weights: Path) -> None:
    assert Predictor.load(root=untrained_weights).version.label == "tiny-dropout/1"


@pytest.mark.parametrize("file", [HEAD, TRUNK])
def test_changed_weights_are_not_used(file: str, untrained_weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny-plain" / "1"
    folder.mkdir(parents=True)
    for name in (HEAD, TRUNK, METADATA):
        (folder / name).write_bytes((untrained_weights / "tiny-plain" / "1" / name).read_bytes())
    Predictor.load("tiny-plain", tmp_path)
    content = bytearray((folder / file).read_bytes())
    content[-30] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(VersionError, match="should have SHA-256"):
        Predictor.load("tiny-plain", tmp_path)

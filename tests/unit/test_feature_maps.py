"""Layers and feature maps are those of the network that serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from fetal_model import cli_evaluation
from fetal_model.cli import app
from fetal_model.explain.feature_maps import (
    feature_maps,
    list_layers,
    most_varied,
    picture,
    sheet,
)  # fmt: skip
from fetal_model.inference.trunk import Trunk
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import MODEL, TRUNK, Version, VersionError, find_version


@pytest.fixture(params=["tiny-dropout", "tiny-sononet"])
def version(request: pytest.FixtureRequest, untrained_weights: Path) -> Version:
    return find_version(request.param, untrained_weights)


@pytest.fixture
def scan(phantom_files: dict[str, Path]) -> Scan:
    return read_scan(phantom_files["thorax"])


def test_layers_are_those_of_the_network(version: Version) -> None:
    import keras

    model = keras.models.load_model(version.file(MODEL), compile=False)
    found = list_layers(version)
    assert [layer.name for layer in found] == [layer.name for layer in model.layers]
    assert sum(layer.parameters for layer in found) == model.count_params()
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert sum(layer.trainable for layer in found) == trained
    assert found[-1].kind == "Dense"
    assert found[-1].shape == (model.output_shape[-1],)
    if version.name == "tiny-sononet":
        assert found[0].shape == (224, 288, 1)
        assert trained < model.count_params(), "batch normalisation keeps statistics"


def test_the_maps_of_features_are_what_serving_computes(version: Version, scan: Scan) -> None:
    maps = feature_maps(version, scan, "features")
    batch, _ = preprocess(scan, InputSpec.from_dict(version.metadata["input"]))
    served = Trunk(version.file(TRUNK))(batch[np.newaxis])[0]
    assert maps.shape == (served.shape[2], *served.shape[:2])
    assert maps.dtype == np.float32
    assert np.abs(maps).max() > 0
    assert np.allclose(np.moveaxis(maps, 0, -1), served, rtol=1e-3, atol=1e-3 * served.max())


def test_the_last_layer_is_the_answer_and_dropout_is_off(version: Version, scan: Scan) -> None:
    answer = feature_maps(version, scan, "outputs")
    assert answer.shape == list_layers(version)[-1].shape
    assert answer.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(answer, feature_maps(version, scan, "outputs"))
    predictor = Predictor(version)
    batch, _ = preprocess(scan, predictor.input)
    pooled = predictor.head.pool(predictor.trunk(batch[np.newaxis])[0])
    logits = predictor.head.logits(pooled)
    shares = np.exp(logits - logits.max())
    assert np.allclose(answer, shares / shares.sum(), atol=1e-3)


def test_an_unknown_layer_is_refused_with_the_known_ones(version: Version, scan: Scan) -> None:
    with pytest.raises(ValueError, match=r"expected one of .*features.*, received 'nowhere'"):
        feature_maps(version, scan, "nowhere")


def test_a_changed_file_is_refused(untrained_weights: Path, tmp_path: Path) -> None:
    good = find_version("tiny-plain", untrained_weights)
    (tmp_path / MODEL).write_bytes(b"another")
    with pytest.raises(VersionError, match="SHA-256"):
        list_layers(Version(good.name, good.number, tmp_path, good.metadata))


def test_most_varied_first_and_ties_in_order() -> None:
    maps = np.zeros((4, 2, 2), np.float32)
    maps[1] = [[0, 1], [0, 1]]
    maps[3] = [[0, 9], [0, 9]]
    maps[0] += 100  # large but the same everywhere
    assert most_varied(maps) == [3, 1, 0, 2]


def test_a_picture_spans_the_colours_and_keeps_its_cells() -> None:
    shown = picture(np.array([[-5, 5], [0, 5]], np.float32))
    assert shown.shape == (224, 224, 3)
    assert shown.dtype == np.uint8
    brightness = shown.sum(axis=2, dtype=int)
    assert brightness[0, 0] < brightness[200, 0] < brightness[0, 200]
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 3, "enlarged without blurring"
    constant = picture(np.full((300, 400), 7, np.float32))
    assert constant.shape == (300, 400, 3)
    assert (constant == picture(np.zeros((300, 400), np.float32))).all()


def test_importing_it_brings_no_tensorflow() -> None:
    code = "import sys, fetal_model.explain.feature_maps; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sheet_has_every_map_most_varied_first() -> None:
    maps = np.stack([np.full((4, 6), 2.0), np.linspace(0, 9, 24).reshape(4, 6)]).astype(np.float32)
    drawn = sheet(maps)
    tile = picture(maps[1])
    height, width = drawn.shape[0], drawn.shape[1] // 2
    assert drawn.dtype == np.uint8
    assert np.ptp(drawn[24 : height - 4, :width].astype(int)) > 200, "the one that varies"
    assert np.ptp(drawn[24 : height - 4, width:].astype(int)) < 8, "the constant one is black"
    assert tile.shape[0] / tile.shape[1] == pytest.approx((height - 24) / (width - 4), rel=0.02)


def test_units_become_cells_on_one_scale() -> None:
    drawn = sheet(np.arange(20, dtype=np.float32))
    rows, columns = 2, 16
    cells = drawn[:: drawn.shape[0] // rows, :: drawn.shape[1] // columns]
    assert cells.shape == (rows, columns, 3)
    assert len({tuple(cell) for cell in cells.reshape(-1, 3)[:20].tolist()}) == 20


@pytest.fixture
def ours(untrained_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks for versions among the untrained ones."""
    monkeypatch.setattr(
        cli_evaluation, "find_version", lambda name: find_version(name, untrained_weights)
    )


@pytest.mark.usefixtures("ours")
def test_the_command_draws_what_the_code_draws(
    untrained_weights: Path, phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    output = tmp_path / "maps.png"
    file = str(phantom_files["femur"])
    arguments = ["feature-maps", "tiny-dropout", file, "--layer", "pool_1", "-o", str(output)]
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout.strip()) == (0, str(output))
    version = find_version("tiny-dropout", untrained_weights)
    expected = sheet(feature_maps(version, read_scan(phantom_files["femur"]), "pool_1"))
    written = cv2.cvtColor(cv2.imread(str(output)), cv2.COLOR_BGR2RGB)
    assert np.array_equal(written, expected)
    assert [file.name for file in tmp_path.iterdir()] == ["maps.png"]


@pytest.mark.usefixtures("ours")
def test_the_command_lists_layers_and_refuses_others(
    untrained_weights: Path, phantom_files: dict[str, Path], tmp_path: Path
) -> None:
    arguments = ["feature-maps", "tiny-dropout"]
    listed = CliRunner().invoke(app, [*arguments, "--list"])
    wrong = CliRunner().invoke(app, [*arguments, str(phantom_files["brain"]), "--layer", "no"])
    alone = CliRunner().invoke(app, arguments)
    bad = CliRunner().invoke(app, [*arguments, str(tmp_path / "absent.png")])
    layers = list_layers(find_version("tiny-dropout", untrained_weights))
    assert listed.stdout.splitlines() == [f"{e.name}  {e.kind}  {e.dimensions}" for e in layers]
    assert (listed.exit_code, wrong.exit_code, alone.exit_code, bad.exit_code) == (0, 2, 2, 1)
    assert "expected one of" in wrong.stderr
    assert "no such file" in bad.stderr

"""What several test files share: simulated scans as files, and a folder of untrained versions."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fetal_model import anatomy
from fetal_model.phantom import simulate
from fetal_model.store.versions import HEAD, METADATA, MODEL, TRUNK, publish, set_serving, sha256

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FOUR = {"names": list(anatomy.KEYS), "groups": {key: [key] for key in anatomy.KEYS}}


@pytest.fixture(scope="session")
def phantom_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One simulated scan of each anatomy as PNG, in the order of `anatomy.KEYS`."""
    folder = tmp_path_factory.mktemp("phantoms")
    files = {}
    for seed, key in enumerate(anatomy.KEYS):
        files[key] = folder / f"{key}.png"
        assert cv2.imwrite(str(files[key]), simulate(key, seed).image)
    return files


@pytest.fixture(scope="session")
def fetal_planes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small folder in the layout in which FETAL_PLANES_DB is published, made of phantoms.

    Three patients for each of the six classes, one scan each; the first of a class is tested on.
    The second and third are the first one's mirror images.
    """
    folder = tmp_path_factory.mktemp("published") / "fetal-planes"
    (folder / "Images").mkdir(parents=True)
    lines = ["Image_name;Patient_num;Plane;Brain_plane;Operator;US_Machine;Train "]
    classes = {
        "Other": "other", "Fetal abdomen": "abdomen", "Fetal brain": "brain",
        "Maternal cervix": "cervix", "Fetal femur": "femur", "Fetal thorax": "thorax",
    }  # fmt: skip
    for number, (name, label) in enumerate(classes.items(), start=1):
        picture = cv2.resize(simulate(label, number).image, (192, 150))
        for nth, view in enumerate((picture, picture[:, ::-1], picture[::-1])):
            patient = 3 * number + nth
            image = f"Patient{patient:05d}_Plane{number}_1_of_1"
            assert cv2.imwrite(str(folder / "Images" / f"{image}.png"), view)
            plane = "Trans-thalamic" if label == "brain" else "Not A Brain"
            machine = ("Voluson E6", "Aloka")[nth % 2]
            lines.append(f"{image};{patient};{name};{plane};Op. {nth + 1};{machine};{nth > 0:d} ")
    (folder / "FETAL_PLANES_DB_data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def randomise() -> Callable[[Any, int], Any]:
    """Give a Keras model weights in which every layer matters, batch-norm statistics included."""

    def change(model: Any, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        for layer in model.layers:
            kind = type(layer).__name__
            shapes = [weight.shape for weight in layer.get_weights()]
            if kind == "Sequential":
                change(layer, int(rng.integers(1000)))
            elif kind == "Normalization" and shapes:
                size = 255 if layer.name == "training_set" else 1  # of its input's greys
                mean, variance = (
                    rng.uniform(0.3, 0.6, shapes[0]),
                    rng.uniform(0.04, 0.08, shapes[1]),
                )
                layer.set_weights([mean * size, variance * size**2, np.zeros(shapes[2])])
                layer.finalize_state()
            elif kind == "LayerNormalization":
                layer.set_weights([rng.uniform(0.5, 1.5, shapes[0]), rng.normal(0, 0.1, shapes[1])])
            elif kind == "BatchNormalization":
                # gamma, which may be left out, beta, mean, variance
                (shape, *_), low = shapes, 0.5
                drawn = [rng.uniform(low, 1.5, shape), rng.normal(0, 0.1, shape)]
                drawn += [rng.normal(0, 0.1, shape), rng.uniform(low, 1.5, shape)]
                layer.set_weights(drawn[-len(shapes) :])
            elif shapes:
                each = 2 if kind == "DepthwiseConv2D" else -1  # a channel at a time, or all
                fan_in = int(np.prod(shapes[0][:each]))
                scale = (2 if layer.name == "outputs" else 1.3) / np.sqrt(fan_in)
                if layer.name == "block1_1":
                    scale /= 255  # a SonoNet's input is standardised to 255
                kernel, *bias = (
                    rng.normal(0, scale if index == 0 else 0.1, shape)
                    for index, shape in enumerate(shapes)
                )
                layer.set_weights([kernel, *bias])
        return model

    return change


@pytest.fixture(scope="session")
def untrained_weights(
    tmp_path_factory: pytest.TempPathFactory, randomise: Callable[[Any, int], Any]
) -> Path:
    """A weights folder: `tiny-dropout` (in service) and `tiny-plain` with four outputs,
    `tiny-sononet` with fourteen, all with random weights.

    `tiny-plain` accepts nothing, the others everything.
    """
    from fetal_model.architectures.seed_cnn import seed_cnn
    from fetal_model.architectures.sononet import GROUPS, OUTPUTS, sononet
    from fetal_model.training.export import export

    root = tmp_path_factory.mktemp("weights")
    small = {"height": 64, "width": 64, "scaling": "0-255", "crop": "none"}
    standard = {"height": 224, "width": 288, "scaling": "standardise", "crop": "none"}
    fourteen = {"names": list(OUTPUTS), "groups": {key: list(g) for key, g in GROUPS.items()}}
    for name, model, spec, outputs, confidence in (
        ("tiny-dropout", seed_cnn(size=64, filters=(8, 16), dropout=0.5), small, FOUR, 0.0),
        ("tiny-plain", seed_cnn(size=64, filters=(8, 16)), small, FOUR, 1.01),
        ("tiny-sononet", sononet(16, dropout=0.5), standard, fourteen, 0.0),
    ):
        randomise(model, 3)
        metadata = {
            "name": name,
            "input": spec,
            "outputs": {**outputs, "temperature": 1.5},
            "thresholds": {"plane_score": 0.0, "confidence": confidence},
            "simulated": True,
            "training_data": "Untrained.",
        }

        def fill(folder: Path, model: Any = model, metadata: dict[str, Any] = metadata) -> None:
            export(model, folder)
            metadata["files"] = {file: sha256(folder / file) for file in (MODEL, TRUNK, HEAD)}
            (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")

        publish(name, fill, root)
    set_serving("tiny-dropout", root)
    return root


@pytest.fixture(scope="session")
def judged_weights(untrained_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained versions, of which `tiny-dropout` has all that a training leaves behind.

    Its predictions are what it says about eight phantoms of its recipe, and two real scans that
    are nowhere.
    """
    from dataclasses import replace

    from fetal_model.dataset.built_in import orders
    from fetal_model.evaluation.card import card
    from fetal_model.evaluation.comparison import judge
    from fetal_model.evaluation.predictions import Prediction, write_predictions
    from fetal_model.predictor import Predictor
    from fetal_model.store.versions import CARD, PREDICTIONS

    root = tmp_path_factory.mktemp("judged") / "weights"
    shutil.copytree(untrained_weights, root)
    counts, seed = dict.fromkeys(anatomy.KEYS, 2), 5
    predictor = Predictor.load("tiny-dropout", root)
    rows = [
        replace(judge(predictor, order.file()), scan=f"images/{order.name}.png", part="test")
        for order in orders(counts, seed)
    ]
    real = [
        ("validation/brain/right.png", "brain", (0.97, 0.01, 0.01, 0.01), "accepted"),
        ("validation/femur/worst.png", "femur", (0.001, 0.001, 0.001, 0.997), "accepted"),
    ]
    rows += [
        Prediction(scan, label, "", "hc18", "validation", "0", shares, 0.9, decision, False)
        for scan, label, shares, decision in real
    ]
    folder = root / "tiny-dropout" / "1"
    write_predictions(folder / PREDICTIONS, rows)
    metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    metadata |= {
        "description": "A network that learned nothing.",
        "scans": {"train": 40, "validation": 9, "own_test": 8, "real_test": 2},
        "data_fingerprint": "0" * 64,
        "parameters": 1234,
        "recipe": {
            "architecture": "seed_cnn",
            "options": {"dropout": 0.5},
            "data": {"phantoms": counts, "phantom_seed": seed},
        },
        "history": {
            "accuracy": [0.25, 0.5, 0.75],
            "val_accuracy": [0.25, 0.4, 0.6],
            "loss": [1.4, 1.2, 1.0],
            "val_loss": [1.4, 1.3, 1.1],
        },
        "licence": "Apache-2.0",
        "sources": ["Simulated scans of fetal_model.phantom, Apache-2.0"],
    }
    (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")
    (folder / CARD).write_text(card(metadata, rows), encoding="utf-8")
    return root

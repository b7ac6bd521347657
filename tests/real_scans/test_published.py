"""The port of SonoNet-16 on real scans: the published examples, and the published figures.

Needs the real scans and the published weights, which are never copied into the project.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record, read_real_scans, shared_folder
from fetal_model.inference.outputs import Outputs
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess

REAL = shared_folder() / "real_scans"
ARRAYS = shared_folder() / "pretrained" / "sononet16" / "SonoNet16.npz"
pytestmark = pytest.mark.skipif(
    not (REAL / "manifest.csv").is_file() or not ARRAYS.is_file(),
    reason=f"no real scans or no published weights in {shared_folder()}: set FETAL_SHARED",
)

SPEC = InputSpec(224, 288, "standardise")
IN_FILE_NAME = {
    "3VV": "3VV", "4CH": "4CH", "ABDOMINAL": "Abdominal", "BRAIN-CB": "Brain (Cb.)",
    "BRAIN-TV": "Brain (Tv.)", "FEMUR": "Femur", "KIDNEYS": "Kidneys", "LIPS": "Lips",
    "LVOT": "LVOT", "PROFILE": "Profile", "RVOT": "RVOT", "SPINE-CORONAL": "Spine (cor.)",
    "SPINE-SAGITTAL": "Spine (sag.)",
}  # fmt: skip


@pytest.fixture(scope="module")
def published() -> Any:
    """The published network."""
    from fetal_model.architectures.sononet import load_published

    return load_published(ARRAYS, dropout=0)


@pytest.fixture(scope="module")
def validation() -> list[Record]:
    """The real validation scans."""
    return read_real_scans(REAL, "validation")


@pytest.fixture(scope="module")
def logits(published: Any, validation: list[Record]) -> np.ndarray:
    """Log-probabilities of the fourteen outputs on every whole validation scan."""
    answers = []
    for start in range(0, len(validation), 32):
        part = validation[start : start + 32]
        pixels = np.stack([preprocess(read_scan(r.file), SPEC)[0] for r in part])
        answers.append(np.asarray(published(pixels)))
    return np.log(np.maximum(np.concatenate(answers), 1e-38)).astype(np.float64)


@pytest.fixture(scope="module")
def outputs() -> Outputs:
    """The four planes as groups of the fourteen outputs."""
    from fetal_model.architectures.sononet import GROUPS, OUTPUTS

    return Outputs(OUTPUTS, tuple(GROUPS[key] for key in KEYS))


def examples() -> list[Record]:
    return read_real_scans(REAL, "examples") if (REAL / "manifest.csv").is_file() else []


def test_there_are_thirteen_examples_one_of_each_plane() -> None:
    planes = [record.file.stem.split("__")[1] for record in examples()]
    assert sorted(planes) == sorted(IN_FILE_NAME)


@pytest.mark.parametrize("record", examples(), ids=lambda record: record.file.stem.split("__")[1])
def test_a_published_example_is_right(record: Record, published: Any) -> None:
    from fetal_model.architectures.sononet import OUTPUTS

    pixels = read_scan(record.file).pixels[115:734, 81:874]
    fed, _ = preprocess(Scan.from_array(pixels, record.scan), SPEC)
    answer = OUTPUTS[int(np.asarray(published(fed[np.newaxis]))[0].argmax())]
    assert answer == IN_FILE_NAME[record.file.stem.split("__")[1]]


@pytest.mark.parametrize(
    ("key", "right", "n"),
    [("brain", 100, 108), ("thorax", 57, 58), ("abdomen", 4, 4), ("femur", 5, 5)],
)
def test_published_figures_forced_to_four(
    key: str, right: int, n: int, logits: np.ndarray, outputs: Outputs, validation: list[Record]
) -> None:
    answers = outputs.probabilities(logits).argmax(axis=1)
    of_key = np.array([record.label == key for record in validation])
    assert (int((answers[of_key] == KEYS.index(key)).sum()), int(of_key.sum())) == (right, n)


def test_published_plane_score(
    logits: np.ndarray, outputs: Outputs, validation: list[Record]
) -> None:
    from sklearn.metrics import roc_auc_score

    inside = [record.label in KEYS for record in validation]
    assert inside.count(False) == 33
    assert roc_auc_score(inside, outputs.plane_score(logits)) == pytest.approx(0.933, abs=6e-4)

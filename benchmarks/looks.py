"""Whether a look pulls: phantoms of every anatomy given the crop and grey levels of a source.

In the real training scans a source shows one anatomy only, so a network could learn the look of
HC18 for "brain". Then a phantom femur with that look would be called brain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks import write_rows
from fetal_model import anatomy
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan

PER_CLASS = 100
FIRST_SEED = 910_000
# rows and columns of most scans of the source
SHAPES = {"hc18": (540, 800), "focus": (661, 959)}


def main() -> None:
    """Write `looks.csv`: answers by look and anatomy, and how many changed to another anatomy."""
    predictor = Predictor.load()
    distributions = {source: grey_levels(source) for source in SHAPES}
    rows = []
    for key in anatomy.KEYS:
        images = [simulate(key, FIRST_SEED + n).image for n in range(PER_CLASS)]
        plain = [answer(predictor, image) for image in images]
        rows.append(_row("as simulated", key, plain, plain))
        for source, levels in distributions.items():
            changed = [answer(predictor, give_look(i, levels, SHAPES[source])) for i in images]
            rows.append(_row(source, key, changed, plain))
    write_rows("looks.csv", rows)


def grey_levels(source: str) -> NDArray[np.float64]:
    """Cumulative share of each of 256 grey levels over the training scans of a source."""
    counts = np.zeros(256)
    for record in read_real_scans(shared_folder() / "real_scans", "train"):
        if record.source == source:
            levels = np.rint(read_scan(record.file).pixels * 255).astype(int)
            counts += np.bincount(levels.ravel(), minlength=256) / levels.size
    return np.cumsum(counts) / counts.sum()


def give_look(
    image: NDArray[np.uint8], levels: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Cut a phantom centrally to the source's shape and match its grey levels."""
    rows, columns = image.shape
    height = min(rows, round(columns * shape[0] / shape[1]))
    width = min(columns, round(height * shape[1] / shape[0]))
    top, left = (rows - height) // 2, (columns - width) // 2
    cut = image[top : top + height, left : left + width]
    share = np.cumsum(np.bincount(cut.ravel(), minlength=256)) / cut.size
    return np.interp(share, levels, np.arange(256)).astype(np.uint8)[cut]


def answer(predictor: Predictor, image: NDArray[np.uint8]) -> str:
    """Key of the most probable anatomy."""
    scan = Scan.from_array(image.astype(np.float32) / 255, "phantom")
    return predictor.analyse(scan).anatomy.key


def _row(look: str, key: str, answers: list[str], plain: list[str]) -> dict[str, str | int]:
    newly = [a for a, before in zip(answers, plain, strict=True) if a != before]
    return {
        "look": look,
        "truth": key,
        "n": len(answers),
        **{f"answered_{k}": answers.count(k) for k in anatomy.KEYS},
        **{f"changed_to_{k}": newly.count(k) for k in anatomy.KEYS},
    }

"""A judge of brain and thorax that has seen the real training scans and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from fetal_model.architectures.seed_cnn import seed_cnn
from fetal_model.dataset.manifest import Record, read_real_scans, shared_folder
from fetal_model.dataset.pipeline import augmentation
from fetal_model.evaluation.metrics import Proportion
from fetal_model.scan import read_scan
from fetal_model.training.recipe_tables import Augmentation

LABELS = ("brain", "thorax")
SIDE = 128
EPOCHS = 40
# a source of real scans shows one anatomy, so its crop and brightness must not give it away
CHANGES = Augmentation(
    flip="horizontal_and_vertical", rotation=0.1, zoom=0.25, translation=0.1, brightness=0.2,
    contrast=0.5,
)  # fmt: skip


@dataclass(frozen=True)
class SecondJudge:
    """A small network from random initialisation.

    Attributes:
        model: Scan to probabilities of `LABELS`.
        figures: On how many real scans it learned, and how it does on the real validation scans.
    """

    model: keras.Model
    figures: dict[str, Any]

    @classmethod
    def train(cls) -> SecondJudge:
        """Train it, and judge it on the real validation scans."""
        keras.utils.set_random_seed(0)
        folder = shared_folder() / "real_scans"
        train, test = (
            [r for r in read_real_scans(folder, part) if r.label in LABELS]
            for part in ("train", "validation")
        )
        x, y = _arrays(train)
        model = seed_cnn(len(LABELS), SIDE, (16, 32, 32, 32, 32), dropout=0.3)
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        augment = augmentation(CHANGES.model_dump(), seed=0)
        weights = len(y) / (len(LABELS) * np.bincount(y))
        rng = np.random.default_rng(0)
        steps = len(y) // 32
        for epoch in range(EPOCHS):
            order = rng.permutation(len(y))
            for step, chosen in enumerate(np.array_split(order, steps)):
                changed = augment(x[chosen], epoch * steps + step)
                model.train_on_batch(changed, y[chosen], sample_weight=weights[y[chosen]])
        answers = model.predict(_arrays(test)[0], verbose=0).argmax(axis=1)
        figures: dict[str, Any] = {"learned_from": {k: _count(train, k) for k in LABELS}}
        for position, label in enumerate(LABELS):
            of_label = np.array([record.label == label for record in test])
            right = int(np.sum(answers[of_label] == position))
            figures[f"real_{label}_right"] = str(Proportion(right, int(of_label.sum())))
        return cls(model, figures)

    def answer(self, image: NDArray[np.uint8]) -> str:
        """One of `LABELS` for a scan, uint8 (height, width)."""
        return LABELS[int(self.model.predict(_small(image)[None], verbose=0).argmax())]


def _arrays(records: list[Record]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    pixels = [_small(np.rint(read_scan(r.file).pixels * 255).astype(np.uint8)) for r in records]
    return np.stack(pixels), np.array([LABELS.index(r.label) for r in records])


def _small(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    # the grey levels of a source must not give an anatomy away
    return cv2.equalizeHist(small).astype(np.float32)[..., None]


def _count(records: list[Record], label: str) -> int:
    return sum(record.label == label for record in records)

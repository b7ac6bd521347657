"""Do networks that have seen real scans only take simulated ones for real?

The published SonoNet-16 over fresh phantoms, a second judge trained here on the real training scans
alone, and how far the scans spread in the features of the first. Nothing here feeds back into a
phantom: no answer selects, filters or optimises one.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import write_result, write_rows
from benchmarks.second_judge import SecondJudge
from fetal_model import anatomy
from fetal_model.architectures import trunk_of
from fetal_model.architectures.sononet import GROUPS, OUTPUTS, load_published
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.evaluation.docs_phantom import STANDARD
from fetal_model.phantom import draw_patient, simulate
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.training.fine_tuning import published_path

SEED = 777_000
"""Not used for anything else."""
SPEC = InputSpec(224, 288, "standardise")
PER_CLASS = 400
PER_VARIANT = 100
BATCH = 50
NEIGHBOURS = 5


@dataclass(frozen=True)
class Order:
    """One phantom: what is shown, how well, how old."""

    label: str
    number: int
    quality: str
    weeks: tuple[float, float]
    part: str

    def image(self) -> tuple[NDArray[np.uint8], dict[str, str]]:
        """The scan, and what tells it from others."""
        seed = SEED + self.number
        rng = np.random.default_rng(np.random.SeedSequence([SEED, self.number]))
        age = round(float(rng.uniform(*self.weeks)), 1)
        patient = replace(draw_patient(SEED, self.number), gestational_age_weeks=age)
        made = simulate(self.label, seed, patient, quality=self.quality)
        return made.image, {
            "part": self.part,
            "label": self.label,
            "plane": made.plane,
            "quality": self.quality,
            "gestational_age_weeks": f"{age:.1f}",
            "machine": made.machine,
            "annotated": str(made.scene.annotated).lower(),
            "seed": str(seed),
        }


def orders() -> list[Order]:
    """Standard planes at the anomaly scan, then other qualities and ages, each by itself."""
    anomaly_scan = (18.0, 24.0)
    parts = [(STANDARD, "good", anomaly_scan, PER_CLASS)]
    parts += [(f"quality {q}", q, anomaly_scan, PER_VARIANT) for q in ("fair", "poor")]
    parts += [
        (f"{low:g} to {high:g} weeks", "good", (low, high), PER_VARIANT)
        for low, high in ((14.0, 18.0), (24.0, 32.0), (32.0, 40.0))
    ]
    found = []
    for part, quality, weeks, count in parts:
        for label in anatomy.KEYS:
            first = len(found)
            found += [Order(label, first + n, quality, weeks, part) for n in range(count)]
    return found


def main() -> None:
    """Write `realism.csv`, `realism-features.csv` and `second-judge.json`."""
    model = load_published(published_path(), dropout=0)
    trunk = trunk_of(model)
    second = SecondJudge.train()
    rows, features = [], []
    for batch in _batches(orders()):
        ready = np.stack([_prepared(image) for image, _ in batch])
        for (image, facts), answer in zip(batch, model.predict(ready, verbose=0), strict=True):
            asked = facts["part"] == STANDARD
            other = second.answer(image) if asked else ""
            rows.append({**facts, **_judged(answer, facts["label"]), "second_judge": other})
        features.append(trunk.predict(ready, verbose=0).mean(axis=(1, 2)))
    write_rows("realism.csv", rows)
    write_result("second-judge.json", second.figures)
    simulated = np.concatenate(features)
    standard = [index for index, row in enumerate(rows) if row["part"] == STANDARD]
    labels = [rows[index]["label"] for index in standard]
    write_rows("realism-features.csv", spread(simulated[standard], np.array(labels), trunk))


def spread(
    simulated: NDArray[np.float32], labels: NDArray[np.str_], trunk: object
) -> list[dict[str, str]]:
    """How simulated and real scans lie in the 64 averaged features of the published network.

    Coverage: share of real scans with a simulated one within the distance of their fifth nearest
    real neighbour, and the other way round (Naeem et al. 2020, "Reliable fidelity and diversity
    metrics for generative models", arXiv:2002.09797).
    """
    folder = shared_folder() / "real_scans"
    records = [r for part in ("train", "validation") for r in read_real_scans(folder, part)]
    rows = []
    for label in anatomy.KEYS:
        files = [record.file for record in records if record.label == label]
        ready = (preprocess(read_scan(file), SPEC)[0] for file in files)
        parts = [np.stack(part) for part in iter(lambda r=ready: list(islice(r, BATCH)), [])]
        real = np.concatenate([trunk.predict(p, verbose=0).mean(axis=(1, 2)) for p in parts])  # type: ignore[attr-defined]
        ours = simulated[labels == label]
        deviation = np.sqrt(np.trace(np.cov(real.T))), np.sqrt(np.trace(np.cov(ours.T)))
        rows.append(
            {
                "label": label,
                "n_real": str(len(real)),
                "n_simulated": str(len(ours)),
                "spread_real": f"{deviation[0]:.3f}",
                "spread_simulated": f"{deviation[1]:.3f}",
                "distance_of_means": f"{np.linalg.norm(real.mean(0) - ours.mean(0)):.3f}",
                "real_covered": f"{covered(real, ours):.3f}" if len(real) > NEIGHBOURS else "",
                "simulated_covered": f"{covered(ours, real):.3f}",
            }
        )
    return rows


def covered(wanted: NDArray[np.float32], by: NDArray[np.float32]) -> float:
    """Share of `wanted` that has one of `by` within reach of its fifth neighbour among `wanted`."""
    among = np.linalg.norm(wanted[:, None] - wanted[None], axis=2)
    reach = np.sort(among, axis=1)[:, NEIGHBOURS]
    nearest = np.linalg.norm(wanted[:, None] - by[None], axis=2).min(axis=1)
    return float(np.mean(nearest <= reach))


def _judged(answer: NDArray[np.float32], label: str) -> dict[str, str]:
    mass = {key: sum(answer[OUTPUTS.index(name)] for name in GROUPS[key]) for key in anatomy.KEYS}
    own = OUTPUTS[int(answer.argmax())]
    return {
        "forced": max(mass, key=mass.__getitem__),
        "answer": own,
        "in_group": str(own in GROUPS[label]).lower(),
        "probability": f"{answer.max():.3f}",
    }


def _prepared(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return preprocess(Scan.from_array(image.astype(np.float32) / 255, "phantom"), SPEC)[0]


def _batches(wanted: list[Order]) -> Iterator[list[tuple[NDArray[np.uint8], dict[str, str]]]]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(os.cpu_count(), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        made = pool.imap(Order.image, wanted, chunksize=10)
        while batch := list(islice(made, BATCH)):
            yield batch


if __name__ == "__main__":
    main()

"""Which measure of doubt finds the errors of the version in service, and what may be promised.

On fresh simulated scans hard enough to hold errors, and on the real validation scans, of which few
are answered wrongly: for those, counts. Rejection is fitted on the real training scans of the four
planes alone.

What was asked is kept in `data/uncertainty/`: a measurement that was stopped goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory
from numpy.typing import NDArray

from benchmarks import write_result, write_rows
from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import Order, orders
from fetal_model.dataset.manifest import Record, group_of, read_real_scans, shared_folder
from fetal_model.dataset.splits import fold_numbers
from fetal_model.evaluation import metrics, reliability, selective
from fetal_model.inference.head import Floats
from fetal_model.phantom import draw_patient, simulate, simulator
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.uncertainty.calibration import calibrate
from fetal_model.uncertainty.conformal import ConformalSets
from fetal_model.uncertainty.cross_fit import cross_fit
from fetal_model.uncertainty.measures import MEASURES
from fetal_model.uncertainty.methods import MASKS, VIEWS, look, mask_source
from fetal_model.uncertainty.rejection import PARTS, fit_rejection
from fetal_model.uncertainty.vector_scaling import fit_vector_scaling

ROOT = Path(__file__).resolve().parents[1]
KEPT = Memory(ROOT / "data" / "uncertainty", verbose=0)
ROOMS = ("inference", "uncertainty", "scan")
PER_CLASS = 850
SEED = 43_000
"""Of the simulated scans; no recipe and no other measurement uses it."""
QUALITY = "poor"
"""Off the standard plane, cut off or dim, so that some are answered wrongly."""
FOLDS, FOLD_SEED = 5, 0
TARGETS = (0.8, 0.9, 0.95)
"""Coverages of the conformal sets."""
SCORES = {**{name: (name,) for name in PARTS}, "all four": tuple(PARTS)}


@dataclass(frozen=True)
class Asked:
    """One scan and everything the version said of it.

    Attributes:
        name: Of the scan.
        label: Truth.
        group: Its patient, or itself.
        simulated: Whether it is a phantom.
        pooled: Pooled features, shape (channels,).
        logits: Shape (n_outputs,).
        sampled: Probabilities by method, each of shape (samples, 4).
    """

    name: str
    label: str
    group: str
    simulated: bool
    pooled: Floats
    logits: Floats
    sampled: dict[str, Floats]

    @property
    def position(self) -> int:
        """Of the truth in `anatomy.KEYS`, -1 for another plane."""
        return KEYS.index(self.label) if self.label in KEYS else -1


def main() -> None:
    """Write `uncertainty.csv`, a row a scan and method, and the figures in `uncertainty.json`."""
    predictor = Predictor.load()
    folder = shared_folder() / "real_scans"
    simulated = list(hard(predictor))
    real = list(ask_all(predictor, folder, "validation"))
    learned = [a for a in ask_all(predictor, folder, "train", views=False) if a.position >= 0]
    write_rows("uncertainty.csv", [row for asked in (*simulated, *real) for row in rows(asked)])
    within = [asked for asked in real if asked.position >= 0]
    result: dict[str, Any] = {
        "version": predictor.version.label,
        "folds": FOLDS,
        "simulated": {
            **detection(simulated),
            "calibration": calibration(predictor, simulated),
            "sets": sets(predictor, simulated, KEYS),
        },
        "real": {
            **detection(within),
            "calibration": calibration(predictor, within),
            "sets": sets(predictor, within, ("brain", "thorax")),
            "rejection": rejection(predictor, learned, real),
        },
    }
    write_result("uncertainty.json", result)


def hard(predictor: Predictor) -> Iterator[Asked]:
    """Simulated scans of poor quality, two or three a patient."""
    for order in orders(dict.fromkeys(KEYS, PER_CLASS), SEED):
        yield ask_simulated(predictor, order, f"{predictor.version.hash} {code()} {simulator()}")


@cache
def code() -> str:
    """Hash of all code that an answer depends on."""
    package = ROOT / "fetal_model"
    files = [file for room in ROOMS for file in (package / room).rglob("*.py")]
    digest = hashlib.sha256()
    for file in sorted([*files, Path(__file__)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@KEPT.cache(ignore=["predictor"])
def ask_simulated(predictor: Predictor, order: Order, by: str) -> Asked:
    """One simulated scan; `by` names the version, the code and the simulator."""
    patient = draw_patient(order.population, order.patient)
    made = simulate(order.label, order.seed, patient, quality=QUALITY)
    scan = Scan.from_array(made.image.astype(np.float32) / 255, order.name)
    return ask(predictor, scan, order.label, made.patient, simulated=True)


def ask_all(predictor: Predictor, folder: Any, part: str, views: bool = True) -> Iterator[Asked]:
    """The real scans of a part."""
    for record in read_real_scans(folder, part):
        scan = hashlib.sha256(record.file.read_bytes()).hexdigest()
        yield ask_real(predictor, record, views, f"{predictor.version.hash} {code()} {scan}")


@KEPT.cache(ignore=["predictor"])
def ask_real(predictor: Predictor, record: Record, views: bool, by: str) -> Asked:
    """One real scan; `by` names the version, the code and the file."""
    group = group_of(record.scan, record.patient, record.source)
    scan = read_scan(record.file, name=record.scan)
    return ask(predictor, scan, record.label, group, simulated=False, views=views)


def ask(
    predictor: Predictor, scan: Scan, label: str, group: str, simulated: bool, views: bool = True
) -> Asked:
    """Every method at once: the views' features hold what the others need."""
    looks = VIEWS if views else VIEWS[:1]
    features = predictor.trunk(look(scan, predictor.input, looks))
    pooled = [predictor.head.pool(of_view) for of_view in features]
    logits = [predictor.head.logits(of_view) for of_view in pooled]
    sampled = {
        "softmax": predictor.outputs.probabilities(logits[0])[np.newaxis],
        "augmentation": predictor.outputs.probabilities(np.array(logits)),
    }
    if predictor.offers_dropout:
        drawn = [
            predictor.outputs.probabilities(
                predictor.head.sample_logits(of_view, MASKS, mask_source(seen))
            )
            for of_view, seen in zip(pooled, features, strict=True)
        ]
        sampled["dropout"] = drawn[0]
        sampled["augmentation and dropout"] = np.concatenate(drawn)
    return Asked(scan.name, label, group, simulated, pooled[0], logits[0], sampled)


def rows(asked: Asked) -> Iterator[dict[str, Any]]:
    """What each method says of a scan."""
    for method, sampled in asked.sampled.items():
        mean = sampled.mean(axis=0)
        yield {
            "scan": asked.name,
            "label": asked.label,
            "simulated": str(asked.simulated).lower(),
            "method": method,
            **{f"p_{key}": f"{mean[n]:.5f}" for n, key in enumerate(KEYS)},
            **{
                name.replace(" ", "_"): f"{float(measure(sampled[:, np.newaxis])[0]):.5f}"
                for name, measure in MEASURES.items()
            },
        }


def detection(asked: list[Asked]) -> dict[str, Any]:
    """How well each measure of each method tells wrong answers from right ones."""
    groups = [one.group for one in asked]
    found = []
    for method in asked[0].sampled:
        sampled = np.stack([one.sampled[method] for one in asked], axis=1)
        answers = sampled.mean(axis=0).argmax(axis=1)
        wrong = answers != np.array([one.position for one in asked])
        for name, measure in MEASURES.items():
            doubt = measure(sampled)
            found.append(
                {
                    "method": method,
                    "measure": name,
                    "errors": int(wrong.sum()),
                    "auroc": str(selective.error_detection(doubt, wrong, groups)),
                    "area_under_risk": str(selective.area_under_risk(doubt, wrong, groups)),
                    **{
                        f"right_at_{coverage}": str(selective.accuracy_at(doubt, wrong, coverage))
                        for coverage in selective.COVERAGES
                    },
                }
            )
    return {"n": len(asked), "patients": len(set(groups)), "detection": found}


def calibration(predictor: Predictor, asked: list[Asked]) -> list[dict[str, str]]:
    """As it is, by temperature and by vector scaling, each fitted without the scan's fold."""
    logits, labels, groups, numbers = _arrays(asked)

    def vector(on: NDArray[np.bool_]) -> Any:
        warmed = calibrate(logits[on], labels[on], predictor.outputs).outputs
        return fit_vector_scaling(logits[on], labels[on], warmed)

    ways = {
        "as it is": predictor.outputs.probabilities(logits),
        "temperature": cross_fit(
            numbers,
            lambda on: calibrate(logits[on], labels[on], predictor.outputs).outputs,
            lambda outputs, to: outputs.probabilities(logits[to]),
        ),
        "vector scaling": cross_fit(
            numbers, vector, lambda scaling, to: scaling.probabilities(logits[to])
        ),
    }
    return [
        {
            "way": way,
            "ece": str(reliability.calibration_error(shares, labels, groups)),
            "brier": str(reliability.brier_score(shares, labels, groups)),
            "nll": str(reliability.negative_log_likelihood(shares, labels, groups)),
        }
        for way, shares in ways.items()
    ]


def sets(predictor: Predictor, asked: list[Asked], among: tuple[str, ...]) -> list[dict[str, Any]]:
    """Coverage and size of the conformal sets, each made without the scan's fold."""
    asked = [one for one in asked if one.label in among]
    logits, labels, groups, numbers = _arrays(asked)
    shares = predictor.outputs.probabilities(logits)
    found = []
    for coverage in TARGETS:
        made = cross_fit(
            numbers,
            lambda on: ConformalSets.fit(shares[on], labels[on], among),
            lambda fitted, to, coverage=coverage: fitted.sets(shares[to], coverage),
        )
        holds = reliability.set_coverage(made, labels)
        found.append(
            {
                "coverage": coverage,
                "size": str(reliability.mean_set_size(made, groups)),
                "holds": {key: str(share) for key, share in holds.items()},
            }
        )
    return found


def rejection(
    predictor: Predictor, learned: list[Asked], real: list[Asked]
) -> list[dict[str, Any]]:
    """Four planes against the others, by scores that never saw another plane."""
    logits, labels, _, numbers = _arrays(learned)
    features = np.stack([one.pooled for one in learned])
    seen = np.stack([one.pooled for one in real])
    outputs = np.stack([one.logits for one in real])
    inside = np.array([one.position >= 0 for one in real])
    groups = [one.group for one in real]
    found = []
    for name, parts in SCORES.items():
        fitted = fit_rejection(parts, features, logits, labels, predictor.outputs, numbers)
        scores = fitted.score(seen, outputs)
        # turned away: 95% of the other planes lie below
        threshold = np.quantile(scores[~inside], 0.95, method="higher")
        lost = metrics.Proportion(int((scores[inside] <= threshold).sum()), int(inside.sum()))
        found.append(
            {
                "score": name,
                "auroc": str(selective.error_detection(-scores, ~inside, groups)),
                "lost_at_95": str(lost),
            }
        )
    return found


def _arrays(asked: list[Asked]) -> tuple[Floats, NDArray[np.int64], list[str], NDArray[np.int64]]:
    logits = np.stack([one.logits for one in asked])
    labels = np.array([one.position for one in asked])
    groups = [one.group for one in asked]
    return (
        logits,
        labels,
        groups,
        fold_numbers([one.label for one in asked], groups, FOLDS, FOLD_SEED),
    )

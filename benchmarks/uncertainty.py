"""What each method says of the same scans: the version in service, dropout, views, an ensemble.

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

import numpy as np
from joblib import Memory
from numpy.typing import NDArray

from benchmarks import write_result, write_rows
from benchmarks.ensemble import members
from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import Order, orders
from fetal_model.dataset.manifest import Record, group_of, read_real_scans, shared_folder
from fetal_model.dataset.splits import fold_numbers
from fetal_model.evaluation.doubt_answers import SAMPLED, Answer, write_answers
from fetal_model.inference.head import Floats
from fetal_model.phantom import draw_patient, simulate, simulator
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.uncertainty.calibration import calibrate
from fetal_model.uncertainty.cross_fit import cross_fit
from fetal_model.uncertainty.measures import MEASURES
from fetal_model.uncertainty.methods import MASKS, VIEWS, look, mask_source
from fetal_model.uncertainty.rejection import PARTS, fit_rejection
from fetal_model.uncertainty.vector_scaling import VectorScaling, fit_vector_scaling

ROOT = Path(__file__).resolve().parents[1]
KEPT = Memory(ROOT / "data" / "uncertainty", verbose=0)
ROOMS = ("inference", "uncertainty", "scan")
PER_CLASS = 1000
SEED = 43_000
"""Of the simulated scans; no recipe and no other measurement uses it."""
QUALITY = "poor"
"""Off the standard plane, cut off or dim, so that some are answered wrongly."""
FOLDS, FOLD_SEED = 5, 0
SCORES = {
    **{name: (name,) for name in PARTS},
    "neighbours and plane mass": ("neighbours", "plane mass"),
    "all four": tuple(PARTS),
}


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
        sampled: Probabilities by method, each of shape (samples, 4); none where the logits are all
            that was asked.
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
    """Write what each method answered; `make trust` makes the figures of it."""
    networks = members(Predictor.load())
    predictor = networks[0]
    if not predictor.offers_dropout:
        raise ValueError(f"{predictor.version.label}: expected a version with dropout, found none")
    folder = shared_folder() / "real_scans"
    simulated = list(hard(networks))
    real = list(ask_all(networks, folder, "validation"))
    learned = [a for a in ask_all(networks, folder, "train", views=False) if a.position >= 0]
    numbers: dict[str, int] = {}
    scaled: dict[str, dict[str, Floats]] = {}
    for part in (simulated, [asked for asked in real if asked.position >= 0]):
        folds = folds_of(part)
        numbers |= {one.name: int(fold) for one, fold in zip(part, folds, strict=True)}
        for way, shares in calibrated(predictor, part, folds).items():
            scaled.setdefault(way, {}).update(
                {one.name: share for one, share in zip(part, shares, strict=True)}
            )
    everything = [*simulated, *real]
    for method in everything[0].sampled:
        write_answers(method, answers(method, everything, numbers, {}))
    within = [one for one in everything if one.position >= 0]
    for way, shares_by_scan in scaled.items():
        write_answers(way, answers(way, within, numbers, shares_by_scan))
    write_rows("doubt/rejection.csv", rejection(predictor, learned, real))
    about = {"version": predictor.version.label, "folds": FOLDS, "networks": len(networks)}
    write_result("doubt/about.json", about)


def hard(networks: list[Predictor]) -> Iterator[Asked]:
    """Simulated scans of poor quality, two or three a patient."""
    for order in orders(dict.fromkeys(KEYS, PER_CLASS), SEED):
        yield ask_simulated(networks, order, f"{hashes(networks)} {code()} {simulator()}")


def hashes(networks: list[Predictor]) -> str:
    """Which networks are asked."""
    return " ".join(network.version.hash for network in networks)


@cache
def code() -> str:
    """Hash of all code that an answer depends on."""
    package = ROOT / "fetal_model"
    files = [file for room in ROOMS for file in (package / room).rglob("*.py")]
    digest = hashlib.sha256()
    for file in sorted([*files, Path(__file__)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@KEPT.cache(ignore=["networks"])
def ask_simulated(networks: list[Predictor], order: Order, by: str) -> Asked:
    """One simulated scan; `by` names the networks, the code and the simulator."""
    patient = draw_patient(order.population, order.patient)
    made = simulate(order.label, order.seed, patient, quality=QUALITY)
    scan = Scan.from_array(made.image.astype(np.float32) / 255, order.name)
    return ask(networks, scan, order.label, made.patient, simulated=True)


def ask_all(
    networks: list[Predictor], folder: Path, part: str, views: bool = True
) -> Iterator[Asked]:
    """The real scans of a part."""
    for record in read_real_scans(folder, part):
        scan = hashlib.sha256(record.file.read_bytes()).hexdigest()
        yield ask_real(networks, record, views, f"{hashes(networks)} {code()} {scan}")


@KEPT.cache(ignore=["networks"])
def ask_real(networks: list[Predictor], record: Record, views: bool, by: str) -> Asked:
    """One real scan; `by` names the networks, the code and the file."""
    group = group_of(record.scan, record.patient, record.source)
    scan = read_scan(record.file, name=record.scan)
    return ask(networks, scan, record.label, group, simulated=False, views=views)


def ask(
    networks: list[Predictor],
    scan: Scan,
    label: str,
    group: str,
    simulated: bool,
    views: bool = True,
) -> Asked:
    """Every method at once: the views' features hold what the others need.

    Args:
        networks: The version in service, then the rest of its ensemble, which see scans alike.
        scan: To ask about.
        label: Truth.
        group: Its patient, or itself.
        simulated: Whether it is a phantom.
        views: Whether more is asked than the version's own logits.
    """
    predictor, *others = networks
    seen = look(scan, predictor.input, VIEWS if views else VIEWS[:1])
    own = [_answer(predictor, features) for features in predictor.trunk(seen)]
    sampled = {}
    if views:
        apart = [own[0], *(_answer(other, other.trunk(seen[:1])[0]) for other in others)]
        for name, answered in (("augmentation", own), ("ensemble", apart)):
            sampled |= {
                name: np.stack([one.probabilities for one in answered]),
                f"{name} and dropout": np.concatenate([one.dropout for one in answered]),
            }
        sampled |= {"softmax": sampled["ensemble"][:1], "dropout": own[0].dropout}
    return Asked(scan.name, label, group, simulated, own[0].pooled, own[0].logits, sampled)


@dataclass(frozen=True)
class _Answer:
    """What one network says of one view; see `Asked`."""

    pooled: Floats
    logits: Floats
    probabilities: Floats
    dropout: Floats


def _answer(network: Predictor, features: NDArray[np.float32]) -> _Answer:
    pooled = network.head.pool(features)
    logits = network.head.logits(pooled)
    drawn = network.head.sample_logits(pooled, MASKS, mask_source(features))
    probabilities = network.outputs.probabilities
    return _Answer(pooled, logits, probabilities(logits), probabilities(drawn))


def answers(
    method: str, asked: list[Asked], numbers: dict[str, int], calibrated: dict[str, Floats]
) -> Iterator[Answer]:
    """What a method says of each scan.

    Args:
        method: Among the methods that were asked, or one of `calibrated`.
        asked: The scans.
        numbers: Fold of each scan of the four planes by name.
        calibrated: Probabilities by scan, of a method that draws nothing.
    """
    for one in asked:
        drawn = calibrated[one.name][np.newaxis] if calibrated else one.sampled[method]
        sampled = drawn[:, np.newaxis]
        yield Answer(
            one.name,
            one.label,
            one.group,
            numbers.get(one.name, -1),
            one.simulated,
            tuple(map(float, drawn.mean(axis=0))),
            tuple(float(MEASURES[n](sampled)[0]) for n in SAMPLED) if len(drawn) > 1 else (),
        )


def calibrated(
    predictor: Predictor, asked: list[Asked], numbers: NDArray[np.int64]
) -> dict[str, Floats]:
    """Probabilities by temperature and by vector scaling, each fitted without the scan's fold."""
    logits, labels = _arrays(asked)

    def vector(on: NDArray[np.bool_]) -> VectorScaling:
        warmed = calibrate(logits[on], labels[on], predictor.outputs).outputs
        return fit_vector_scaling(logits[on], labels[on], warmed)

    return {
        "temperature": cross_fit(
            numbers,
            lambda on: calibrate(logits[on], labels[on], predictor.outputs).outputs,
            lambda outputs, to: outputs.probabilities(logits[to]),
        ),
        "vector scaling": cross_fit(
            numbers, vector, lambda scaling, to: scaling.probabilities(logits[to])
        ),
    }


def rejection(
    predictor: Predictor, learned: list[Asked], real: list[Asked]
) -> list[dict[str, str]]:
    """Scores of the real validation scans, by rejection that never saw another plane."""
    logits, labels = _arrays(learned)
    features = np.stack([one.pooled for one in learned])
    seen = np.stack([one.pooled for one in real])
    outputs = np.stack([one.logits for one in real])
    numbers = folds_of(learned)
    scores = {
        name: fit_rejection(parts, features, logits, labels, predictor.outputs, numbers).score(
            seen, outputs
        )
        for name, parts in SCORES.items()
    }
    return [
        {"scan": one.name, "label": one.label, "group": one.group}
        | {name.replace(" ", "_"): f"{values[n]:.6f}" for name, values in scores.items()}
        for n, one in enumerate(real)
    ]


def folds_of(asked: list[Asked]) -> NDArray[np.int64]:
    """Fold of each scan, all of a patient in one."""
    labels, groups = [one.label for one in asked], [one.group for one in asked]
    return fold_numbers(labels, groups, FOLDS, FOLD_SEED)


def _arrays(asked: list[Asked]) -> tuple[Floats, NDArray[np.int64]]:
    return np.stack([one.logits for one in asked]), np.array([one.position for one in asked])

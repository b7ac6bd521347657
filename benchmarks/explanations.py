"""Every explanation and every baseline of the version in service: faithful, and on the anatomy?

On fresh simulated scans, whose anatomy's mask is known, and on the real thorax scans with a mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import write_rows
from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.explain.baselines import BASELINES, class_mean
from fetal_model.explain.faithfulness import deletion, insertion, road
from fetal_model.explain.localisation import mass_in_mask, pointing_game
from fetal_model.explain.methods import METHODS, SLOW
from fetal_model.explain.network import Method, Network
from fetal_model.explain.randomisation import randomised, rank_correlation
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import place, preprocess

PER_CLASS = 20
SLOW_PER_CLASS = 5
"""Scans of a class and source on which the methods of many passes are judged."""
MEAN_OF = 20
"""Further scans of a class that the class-mean map is made of."""
RANDOMISED = 8
"""Scans on which the weights are randomised from the output down."""
FIRST_SEED, MEAN_SEED = 950_000, 960_000
"""Far from the seeds of any training set, and from each other."""
CLASS_MEAN = "Class mean"


@dataclass(frozen=True)
class Case:
    """One scan that shows one anatomy, and where."""

    source: str
    key: str
    number: int
    scan: Scan
    mask: NDArray[np.bool_]


def main() -> None:
    """Write `explanations.csv` (a row a scan and method) and `randomisation.csv`."""
    predictor = Predictor.load()
    network = Network.of(predictor)
    methods = {**METHODS, **BASELINES, CLASS_MEAN: mean_maps(predictor, network)}
    write_rows(
        "explanations.csv",
        [
            row(predictor, network, case, name, method)
            for case in cases()
            for name, method in methods.items()
            if name not in SLOW or case.number < SLOW_PER_CLASS
        ],
    )
    write_rows("randomisation.csv", cascade(predictor, network))


def cases() -> Iterator[Case]:
    """Fresh phantoms, then the real thorax scans with a mask."""
    for number in range(PER_CLASS):
        for key in KEYS:
            yield phantom(key, FIRST_SEED, number)
    folder = shared_folder() / "real_scans"
    if (folder / "manifest.csv").is_file():
        masked = [r for r in read_real_scans(folder, "validation") if r.mask and r.label in KEYS]
        for number, record in enumerate(masked):
            assert record.mask is not None
            mask = read_scan(record.mask).pixels > 0
            scan = read_scan(record.file, name=record.scan)
            yield Case(record.source, record.label, number, scan, mask)


def phantom(key: str, first_seed: int, number: int) -> Case:
    """One simulated scan."""
    made = simulate(key, first_seed + number)
    scan = Scan.from_array(made.image.astype(np.float32) / 255, f"{key}-{first_seed + number}")
    return Case("phantom", key, number, scan, made.mask > 0)


def mean_maps(predictor: Predictor, network: Network) -> Method:
    """The mean Grad-CAM of each anatomy over further phantoms of it."""
    maps = {}
    for index, key in enumerate(KEYS):
        made = [phantom(key, MEAN_SEED, number).scan for number in range(MEAN_OF)]
        found = [
            METHODS["Grad-CAM"](network, preprocess(scan, predictor.input)[0], index)
            for scan in made
        ]
        maps[index] = np.stack(found)
    return class_mean(maps)


def row(
    predictor: Predictor, network: Network, case: Case, name: str, method: Method
) -> dict[str, Any]:
    """What one method says of one scan's own anatomy, measured."""
    pixels, region = preprocess(case.scan, predictor.input)
    index = KEYS.index(case.key)
    heat = method(network, pixels, index)
    placed = place(heat, region, case.scan.pixels.shape)
    given, taken = (measure(network, pixels, heat, index) for measure in (insertion, deletion))
    figures = {
        "insertion": given,
        "deletion": taken,
        "insertion_minus_deletion": given - taken,
        "road": road(network, pixels, heat, index),
        "mass_in_mask": mass_in_mask(placed, case.mask),
        "mask_share": float(case.mask.mean()),
    }
    return {
        "source": case.source,
        "label": case.key,
        "scan": case.scan.name,
        "method": name,
        "points_at_mask": int(pointing_game(placed, case.mask)),
    } | {name: f"{value:.4f}" for name, value in figures.items()}


def cascade(predictor: Predictor, network: Network) -> list[dict[str, Any]]:
    """Rank correlation of each map with its own before, as layers lose what they learned."""
    from fetal_model.architectures import trunk_of
    from fetal_model.training.export import head_of

    chosen = [phantom(KEYS[n % len(KEYS)], FIRST_SEED, n // len(KEYS)) for n in range(RANDOMISED)]
    scans = np.stack([preprocess(case.scan, predictor.input)[0] for case in chosen])
    names = [name for name in METHODS if name not in SLOW]
    before = {
        (name, n): METHODS[name](network, scans[n], KEYS.index(case.key))
        for n, case in enumerate(chosen)
        for name in names
    }
    rows = []
    for depth, (layer, model) in enumerate(randomised(network.graph(), scans)):
        trunk = trunk_of(model)
        untrained = Network(
            lambda batch, trunk=trunk: np.asarray(trunk(batch, training=False)),
            head_of(model),
            network.outputs,
            lambda model=model: model,
        )
        for n, case in enumerate(chosen):
            for name in names:
                heat = METHODS[name](untrained, scans[n], KEYS.index(case.key))
                correlation = rank_correlation(before[name, n], heat)
                rows.append(
                    {
                        "depth": depth,
                        "layer": layer,
                        "scan": case.scan.name,
                        "method": name,
                        "rank_correlation": f"{correlation:.4f}",
                    }
                )
    return rows

"""Whether Grad-CAM depends on the weights and lies on the anatomy, against two baselines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks import write_rows
from fetal_model import anatomy
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.explain.baselines import edge_filter, random_map
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.explain.localisation import mass_in_mask
from fetal_model.explain.network import Network
from fetal_model.explain.randomisation import rank_correlation
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import place, preprocess

PER_CLASS = 50
FIRST_SEED = 900_000
"""Far from the seeds of any training set."""


def cases() -> Iterator[tuple[str, str, Scan, NDArray[np.bool_]]]:
    """Fresh phantoms with their anatomy mask, then the real thorax scans with theirs."""
    for number in range(PER_CLASS):
        for key in anatomy.KEYS:
            made = simulate(key, FIRST_SEED + number)
            scan = Scan.from_array(made.image.astype(np.float32) / 255, f"{key}-{number}")
            yield "phantom", key, scan, made.mask > 0
    real = shared_folder() / "real_scans"
    if (real / "manifest.csv").is_file():
        for record in read_real_scans(real, "validation"):
            if record.mask:
                mask = read_scan(record.mask).pixels > 0
                yield record.source, record.label, read_scan(record.file), mask


def main() -> None:
    """Write `heatmaps.csv`: one row a scan."""
    from fetal_model.architectures import build, trunk_of
    from fetal_model.training.export import head_of

    predictor = Predictor.load()
    recipe = predictor.version.metadata["recipe"]
    random_model = build(recipe["architecture"], **recipe["options"])
    random_trunk, random_head = trunk_of(random_model), head_of(random_model)
    network = Network.of(predictor)
    rows = []
    for source, key, scan, mask in cases():
        index = anatomy.KEYS.index(key)
        finding = predictor.analyse(scan)
        own = finding.grad_cams[index]
        again = predictor.analyse(scan).grad_cams[index]
        batch, region = preprocess(scan, predictor.input)
        features = np.asarray(random_trunk(batch[np.newaxis]))[0]
        other = grad_cam(features, random_head, predictor.outputs, index)
        noise = place(random_map(network, batch, index), region, scan.pixels.shape)
        edges = edge_filter(network, scan.pixels[:, :, np.newaxis], index)
        figures = {
            "repeat_correlation": rank_correlation(own, again),
            "randomised_correlation": rank_correlation(own, other),
            "grad_cam": mass_in_mask(finding.heatmap(key), mask),
            "random_map": mass_in_mask(noise, mask),
            "edge_filter": mass_in_mask(edges, mask),
            "mask_share": float(mask.mean()),
        }
        rows.append(
            {"source": source, "label": key, "scan": scan.name}
            | {name: f"{value:.4f}" for name, value in figures.items()}
        )
    write_rows("heatmaps.csv", rows)

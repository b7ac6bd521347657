"""The published SonoNet-16 through our loader and network, on its example scans and ours."""

from __future__ import annotations

import numpy as np

from benchmarks import RESULTS, write_rows
from fetal_model.architectures.sononet import OUTPUTS, load_published
from fetal_model.dataset.manifest import Record, read_real_scans, shared_folder
from fetal_model.evaluation.predictions import write_predictions
from fetal_model.inference.head import Floats
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.training.assess import Asked, row_of
from fetal_model.training.fine_tuning import published_path
from fetal_model.training.recipe import load_recipe
from fetal_model.training.train import outputs_of
from fetal_model.uncertainty.calibration import Calibration
from fetal_model.uncertainty.decision import Thresholds

SPEC = InputSpec(224, 288, "standardise")
# the fan of the thirteen examples, which share one screen layout
TOP, BOTTOM, LEFT, RIGHT = 115, 734, 81, 874
EXPECTED = {
    "3VV": "3VV",
    "4CH": "4CH",
    "ABDOMINAL": "Abdominal",
    "BRAIN-CB": "Brain (Cb.)",
    "BRAIN-TV": "Brain (Tv.)",
    "FEMUR": "Femur",
    "KIDNEYS": "Kidneys",
    "LIPS": "Lips",
    "LVOT": "LVOT",
    "PROFILE": "Profile",
    "RVOT": "RVOT",
    "SPINE-CORONAL": "Spine (cor.)",
    "SPINE-SAGITTAL": "Spine (sag.)",
}


def examples() -> list[tuple[Record, Floats]]:
    """The thirteen published example scans and the network's fourteen probabilities for each."""
    records = read_real_scans(shared_folder() / "real_scans", "examples")
    model = load_published(published_path(), dropout=0)
    batch = []
    for record in records:
        scan = read_scan(record.file)
        fan = Scan.from_array(scan.pixels[TOP:BOTTOM, LEFT:RIGHT], scan.name)
        batch.append(preprocess(fan, SPEC)[0])
    answers = model.predict(np.stack(batch), verbose=0)
    return list(zip(records, answers, strict=True))


def expected_output(record: Record) -> str:
    """The class that an example's file name states."""
    return EXPECTED[record.file.stem.removeprefix("sononet__")]


def main() -> None:
    """Write `published-examples.csv` and `published-validation.csv`."""
    write_rows(
        "published-examples.csv",
        [
            {
                "scan": record.scan,
                "expected": expected_output(record),
                "answer": OUTPUTS[int(answer.argmax())],
                "probability": f"{answer.max():.4f}",
            }
            for record, answer in examples()
        ],
    )

    model = load_published(published_path(), dropout=0)
    records = read_real_scans(shared_folder() / "real_scans", "validation")
    batch = np.stack([preprocess(read_scan(record.file), SPEC)[0] for record in records])
    logits = np.log(np.maximum(model.predict(batch, verbose=0).astype(np.float64), 1e-30))
    # forced: as published, at temperature 1, every scan accepted
    forced = Calibration(outputs_of(load_recipe("sononet16")), Thresholds(0.0, 0.0))
    rows = [
        row_of(Asked(r, answer, ()), forced, "") for r, answer in zip(records, logits, strict=True)
    ]
    write_predictions(RESULTS / "published-validation.csv", rows)

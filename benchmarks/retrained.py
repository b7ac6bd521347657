"""The version in service beside its recipe trained again with what helped other recipes.

Both are asked about the simulated test set of every sweep and about the real validation scans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import write_result
from benchmarks.trials import DATA, tried
from fetal_model.dataset.manifest import Record, read_phantoms, read_real_scans, shared_folder
from fetal_model.evaluation.doubt_answers import Answer, write_answers
from fetal_model.evaluation.results import RETRAINED, RETRAINED_RECIPE
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.training.sweep import TEST_SCANS, test_folder
from fetal_model.uncertainty.methods import VIEWS, look


def main() -> None:
    """Write what both answered, and which they are, to `docs/results/retrained/`."""
    versions = {"before": Predictor.load(), "after": Predictor(tried(RETRAINED_RECIPE))}
    records = [
        *read_phantoms(test_folder(DATA, TEST_SCANS)),
        *read_real_scans(shared_folder() / "real_scans", "validation"),
    ]
    for when, predictor in versions.items():
        write_answers(when, answers(predictor, records), RETRAINED)
    labels = {when: predictor.version.label for when, predictor in versions.items()}
    write_result(f"{RETRAINED.name}/about.json", labels)


def answers(predictor: Predictor, records: Sequence[Record]) -> Iterator[Answer]:
    """One look at each scan."""
    for record in records:
        seen = look(read_scan(record.file, name=record.scan), predictor.input, VIEWS[:1])
        logits = predictor.head.logits(predictor.head.pool(predictor.trunk(seen)[0]))
        shares = predictor.outputs.probabilities(logits)
        yield Answer(
            record.scan, record.label, record.group, -1, record.simulated, tuple(map(float, shares))
        )

"""What a version says about scans that it did not learn from, as far as that can be known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.predictor import Predictor
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.versions import PREDICTIONS, Version

Probabilities = dict[str, NDArray[np.float64]]


def out_of_sample(
    version: Version,
    records: Sequence[Record],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Probabilities, str]:
    """Probabilities of a version for scans, and a sentence on whether it may have seen them.

    Scans that it was tested on get the answers of its `predictions.csv`, which needs no picture.
    The others of the same data folder it learned from: they get none. Scans of other data are
    answered now, where they can be read.

    Returns:
        Probabilities over `anatomy.KEYS`, float64 (4,), by scan; and the sentence.

    Raises:
        VersionError: The version cannot be used.
    """
    # simulated sets of all seeds share names of scans and patients, so theirs tell nothing
    rows = [row for row in read_predictions(version.path / PREDICTIONS) if not row.simulated]
    tested = {(row.source, row.patient, row.scan): row.probabilities for row in rows}
    data = version.metadata.get("recipe", {}).get("data", {})
    # its own folder's test scans tell under which source the others of that folder go
    learned = {row.source for row in rows if row.part == "test"} | {data.get("folder") or None}
    asked = [record for record in records if record.label in KEYS]
    known = {
        record.scan: np.array(tested[where])
        for record in asked
        if (where := (record.source, record.patient, record.scan)) in tested
    }
    new = [r for r in asked if r.scan not in known and r.source not in learned]
    answered = _answer(version, new, progress)
    left_out = len(asked) - len(known) - len(new)
    sentences = [f"{version.label}: {len(known):,} answers from its own held-out scans"]
    if left_out:
        sentences.append(f"{left_out:,} scans left out that it may have learned from")
    if answered:
        unseen = version.metadata.get("simulated") and not any(r.simulated for r in new)
        overlap = "it learned from simulated scans only" if unseen else "patient overlap unknown"
        sentences.append(f"{len(answered):,} answered now ({overlap})")
    return {**known, **answered}, "; ".join(sentences)


def _answer(
    version: Version, records: Sequence[Record], progress: Callable[[int, int], None] | None
) -> Probabilities:
    if not any(record.file.is_file() for record in records):
        return {}
    predictor = Predictor(version)
    answers = {}
    for number, record in enumerate(records, start=1):
        try:
            scan = read_scan(record.file, name=record.scan)
        except ScanError:
            continue
        answers[record.scan] = np.asarray(predictor.analyse(scan).probabilities, np.float64)
        if progress is not None:
            progress(number, len(records))
    return answers

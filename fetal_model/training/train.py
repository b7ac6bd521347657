"""`train`: a recipe in, a version folder out."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import tensorflow
from numpy.typing import NDArray

from fetal_model import anatomy
from fetal_model.architectures import check_options
from fetal_model.architectures.sononet import GROUPS
from fetal_model.architectures.sononet import OUTPUTS as SONONET_OUTPUTS
from fetal_model.dataset.manifest import Record, fingerprint
from fetal_model.dataset.splits import folds
from fetal_model.evaluation.card import card
from fetal_model.evaluation.predictions import Prediction, read_predictions, write_predictions
from fetal_model.inference.head import Floats, Head
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.phantom import RELEASE
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import (
    CARD,
    HEAD,
    METADATA,
    MODEL,
    PREDICTIONS,
    TRUNK,
    WEIGHTS,
    Version,
    publish,
    sha256,
)  # fmt: skip
from fetal_model.training.data import Progress, Scans, gather
from fetal_model.training.export import export
from fetal_model.training.fit import fit, read_history
from fetal_model.training.progress import Tell
from fetal_model.training.recipe import Recipe
from fetal_model.uncertainty.calibration import Calibration, calibrate
from fetal_model.uncertainty.decision import decide

FOLDS = 5
SOURCES = {
    "hc18": ("HC18", "van den Heuvel et al. 2018, PLoS ONE 13(8):e0200412, CC BY 4.0"),
    "focus": ("FOCUS", "four-chamber views from FETAL_PLANES_DB, CC BY 4.0"),
    "fetal_planes": (
        "FETAL_PLANES_DB",
        "Burgos-Artizzu et al. 2020, Scientific Reports 10:10200, CC BY 4.0",
    ),
}
"""Name and citation of the real scans, by how their source begins in the manifest."""


def train(
    recipe: Recipe,
    work: Path,
    root: Path = WEIGHTS,
    progress: Progress | None = None,
    tell: Tell | None = None,
    run: Path | None = None,
    job: str = "",
    tensorboard: Path | None = None,
) -> Version:
    """Train a recipe's network and publish it as the next version of its name.

    Args:
        recipe: What to do.
        work: Folder for phantoms and checkpoints; a second call goes on where the first stopped.
        root: The weights folder.
        progress: Called with (done, total) while phantoms are made.
        tell: As in `fit`.
        run: Folder for checkpoints, by default one for each recipe below `work`. No two runs that
            may be at work at once, or that differ in what they learn, may share it.
        job: Identifier to find the version by, kept in its metadata.
        tensorboard: As in `fit`.

    Raises:
        ValueError: The recipe needs scans or weights that are not there, or its architecture has
            no such option.
    """
    check_options(recipe.architecture, recipe.options)  # before minutes go into phantoms
    outputs = outputs_of(recipe)
    scans = gather(recipe.data, work, progress)
    run = run or work / "runs" / recipe.name
    model = fit(recipe, outputs, scans, run, tell, tensorboard)

    def fill(folder: Path) -> None:
        export(model, folder)
        rows, shipped = assess(recipe, outputs, scans, folder)
        write_predictions(folder / PREDICTIONS, rows)
        metadata = describe(recipe, scans, shipped, model, read_history(run))
        if job:
            metadata["job"] = job
        metadata["files"] = {name: sha256(folder / name) for name in (MODEL, TRUNK, HEAD)}
        text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
        (folder / METADATA).write_text(text, encoding="utf-8")
        # from the rounded rows of the file, so that the same command makes the same card later
        text = card(metadata, read_predictions(folder / PREDICTIONS))
        (folder / CARD).write_text(text, encoding="utf-8")

    return publish(recipe.name, fill, root)


def outputs_of(recipe: Recipe) -> Outputs:
    """What the outputs of a recipe's network mean, before calibration."""
    if recipe.architecture == "sononet":
        return Outputs(SONONET_OUTPUTS, tuple(GROUPS[key] for key in anatomy.KEYS))
    return Outputs(anatomy.KEYS, tuple((key,) for key in anatomy.KEYS))


def assess(
    recipe: Recipe, outputs: Outputs, scans: Scans, folder: Path
) -> tuple[list[Prediction], Calibration]:
    """Answer about every held-out scan with the exported files.

    The set that calibrates is cross-fitted: a scan's answer uses the temperature and thresholds
    fitted without its fold. The other set gets the shipped ones, fitted on the whole first set.

    Returns:
        The rows of `predictions.csv`, and the shipped calibration.
    """
    trunk, head = Trunk(folder / TRUNK), Head.load(folder / HEAD)
    fitted_on, other = scans.own_test, scans.real_test
    if recipe.data.calibrate_on == "real":
        fitted_on, other = other, fitted_on
    logits = predict_logits(fitted_on, trunk, head, recipe.input.spec)
    labels = label_positions(fitted_on)
    # a handful of held-out scans, as in a trial run, cannot fill five folds
    largest = max(Counter(record.label for record in fitted_on).values())
    count = max(2, min(FOLDS, len({record.group for record in fitted_on}), largest))
    numbers = folds(fitted_on, count, recipe.training.seed)
    rows: list[Prediction | None] = [None] * len(fitted_on)
    for fold in range(count):
        fitted = calibrate(logits[numbers != fold], labels[numbers != fold], outputs)
        for index in np.flatnonzero(numbers == fold):
            rows[index] = row_of(fitted_on[index], logits[index], fitted, str(fold))
    shipped = calibrate(logits, labels, outputs)
    for record, answer in zip(
        other, predict_logits(other, trunk, head, recipe.input.spec), strict=True
    ):
        rows.append(row_of(record, answer, shipped, ""))
    return [row for row in rows if row is not None], shipped


def predict_logits(records: Sequence[Record], trunk: Trunk, head: Head, spec: InputSpec) -> Floats:
    """Logits of every record, shape (n, n_outputs), as serving makes them."""
    answers = []
    for record in records:
        pixels, _ = preprocess(read_scan(record.file), spec)
        answers.append(head.logits(head.pool(trunk(pixels[np.newaxis])[0])))
    return np.array(answers)


def label_positions(records: Sequence[Record]) -> NDArray[np.int64]:
    """Position of each label in `anatomy.KEYS`, -1 for another plane, shape (n,)."""
    keys = anatomy.KEYS
    return np.array([keys.index(r.label) if r.label in keys else -1 for r in records])


def row_of(record: Record, logits: Floats, fitted: Calibration, fold: str) -> Prediction:
    """One row of `predictions.csv`."""
    probabilities = fitted.outputs.probabilities(logits)
    score = float(fitted.outputs.plane_score(logits))
    decision, _ = decide(probabilities, score, fitted.thresholds)
    return Prediction(
        scan=record.scan,
        label=record.label,
        patient=record.patient,
        source=record.source,
        part=record.part or "test",
        fold=fold,
        probabilities=tuple(float(p) for p in probabilities),
        plane_score=score,
        decision=decision,
        simulated=record.simulated,
    )


def describe(
    recipe: Recipe,
    scans: Scans,
    shipped: Calibration,
    model: keras.Model,
    history: dict[str, list[float]],
) -> dict[str, Any]:
    """The content of `metadata.json`, but for the hashes."""
    learned = scans.train + scans.validation
    sources = sorted({r.source for r in learned if not r.simulated})
    simulated = sum(r.simulated for r in learned)
    named = [name for key, (name, _) in SOURCES.items() if _any(sources, key)]
    own = Path(recipe.data.folder).name
    if own in sources:
        named.append(f"the folder {own}")
    parts = [f"{simulated} simulated scans"] if simulated else []
    if sources:
        parts.append(f"{len(learned) - simulated} real ones ({', '.join(named)})")
    return {
        "name": recipe.name,
        "description": recipe.description,
        "input": recipe.input.spec.to_dict(),
        "outputs": shipped.outputs.to_dict(),
        "thresholds": vars(shipped.thresholds),
        "simulated": not sources,
        "leaky": recipe.data.leaky,
        "simulator_release": RELEASE if recipe.data.phantoms else None,
        "training_data": f"Learned from {' and '.join(parts)}.",
        "scans": {
            "train": len(scans.train),
            "validation": len(scans.validation),
            "own_test": len(scans.own_test),
            "real_test": len(scans.real_test),
        },
        "data_fingerprint": fingerprint(learned),
        "parameters": model.count_params(),
        "recipe": _without_path(recipe).model_dump(mode="json"),
        "history": history,
        "licence": "Apache-2.0",
        "sources": cited(recipe, sources),
        "software": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (tensorflow, keras, onnxruntime)},
        },
    }


def cited(recipe: Recipe, sources: Sequence[str]) -> list[str]:
    """What the version was made from, with licences."""
    lines = []
    if recipe.data.phantoms:
        lines.append("Simulated scans of fetal_model.phantom, Apache-2.0")
    else:
        lines.append(f"Scans of the folder {Path(recipe.data.folder).name}, under their own terms")
    lines += [f"{name}: {text}" for key, (name, text) in SOURCES.items() if _any(sources, key)]
    if recipe.fine_tuning:
        lines.append(
            "Starting weights: SonoNet-16, Baumgartner et al. 2017, IEEE TMI, arXiv:1612.05601, "
            "Apache-2.0"
        )
    return lines


def _without_path(recipe: Recipe) -> Recipe:
    """The recipe with the data folder's name alone: a path is nobody else's business."""
    data = recipe.data.model_copy(update={"folder": Path(recipe.data.folder).name})
    return recipe.model_copy(update={"data": data})


def _any(sources: Sequence[str], beginning: str) -> bool:
    return any(source.startswith(beginning) for source in sources)

"""`train`: a recipe in, a version folder out."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import onnxruntime
import tensorflow

from fetal_model import anatomy
from fetal_model.architectures import check_options
from fetal_model.architectures.sononet import GROUPS
from fetal_model.architectures.sononet import OUTPUTS as SONONET_OUTPUTS
from fetal_model.dataset.manifest import OTHER_PLANES, Record, fingerprint
from fetal_model.evaluation.card import card
from fetal_model.evaluation.predictions import read_predictions, write_predictions
from fetal_model.inference.outputs import Outputs
from fetal_model.phantom import RELEASE
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
from fetal_model.training import parallel
from fetal_model.training.assess import assess
from fetal_model.training.data import Progress, Scans, gather
from fetal_model.training.export import export
from fetal_model.training.fit import fit, read_history
from fetal_model.training.imagenet import find_imagenet
from fetal_model.training.progress import Tell
from fetal_model.training.recipe import Recipe
from fetal_model.uncertainty.calibration import Calibration

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
        ValueError: The recipe needs scans or weights that are not there, its architecture has no
            such option, or Keras computes by another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "KERAS_BACKEND: expected tensorflow to make a version, which is exported by it, found "
            f"{keras.backend.backend()}; unset it"
        )
    run, outputs = run or work / "runs" / recipe.name, outputs_of(recipe)
    scans = _scans(recipe, work, progress)
    model = fit(recipe, outputs, scans, run, tell, tensorboard)

    def fill(folder: Path) -> None:
        export(model, folder)
        rows, shipped = assess(recipe, outputs, scans, folder)
        write_predictions(folder / PREDICTIONS, rows)
        metadata = describe(recipe, scans, shipped, model, read_history(run))
        if job:
            metadata["job"] = job
        write_papers(folder, metadata)

    return publish(recipe.name, fill, root)


def help_train(recipe: Recipe, work: Path, run: Path) -> None:
    """Train with the first of several processes, which publishes the version.

    Args:
        recipe: The same as in the first process, as are the others.
        work: As in `train`.
        run: As in `train`.
    """
    fit(recipe, outputs_of(recipe), _scans(recipe, work, None), run)


def _scans(recipe: Recipe, work: Path, progress: Progress | None) -> Scans:
    # before minutes go into phantoms
    check_options(recipe.architecture, recipe.options)
    parallel.check(recipe)

    def find() -> Scans:
        if recipe.options.get("start") == "imagenet":
            find_imagenet(recipe.options["network"])
        return gather(recipe.data, work, progress, seed=recipe.training.seed)

    scans = parallel.in_turn(find)  # the first process makes what the others find
    parallel.agree("the recipe", recipe.model_dump_json(exclude={"data": {"folder"}}))
    parallel.agree("the scans", fingerprint(seen(recipe, scans)))
    return scans


def write_papers(folder: Path, metadata: dict[str, Any]) -> None:
    """Write the metadata with the files' hashes, and the card, beside weights and predictions."""
    metadata["files"] = {name: sha256(folder / name) for name in (MODEL, TRUNK, HEAD)}
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    (folder / METADATA).write_text(text, encoding="utf-8")
    # from the rounded rows of the file, so that the same command makes the same card later
    text = card(metadata, read_predictions(folder / PREDICTIONS))
    (folder / CARD).write_text(text, encoding="utf-8")


def outputs_of(recipe: Recipe) -> Outputs:
    """What the outputs of a recipe's network mean, before calibration."""
    if recipe.architecture == "sononet":
        return Outputs(SONONET_OUTPUTS, tuple(GROUPS[key] for key in anatomy.KEYS))
    names = (*anatomy.KEYS, *(OTHER_PLANES if recipe.data.other_planes else ()))
    return Outputs(names, tuple((key,) for key in anatomy.KEYS))


def describe(
    recipe: Recipe,
    scans: Scans,
    shipped: Calibration,
    model: keras.Model,
    history: dict[str, list[float]],
) -> dict[str, Any]:
    """The content of `metadata.json`, but for the hashes."""
    learned = seen(recipe, scans)
    sources = sorted({r.source for r in learned if not r.simulated})
    simulated = sum(r.simulated for r in learned)
    named = [name for key, (name, _) in SOURCES.items() if _any(sources, key)]
    own = Path(recipe.data.folder).name
    if own in sources:
        named.append(f"the folder {own}")
    parts = [f"{simulated} simulated scans"] if simulated else []
    if sources:
        parts.append(f"{len(learned) - simulated} real ones ({', '.join(named)})")
    hidden = f", {len(scans.unlabelled)} of them without labels" if recipe.semi_supervised else ""
    return {
        "name": recipe.name,
        "description": recipe.description,
        "input": recipe.input.spec.to_dict(),
        "outputs": shipped.outputs.to_dict(),
        "thresholds": vars(shipped.thresholds),
        "quality_checked": True,
        "simulated": not sources,
        "leaky": recipe.data.leaky,
        "simulator_release": RELEASE if recipe.data.phantoms else None,
        "training_data": f"Learned from {' and '.join(parts)}{hidden}.",
        "scans": {
            "train": len(scans.train),
            "validation": len(scans.validation),
            **({"unlabelled": len(scans.unlabelled)} if recipe.semi_supervised else {}),
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


def seen(recipe: Recipe, scans: Scans) -> list[Record]:
    """All that a network learned from, or that chose its epoch."""
    return scans.train + scans.validation + (scans.unlabelled if recipe.semi_supervised else [])


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
    if recipe.options.get("start") == "imagenet":
        lines.append(
            f"Starting weights: {recipe.options['network']} as trained on ImageNet, Russakovsky et "
            "al. 2015, arXiv:1409.0575"
        )
    return lines


def _without_path(recipe: Recipe) -> Recipe:
    """The recipe with the data folder's name alone: a path is nobody else's business."""
    data = recipe.data.model_copy(update={"folder": Path(recipe.data.folder).name})
    return recipe.model_copy(update={"data": data})


def _any(sources: Sequence[str], beginning: str) -> bool:
    return any(source.startswith(beginning) for source in sources)

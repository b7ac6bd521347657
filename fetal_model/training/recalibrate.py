"""A version judged anew: the same weights, with its temperature and thresholds fitted again.

For when what goes before the network has changed: whether annotations are taken away, how a file
is read, what counts as a fault of the picture.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from fetal_model.evaluation.predictions import write_predictions
from fetal_model.phantom import RELEASE
from fetal_model.scan.preprocess import Writing
from fetal_model.store.versions import HEAD, MODEL, PREDICTIONS, TRUNK, WEIGHTS, Version, publish
from fetal_model.training.assess import assess
from fetal_model.training.data import Progress, gather
from fetal_model.training.recipe import Recipe
from fetal_model.training.train import outputs_of, write_papers


def recalibrate(
    version: Version,
    work: Path,
    keep_annotations: bool | None = None,
    root: Path = WEIGHTS,
    progress: Progress | None = None,
) -> Version:
    """Ask a version about its held-out scans again, and publish it as the next of its name.

    Args:
        version: Whose weights are kept; its metadata name the recipe, and so the scans.
        work: Folder for phantoms.
        keep_annotations: Whether it sees what is written on scans, None to leave that as it is.
        root: The weights folder.
        progress: Called with (done, total) while phantoms are made.

    Raises:
        ValueError: Its scans cannot be had again: a folder, or another release of the simulator.
        VersionError: Its files have changed.
    """
    recipe = Recipe.model_validate(version.metadata["recipe"])
    if recipe.data.folder:
        raise ValueError(
            f"{version.label}: expected a version that learned from phantoms, found the folder "
            f"{recipe.data.folder}; train it again"
        )
    if version.metadata.get("simulator_release", 1) != RELEASE:
        raise ValueError(
            f"{version.label}: expected phantoms of release {RELEASE} of the simulator, found "
            f"release {version.metadata.get('simulator_release', 1)}; train it again"
        )
    if keep_annotations is not None:
        writing: Writing = "kept" if keep_annotations else "taken away"
        shown = recipe.input.model_copy(update={"annotations": writing})
        recipe = recipe.model_copy(update={"input": shown})
    scans = gather(recipe.data, work, progress, seed=recipe.training.seed)

    def fill(folder: Path) -> None:
        for name in (MODEL, TRUNK, HEAD):
            shutil.copyfile(version.file(name), folder / name)
        rows, shipped = assess(recipe, outputs_of(recipe), scans, folder)
        write_predictions(folder / PREDICTIONS, rows)
        metadata = version.metadata | {
            "input": recipe.input.spec.to_dict(),
            "outputs": shipped.outputs.to_dict(),
            "thresholds": vars(shipped.thresholds),
            "quality_checked": True,
            "weights_of": version.label,
            "recipe": recipe.model_dump(mode="json"),
        }
        write_papers(folder, metadata)

    return publish(version.name, fill, root)

"""What may be trained from the page: the recipes, and the bounds of what is changed in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fetal_model import anatomy
from fetal_model.dataset.manifest import LEAST, read_folder, shared_folder
from fetal_model.training.recipe import RECIPES, Recipe, learn_from, load_recipe

EPOCHS = (1, 200)
BATCH_SIZE = (4, 128)
LEARNING_RATE = (1e-6, 1e-1)
PHANTOMS = (10, 2000)
"""Simulated scans of each anatomy; fewer cannot be split by patient."""


@dataclass(frozen=True)
class Changes:
    """What differs from the recipe.

    Attributes:
        epochs: Passes through the training scans.
        learning_rate: Step size of Adam.
        batch_size: Scans in one step.
        phantoms: Simulated scans of each anatomy, None for the recipe's own numbers.
        folder: Path of a folder to learn from in place of simulated scans, or empty.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    phantoms: int | None = None
    folder: str = ""


def recipe_names() -> list[str]:
    """The recipes of the package, in alphabetical order."""
    return sorted(file.stem for file in RECIPES.glob("*.toml"))


def plan(name: str, changes: Changes) -> Recipe:
    """A recipe of the package with changes.

    Raises:
        ValueError: There is no such recipe, or a value is out of bounds; the message says which.
    """
    if name not in recipe_names():
        raise ValueError(f"recipe: expected one of {', '.join(recipe_names())}, received {name!r}")
    for what, value, (least, most) in (
        ("epochs", changes.epochs, EPOCHS),
        ("learning rate", changes.learning_rate, LEARNING_RATE),
        ("batch size", changes.batch_size, BATCH_SIZE),
        ("simulated scans of each anatomy", changes.phantoms, PHANTOMS),
    ):
        if value is not None and not least <= value <= most:
            raise ValueError(f"{what}: expected {least:g} to {most:g}, received {value:g}")
    recipe = load_recipe(
        name,
        {
            "epochs": changes.epochs,
            "learning_rate": changes.learning_rate,
            "batch_size": changes.batch_size,
        },
    )
    if changes.folder:
        return learn_from(recipe, Path(changes.folder))
    if changes.phantoms is None:
        return recipe
    content = recipe.model_dump(mode="json")
    counts = dict.fromkeys(recipe.data.phantoms, changes.phantoms)
    content["data"] |= {"phantoms": counts, "size": None}
    return Recipe.model_validate(content)


def ready(name: str, changes: Changes) -> Recipe:
    """A recipe of the package with changes, which has all it needs here.

    Raises:
        ValueError: As `plan`, or it lacks something.
    """
    recipe = plan(name, changes)
    if reason := missing(recipe):
        raise ValueError(reason)
    return recipe


def missing(recipe: Recipe) -> str:
    """What a recipe needs and this machine does not have, as a sentence, or nothing."""
    if recipe.data.folder and (reason := _unusable(Path(recipe.data.folder))):
        return reason
    shared = shared_folder()
    needs = []
    data = recipe.data
    real = data.real_scans or data.real_unlabelled or data.calibrate_on == "real"
    if real and not (shared / "real_scans" / "manifest.csv").is_file():
        needs.append("the real scans (real_scans/manifest.csv)")
    if recipe.fine_tuning and not (shared / "pretrained/sononet16/SonoNet16.npz").is_file():
        needs.append("the published weights (pretrained/sononet16/SonoNet16.npz)")
    if not needs:
        return ""
    return (
        f"{recipe.name} needs {' and '.join(needs)}; none found in {shared}. Set FETAL_SHARED to "
        "the folder that holds them, or choose another recipe."
    )


def scans_of(folder: Path) -> Counter[str]:
    """Scans of each label in a data folder, by its manifest or its file names.

    Raises:
        ValueError: The folder cannot be used.
    """
    return Counter(record.label for record in read_folder(folder))


def _unusable(folder: Path) -> str:
    """Why a folder cannot be learned from, as far as a look at its file names tells."""
    try:
        counts = scans_of(folder)
    except (ValueError, OSError) as error:
        return f"{error}."
    short = [f"{key} {counts[key]}" for key in anatomy.KEYS if counts[key] < LEAST]
    if not short:
        return ""
    return (
        f"{folder}: expected at least {LEAST} scans of each anatomy, found {', '.join(short)}. "
        "Add scans to these, or choose another folder."
    )

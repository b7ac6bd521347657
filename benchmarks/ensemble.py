"""A deep ensemble of the version in service: its recipe with other seeds (Lakshminarayanan et al.
2017, arXiv:1612.01474).

What is trained for it lies in `data/ensemble/`, is found there the next time, and is not shipped.
"""

from __future__ import annotations

from pathlib import Path

from fetal_model.predictor import Predictor
from fetal_model.store.versions import VersionError
from fetal_model.training.recipe import Recipe
from fetal_model.training.sweep import with_seed
from fetal_model.training.train import train

DATA = Path(__file__).resolve().parents[1] / "data"
SIZE = 5


def members(predictor: Predictor) -> list[Predictor]:
    """The version itself, then its recipe with the seeds after its own, trained if need be."""
    recipe = Recipe.model_validate(predictor.version.metadata["recipe"])
    first = recipe.training.seed
    others = [with_seed(recipe, seed) for seed in range(first + 1, first + SIZE)]
    made = [*map(_member, others)]
    if len({member.version.metadata["data_fingerprint"] for member in made}) > 1:
        raise ValueError(f"{DATA / 'ensemble'}: expected members of the same scans; remove them")
    return [predictor, *made]


def _member(recipe: Recipe) -> Predictor:
    folder = DATA / "ensemble" / f"{recipe.name}-{recipe.training.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = Predictor.load(recipe.name, folder)
    except VersionError:
        return Predictor(train(recipe, DATA, folder, run=folder / "run"))
    if Recipe.model_validate(found.version.metadata["recipe"]) != recipe:
        raise ValueError(f"{folder}: expected {recipe.name} as it is now, found another; remove it")
    return found


if __name__ == "__main__":
    members(Predictor.load())

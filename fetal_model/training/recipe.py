"""A recipe: everything that a training run depends on, as validated data from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from fetal_model.training.recipe_tables import (
    Augmentation,
    Data,
    FineTuning,
    Input,
    MultiTask,
    SemiSupervised,
    Strict,
    Training,
)  # fmt: skip

RECIPES = Path(__file__).resolve().parents[1] / "recipes"


class Recipe(Strict):
    """One experiment.

    Attributes:
        name: Name of the versions it makes.
        description: One sentence for the card.
        architecture: Key of `architectures.ARCHITECTURES`.
        options: Arguments of that architecture.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    description: str
    architecture: Literal["seed_cnn", "sononet", "backbone"]
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it
    input: Input
    data: Data
    augmentation: Augmentation = Augmentation()
    training: Training
    fine_tuning: FineTuning | None = None
    semi_supervised: SemiSupervised | None = None
    multi_task: MultiTask | None = None

    @model_validator(mode="after")
    def _asks_its_questions_of_labelled_scans_alone(self) -> Self:
        if self.multi_task and (self.semi_supervised or self.fine_tuning):
            raise ValueError("multi_task expects neither semi_supervised nor fine_tuning")
        tasks = self.multi_task.tasks if self.multi_task else ()
        if len(set(tasks)) < len(tasks):
            raise ValueError(f"multi_task: expected each task once, received {', '.join(tasks)}")
        if "pathology" in tasks and self.data.phantoms and not self.data.pathology:
            raise ValueError("multi_task: pathology expects pathology = true in data")
        return self

    @model_validator(mode="after")
    def _feeds_its_backbone(self) -> Self:
        if self.architecture != "backbone":
            return self
        size = tuple(self.options.get("size", (224, 224)))
        if size != (self.input.height, self.input.width) or self.input.scaling != "0-255":
            raise ValueError(
                f"input: expected {size[0]} x {size[1]} pixels of scaling 0-255 for this backbone, "
                f"received {self.input.height} x {self.input.width} of {self.input.scaling}"
            )
        return self

    @model_validator(mode="after")
    def _has_unlabelled_scans_to_learn_from(self) -> Self:
        if not self.semi_supervised:
            return self
        if self.data.labelled is None and not self.data.real_unlabelled:
            raise ValueError(
                "semi_supervised expects unlabelled scans, received none; set labelled or "
                "real_unlabelled in data"
            )
        if self.semi_supervised.method == "mean_teacher" and not self.training.averaging:
            raise ValueError(
                "mean_teacher expects averaging in training, the teacher's weights; received none"
            )
        if self.semi_supervised.strong.mixing != "none":
            raise ValueError("semi_supervised.strong expects no mixing, which is not used there")
        mixed, weighted = self.augmentation.mixing, self.training.class_weights
        if self.fine_tuning or self.architecture == "sononet" or {mixed, weighted} != {"none"}:
            raise ValueError(
                "semi_supervised expects one output for each anatomy and neither fine_tuning, "
                "mixing nor class_weights"
            )
        return self

    @model_validator(mode="after")
    def _has_an_output_per_anatomy_where_targets_are_shared_out(self) -> Self:
        training = self.training
        shared = training.loss != "cross_entropy" or training.label_smoothing > 0
        if self.architecture == "sononet" and (shared or self.augmentation.mixing != "none"):
            raise ValueError(
                "loss, label_smoothing and mixing expect one output for each anatomy, received "
                "architecture sononet, which has several"
            )
        if self.augmentation.mixing != "none" and self.training.class_weights != "none":
            raise ValueError("mixing expects no class_weights: a mixed scan is of two anatomies")
        return self

    @model_validator(mode="after")
    def _has_outputs_of_its_own_for_other_planes(self) -> Self:
        asks_more = self.multi_task or self.semi_supervised or self.fine_tuning
        if self.data.other_planes and (self.architecture == "sononet" or asks_more):
            raise ValueError(
                "other_planes expects an architecture whose outputs are free, which sononet is "
                "not, and neither multi_task, semi_supervised nor fine_tuning"
            )
        return self

    @model_validator(mode="after")
    def _starts_from_its_own_kind(self) -> Self:
        start = self.fine_tuning
        if start and (self.architecture != "sononet" or "dropout" not in self.options):
            raise ValueError(
                f"fine_tuning from {start.published} expects architecture sononet and its dropout "
                f"in options, received {self.architecture} with {self.options}"
            )
        return self


def load_recipe(name: str, changes: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe by name, or by the path of a TOML file.

    A recipe may name another one as its `base`: a recipe of this package, or a `.toml` file
    beside it. What it says itself goes before what the base says, table by table, key by key; an
    empty table empties the base's.

    Args:
        name: A recipe of this package, such as `seed-cnn`, or a path ending in `.toml`.
        changes: Values that replace those of the `training` table.

    Raises:
        ValueError: There is none, or it is not valid; the message names the key.
    """
    path = _path_of(name, Path())
    try:
        content = _merge(_read(path), {"training": changes} if changes else {})
        return Recipe.model_validate(content)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ValueError(f"{path.name}: not a valid recipe: {error}") from error


def learn_from(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe on the scans of a folder in place of phantoms."""
    content = recipe.model_dump(mode="json")
    content["data"] |= {"phantoms": {}, "folder": str(folder.expanduser().resolve())}
    return Recipe.model_validate(content)


def of_size(recipe: Recipe, size: int) -> Recipe:
    """The recipe on `size` of its scans."""
    content = recipe.model_dump(mode="json")
    content["data"] |= {"size": size}
    return Recipe.model_validate(content)


def at_side(recipe: Recipe, side: int) -> Recipe:
    """The recipe on squares of `side` pixels."""
    content = recipe.model_dump(mode="json")
    content["input"] |= {"height": side, "width": side}
    content["options"] |= {"size": side if recipe.architecture == "seed_cnn" else [side, side]}
    return Recipe.model_validate(content)


def _path_of(name: str, beside: Path) -> Path:
    path = beside / name if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise ValueError(f"recipe: expected one of {known} or a .toml file, received {name!r}")
    return path


def _read(path: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
    """What a recipe says with all that it inherits; `below` are those that inherit from it."""
    chain = (*below, path.resolve())
    if path.resolve() in below:
        names = " -> ".join(file.stem for file in chain)
        raise ValueError(f"{chain[0].name}: expected bases that end, found a circle: {names}")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    base = content.pop("base", None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise ValueError(f"{path.name}: base: expected the name of a recipe, received {base!r}")
    return _merge(_read(_path_of(base, path.parent), chain), content)


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """
    >>> _merge({"a": {"b": 1, "c": 2}, "d": {"e": 3}}, {"a": {"b": 4}, "d": {}})
    {'a': {'b': 4, 'c': 2}, 'd': {}}
    """
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both and value else value
    return merged

"""Recipes: every shipped one is valid and short, and a mistake is refused by its name."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from fetal_model.training.recipe import RECIPES, load_recipe

SHIPPED = sorted(file.stem for file in RECIPES.glob("*.toml"))
SMALL = """
name = "small"
description = "For a test."
architecture = "seed_cnn"
options = { dropout = 0.5 }

[input]
height = 64
width = 64
scaling = "0-255"

[data]
phantoms = { brain = 10, abdomen = 10, femur = 10, thorax = 10 }
phantom_seed = 1

[training]
epochs = 2
"""


def test_the_recipes_of_the_first_versions_ship() -> None:
    assert {"seed-cnn", "seed-cnn-dropout", "sononet16"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_is_valid_and_short(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert len((RECIPES / f"{name}.toml").read_text(encoding="utf-8").splitlines()) < 40


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_fits_its_architecture(name: str) -> None:
    from fetal_model.architectures import ARCHITECTURES

    recipe = load_recipe(name)
    function = inspect.signature(ARCHITECTURES[recipe.architecture])
    function.bind(outputs=4, **recipe.options)
    spec = recipe.input.spec
    assert (spec.height, spec.width, spec.scaling) == {
        "seed_cnn": (256, 256, "0-255"),
        "sononet": (224, 288, "standardise"),
    }[recipe.architecture]


def test_the_first_report_is_followed() -> None:
    recipe = load_recipe("seed-cnn")
    assert dict(recipe.data.phantoms) == {
        "brain": 556, "abdomen": 339, "femur": 300, "thorax": 451,
    }  # fmt: skip
    assert (recipe.training.epochs, recipe.training.batch_size) == (50, 32)
    assert recipe.augmentation.flip == "horizontal_and_vertical"
    with_dropout = load_recipe("seed-cnn-dropout")
    assert with_dropout.options == {"dropout": 0.5}
    assert with_dropout.data == recipe.data
    assert with_dropout.training == recipe.training


def write(folder: Path, text: str) -> str:
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return str(folder / "small.toml")


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, SMALL))
    assert recipe.name == "small"
    assert recipe.training.batch_size == 32
    assert recipe.fine_tuning is None


def test_changes_replace_training_values(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    assert load_recipe(path, {"epochs": 7}).training.epochs == 7
    assert load_recipe(path).training.epochs == 2


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('name = "small"', 'name = "small"\nleaky = true', "leaky"),
        ("height = 64", "height = 64\ncolour = 3", "input.colour"),
        ("phantom_seed = 1", "phantom_seed = 1\nsplit = 3", "data.split"),
        ("phantom_seed = 1", "phantom_seed = 1\nfolder = '/scans'", "received both"),
        ("epochs = 2", "epochs = 2\nepoch = 3", "training.epoch"),
        ("[training]", "[augmentation]\nshear = 1\n[training]", "augmentation.shear"),
        (
            "[training]",
            "[fine_tuning]\npublished = 'sononet16'\nx = 1\n[training]",
            "fine_tuning.x",
        ),
        ("brain = 10", "brain = 10, heart = 10", "data.phantoms.heart"),
        ("brain = 10", "brain = 9", "data.phantoms.brain"),
        ("brain = 10, ", "", "brain"),
        ('name = "small"', 'name = "../small"', "name"),
        ('"0-255"', '"0-100"', "input.scaling"),
        ('"seed_cnn"', '"resnet"', "architecture"),
        ("epochs = 2", "epochs = 0", "training.epochs"),
        ("epochs = 2", "epochs = 2\nlearning_rate = -1", "training.learning_rate"),
        ("[input]", "[input", "not a valid recipe"),
    ],
)
def test_a_mistake_is_refused_by_its_name(old: str, new: str, named: str, tmp_path: Path) -> None:
    assert old in SMALL
    with pytest.raises(ValueError, match=r"small\.toml") as raised:
        load_recipe(write(tmp_path, SMALL.replace(old, new)))
    assert named in str(raised.value)


@pytest.mark.parametrize("name", ["seed_cnn", "../recipes/seed-cnn.toml", "absent.toml", ""])
def test_an_unknown_recipe_names_the_known(name: str) -> None:
    with pytest.raises(ValueError, match=r"expected one of seed-cnn, .*sononet16"):
        load_recipe(name)

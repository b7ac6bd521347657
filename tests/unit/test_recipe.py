"""Recipes: every shipped one is valid and short, and a mistake is refused by its name."""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path

import pytest

from fetal_model.training.recipe import RECIPES, at_side, learn_from, load_recipe

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
        "sononet": (*recipe.options.get("size", (224, 288)), "standardise"),
        "backbone": (*recipe.options.get("size", ()), "0-255"),
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


def test_a_base_is_inherited_table_by_table(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    (tmp_path / "other.toml").write_text(
        'base = "small.toml"\nname = "other"\noptions = {}\n[training]\nbatch_size = 4\n'
    )
    (tmp_path / "third.toml").write_text('base = "other.toml"\nname = "third"\n[data]\nsize = 40\n')
    small = load_recipe(str(tmp_path / "small.toml"))
    third = load_recipe(str(tmp_path / "third.toml"))
    assert third.name == "third"
    assert third.options == {}
    assert third.training == small.training.model_copy(update={"batch_size": 4})
    assert third.data == small.data.model_copy(update={"size": 40})
    assert third.input == small.input


def test_a_base_may_be_a_recipe_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('base = "seed-cnn"\nname = "mine"\n', encoding="utf-8")
    shipped = load_recipe("seed-cnn")
    assert load_recipe(str(tmp_path / "mine.toml")) == shipped.model_copy(update={"name": "mine"})


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ('"mine.toml"', "circle: mine -> mine"),
        ('"other.toml"', "circle: mine -> other -> mine"),
        ('"absent.toml"', "received 'absent.toml'"),
        ("3", "expected the name of a recipe, received 3"),
    ],
)
def test_a_base_that_cannot_be_is_refused(base: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"base = {base}\n", encoding="utf-8")
    (tmp_path / "other.toml").write_text('base = "mine.toml"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        load_recipe(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("seed-cnn-")])
def test_a_variant_differs_from_its_base_in_one_table(name: str) -> None:
    own = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    base, variant = (load_recipe(n).model_dump() for n in (own["base"], name))
    differing = {key for key in base if base[key] != variant[key]} - {"name", "description"}
    assert len(differing) == 1


def test_a_folder_takes_the_place_of_phantoms(tmp_path: Path) -> None:
    recipe = learn_from(load_recipe("seed-cnn-size-100"), tmp_path)
    assert recipe.data.folder == str(tmp_path)
    assert recipe.data.phantoms == {}
    assert recipe.data.size == 100


def test_a_side_is_that_of_input_and_network() -> None:
    recipe = at_side(load_recipe("seed-cnn-dropout"), 128)
    assert (recipe.input.height, recipe.input.width) == (128, 128)
    assert recipe.options == {"dropout": 0.5, "size": 128}
    assert at_side(load_recipe("sononet32"), 96).options["size"] == [96, 96]


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
        ("phantom_seed = 1", "phantom_seed = 1\nleaky = true", "leave leaky out"),
        ("phantom_seed = 1", "phantom_seed = 1\nsize = 39", "data.size"),
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
    with pytest.raises(ValueError, match=r"expected one of .*seed-cnn, .*sononet16"):
        load_recipe(name)

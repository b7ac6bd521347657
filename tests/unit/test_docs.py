"""What the docs and cards say is what the committed files say, and nothing is left out."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fetal_model.cli import app
from fetal_model.evaluation import docs
from fetal_model.evaluation.card import card
from fetal_model.evaluation.docs_experiments import experiments
from fetal_model.evaluation.docs_exports import exports
from fetal_model.evaluation.docs_inputs import inputs
from fetal_model.evaluation.docs_phantom import phantom
from fetal_model.evaluation.docs_privacy import privacy
from fetal_model.evaluation.docs_settings import settings
from fetal_model.evaluation.docs_trust import trust
from fetal_model.evaluation.experiments import read_plan
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.evaluation.results import DOCS
from fetal_model.store.versions import CARD, PREDICTIONS, list_versions
from fetal_model.training.recipe import RECIPES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results() -> str:
    return docs.results()


def test_results_are_those_of_the_files(results: str) -> None:
    assert (DOCS / "results.md").read_text(encoding="utf-8") == results
    assert (DOCS / "phantom.md").read_text(encoding="utf-8") == phantom()
    assert (DOCS / "trust.md").read_text(encoding="utf-8") == trust()
    assert (DOCS / "exports.md").read_text(encoding="utf-8") == exports()
    assert (DOCS / "inputs.md").read_text(encoding="utf-8") == inputs()
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings()
    assert (DOCS / "privacy.md").read_text(encoding="utf-8") == privacy()


def test_experiments_are_those_of_the_runs() -> None:
    assert (DOCS / "experiments.md").read_text(encoding="utf-8") == experiments()


def test_what_the_default_was_trained_again_with_did_help() -> None:
    lines = (DOCS / "experiments.md").read_text(encoding="utf-8").splitlines()
    claims = {
        "mobilenet-v2-imagenet-fine-tuned": "better",
        "seed-cnn-plain": "worse",  # without flips and rotations
        "seed-cnn-size-800": "worse",  # of 1,646
        "seed-cnn-fixmatch-5": "better",
    }
    for recipe, verdict in claims.items():
        [row] = [line for line in lines if line.startswith(f"| {recipe} |") and " (" in line][:1]
        assert f"| {verdict} |" in row, recipe


def test_no_recipe_of_the_seed_cnn_is_left_out_of_the_experiments() -> None:
    listed = {row["recipe"] for section in read_plan()["section"] for row in section["row"]}
    assert {path.stem for path in RECIPES.glob("seed-cnn*.toml")} <= listed


@pytest.mark.parametrize("version", list_versions(), ids=lambda version: version.label)
def test_card_is_that_of_the_files(version) -> None:
    rows = read_predictions(version.path / PREDICTIONS)
    written = (version.path / CARD).read_text(encoding="utf-8")
    assert written == card(version.metadata, rows)


def test_nothing_is_left_unmeasured(results: str) -> None:
    assert "Not measured yet" not in results + phantom() + exports() + inputs() + privacy()


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its full name, those within groups too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_and_option_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in commands(typer.main.get_command(app)):
        assert f"`{name} " in readme or f"`{name}`" in readme, name
        for parameter in command.params:
            option = parameter.opts[0]
            if option.startswith("--") and option not in ("--help", "--work"):
                assert option in readme, f"{name} {option}"


@pytest.mark.parametrize(
    "page", [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))], ids=str
)
def test_a_page_holds_no_tensorflow(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "import tensorflow" not in text
    assert "import keras" not in text
    assert "from keras" not in text


def test_an_answer_needs_no_tensorflow() -> None:
    code = (
        "import sys; import fetal_model.predictor, fetal_model.cli;"
        "print([m for m in ('tensorflow', 'keras', 'tf_keras_vis') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

"""A recipe: everything that a training run depends on, as validated data from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fetal_model import anatomy
from fetal_model.scan.preprocess import InputSpec

RECIPES = Path(__file__).resolve().parents[1] / "recipes"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Strict):
    """How scans are fed to the network; see `InputSpec`."""

    height: Annotated[int, Field(ge=32, le=1024)]
    width: Annotated[int, Field(ge=32, le=1024)]
    scaling: Literal["0-255", "0-1", "standardise"]
    crop: Literal["none", "content"] = "none"

    @property
    def spec(self) -> InputSpec:
        """The same for `preprocess`."""
        return InputSpec(self.height, self.width, self.scaling, self.crop)


class Data(_Strict):
    """What it learns from: simulated scans, or the scans of a folder.

    Attributes:
        phantoms: Simulated scans per anatomy; none where there is a folder.
        folder: Path of a folder of labelled scans, see `manifest.read_folder`, or empty.
        phantom_seed: Seed of the simulation.
        real_scans: Whether the real training scans are added.
        without: Sources of real scans left out of training.
        calibrate_on: Where temperature and thresholds come from: held-out `phantoms` (or scans of
            the folder), or the `real` validation scans.
    """

    phantoms: dict[
        Literal["brain", "abdomen", "femur", "thorax"], Annotated[int, Field(ge=10)]
    ] = {}
    phantom_seed: Annotated[int, Field(ge=0)] = 0
    folder: str = ""
    real_scans: bool = False
    without: tuple[str, ...] = ()
    calibrate_on: Literal["phantoms", "real"] = "phantoms"

    @model_validator(mode="after")
    def _has_scans_of_every_anatomy(self) -> Self:
        missing = set(anatomy.KEYS) - set(self.phantoms)
        if self.folder and self.phantoms:
            raise ValueError("expected phantoms or a folder, received both")
        if not self.folder and missing:
            raise ValueError(f"phantoms: expected every anatomy, missing {sorted(missing)}")
        return self


class Augmentation(_Strict):
    """Random changes of each training scan, as Keras layers outside the serving graph.

    Attributes:
        flip: Axes to mirror, or none.
        rotation: Largest rotation, as a share of a full turn.
        zoom: Largest change of scale, each axis on its own.
        translation: Largest shift, as a share of the side.
        brightness: Largest shift of grey, as a share of the full range.
        contrast: Largest change of contrast.
    """

    flip: Literal["none", "horizontal", "vertical", "horizontal_and_vertical"] = "none"
    rotation: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    translation: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    brightness: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    contrast: Annotated[float, Field(ge=0, le=0.9)] = 0.0


class Training(_Strict):
    """How it learns: Adam on categorical cross-entropy over the anatomies."""

    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=1, le=512)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    seed: Annotated[int, Field(ge=0)] = 0
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"


class FineTuning(_Strict):
    """Starting from published weights instead of random ones, without forgetting what they know.

    Attributes:
        published: Which weights, looked up below `FETAL_SHARED`.
        distillation: Weight of the divergence from the published network's fourteen outputs on
            the same augmented scan (Hinton et al. 2015, arXiv:1503.02531; Li and Hoiem 2016,
            arXiv:1606.09282).
        blend: Share of the fine-tuned weights in the shipped ones, the rest being the published
            (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv:2109.01903).
        grey_levels: Probability that a training scan takes on the grey levels of another one, so
            that a look says nothing about an anatomy.
    """

    published: Literal["sononet16"]
    distillation: Annotated[float, Field(ge=0)] = 0.0
    blend: Annotated[float, Field(gt=0, le=1)] = 1.0
    grey_levels: Annotated[float, Field(ge=0, le=1)] = 0.0


class Recipe(_Strict):
    """One experiment.

    Attributes:
        name: Name of the versions it makes.
        description: One sentence for the card.
        architecture: Key of `architectures.ARCHITECTURES`.
        options: Arguments of that architecture.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    description: str
    architecture: Literal["seed_cnn", "sononet"]
    options: dict[str, Any] = {}
    input: Input
    data: Data
    augmentation: Augmentation = Augmentation()
    training: Training
    fine_tuning: FineTuning | None = None

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

    Args:
        name: A recipe of this package, such as `seed-cnn`, or a path ending in `.toml`.
        changes: Values that replace those of the `training` table.

    Raises:
        ValueError: There is none, or it is not valid; the message names the key.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise ValueError(f"recipe: expected one of {known} or a .toml file, received {name!r}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        content["training"] = {**content.get("training", {}), **(changes or {})}
        return Recipe.model_validate(content)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ValueError(f"{path.name}: not a valid recipe: {error}") from error

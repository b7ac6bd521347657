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
    annotations: Literal["kept", "taken away"] = "kept"

    @property
    def spec(self) -> InputSpec:
        """The same for `preprocess`."""
        return InputSpec(**self.model_dump())


class Data(_Strict):
    """What it learns from: simulated scans, or the scans of a folder.

    Attributes:
        phantoms: Simulated scans per anatomy; none where there is a folder.
        folder: Path of a folder of labelled scans, see `manifest.read_folder`, or empty.
        phantom_seed: Seed of the simulation.
        pathology: Whether half of the simulated scans that can show a pathology do.
        real_scans: Whether the real training scans are added.
        without: Sources of real scans left out of training.
        size: Phantoms, or scans of the folder, that are taken before the split, those of some
            patients in the proportions of all; all of them when None.
        split: How they are split into about 80/10/10; see `dataset.splits.split`.
        leaky: Whether scans of one patient may be learned from and tested on. Only a split that
            may do so says it, and every figure of such a version is labelled.
        labelled: Training scans of each anatomy, and as many validation scans, whose labels are
            known; the other training scans count as unlabelled. All labels when None.
        real_unlabelled: Whether the real training scans are added to the unlabelled ones.
        calibrate_on: Where temperature and thresholds come from: held-out `phantoms` (or scans of
            the folder), or the `real` validation scans.
    """

    phantoms: dict[
        Literal["brain", "abdomen", "femur", "thorax"], Annotated[int, Field(ge=10)]
    ] = {}
    phantom_seed: Annotated[int, Field(ge=0)] = 0
    folder: str = ""
    pathology: bool = False
    real_scans: bool = False
    without: tuple[str, ...] = ()
    calibrate_on: Literal["phantoms", "real"] = "phantoms"
    size: Annotated[int, Field(ge=40)] | None = None
    labelled: Annotated[int, Field(ge=1)] | None = None
    real_unlabelled: bool = False
    split: Literal["patient", "sequential", "image"] = "patient"
    leaky: bool = False

    @model_validator(mode="after")
    def _leaks_only_where_it_can(self) -> Self:
        if self.leaky and self.split == "patient":
            raise ValueError(
                "leaky = true: expected split sequential or image, received patient, which keeps "
                "every patient on one side; leave leaky out"
            )
        return self

    @model_validator(mode="after")
    def _knows_the_label_of_a_real_scan_or_not(self) -> Self:
        if self.real_scans and self.real_unlabelled:
            raise ValueError("expected real_scans or real_unlabelled, received both")
        return self

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
        shear: Largest shear along each axis, as a share of the side.
        translation: Largest shift, as a share of the side.
        brightness: Largest shift of grey, as a share of the full range; a grey scan has one
            channel, so this is also its channel shift.
        contrast: Largest change of contrast.
        grey_levels: Probability that a scan takes on the grey levels of another one in its batch,
            so that a look says nothing about an anatomy.
        crop: Largest share of each side that is cut off; what is left is enlarged.
        mixing: Whether training scans are made of two, see `dataset.mixing`.
    """

    flip: Literal["none", "horizontal", "vertical", "horizontal_and_vertical"] = "none"
    rotation: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    shear: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    translation: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    brightness: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    contrast: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    grey_levels: Annotated[float, Field(ge=0, le=1)] = 0.0
    crop: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    mixing: Literal["none", "mixup", "cutmix"] = "none"


class Training(_Strict):
    """How it learns.

    Attributes:
        epochs: Passes through the training scans, at most.
        batch_size: Scans in one step.
        learning_rate: Its largest value.
        seed: Of first weights, order, augmentation and dropout.
        precision: Of the arithmetic; `auto` is bfloat16 where the hardware multiplies it.
        optimizer: Adam, AdamW (weight decay 0.004), gradient descent with momentum 0.9, RMSprop,
            or Lion (Chen et al. 2023, arXiv:2302.06675).
        schedule: How the learning rate goes on; see `schedule.learning_rate`.
        warm_up: Epochs in which it rises to its largest value.
        patience: Epochs without a lower validation cross-entropy after which training ends; 0 for
            never.
        averaging: Momentum of a moving average over the steps' weights, which is judged and kept
            in their place; 0 for none.
        class_weights: `balanced` gives every anatomy the same weight in the loss.
        loss: Categorical cross-entropy over the anatomies, or focal, which weighs a scan less the
            surer its answer is right.
        label_smoothing: Share of each target that is spread evenly over the outputs (Szegedy et
            al. 2016, arXiv:1512.00567, section 7).
    """

    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=1, le=512)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    seed: Annotated[int, Field(ge=0, lt=2**27)] = 0
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "lion"] = "adam"
    schedule: Literal["constant", "cosine", "plateau"] = "constant"
    warm_up: Annotated[int, Field(ge=0, le=100)] = 0
    patience: Annotated[int, Field(ge=0, le=1000)] = 0
    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


class FineTuning(_Strict):
    """Starting from published weights instead of random ones, without forgetting what they know.

    Attributes:
        published: Which weights, looked up below `FETAL_SHARED`.
        distillation: Weight of the divergence from the published network's fourteen outputs on
            the same augmented scan (Hinton et al. 2015, arXiv:1503.02531; Li and Hoiem 2016,
            arXiv:1606.09282).
        blend: Share of the fine-tuned weights in the shipped ones, the rest being the published
            (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv:2109.01903).
    """

    published: Literal["sononet16"]
    distillation: Annotated[float, Field(ge=0)] = 0.0
    blend: Annotated[float, Field(gt=0, le=1)] = 1.0


class SemiSupervised(_Strict):
    """Learning from the unlabelled scans too; see `semi_supervised.Consistent`.

    Attributes:
        method: FixMatch or mean teacher.
        weight: Of what the answers about an unlabelled scan differ by.
        confidence: Of FixMatch: probability from which an answer is taken for the truth.
        ramp_up: Epochs in which the weight grows to what it is.
        strong: How unlabelled scans are changed strongly; weakly as labelled ones are.
    """

    method: Literal["fixmatch", "mean_teacher"]
    weight: Annotated[float, Field(gt=0)] = 1.0
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    ramp_up: Annotated[int, Field(ge=0, le=1000)] = 0
    strong: Augmentation


class MultiTask(_Strict):
    """Further questions about each scan; see `multi_task`.

    Attributes:
        tasks: The plane of a brain, the quality of the picture, whether a pathology is shown.
        weight: Of each in the loss.
    """

    tasks: Annotated[tuple[Literal["plane", "quality", "pathology"], ...], Field(min_length=1)]
    weight: Annotated[float, Field(gt=0)] = 0.3


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
    architecture: Literal["seed_cnn", "sononet", "backbone"]
    options: dict[str, Any] = {}
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
    """The recipe on squares of `side` pixels.

    Raises:
        ValueError: Its network has a size of its own.
    """
    if recipe.architecture == "sononet":
        raise ValueError(
            f"{recipe.name}: expected a network whose input may have any side, found "
            f"{recipe.architecture}; leave the side out"
        )
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

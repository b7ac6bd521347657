"""The tables of a recipe, each valid by itself; `recipe` puts them together."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fetal_model import anatomy
from fetal_model.dataset.manifest import OTHER_PLANES
from fetal_model.scan.preprocess import InputSpec


class Strict(BaseModel):
    """Unknown keys are refused, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(Strict):
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


class Data(Strict):
    """What it learns from: simulated scans, or the scans of a folder.

    Attributes:
        phantoms: Simulated scans per anatomy, and of further planes; none where there is a folder.
        folder: Path of a folder of labelled scans, see `manifest.read_folder`, or empty.
        phantom_seed: Seed of the simulation.
        pathology: Whether half of the simulated scans that can show a pathology do.
        real_scans: Whether the real training scans are added.
        without: Sources of real scans left out of training.
        size: Phantoms, or scans of the folder, that are taken before the split, those of some
            patients in the proportions of all; all of them when None.
        other_planes: Whether scans of further planes are learned from too, each of their labels
            with an output of its own, so that the network can say that it is none of the four.
        split: How they are split into about 80/10/10; see `dataset.splits.split`. `official` is by
            patient where there is no folder: nobody published a split of phantoms.
        leaky: Whether scans of one patient may be learned from and tested on. Only a split that
            may do so says it, and every figure of such a version is labelled.
        labelled: Training scans of each anatomy, and as many validation scans, whose labels are
            known; the other training scans count as unlabelled. All labels when None.
        real_unlabelled: Whether the real training scans are added to the unlabelled ones.
        calibrate_on: Where temperature and thresholds come from: held-out `phantoms` (or scans of
            the folder), or the `real` validation scans.
    """

    phantoms: dict[
        Literal["brain", "abdomen", "femur", "thorax", "cervix", "other"],
        Annotated[int, Field(ge=10)],
    ] = {}
    other_planes: bool = False
    phantom_seed: Annotated[int, Field(ge=0)] = 0
    folder: str = ""
    pathology: bool = False
    real_scans: bool = False
    without: tuple[str, ...] = ()
    calibrate_on: Literal["phantoms", "real"] = "phantoms"
    size: Annotated[int, Field(ge=40)] | None = None
    labelled: Annotated[int, Field(ge=1)] | None = None
    real_unlabelled: bool = False
    split: Literal["patient", "official", "sequential", "image"] = "patient"
    leaky: bool = False

    @model_validator(mode="after")
    def _leaks_only_where_it_can(self) -> Self:
        if self.leaky and self.split == "patient":
            raise ValueError(
                "leaky = true: expected split official, sequential or image, received patient, "
                "which keeps every patient on one side; leave leaky out"
            )
        return self

    @model_validator(mode="after")
    def _knows_the_label_of_a_real_scan_or_not(self) -> Self:
        if self.real_scans and self.real_unlabelled:
            raise ValueError("expected real_scans or real_unlabelled, received both")
        return self

    @model_validator(mode="after")
    def _has_scans_of_every_anatomy(self) -> Self:
        wanted = {*anatomy.KEYS, *(OTHER_PLANES if self.other_planes else ())}
        missing = wanted - set(self.phantoms)
        if self.folder and self.phantoms:
            raise ValueError("expected phantoms or a folder, received both")
        if not self.folder and missing:
            raise ValueError(f"phantoms: expected every anatomy, missing {sorted(missing)}")
        if further := set(self.phantoms) - wanted:
            raise ValueError(
                f"phantoms: expected the four anatomies, received {sorted(further)} too; add "
                "other_planes = true"
            )
        if self.other_planes and self.labelled:
            raise ValueError("other_planes expects no labelled, which counts the four anatomies")
        return self


class Augmentation(Strict):
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


class Training(Strict):
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


class FineTuning(Strict):
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


class SemiSupervised(Strict):
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


class MultiTask(Strict):
    """Further questions about each scan; see `multi_task`.

    Attributes:
        tasks: The plane of a brain, the quality of the picture, whether a pathology is shown.
        weight: Of each in the loss.
    """

    tasks: Annotated[tuple[Literal["plane", "quality", "pathology"], ...], Field(min_length=1)]
    weight: Annotated[float, Field(gt=0)] = 0.3

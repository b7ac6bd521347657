"""Networks of `keras.applications`, random or with ImageNet weights, under a head for scans.

Sources: VGG16, arXiv:1409.1556; ResNet50, arXiv:1512.03385; InceptionV3, arXiv:1512.00567;
DenseNet, arXiv:1608.06993; MobileNetV2, arXiv:1801.04381; MobileNetV3, arXiv:1905.02244;
EfficientNet, arXiv:1905.11946; ConvNeXt, arXiv:2201.03545.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import keras
from keras import applications, layers

Start = Literal["random", "imagenet"]
MOMENTUM = 0.9
"""Of the moving averages of batch norm: those for ImageNet take thousands of steps to settle."""
STANDARDISED = "training_set"
"""Name of the layer that holds mean and variance of the training scans."""


@dataclass(frozen=True)
class Backbone:
    """One network of `keras.applications`.

    Attributes:
        build: Its function.
        scale: Factor of grey levels in [0, 255] by which its ImageNet weights expect them.
        offset: Added after that, of red, green and blue.
        options: Of its function, beside those that all have.
        scales_itself: Whether it holds a scaling of grey levels of its own.
    """

    build: Callable[..., keras.Model]
    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    options: tuple[tuple[str, Any], ...] = ()
    scales_itself: bool = False


_CAFFE = 1.0, (-103.939, -116.779, -123.68)  # means of ImageNet, blue first
_TWO = 1 / 127.5, -1.0
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TORCH = (
    tuple(1 / (255 * deviation) for deviation in _DEVIATION),
    tuple(-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)),
)
BACKBONES = {
    "vgg16": Backbone(applications.VGG16, *_CAFFE),
    "resnet50": Backbone(applications.ResNet50, *_CAFFE),
    "inception_v3": Backbone(applications.InceptionV3, *_TWO),
    "densenet121": Backbone(applications.DenseNet121, *_TORCH),
    "densenet169": Backbone(applications.DenseNet169, *_TORCH),
    "mobilenet_v2": Backbone(applications.MobileNetV2, *_TWO),
    "mobilenet_v3": Backbone(
        applications.MobileNetV3Large, *_TWO, (("include_preprocessing", False),)
    ),
    "efficientnet_b0": Backbone(applications.EfficientNetB0, scales_itself=True),
    "convnext_tiny": Backbone(applications.ConvNeXtTiny, scales_itself=True),
}
"""The networks, by name."""


def backbone(
    network: str,
    outputs: int = 4,
    size: Sequence[int] = (224, 224),
    start: Start = "random",
    frozen: bool = False,
    hidden: int = 0,
    dropout: float = 0.2,
    standardised: bool = False,
) -> keras.Model:
    """Build a network as one flat functional graph; the grey scan is shown to all three channels.

    Args:
        network: Key of `BACKBONES`.
        outputs: Number of classes.
        size: Height and width of a scan in pixels.
        start: First weights of the backbone. `imagenet` leaves them random here: `load_imagenet`
            fills them, as a network that is read back from a file needs no second download.
        frozen: Whether the backbone keeps its weights, its batch norm statistics among them.
        hidden: ReLU units before the outputs, 0 for none.
        dropout: Rate of the dropout before the outputs, 0 for none.
        standardised: Whether scans lose the mean and standard deviation of the training scans, in
            place of ImageNet's; training measures them.

    Returns:
        Model from `(batch, height, width, 1)` grey levels in [0, 255] to `(batch, outputs)`
        probabilities. Its layer `features` ends the trunk.

    Raises:
        ValueError: There is no such network or start, or it scales grey levels itself and cannot
            be standardised.
    """
    if network not in BACKBONES:
        raise ValueError(f"network: expected one of {', '.join(BACKBONES)}, received {network!r}")
    if start not in get_args(Start):
        raise ValueError(f"start: expected {' or '.join(get_args(Start))}, received {start!r}")
    known = BACKBONES[network]
    if standardised and known.scales_itself:
        raise ValueError(
            f"standardised: expected a network that does not scale grey levels itself, received "
            f"{network}; leave it out"
        )
    inputs = keras.Input((*size, 1), name="scan")
    if standardised:
        grey = layers.Normalization(axis=None, dtype="float32", name=STANDARDISED)(inputs)
        x = layers.Concatenate(name="three_channels")([grey] * 3)
    else:
        x = layers.Concatenate(name="three_channels")([inputs] * 3)
        x = layers.Rescaling(known.scale, known.offset, name="as_imagenet")(x)
    base = known.build(
        include_top=False, weights=None, input_tensor=x, pooling=None, **dict(known.options)
    )
    for layer in base.layers:
        layer.trainable = not frozen
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
    x = layers.Activation("linear", name="features")(base.output)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    if hidden:
        x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    probabilities = layers.Dense(outputs, activation="softmax", dtype="float32", name="outputs")(x)
    return keras.Model(inputs, probabilities, name=network)

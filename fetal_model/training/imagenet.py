"""ImageNet weights for the backbones: from a file at hand, else from Keras's own download."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from fetal_model.architectures.backbones import BACKBONES, STANDARDISED
from fetal_model.dataset.manifest import shared_folder

MOBILENET_V2 = "mobilenet_v2_1.0_224_quant.tflite"
"""ImageNet MobileNetV2 of 8 bits, batch norm folded (Jacob et al. 2018, arXiv:1712.05877)."""
_DEVIATION = (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue
Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]


class WeightsUnavailable(ValueError):
    """No ImageNet weights here; the message says how to get them."""


def load_imagenet(model: keras.Model, network: str, grey: tf.data.Dataset) -> None:
    """Give the backbone of a model its ImageNet weights.

    Looked for as `pretrained/<network>/*.h5` below `FETAL_SHARED`, as Keras publishes them without
    top; for MobileNetV2 also as the quantised TFLite file; else downloaded by Keras.

    Args:
        model: As `architectures.backbone` builds it, changed in place; its head stays as it is.
        network: Key of `BACKBONES`.
        grey: Batches of training scans. Where batch norm was folded into convolutions, its
            statistics are those of these scans.

    Raises:
        WeightsUnavailable: There is no file, and they cannot be downloaded.
    """
    found = find_imagenet(network)
    if isinstance(found, Path):
        _set_folded(model, read_tflite(found))
        _unfold(model, grey)
    else:
        hand_over(found, model)


def find_imagenet(network: str) -> keras.Model | Path:
    """The network with its ImageNet weights, or the TFLite file that holds them.

    Raises:
        WeightsUnavailable: As in `load_imagenet`.
    """
    folder = shared_folder() / "pretrained" / network
    known = BACKBONES[network]
    options = dict(known.options)
    if files := sorted(folder.glob("*.h5")):
        return known.build(include_top=False, weights=str(files[0]), **options)
    if (folder / MOBILENET_V2).is_file() and network == "mobilenet_v2":
        return folder / MOBILENET_V2
    try:
        return known.build(include_top=False, weights="imagenet", **options)
    except Exception as error:  # whatever a download can end with
        raise WeightsUnavailable(
            f"ImageNet weights of {network}: expected to download them, or an .h5 file in "
            f"{folder}; found neither ({type(error).__name__}). On a machine that is online, "
            f'python -c "import keras; keras.applications.{known.build.__name__}'
            '(include_top=False)" puts the file into ~/.keras/models; copy it there'
        ) from error


def hand_over(base: keras.Model, model: keras.Model) -> None:
    """Copy the weights of a network of `keras.applications` into the model built on it.

    Args:
        base: Without top.
        model: As `architectures.backbone` builds it. Names differ, as Keras counts layers without
            a name; their order does not.
    """
    names = [layer.name for layer in model.layers]
    own = [
        layer
        for layer in model.layers[: names.index("features")]
        if layer.weights and layer.name != STANDARDISED
    ]
    for layer, known in zip(own, [x for x in base.layers if x.weights], strict=True):
        values = known.get_weights()
        if isinstance(layer, layers.Normalization) and model.name == "efficientnet_b0":
            # keras divides by this root after it, in a layer that only its own weights bring
            values[1] = values[1] * np.array(_DEVIATION)
        layer.set_weights(values)
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def read_tflite(path: Path) -> list[Arrays]:
    """Kernel and bias of every convolution of a quantised TFLite file, dequantised, in order.

    Returns:
        Kernels as Keras keeps them: (height, width, in, out), of a depthwise convolution (height,
        width, in, 1); biases of shape (out,).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the interpreter moves to a package of its own
        interpreter = tf.lite.Interpreter(str(path))
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}

    def real(index: int) -> NDArray[np.float32]:
        given: Any = details[index]["quantization_parameters"]
        values = interpreter.get_tensor(index).astype(np.float32)
        return np.asarray((values - given["zero_points"][0]) * given["scales"][0], np.float32)

    return [
        (real(operation["inputs"][1]).transpose(1, 2, 3, 0), real(operation["inputs"][2]))
        for operation in interpreter._get_ops_details()
        if operation["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D")
    ]


def _set_folded(model: keras.Model, convolutions: list[Arrays]) -> None:
    """Set kernels, and batch norms to what was folded into them; the classifier is left over."""
    kinds = (layers.Conv2D, layers.DepthwiseConv2D)
    places = [layer for layer in model.layers if isinstance(layer, kinds)]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    pairs = zip(places, norms, convolutions[: len(places)], strict=True)
    for place, norm, (kernel, bias) in pairs:
        place.set_weights([kernel])
        ones, nothing = np.ones_like(bias), np.zeros_like(bias)
        norm.set_weights([ones, bias, nothing, ones - norm.epsilon])


def _unfold(model: keras.Model, grey: tf.data.Dataset) -> None:
    """Take out of the convolutions what batch norm is there for, without changing an answer.

    In training it would else lose its scale: it divides by the deviation that it sees, and the
    folded one is already 1.
    """
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    seen = keras.Model(model.input, [norm.input for norm in norms])
    count, sums, squares = 0, [0.0] * len(norms), [0.0] * len(norms)
    for batch in grey:
        for n, values in enumerate(seen(batch, training=False)):
            flat = keras.ops.convert_to_numpy(values).astype(np.float64)
            flat = flat.reshape(-1, values.shape[-1])
            sums[n] = sums[n] + flat.mean(axis=0) * len(batch)
            squares[n] = squares[n] + np.square(flat).mean(axis=0) * len(batch)
        count += len(batch)
    for norm, total, square in zip(norms, sums, squares, strict=True):
        mean = total / count
        variance = np.maximum(square / count - mean**2, norm.epsilon)
        _, bias, *_ = norm.get_weights()
        scale = np.sqrt(variance + norm.epsilon)
        norm.set_weights([scale, bias + mean, mean, variance])

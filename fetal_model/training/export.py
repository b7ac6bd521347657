"""A trained Keras model becomes what serving needs: `model.keras`, `trunk.onnx`, `head.npz`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
from keras import layers

from fetal_model.architectures import head_layers, trunk_of
from fetal_model.inference.head import Dense, Head, Pooling
from fetal_model.store.versions import HEAD, MODEL, TRUNK


def export(model: keras.Model, folder: Path) -> None:
    """Write the three weight files of a version into `folder`.

    Args:
        model: Flat, float32, with a layer named `features` at the end of its trunk.
        folder: Exists.

    Raises:
        ValueError: The head has a layer that the NumPy head does not know.
    """
    model.save(folder / MODEL)
    export_trunk(model, folder / TRUNK)
    head_of(model).save(folder / HEAD)


def export_trunk(model: keras.Model, path: Path) -> None:
    """Write the trunk as ONNX, without the absolute paths that the exporter leaves in it."""
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "trunk.onnx"
        trunk = exportable(trunk_of(model))
        shape = [1 if side is None else side for side in trunk.input_shape]
        trunk(np.zeros(shape, np.float32))  # the exporter refuses a model that was never called
        trunk.export(raw, format="onnx", verbose=False)
        graph = onnx.load(raw)
    graph.doc_string = ""
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def exportable(trunk: keras.Model) -> keras.Model:
    """The same function of layers that ONNX can say, with the same weights.

    A normalisation becomes a rescaling, a convolution with a group for each channel a depthwise
    one, GELU its definition by the error function (Hendrycks and Gimpel 2016, arXiv:1606.08415).
    """
    if not any(map(_replaced, trunk.layers)):
        return trunk
    plain = keras.models.clone_model(trunk, clone_function=lambda x: _replaced(x) or _copy(x))
    for layer, known in zip(plain.layers, trunk.layers, strict=True):
        weights = known.get_weights()
        if isinstance(layer, layers.DepthwiseConv2D) and isinstance(known, layers.Conv2D):
            weights[0] = weights[0].transpose(0, 1, 3, 2)
        if not isinstance(known, layers.Normalization):
            layer.set_weights(weights)
    return plain


def _replaced(layer: keras.Layer) -> keras.Layer | None:
    """What stands for a layer that ONNX cannot say, None for one that it can."""
    match layer:
        case layers.Normalization():
            deviation = np.sqrt(np.maximum(np.squeeze(layer.variance), keras.config.epsilon() ** 2))
            offset = -np.squeeze(layer.mean) / deviation
            return layers.Rescaling((1 / deviation).tolist(), offset.tolist(), name=layer.name)
        case layers.Conv2D(groups=groups) if groups > 1 and groups == layer.filters:
            return layers.DepthwiseConv2D(
                layer.kernel_size, layer.strides, layer.padding, use_bias=layer.use_bias,
                name=layer.name,
            )  # fmt: skip
        case layers.Activation(activation=keras.activations.gelu):
            return layers.Activation(_gelu, name=layer.name)
    return None


def _copy(layer: keras.Layer) -> keras.Layer:
    return layer.__class__.from_config(layer.get_config())


def _gelu(x: keras.KerasTensor) -> keras.KerasTensor:
    return x * (1 + keras.ops.erf(x / np.sqrt(2).astype(np.float32))) / 2


def head_of(model: keras.Model) -> Head:
    """The NumPy head that equals the layers of `model` after `features`.

    Raises:
        ValueError: A layer other than max pooling, average pooling, dropout and dense, or an
            activation other than ReLU before the last of them.
    """
    known = keras.activations.relu, keras.activations.linear, keras.activations.softmax
    pooling: Pooling = "average"
    dense: list[Dense] = []
    dropout = 0.0
    for layer in head_layers(model):
        match layer:
            case layers.MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding="valid"):
                pooling = "max2-average"
            case layers.GlobalAveragePooling2D():
                continue
            case layers.Dropout(rate=rate):
                dropout = rate
            case layers.Dense(activation=activation) if activation in known:
                kernel, bias = (np.asarray(w, dtype=np.float64) for w in layer.get_weights())
                relu = activation is keras.activations.relu
                dense.append(Dense(kernel, bias, relu, dropout))
                dropout = 0.0
            case _:
                raise ValueError(
                    f"head of {model.name}: expected max pooling 2x2, average pooling, dropout and "
                    f"dense layers with ReLU, found {type(layer).__name__} {layer.name!r}"
                )
    return Head(pooling, tuple(dense))

"""SonoNet-16, -32 and -64, and a loader for the published SonoNet-16 arrays.

Source: Baumgartner et al. 2017, "SonoNet: Real-Time Detection and Localisation of Fetal Standard
Scan Planes in Freehand Ultrasound", IEEE Transactions on Medical Imaging, arXiv:1612.05601.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

OUTPUTS: tuple[str, ...] = (
    "3VV",
    "4CH",
    "Abdominal",
    "Background",
    "Brain (Cb.)",
    "Brain (Tv.)",
    "Femur",
    "Kidneys",
    "Lips",
    "LVOT",
    "Profile",
    "RVOT",
    "Spine (cor.)",
    "Spine (sag.)",
)
"""The fourteen outputs in the order of the published arrays."""

GROUPS: dict[str, tuple[str, ...]] = {
    "brain": ("Brain (Cb.)", "Brain (Tv.)"),
    "abdomen": ("Abdominal",),
    "femur": ("Femur",),
    "thorax": ("3VV", "4CH", "LVOT", "RVOT"),
}
"""Which outputs make up each anatomy; the rest say "none of these planes"."""

HEIGHT, WIDTH = 224, 288
_EPSILON = 1e-4
_BLOCKS = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))


def sononet(
    features: int = 16,
    outputs: int = len(OUTPUTS),
    dropout: float = 0.5,
    size: Sequence[int] = (HEIGHT, WIDTH),
) -> keras.Model:
    """Build a SonoNet as one flat functional graph.

    The paper's last 1x1 convolution and its batch norm are linear, so they commute with the global
    average: the head is average, dropout (not in the paper) and one dense layer.

    Args:
        features: Filters of the first convolution: 16, 32 or 64.
        outputs: Number of classes.
        dropout: Rate of the dropout between the average and the dense layer, 0 for none.
        size: Height and width of a scan in pixels, the paper's by default.

    Returns:
        Model from `(batch, height, width, 1)` pixels, `255 * (x - mean) / std` per scan, to
        `(batch, outputs)` probabilities. Its layer `features` ends the trunk.

    Raises:
        ValueError: `features` is not 16, 32 or 64.
    """
    if features not in (16, 32, 64):
        raise ValueError(f"features: expected 16, 32 or 64, received {features}")
    inputs = keras.Input((*size, 1), name="scan")
    x = inputs
    for block, (factor, repeats) in enumerate(_BLOCKS, start=1):
        if block > 1:
            x = layers.MaxPooling2D(2, name=f"pool_{block - 1}")(x)
        for repeat in range(1, repeats + 1):
            x = _convolution(x, factor * features, 3, f"block{block}_{repeat}")
    x = _convolution(x, 4 * features, 1, "adaptation", relu="features")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    probabilities = layers.Dense(outputs, activation="softmax", dtype="float32", name="outputs")(x)
    return keras.Model(inputs, probabilities, name=f"sononet{features}")


def load_published(
    path: Path | str, dropout: float = 0.5, size: Sequence[int] = (HEIGHT, WIDTH)
) -> keras.Model:
    """Build SonoNet-16 with the published weights.

    Args:
        path: `SonoNet16.npz`: 75 float32 arrays, five per convolution in order: kernel
            `(out, in, height, width)`, batch-norm beta, gamma, mean and inverse standard deviation.
        dropout: As in `sononet`; it holds no weights.
        size: As in `sononet`.

    Returns:
        The model of `sononet(16)`; the last convolution and its batch norm are folded into the
        dense layer.

    Raises:
        ValueError: The file does not hold the 75 arrays.
    """
    with np.load(path, allow_pickle=False) as archive:
        wanted = [f"arr_{i}" for i in range(75)]
        if set(archive.files) != set(wanted):
            raise ValueError(
                f"{path}: expected the 75 arrays of SonoNet16, found {len(archive.files)}; "
                "give the file published with the paper"
            )
        arrays = [archive[name] for name in wanted]
    model = sononet(16, dropout=dropout, size=size)
    groups = [arrays[i : i + 5] for i in range(0, 75, 5)]
    names = [
        f"block{block}_{repeat}"
        for block, (_, repeats) in enumerate(_BLOCKS, start=1)
        for repeat in range(1, repeats + 1)
    ]
    for name, (kernel, beta, gamma, mean, inverse) in zip(
        [*names, "adaptation"], groups[:-1], strict=True
    ):
        model.get_layer(name).set_weights([kernel.transpose(2, 3, 1, 0)])
        variance = inverse.astype(np.float64) ** -2 - _EPSILON
        model.get_layer(f"{name}_norm").set_weights([gamma, beta, mean, variance])
    kernel, beta, gamma, mean, inverse = groups[-1]
    slope = gamma * inverse
    dense = kernel[:, :, 0, 0].T * slope
    model.get_layer("outputs").set_weights([dense, beta - mean * slope])
    return model


def _convolution(
    x: keras.KerasTensor, filters: int, size: int, name: str, relu: str | None = None
) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(name=relu or f"{name}_relu")(x)

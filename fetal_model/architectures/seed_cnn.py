"""The first report's convolutional network, trained from scratch.

The report gives the input size (256x256), the rescaling to [0, 1], blocks of convolution and max
pooling with stride 2, global average pooling, 64 ReLU units and four softmax outputs. It does not
give the number of filters, the kernel size's padding or the depth; those below are our assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

ASSUMED_FILTERS = (32, 64, 64, 64, 64, 64)


def seed_cnn(
    outputs: int = 4,
    size: int = 256,
    filters: Sequence[int] = ASSUMED_FILTERS,
    dropout: float = 0.0,
    kernel: int = 3,
    batch_norm: bool = False,
) -> keras.Model:
    """Build the seed CNN as one flat functional graph.

    Args:
        outputs: Number of classes.
        size: Side of the square that scans are resized to, in pixels.
        filters: Filters of each same-padded convolution; each is followed by 2x2 max pooling.
        dropout: Rate of the dropout after the 64-unit layer, 0 for none (the report's base).
        kernel: Side of each convolution's kernel, in pixels.
        batch_norm: Whether each convolution is normalised before its activation (Ioffe and
            Szegedy 2015, arXiv:1502.03167).

    Returns:
        Model from `(batch, height, width, 1)` grey levels in [0, 255] to `(batch, outputs)`
        probabilities. Its layer `features` ends the trunk.

    Raises:
        ValueError: `filters` is empty.
    """
    if not filters:
        raise ValueError("filters: expected at least one convolution, received none")
    inputs = keras.Input((None, None, 1), name="scan")
    # Resizing's own default is training=True, which it would hand on to every layer after it
    x = layers.Resizing(size, size, name="resize")(inputs, training=False)
    x = layers.Rescaling(1 / 255, name="rescale")(x)
    for index, width in enumerate(filters, start=1):
        name = "features" if index == len(filters) else f"convolution_{index}"
        if batch_norm:
            x = layers.Conv2D(
                width, kernel, padding="same", use_bias=False, name=f"kernels_{index}"
            )(x)
            x = layers.BatchNormalization(name=f"norm_{index}")(x)
            x = layers.ReLU(name=name)(x)
        else:
            x = layers.Conv2D(width, kernel, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"pool_{index}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    # float32 so that a mixed-precision run still ends in full-precision probabilities
    probabilities = layers.Dense(outputs, activation="softmax", dtype="float32", name="outputs")(x)
    return keras.Model(inputs, probabilities, name="seed_cnn")

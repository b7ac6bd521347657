"""Sanity of an explanation: with weights that learned nothing it must be another one.

Cascading randomisation of Adebayo et al. 2018, arXiv:1810.03292. TensorFlow is imported when it is
first used, never by importing this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from fetal_model.explain.network import Heat

if TYPE_CHECKING:
    import keras


def randomised(
    model: keras.Model, pixels: NDArray[np.float32], seed: int = 0
) -> Iterator[tuple[str, keras.Model]]:
    """A network with ever more of its layers untrained, from the output down.

    Batch norms that are reached get the statistics of `pixels`: with those of the trained network
    the signal would die or explode within a few layers, and any map would differ for that alone.

    Args:
        model: Flat; left as it is.
        pixels: Some preprocessed scans, float32 (n, height, width, 1).
        seed: Of the fresh weights.

    Yields:
        The name of the layer reached, and the network: one object that changes as it goes on, so
        that a map must be taken before the next is asked for.
    """
    import keras

    keras.utils.set_random_seed(seed)
    fresh = keras.Model.from_config(model.get_config())
    made = keras.Model.from_config(model.get_config())
    made.set_weights(model.get_weights())
    norms = [layer for layer in made.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        # Keras lets a batch norm that is not trainable keep its statistics.
        norm.trainable, norm.momentum = False, 0.0
    for layer in reversed(made.layers):
        if not layer.weights:
            continue
        layer.set_weights(fresh.get_layer(layer.name).get_weights())
        layer.trainable = True
        if any(norm.trainable for norm in norms):
            made(pixels, training=True)
        yield layer.name, made


def rank_correlation(one: Heat, other: Heat) -> float:
    """Spearman's over the cells of two maps of one grid; 0 where a map is constant.

    >>> rank_correlation(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 5.0, 9.0]]))
    1.0
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one.ravel(), other.ravel()).statistic)

"""From records to batches: decoded once, cached in memory, augmented on the fly, prefetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from fetal_model.dataset.manifest import Record
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, Scaling, preprocess

Images = Callable[[tf.Tensor], tf.Tensor]


def batches(
    records: Sequence[Record],
    targets: NDArray[np.float32],
    spec: InputSpec,
    batch_size: int,
    augment: Images | None = None,
    seed: int = 0,
) -> tf.data.Dataset:
    """Batches of `(float32 (batch, height, width, 1), targets)` as the network expects them.

    Args:
        records: Scans to read.
        targets: One row each, float32 of shape (n, n_outputs).
        spec: The network's input.
        batch_size: Scans in a batch; the last may be smaller.
        augment: Changes a batch of grey levels in [0, 255] before they are scaled; given for
            training, it also shuffles.
        seed: Of the shuffle.
    """
    # grey levels are cached as bytes, a quarter of the memory, and scaled after augmentation
    grey = InputSpec(spec.height, spec.width, "0-255", spec.crop)

    def decode(index: NDArray[np.int64]) -> NDArray[np.uint8]:
        pixels, _ = preprocess(read_scan(records[int(index)].file), grey)
        return np.rint(pixels).astype(np.uint8)

    def load(index: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.numpy_function(decode, [index], tf.uint8)
        return tf.ensure_shape(pixels, (spec.height, spec.width, 1)), target

    data = tf.data.Dataset.from_tensor_slices((np.arange(len(records)), targets))
    data = data.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).cache()
    if augment is not None:
        data = data.shuffle(len(records), seed=seed, reshuffle_each_iteration=True)
    data = data.batch(batch_size)

    def finish(pixels: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.cast(pixels, tf.float32)
        return scale(values if augment is None else augment(values), spec.scaling), target

    # one batch at a time: the random layers share a state, and a race for it would undo the seed
    return data.map(finish).prefetch(tf.data.AUTOTUNE)


def scale(grey: tf.Tensor, scaling: Scaling) -> tf.Tensor:
    """What `preprocess` does to a scan's range, on a batch of grey levels in [0, 255]."""
    if scaling == "0-255":
        return grey
    if scaling == "0-1":
        return grey / 255
    mean, variance = tf.nn.moments(grey, [1, 2, 3], keepdims=True)
    return 255 * tf.math.divide_no_nan(grey - mean, tf.sqrt(variance))


def augmentation(changes: dict[str, Any], seed: int) -> Images:
    """Keras layers that change a batch of grey levels in [0, 255].

    Args:
        changes: The fields of `recipe.Augmentation`; 0 and "none" add no layer.
        seed: Of the random changes.
    """
    bounds = {"value_range": (0, 255), "seed": seed}
    # outside the scan is black, as outside the fan
    black = {"fill_mode": "constant", "seed": seed}
    chain: list[layers.Layer] = []
    if changes["flip"] != "none":
        chain.append(layers.RandomFlip(changes["flip"], seed=seed))
    if amount := changes["rotation"]:
        chain.append(layers.RandomRotation(amount, **black))
    if amount := changes["zoom"]:
        chain.append(layers.RandomZoom(amount, amount, **black))
    if amount := changes["translation"]:
        chain.append(layers.RandomTranslation(amount, amount, **black))
    if amount := changes["brightness"]:
        chain.append(layers.RandomBrightness(amount, **bounds))
    if amount := changes["contrast"]:
        chain.append(layers.RandomContrast(amount, **bounds))
    if not chain:
        return lambda grey: grey
    sequence = keras.Sequential(chain)
    return lambda grey: sequence(grey, training=True)


def exchange_grey_levels(grey: tf.Tensor, probability: float) -> tf.Tensor:
    """Give some scans of a batch the grey-level distribution of others in it.

    Histogram matching (Gonzalez and Woods, Digital Image Processing, section 3.3) on 256 levels,
    each scan with the one after it. The anatomy stays, the look changes.

    Args:
        grey: float32 (batch, height, width, 1) in [0, 255].
        probability: Of the exchange, for each scan.
    """
    levels = tf.cast(tf.clip_by_value(grey, 0, 255), tf.int32)
    flat = tf.reshape(levels, (tf.shape(levels)[0], -1))
    counts = tf.math.bincount(flat, minlength=256, maxlength=256, axis=-1)
    share = tf.cumsum(tf.cast(counts, tf.float32), axis=1) / tf.cast(tf.shape(flat)[1], tf.float32)
    other = tf.roll(share, shift=-1, axis=0)
    table = tf.searchsorted(other, tf.minimum(share, other[:, -1:]))
    matched = tf.reshape(tf.gather(table, flat, batch_dims=1), tf.shape(grey))
    chosen = tf.random.uniform((tf.shape(grey)[0], 1, 1, 1)) < probability
    return tf.where(chosen, tf.cast(matched, tf.float32), grey)

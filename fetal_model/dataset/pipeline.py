"""From records to batches: decoded once, kept as bytes, augmented on the fly, prefetched.

What a batch of an epoch holds depends on the seed, the epoch and its place in it, and on nothing
that came before, so that a run that is cut off goes on as if it had not been.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from fetal_model.dataset.manifest import Record
from fetal_model.dataset.mixing import Mixing, crop, mix
from fetal_model.dataset.smaller import check_copy
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, Scaling, preprocess

Images = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Changes a batch of grey levels, given with its number since training began."""
IN_MEMORY = 1024**3
"""Bytes of decoded scans; more of them go to a file."""
_DRAWS = 16  # more than any layer makes in a call


def batches(
    records: Sequence[Record],
    targets: NDArray[np.float32],
    spec: InputSpec,
    batch_size: int,
    augment: Images | None = None,
    seed: int = 0,
    *,
    epoch: tf.Variable | None = None,
    weights: NDArray[np.float32] | None = None,
    mixed: Mixing | None = None,
    length: int | None = None,
    folder: Path | None = None,
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
        epoch: int64, counted from 0, read whenever an iteration begins; 0 when None.
        weights: Of each record in the loss, float32 of shape (n,), as a third part of a batch.
        mixed: Whether scans are made of two after they were changed.
        length: Scans that an iteration gives, each record as often as another or once more; as
            many as there are when None.
        folder: As in `decode`.
    """
    # grey levels are kept as bytes, a quarter of the memory, and scaled after augmentation
    pixels = decode(records, spec, folder)
    count = len(records) if length is None else length
    steps = math.ceil(count / batch_size)
    present = tf.Variable(0, dtype=tf.int64, trainable=False) if epoch is None else epoch
    data = tf.data.Dataset.range(count)
    if augment is not None:
        data = data.map(
            lambda index: tf.random.experimental.index_shuffle(
                index, tf.stack([seed, present]), count - 1
            )
        )

    def load(place: tf.Tensor) -> tuple[tf.Tensor, ...]:
        index = place % len(records)
        grey = tf.numpy_function(lambda rows: pixels[rows], [index], tf.uint8)
        grey = tf.ensure_shape(grey, (None, spec.height, spec.width, 1))
        given = (targets,) if weights is None else (targets, weights)
        return grey, *(tf.gather(values, index) for values in given)

    def finish(step: tf.Tensor, loaded: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        values = tf.cast(loaded[0], tf.float32)
        if augment is not None:
            values = augment(values, present * steps + step)
        parts = loaded[1:]
        if mixed is not None:
            values, parts = mix(mixed, values, parts, seed, present * steps + step)
        return scale(values, spec.scaling), *parts

    data = data.batch(batch_size).map(load).enumerate()
    # one batch at a time: the random layers keep a state while they work
    return data.map(finish).prefetch(2).with_options(_untuned())


def _untuned() -> tf.data.Options:
    """Without the tuner of tf.data, which has nothing to choose here.

    It looks up after 10, 20, 40, ... milliseconds, and an iterator that ends waits until it does:
    measured in TensorFlow 2.21, an epoch of 4.0 s lasted 5.1 s, one of 10.3 s up to 20.5 s.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def decode(
    records: Sequence[Record],
    spec: InputSpec,
    folder: Path | None = None,
    limit: int | None = None,
) -> NDArray[np.uint8]:
    """Grey levels of every record, uint8 of shape (n, height, width, 1).

    Args:
        records: Scans to read.
        spec: The network's input; its scaling is not applied.
        folder: Where they are kept if they are too many for memory, the system's own when None.
            The file is removed by the system when the process ends, however it ends.
        limit: Bytes that are kept in memory, `IN_MEMORY` when None.

    Raises:
        ValueError: A scan is a copy that was made for another input.
    """
    grey = replace(spec, scaling="0-255")
    shape = (len(records), spec.height, spec.width, 1)
    pixels: NDArray[np.uint8]
    if math.prod(shape) <= (IN_MEMORY if limit is None else limit):
        pixels = np.empty(shape, np.uint8)
    else:
        with tempfile.TemporaryFile(dir=folder) as file:
            pixels = np.memmap(file, np.uint8, "w+", shape=shape)

    def read(index: int) -> None:
        scan = read_scan(records[index].file)
        check_copy(records[index], scan, grey)
        values, _ = preprocess(scan, grey)
        pixels[index] = np.rint(values)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(read, range(len(records))):
            pass
    return pixels


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
    kind = {"dtype": "float32"}  # whatever the network's precision
    bounds = {"value_range": (0, 255), **kind}
    black = {"fill_mode": "constant", **kind}  # outside the scan, as outside the fan
    chain: list[layers.Layer] = []
    if changes["flip"] != "none":
        chain.append(layers.RandomFlip(changes["flip"], **kind))
    if amount := changes["rotation"]:
        chain.append(layers.RandomRotation(amount, **black))
    if amount := changes["zoom"]:
        chain.append(layers.RandomZoom(amount, amount, **black))
    if amount := changes["shear"]:
        chain.append(layers.RandomShear(amount, amount, **black))
    if amount := changes["translation"]:
        chain.append(layers.RandomTranslation(amount, amount, **black))
    if amount := changes["brightness"]:
        chain.append(layers.RandomBrightness(amount, **bounds))
    if amount := changes["contrast"]:
        chain.append(layers.RandomContrast(amount, **bounds))
    generators = [_generator(layer) for layer in chain]

    def change(grey: tf.Tensor, moment: tf.Tensor) -> tf.Tensor:
        if changes["grey_levels"]:
            grey = exchange_grey_levels(grey, changes["grey_levels"], seed, moment)
        if changes["crop"]:
            grey = crop(grey, changes["crop"], seed, moment)
        for index, layer in enumerate(chain):
            # a seed of its own for each layer, or a flip would go with one half of the turns
            state = tf.stack([seed * len(chain) + index, tf.cast(moment, tf.int64) * _DRAWS])
            generators[index].state.assign(tf.cast(state, generators[index].state.dtype))
            grey = layer(grey, training=True)
        return grey

    return change


def _generator(layer: layers.Layer) -> keras.random.SeedGenerator:
    """What a layer draws from in a graph of tf.data, whatever trains."""
    layer.backend.set_backend("tensorflow")
    try:
        return layer._get_seed_generator("tensorflow")
    finally:
        layer.backend.reset()


def exchange_grey_levels(
    grey: tf.Tensor, probability: float, seed: int, moment: tf.Tensor
) -> tf.Tensor:
    """Give some scans of a batch the grey-level distribution of others in it.

    Histogram matching (Gonzalez and Woods, Digital Image Processing, section 3.3) on 256 levels,
    each scan with the one after it. The anatomy stays, the look changes.

    Args:
        grey: float32 (batch, height, width, 1) in [0, 255].
        probability: Of the exchange, for each scan.
        seed: Of the choice.
        moment: Number of the batch since training began.
    """
    levels = tf.cast(tf.clip_by_value(grey, 0, 255), tf.int32)
    flat = tf.reshape(levels, (tf.shape(levels)[0], -1))
    counts = tf.math.bincount(flat, minlength=256, maxlength=256, axis=-1)
    share = tf.cumsum(tf.cast(counts, tf.float32), axis=1) / tf.cast(tf.shape(flat)[1], tf.float32)
    other = tf.roll(share, shift=-1, axis=0)
    table = tf.searchsorted(other, tf.minimum(share, other[:, -1:]))
    matched = tf.reshape(tf.gather(table, flat, batch_dims=1), tf.shape(grey))
    drawn = tf.random.stateless_uniform(
        (tf.shape(grey)[0], 1, 1, 1), tf.stack([seed, tf.cast(moment, tf.int64)])
    )
    chosen = drawn < probability
    return tf.where(chosen, tf.cast(matched, tf.float32), grey)

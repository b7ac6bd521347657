"""Training scans made of two: mixup and cutmix. What is drawn depends on seed and batch alone."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

Mixing = Literal["mixup", "cutmix"]
_MIXED, _PLACED, _CROPPED = (n * 2**40 for n in (1, 2, 4))  # draws apart, and from others'
MIXUP, CUTMIX = 0.2, 1.0
"""Both parameters of the beta distribution of the shares, as in the two papers."""


def mix(
    kind: Mixing, grey: tf.Tensor, parts: tuple[tf.Tensor, ...], seed: int, moment: tf.Tensor
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Mix each scan of a batch with the one after it, and its targets likewise.

    Args:
        kind: `mixup`, a weighted mean of both (Zhang et al. 2018, arXiv:1710.09412, equation 1),
            or `cutmix`, a rectangle of the other (Yun et al. 2019, arXiv:1905.04899, equation 1).
        grey: float32 (batch, height, width, 1).
        parts: Targets of shape (batch, n_outputs) and, where they are weighted, weights (batch,).
        seed: Of the draws.
        moment: Number of the batch since training began.

    Returns:
        The scans, and each part as a mean of both, weighted by their share of the scan.
    """
    count = tf.shape(grey)[0]
    state = tf.stack([tf.cast(seed, tf.int64) + _MIXED, tf.cast(moment, tf.int64)])
    shape = MIXUP if kind == "mixup" else CUTMIX
    drawn = tf.random.stateless_gamma((2, count), state, shape)
    own = tf.math.divide_no_nan(drawn[0], drawn[0] + drawn[1])
    other = tf.roll(grey, shift=-1, axis=0)
    if kind == "mixup":
        weight = own[:, tf.newaxis, tf.newaxis, tf.newaxis]
        grey = weight * grey + (1 - weight) * other
    else:
        inside = _rectangles(
            1 - own,
            tf.shape(grey)[1],
            tf.shape(grey)[2],
            state + tf.constant([_PLACED, 0], tf.int64),
        )
        grey = tf.where(inside[..., tf.newaxis], other, grey)
        own = 1 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=[1, 2])
    return grey, tuple(_mean(part, own) for part in parts)


def _mean(part: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
    weight = tf.reshape(own, [-1] + [1] * (len(part.shape) - 1))
    return weight * part + (1 - weight) * tf.roll(part, shift=-1, axis=0)


def _rectangles(
    share: tf.Tensor, height: tf.Tensor, width: tf.Tensor, state: tf.Tensor
) -> tf.Tensor:
    """Rectangles of about that share of a scan and of its shape, anywhere, cut off at its edge."""
    centre = tf.random.stateless_uniform((2, tf.shape(share)[0]), state)
    masks = []
    for middle, side in zip(tf.unstack(centre), (height, width), strict=True):
        length = tf.cast(side, tf.float32)
        half = tf.sqrt(share) * length / 2
        place = tf.range(length)[tf.newaxis] + 0.5
        masks.append(tf.abs(place - (middle * length)[:, tf.newaxis]) < half[:, tf.newaxis])
    return masks[0][:, :, tf.newaxis] & masks[1][:, tf.newaxis, :]


def crop(grey: tf.Tensor, largest: float, seed: int, moment: tf.Tensor) -> tf.Tensor:
    """Cut each scan to a random part of the same shape, and enlarge it to what it was.

    Args:
        grey: float32 (batch, height, width, 1).
        largest: Share of each side that is cut off at most.
        seed: Of the draws.
        moment: As in `mix`.
    """
    count = tf.shape(grey)[0]
    state = tf.stack([tf.cast(seed, tf.int64) + _CROPPED, tf.cast(moment, tf.int64)])
    drawn = tf.random.stateless_uniform((3, count), state)
    lost = largest * drawn[0]
    corner = [drawn[1] * lost, drawn[2] * lost]
    boxes = tf.stack([*corner, *(first + 1 - lost for first in corner)], axis=1)
    return tf.image.crop_and_resize(grey, boxes, tf.range(count), tf.shape(grey)[1:3])

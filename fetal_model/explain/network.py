"""A classifier as an explanation takes it: trunk, head, what its outputs mean, and its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.graph import load_graph
from fetal_model.inference.head import Floats, Head, softmax
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.scan.preprocess import InputSpec
from fetal_model.store.versions import Version

if TYPE_CHECKING:
    import keras

Heat = NDArray[np.float32]
BATCH = 16
"""Scans in one pass of the trunk; more only takes memory."""


class Served(Protocol):
    """A version that answers, such as `fetal_model.predictor.Predictor`."""

    version: Version
    input: InputSpec
    outputs: Outputs
    head: Head
    trunk: Trunk


@dataclass(frozen=True)
class Network:
    """One classifier.

    Attributes:
        trunk: From preprocessed scans, float32 (n, height, width, 1), to features, float32
            (n, rows, columns, channels).
        head: From features to logits.
        outputs: Meaning of the logits.
        graph: Gives the Keras model, loaded when it is first asked for; it may not be changed.
    """

    trunk: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    head: Head
    outputs: Outputs
    graph: Callable[[], keras.Model]

    @classmethod
    def of(cls, served: Served) -> Network:
        """The network of a version that answers."""
        return cls(served.trunk, served.head, served.outputs, partial(load_graph, served.version))

    def features(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of one preprocessed scan of shape (height, width, 1)."""
        return self.trunk(pixels[np.newaxis])[0]

    def shares(self, scans: Iterator[NDArray[np.float32]], index: int) -> Floats:
        """An anatomy's share of the softmax over all outputs, at temperature 1.

        Args:
            scans: Preprocessed scans, each float32 (height, width, 1); at most `BATCH` of them are
                held at a time.
            index: Position of the anatomy in `anatomy.KEYS`.

        Returns:
            Shape (n,), in [0, 1]. Outputs that stand for other planes take their share, so that a
            scan without anything on it has a low one of every anatomy.
        """
        found: list[Floats] = []
        while batch := [scan for _, scan in zip(range(BATCH), scans, strict=False)]:
            pooled = [self.head.pool(one) for one in self.trunk(np.stack(batch))]
            logits = self.head.logits(np.stack(pooled))
            found.append(softmax(logits) @ self.outputs.membership[:, index])
        return np.concatenate(found) if found else np.empty(0)


Method = Callable[[Network, NDArray[np.float32], int], Heat]
"""What every explanation is: network, one preprocessed scan (height, width, 1), position of the
anatomy in `anatomy.KEYS`, to a map in [0, 1] on a grid of its own, shape (rows, columns), whose
cells divide the input evenly; its maximum is 1 unless nothing speaks for the anatomy, when it is 0
everywhere."""


def scaled(heat: NDArray[np.floating]) -> Heat:
    """Without what is below 0, and divided by its maximum where that is above 0.

    >>> scaled(np.array([[-1.0, 2.0, 4.0]])).tolist()
    [[0.0, 0.5, 1.0]]
    """
    kept = np.maximum(heat, 0)
    peak = kept.max()
    return (kept / peak if peak > 0 else kept).astype(np.float32)

"""The head of a classifier in NumPy: feature map to pooling, dropout and dense layers.

It is small and cheap, so everything that needs many passes or a gradient (Monte Carlo dropout,
Grad-CAM) happens here on one feature map, without TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pooling = Literal["average", "max2-average"]


@dataclass(frozen=True)
class Dense:
    """One dense layer and the dropout before it.

    Attributes:
        kernel: Weights of shape (n_inputs, n_outputs).
        bias: Shape (n_outputs,).
        relu: Whether a ReLU follows.
        dropout: Rate of the dropout on its input, 0 where there is none.
    """

    kernel: Floats
    bias: Floats
    relu: bool
    dropout: float


@dataclass(frozen=True)
class Head:
    """Pooling and dense layers that turn a feature map into logits.

    Attributes:
        pooling: `average` over the map, or `max2-average`: 2x2 max pooling first.
        layers: Dense layers in order; the last has no ReLU.
    """

    pooling: Pooling
    layers: tuple[Dense, ...]

    @property
    def has_dropout(self) -> bool:
        """Whether Monte Carlo dropout can be offered."""
        return any(layer.dropout > 0 for layer in self.layers)

    def pool(self, features: NDArray[np.floating]) -> Floats:
        """Pool a feature map of shape (height, width, channels) to (channels,)."""
        maps = np.asarray(features, dtype=np.float64)
        if self.pooling == "max2-average":
            rows, columns, channels = maps.shape
            maps = maps[: rows // 2 * 2, : columns // 2 * 2]
            maps = maps.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))
        return maps.mean(axis=(0, 1))

    def logits(self, pooled: Floats) -> Floats:
        """Deterministic logits, shape (n_outputs,) for `pooled` of shape (channels,)."""
        x = pooled
        for layer in self.layers:
            x = x @ layer.kernel + layer.bias
            if layer.relu:
                x = np.maximum(x, 0)
        return x

    def sample_logits(self, pooled: Floats, samples: int, rng: np.random.Generator) -> Floats:
        """Logits under `samples` dropout masks, shape (samples, n_outputs).

        Inverted dropout, as Keras applies it in training: what is kept is scaled by 1 / (1 - rate).
        """
        x = np.broadcast_to(pooled, (samples, pooled.size))
        for layer in self.layers:
            if layer.dropout > 0:
                keep = rng.random(x.shape) >= layer.dropout
                x = np.where(keep, x / (1 - layer.dropout), 0)
            x = x @ layer.kernel + layer.bias
            if layer.relu:
                x = np.maximum(x, 0)
        return x

    def gradient(self, pooled: Floats, direction: Floats) -> Floats:
        """Gradient of `direction . logits` by the pooled features.

        Args:
            pooled: Shape (channels,).
            direction: Weight of each logit, shape (n_outputs,).

        Returns:
            Shape (channels,), in closed form by the chain rule through the dense layers.
        """
        masks, x = [], pooled
        for layer in self.layers:
            x = x @ layer.kernel + layer.bias
            masks.append(x > 0 if layer.relu else np.ones_like(x, dtype=bool))
            x = np.where(masks[-1], x, 0)
        gradient = direction
        for layer, active in zip(reversed(self.layers), reversed(masks), strict=True):
            gradient = layer.kernel @ (gradient * active)
        return gradient

    def save(self, path: Path) -> None:
        """Write the head as a NumPy archive without pickled objects."""
        arrays: dict[str, NDArray[np.generic]] = {"pooling": np.array(self.pooling)}
        for index, layer in enumerate(self.layers):
            arrays[f"kernel_{index}"] = layer.kernel.astype(np.float32)
            arrays[f"bias_{index}"] = layer.bias.astype(np.float32)
            arrays[f"relu_{index}"] = np.array(layer.relu)
            arrays[f"dropout_{index}"] = np.array(layer.dropout)
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read what `save` wrote.

        Raises:
            ValueError: The file is not such an archive.
        """
        with np.load(path, allow_pickle=False) as archive:
            count = sum(name.startswith("kernel_") for name in archive.files)
            pooling: Any = str(archive["pooling"]) if "pooling" in archive.files else "none"
            if not count or pooling not in get_args(Pooling):
                raise ValueError(
                    f"{path}: expected a head with dense layers and one of {get_args(Pooling)}, "
                    f"found pooling {pooling!r} and the arrays {archive.files}"
                )
            layers = tuple(
                Dense(
                    archive[f"kernel_{i}"].astype(np.float64),
                    archive[f"bias_{i}"].astype(np.float64),
                    bool(archive[f"relu_{i}"]),
                    float(archive[f"dropout_{i}"]),
                )
                for i in range(count)
            )
        return cls(pooling, layers)


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis, stable for large logits.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)

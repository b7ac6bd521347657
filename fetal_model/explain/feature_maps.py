"""What each layer of a version's network is, and what it makes of a scan.

TensorFlow is imported when one of these is first used, never by importing this module.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.graph import ONE_AT_A_TIME, load_graph
from fetal_model.explain.overlay import colours, fit_screen
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import Version

_SMALLEST_SIDE = 224
"""Of a picture, in pixels: coarser maps are enlarged without blurring, so that a cell is a cell."""
_TILE, _CAPTION, _UNITS_IN_A_ROW = 224, 20, 16
"""Of a sheet: longest side of a map and height of its caption, in pixels; units side by side."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes:
        name: Unique in the network.
        kind: Its Keras class, such as `Conv2D`.
        shape: Of its output for one scan: (rows, columns, channels) or (units,); None where it
            depends on the scan.
        parameters: Number of its weights.
        trainable: Of them, moved by training; the rest are statistics or frozen.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    trainable: int

    @property
    def dimensions(self) -> str:
        """Such as `28 x 36 x 64`, or `any` where a side depends on the scan."""
        return " x ".join("any" if side is None else str(side) for side in self.shape)


def list_layers(version: Version) -> tuple[Layer, ...]:
    """The layers of a version's network from input to output.

    Raises:
        VersionError: Its `model.keras` is missing or has changed.
    """
    with ONE_AT_A_TIME:
        model = load_graph(version)
        return tuple(
            Layer(
                layer.name,
                type(layer).__name__,
                tuple(layer.output.shape[1:]),
                layer.count_params(),
                sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights),
            )
            for layer in model.layers
        )


def feature_maps(version: Version, scan: Scan, layer: str) -> NDArray[np.float32]:
    """What one layer makes of a scan.

    Args:
        version: Its `model.keras` is checked by hash before it is loaded.
        scan: As `read_scan` returns it.
        layer: Name of the layer.

    Returns:
        float32 of shape (channels, rows, columns), or (units,) for a layer without maps.

    Raises:
        ValueError: There is no such layer.
        VersionError: The file is missing or has changed.
    """
    batch, _ = preprocess(scan, InputSpec.from_dict(version.metadata["input"]))
    with ONE_AT_A_TIME:
        model = load_graph(version)
        names = [entry.name for entry in model.layers]
        if layer not in names:
            raise ValueError(f"layer: expected one of {', '.join(names)}, received {layer!r}")
        import keras

        probe = keras.Model(model.input, model.get_layer(layer).output)
        values = np.asarray(probe(batch[np.newaxis], training=False), dtype=np.float32)[0]
    return np.moveaxis(values, -1, 0)


def most_varied(maps: NDArray[np.float32]) -> list[int]:
    """Channels by how much their map varies over the scan, most first.

    Args:
        maps: Shape (channels, rows, columns).
    """
    spread = maps.reshape(len(maps), -1).std(axis=1)
    return np.argsort(-spread, kind="stable").tolist()


def picture(map_: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in the overlay's colours, from its least value to its most; black where it is constant.

    Args:
        map_: Shape (rows, columns).

    Returns:
        RGB, uint8 of shape (height, width, 3).
    """
    low, high = float(map_.min()), float(map_.max())
    level = (map_ - low) / (high - low) if high > low else np.zeros_like(map_)
    factor = max(1, -(-_SMALLEST_SIDE // min(map_.shape)))
    size = (map_.shape[1] * factor, map_.shape[0] * factor)
    enlarged = cv2.resize(colours(level), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(enlarged, dtype=np.uint8)


def sheet(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Every map of a layer with its channel number, those that vary most first.

    Args:
        values: As `feature_maps` returns them. Units without maps become the cells of one map, in
            their order and on one scale, in rows of `_UNITS_IN_A_ROW`.

    Returns:
        RGB, uint8 of shape (height, width, 3).
    """
    if values.ndim == 1:
        rows = -(-len(values) // _UNITS_IN_A_ROW)
        padded = np.full(rows * min(len(values), _UNITS_IN_A_ROW), values.min(), np.float32)
        padded[: len(values)] = values
        return picture(padded.reshape(rows, -1))
    tiles = []
    for channel in most_varied(values):
        tile = fit_screen(picture(values[channel]), _TILE)
        framed = np.pad(tile, ((_CAPTION, 4), (2, 2), (0, 0)))
        place, font = (4, _CAPTION - 5), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(framed, str(channel + 1), place, font, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
        tiles.append(framed)
    columns = math.ceil(math.sqrt(len(tiles)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    lines = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(lines)


def write_sheet(path: Path, values: NDArray[np.float32]) -> None:
    """Write `sheet` as PNG, beside its place first and then renamed."""
    png = cv2.imencode(".png", cv2.cvtColor(sheet(values), cv2.COLOR_RGB2BGR))[1]
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.write_bytes(png.tobytes())
    beside.replace(path)

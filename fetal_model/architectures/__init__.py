"""Networks as short functions that return a flat functional `keras.Model`: trunk, then head.

In every one the layer named `features` ends the trunk (scan to feature map); what follows is the
head (pooling, dropout, dense). Nested models are not used: no explanation method can see into them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from fetal_model.architectures.seed_cnn import seed_cnn
from fetal_model.architectures.sononet import sononet

ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {"seed_cnn": seed_cnn, "sononet": sononet}


def build(name: str, **options: Any) -> keras.Model:
    """Build the architecture called `name` with the options of its function.

    Raises:
        ValueError: No architecture has that name.
    """
    if name not in ARCHITECTURES:
        raise ValueError(
            f"architecture: expected one of {', '.join(ARCHITECTURES)}, received {name!r}"
        )
    return ARCHITECTURES[name](**options)


def trunk_of(model: keras.Model) -> keras.Model:
    """The part of `model` from its input to the feature map, sharing its weights."""
    return keras.Model(model.input, model.get_layer("features").output, name=f"{model.name}_trunk")


def head_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers of `model` after the feature map, in order."""
    names = [layer.name for layer in model.layers]
    return list(model.layers[names.index("features") + 1 :])

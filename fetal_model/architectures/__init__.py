"""Networks as short functions that return a flat functional `keras.Model`: trunk, then head.

In every one the layer named `features` ends the trunk (scan to feature map); what follows is the
head (pooling, dropout, dense). Nested models are not used: no explanation method can see into them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import keras

from fetal_model.architectures.backbones import backbone
from fetal_model.architectures.seed_cnn import seed_cnn
from fetal_model.architectures.sononet import sononet

ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "seed_cnn": seed_cnn,
    "sononet": sononet,
    "backbone": backbone,
}


def build(name: str, **options: Any) -> keras.Model:
    """Build the architecture called `name` with the options of its function.

    Raises:
        ValueError: No architecture has that name, or it has no such option.
    """
    check_options(name, options)
    return ARCHITECTURES[name](**options)


def check_options(name: str, options: Collection[str]) -> None:
    """See to it that an architecture and its options exist, without building it.

    Raises:
        ValueError: One does not.
    """
    if name not in ARCHITECTURES:
        raise ValueError(
            f"architecture: expected one of {', '.join(ARCHITECTURES)}, received {name!r}"
        )
    known = inspect.signature(ARCHITECTURES[name]).parameters
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(
            f"options of {name}: expected some of {', '.join(known)}, received {', '.join(unknown)}"
        )


def trunk_of(model: keras.Model) -> keras.Model:
    """The part of `model` from its input to the feature map, sharing its weights."""
    return keras.Model(model.input, model.get_layer("features").output, name=f"{model.name}_trunk")


def head_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers of `model` after the feature map, in order."""
    names = [layer.name for layer in model.layers]
    return list(model.layers[names.index("features") + 1 :])

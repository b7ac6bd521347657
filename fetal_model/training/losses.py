"""What training makes small, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from fetal_model.training.recipe import Recipe

Loss = Callable[[Any, Any], Any]
"""Of truth and answers, each of shape (n, n_outputs), for each scan, shape (n,)."""
FOCUS = 2.0
"""Power of the focal loss (Lin et al. 2017, arXiv:1708.02002, equation 4)."""


def group_cross_entropy(y_true: Any, y_pred: Any) -> Any:
    """Negative log of the predicted mass on the outputs that `y_true` marks with 1, shape (n,)."""
    mass = ops.sum(y_true * y_pred, axis=-1)
    return -ops.log(ops.maximum(mass, keras.backend.epsilon()))


def group_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the most probable output is one that `y_true` marks with 1, shape (n,)."""
    best = ops.argmax(y_pred, axis=-1, keepdims=True)
    return ops.take_along_axis(y_true, best, axis=-1)[..., 0]


def loss_of(recipe: Recipe) -> Loss:
    """The loss of a recipe."""
    smoothing = recipe.training.label_smoothing

    def focal(y_true: Any, y_pred: Any) -> Any:
        return keras.losses.categorical_focal_crossentropy(
            y_true, y_pred, alpha=1.0, gamma=FOCUS, label_smoothing=smoothing
        )

    def cross_entropy(y_true: Any, y_pred: Any) -> Any:
        return keras.losses.categorical_crossentropy(y_true, y_pred, label_smoothing=smoothing)

    if recipe.training.loss == "focal":
        return focal
    # a target that is shared out is no group of outputs
    if smoothing or recipe.augmentation.mixing != "none":
        return cross_entropy
    return group_cross_entropy

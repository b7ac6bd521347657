"""Vector scaling (Guo et al. 2017, arXiv:1706.04599): a scale and an offset for each anatomy.

It mends what one temperature cannot: an anatomy that is answered too often, or too surely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fetal_model.inference.head import Floats, softmax
from fetal_model.inference.outputs import Outputs

SCALE_DEVIATION = 0.5
OFFSET_DEVIATION = 1.0
"""How far, as standard deviations of a Gaussian prior around temperature scaling, the logarithm of
a scale and an offset are expected to lie. A class of a handful of scans would otherwise be fitted
to the letter; of thousands, the prior is forgotten."""


@dataclass(frozen=True, eq=False)
class VectorScaling:
    """Scaled group logits: softmax(scale * z + offset).

    Attributes:
        outputs: Meaning of the network's outputs, with its temperature.
        scale: Positive, shape (4,).
        offset: Shape (4,), sums to 0: what is added to all four changes nothing.
    """

    outputs: Outputs
    scale: Floats
    offset: Floats

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities, shape (..., 4), for `logits` of shape (..., n_outputs)."""
        return softmax(self.scale * _centred(logits, self.outputs) + self.offset)


def fit_vector_scaling(
    logits: Floats, labels: NDArray[np.int64], outputs: Outputs
) -> VectorScaling:
    """Fit scales and offsets that minimise the penalised negative log-likelihood.

    Args:
        logits: Shape (n, n_outputs).
        labels: Position in `anatomy.KEYS`, or -1 for another plane, shape (n,); those take no part.
        outputs: Meaning of the outputs, with the temperature that was fitted before.

    Raises:
        ValueError: There is no scan of the four planes.
    """
    within = labels >= 0
    if not within.any():
        raise ValueError("calibration: expected scans of the four planes, received none")
    centred = _centred(logits[within], outputs)
    truth = np.eye(4)[labels[within]]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        log_scale, offset = parameters[:4], parameters[4:]
        scaled = np.exp(log_scale) * centred
        found = softmax(scaled + offset)
        right = (found * truth).sum(axis=1)
        excess = found - truth
        value = (
            -np.log(np.maximum(right, 1e-300)).sum()
            + np.square(log_scale / SCALE_DEVIATION).sum() / 2
            + np.square(offset / OFFSET_DEVIATION).sum() / 2
        )
        slope = np.concatenate(
            [
                (excess * scaled).sum(axis=0) + log_scale / SCALE_DEVIATION**2,
                excess.sum(axis=0) + offset / OFFSET_DEVIATION**2,
            ]
        )
        return float(value), slope

    best = minimize(loss, np.zeros(8), jac=True, method="L-BFGS-B").x
    return VectorScaling(outputs, np.exp(best[:4]), best[4:] - best[4:].mean())


def _centred(logits: Floats, outputs: Outputs) -> Floats:
    """Group logits as the temperature leaves them, less their mean.

    A softmax does not see their mean, but a scale for each anatomy would.
    """
    warmed = outputs.group_logits(logits / outputs.temperature)
    return warmed - warmed.mean(axis=-1, keepdims=True)

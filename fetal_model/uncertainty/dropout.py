"""Monte Carlo dropout (Gal and Ghahramani 2016, arXiv:1506.02142) on one pooled feature vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fetal_model.inference.head import Floats, Head
from fetal_model.inference.outputs import Outputs
from fetal_model.uncertainty.measures import mutual_information, predictive_entropy


@dataclass(frozen=True)
class DropoutSamples:
    """Summary of the sampled probabilities.

    Attributes:
        mean: Mean probability of each anatomy, shape (4,), sums to 1.
        standard_deviation: Shape (4,), in [0, 0.5].
        predictive_entropy: In nats, in [0, log 4]; see `measures`.
        mutual_information: In nats; see `measures`.
        samples: Number of dropout masks.
    """

    mean: Floats
    standard_deviation: Floats
    predictive_entropy: float
    mutual_information: float
    samples: int


def sample_dropout(
    head: Head, outputs: Outputs, pooled: Floats, samples: int, rng: np.random.Generator
) -> DropoutSamples:
    """Sample the head's dropout.

    Args:
        head: A head with dropout.
        outputs: Meaning of its outputs.
        pooled: Pooled features, shape (channels,).
        samples: Number of masks, at least 1.
        rng: Source of the masks.

    Raises:
        ValueError: The head has no dropout, or `samples` is below 1.
    """
    if not head.has_dropout:
        raise ValueError("Monte Carlo dropout: expected a head with a dropout layer, found none")
    if samples < 1:
        raise ValueError(f"samples: expected at least 1, received {samples}")
    drawn = outputs.probabilities(head.sample_logits(pooled, samples, rng))
    of_one = drawn[:, np.newaxis]
    return DropoutSamples(
        drawn.mean(axis=0),
        drawn.std(axis=0),
        float(predictive_entropy(of_one)[0]),
        float(mutual_information(of_one)[0]),
        samples,
    )

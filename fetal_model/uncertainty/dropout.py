"""Monte Carlo dropout (Gal and Ghahramani 2016, arXiv:1506.02142) on one pooled feature vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from fetal_model.inference.head import Floats, Head
from fetal_model.inference.outputs import Outputs


@dataclass(frozen=True)
class DropoutSamples:
    """Summary of the sampled probabilities.

    Attributes:
        mean: Mean probability of each anatomy, shape (4,), sums to 1.
        standard_deviation: Shape (4,), in [0, 0.5].
        predictive_entropy: Entropy of the mean, in nats, in [0, log 4].
        mutual_information: Predictive entropy less the mean entropy of the samples, in nats
            (BALD; Houlsby et al. 2011, arXiv:1112.5745, equation 2).
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
    mean = drawn.mean(axis=0)
    predictive = entropy(mean)
    information = predictive - float(entr(drawn).sum(axis=-1).mean())
    return DropoutSamples(mean, drawn.std(axis=0), predictive, max(information, 0.0), samples)


def entropy(probabilities: Floats) -> float:
    """Shannon entropy of a distribution, in nats; 0 log 0 counts as 0.

    >>> round(entropy(np.array([0.5, 0.5, 0.0, 0.0])), 6)
    0.693147
    """
    return float(entr(probabilities).sum())

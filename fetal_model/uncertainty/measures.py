"""How unsure sampled probabilities are: one number a scan, whichever method drew the samples.

Every function takes probabilities of shape (samples, n, classes), each distribution summing to 1,
and returns one value for each scan, shape (n,). A method that draws nothing gives one sample.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import entr

from fetal_model.inference.head import Floats


def confidence(sampled: Floats) -> Floats:
    """Highest mean probability, in [1 / classes, 1]; higher: surer."""
    return sampled.mean(axis=0).max(axis=-1)


def margin(sampled: Floats) -> Floats:
    """Mean probability of the best class less that of the second, in [0, 1]; higher: surer."""
    second, first = np.moveaxis(np.sort(sampled.mean(axis=0), axis=-1)[..., -2:], -1, 0)
    return first - second


def predictive_entropy(sampled: Floats) -> Floats:
    """Entropy of the mean, in nats, in [0, log classes]; higher: less sure."""
    return _entropies(sampled.mean(axis=0))


def mutual_information(sampled: Floats) -> Floats:
    """What the samples disagree about, in nats; higher: less sure.

    Predictive entropy less the mean entropy of the samples (BALD; Houlsby et al. 2011,
    arXiv:1112.5745, equation 2): in [0, predictive entropy], and 0 for one sample.
    """
    # rounding can take it just below nothing
    return np.maximum(predictive_entropy(sampled) - _entropies(sampled).mean(axis=0), 0.0)


def variation_ratio(sampled: Floats) -> Floats:
    """Share of samples whose answer is not the most frequent one; higher: less sure.

    Freeman 1965, "Elementary applied statistics"; in [0, 1 - 1 / classes], and 0 for one sample.
    """
    votes = np.eye(sampled.shape[-1])[sampled.argmax(axis=-1)]
    return 1 - votes.mean(axis=0).max(axis=-1)


def entropy(probabilities: Floats) -> float:
    """Shannon entropy of one distribution, in nats; 0 log 0 counts as 0.

    >>> round(entropy(np.array([0.5, 0.5, 0.0, 0.0])), 6)
    0.693147
    """
    return float(_entropies(probabilities))


def _entropies(probabilities: Floats) -> Floats:
    return np.asarray(entr(probabilities).sum(axis=-1))


MEASURES: dict[str, Callable[[Floats], Floats]] = {
    "confidence": lambda sampled: 1 - confidence(sampled),
    "margin": lambda sampled: 1 - margin(sampled),
    "predictive entropy": predictive_entropy,
    "mutual information": mutual_information,
    "variation ratio": variation_ratio,
}
"""Measures by name, each turned so that higher means less sure."""

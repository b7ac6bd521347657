"""Score-CAM (Wang et al. 2020, arXiv:1910.01279) on the exported trunk and the NumPy head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from fetal_model.explain.network import Heat, Network, scaled

MAPS = 10
"""Feature maps that are tried, those that vary most; each costs one pass of the trunk."""


def score_cam(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
    """Feature maps weighed by how probable the anatomy is where only they let the scan through.

    Choosing the maps with the greatest spread is tf-keras-vis's way to make it affordable, and the
    result equals that library's.

    Args:
        network: What to explain.
        pixels: One preprocessed scan, float32 (height, width, 1).
        index: Position of the anatomy in `anatomy.KEYS`.

    Returns:
        On the feature grid, as every `network.Method`.
    """
    features = network.features(pixels)
    spread = features.std(axis=(0, 1))
    maps = features[..., np.argsort(-spread, kind="stable")[:MAPS]]
    factors = np.divide(pixels.shape[:2], maps.shape[:2])
    masks = (
        zoom(maps[..., channel], factors, order=1, mode="nearest")
        for channel in range(maps.shape[-1])
    )
    masked = (
        pixels * ((mask - mask.min()) / (np.ptp(mask) + 1e-7))[..., np.newaxis] for mask in masks
    )
    return scaled(maps @ network.shares(masked, index))

"""All explanations by the name a reader sees, and the one call that explains a scan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.explain.grad_cam_plus_plus import grad_cam_plus_plus
from fetal_model.explain.graph import ONE_AT_A_TIME
from fetal_model.explain.layer_cam import layer_cam
from fetal_model.explain.network import Heat, Method, Network, Served
from fetal_model.explain.occlusion import occlusion
from fetal_model.explain.score_cam import score_cam
from fetal_model.explain.smooth_grad import smooth_grad
from fetal_model.inference.head import Head
from fetal_model.inference.outputs import Outputs
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import place, preprocess


def _of_features(
    closed_form: Callable[[NDArray[np.float32], Head, Outputs, int], Heat],
) -> Method:
    def method(network: Network, pixels: NDArray[np.float32], index: int) -> Heat:
        return closed_form(network.features(pixels), network.head, network.outputs, index)

    return method


METHODS: dict[str, Method] = {
    "Grad-CAM": _of_features(grad_cam),
    "Grad-CAM++": _of_features(grad_cam_plus_plus),
    "LayerCAM": _of_features(layer_cam),
    "Score-CAM": score_cam,
    "SmoothGrad": smooth_grad,
    "Occlusion": occlusion,
}
SLOW = ("Score-CAM", "SmoothGrad", "Occlusion")
"""Those that cost many passes of the network, not one."""


def explain(method: str, served: Served, scan: Scan, key: str) -> Heat:
    """Where a version sees one anatomy in a scan, by one of `METHODS`.

    Args:
        method: Name in `METHODS`.
        served: The version; `SmoothGrad` loads its `model.keras`, which is checked by hash.
        scan: As `read_scan` returns it.
        key: The anatomy, one of `anatomy.KEYS`.

    Returns:
        float32 in [0, 1] of shape (height, width) on the uncropped scan; 0 everywhere where
        nothing speaks for the anatomy.

    Raises:
        ValueError: No such method or anatomy.
        VersionError: The file is missing or has changed.
    """
    if method not in METHODS or key not in KEYS:
        raise ValueError(
            f"explain: expected one of {', '.join(METHODS)} for one of {', '.join(KEYS)}, "
            f"received {method!r} for {key!r}"
        )
    pixels, region = preprocess(scan, served.input)
    with ONE_AT_A_TIME:
        heat = METHODS[method](Network.of(served), pixels, KEYS.index(key))
    return place(heat, region, scan.pixels.shape)

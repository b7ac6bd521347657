"""The scan with its Grad-CAM, as pixels and as a PNG file."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.explain.overlay import overlay
from fetal_model.predictor import Finding
from fetal_model.scan import Scan

OPACITY = 0.6
METHOD = "Grad-CAM"


def overlay_picture(scan: Scan, finding: Finding) -> NDArray[np.uint8]:
    """The scan at its own size with the Grad-CAM of the most probable anatomy.

    Returns:
        RGB, uint8 of shape (height, width, 3).
    """
    return overlay(scan.display, finding.heatmap(), OPACITY)


def overlay_png(scan: Scan, finding: Finding) -> bytes:
    """The same as a PNG file."""
    picture = cv2.cvtColor(overlay_picture(scan, finding), cv2.COLOR_RGB2BGR)
    # not imwrite, which says nothing when it fails and cannot write every file name
    encoded: Any = cv2.imencode(".png", picture)[1]
    return bytes(encoded.tobytes())

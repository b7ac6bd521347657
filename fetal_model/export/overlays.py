"""The scan with its Grad-CAM, as pixels and as a PNG file."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fetal_model.explain.overlay import overlay
from fetal_model.export.entry import PROGRAM, provenance
from fetal_model.predictor import Finding
from fetal_model.scan import Scan
from fetal_model.store.versions import Version

OPACITY = 0.6
METHOD = "Grad-CAM"


def overlay_picture(scan: Scan, finding: Finding) -> NDArray[np.uint8]:
    """The scan at its own size with the Grad-CAM of the most probable anatomy.

    Returns:
        RGB, uint8 of shape (height, width, 3).
    """
    return overlay(scan.display, finding.heatmap(), OPACITY)


def overlay_png(scan: Scan, finding: Finding, version: Version) -> bytes:
    """The same as a PNG file, whose text chunks say where it comes from."""
    texts = PngInfo()
    texts.add_text("Software", PROGRAM)
    texts.add_text("Description", f"{METHOD} of {finding.anatomy.key}")
    texts.add_text("Comment", provenance(finding, version))
    file = io.BytesIO()
    picture = Image.fromarray(overlay_picture(scan, finding))
    picture.save(file, format="PNG", pnginfo=texts, compress_level=3)
    return file.getvalue()

"""What blanking around the picture removes and costs, and what the standard's profile names.

Writes `docs/results/deidentification.json`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.datadict import DicomDictionary
from pydicom.tag import Tag

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.deidentify.profile import named
from fetal_model.evaluation.results import RESULTS
from fetal_model.phantom import simulate
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.annotations import find_annotations
from fetal_model.store.versions import write_text

PER_ANATOMY = 10
FIRST_SEED = 985_000
MARGIN = 140
"""Columns of black beside a simulated picture, as on a scanner's screen."""
SHOWN, TISSUE = 40, 20
"""Grey of 255 from which on a letter can be read, and from which on tissue is seen."""
TEXT_LIKE = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"}
)
LINES = ("DOE^JANE", "12.04.1987", "ID 70351264", "St. Mary")
FACES = {"simplex": cv2.FONT_HERSHEY_SIMPLEX, "complex": cv2.FONT_HERSHEY_COMPLEX}


def main() -> None:
    """Measure and write."""
    result = {"profile": profile(), "simulated": simulated(), "real": real()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_text(RESULTS / "deidentification.json", json.dumps(result, indent=2) + "\n")


def profile() -> dict[str, int]:
    """How many text-like elements the standard has, and how many its profile names."""
    tags = [
        Tag(tag) for tag, entry in DicomDictionary.items()
        if entry[0] in TEXT_LIKE and tag >> 16 not in (0, 2)
    ]  # fmt: skip
    return {"text_elements": len(tags), "named": sum(named(tag) is not None for tag in tags)}


def simulated() -> dict[str, Any]:
    """Words in the corners of simulated screens: which stay readable, what tissue goes."""
    left: dict[str, int] = defaultdict(int)
    words = 0
    lost = []
    for key in KEYS:
        for number in range(PER_ANATOMY):
            image = simulate(key, FIRST_SEED + number, annotations=False).image
            bare = np.pad(image, ((0, 0), (MARGIN, MARGIN)))
            words += len(LINES)
            for look in (*FACES, "smooth", "smooth, JPEG"):
                written, places = write(bare, look)
                shown, _ = blank_burned_in(Scan.from_array(written / 255, "screen"))
                grey = shown.display[:, :, 0]
                left[look] += sum(bool((grey[place] > SHOWN).any()) for place in places)
                tissue = bare > TISSUE
                lost.append(float((tissue & (grey == 0) & (written > TISSUE)).sum() / tissue.sum()))
    return {
        "scans": len(KEYS) * PER_ANATOMY, "words": words, "left": dict(left),
        "tissue_lost_mean": float(np.mean(lost)), "tissue_lost_most": float(np.max(lost)),
    }  # fmt: skip


def write(
    bare: NDArray[np.uint8], look: str
) -> tuple[NDArray[np.uint8], list[tuple[slice, slice]]]:
    """A word in each corner, and where each is."""
    height, width = bare.shape
    spots = ((4, 8), (width - 122, 8), (4, height - 24), (width - 122, height - 24))
    picture = Image.fromarray(bare)
    font = ImageFont.load_default(16)
    image = bare.copy()
    for text, (x, y) in zip(LINES, spots, strict=True):
        if look in FACES:
            cv2.putText(image, text, (x, y + 14), FACES[look], 0.45, 220, 1, cv2.LINE_AA)
        else:
            ImageDraw.Draw(picture).text((x, y), text, 220, font=font)
    if look not in FACES:
        image = np.asarray(picture).copy()
    if look.endswith("JPEG"):
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return image, [(slice(y, y + 20), slice(x, x + 118)) for x, y in spots]


def real() -> list[dict[str, Any]]:
    """Of real scans, the share of what is shown, and was not found to be drawn, that goes."""
    lost: dict[str, list[float]] = defaultdict(list)
    for record in read_real_scans(shared_folder() / "real_scans", "validation"):
        scan = read_scan(record.file)
        tissue = (scan.display.max(axis=2) > SHOWN) & ~find_annotations(scan.pixels).drawn
        shown = blank_burned_in(scan)[0].display.max(axis=2) > 0
        lost[record.label].append(float((tissue & ~shown).sum() / max(1, tissue.sum())))
    return [
        {"label": label, "scans": len(shares), "median": float(np.median(shares)),
         "95th": float(np.percentile(shares, 95)), "most": float(np.max(shares))}
        for label, shares in sorted(lost.items())
    ]  # fmt: skip

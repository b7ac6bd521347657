"""What writing on a scan does to the answer of the version in service, before and after masking.

On simulated scans without annotation, so that what is drawn and what is tissue is known. The fonts
are not those of the simulator.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks import write_rows
from fetal_model.anatomy import ANATOMIES, KEYS
from fetal_model.phantom import simulate
from fetal_model.phantom.screen import Annotations
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan
from fetal_model.scan.annotations import find_annotations
from fetal_model.scan.preprocess import preprocess

SCANS = 200
FIRST_SEED = 940_000
"""Far from the seeds of any training set."""
Grey = NDArray[np.uint8]
Draw = Callable[[Grey, np.random.Generator, str], None]
FONTS = (
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
WORDS = {
    "brain": ("Fetal brain", "BPD", "Neuro", "TCD 21.3mm", "LV"),
    "abdomen": ("Abdomen", "AC 28.1cm", "Stomach", "GB", "UV"),
    "femur": ("Femur", "FL 54.0mm", "2+3. Trim.", "Long bones", "HL"),
    "thorax": ("Cardiac", "Fetal heart", "4CH", "LVOT", "RV LV"),
}
"""What a reader or a preset writes on a scan of each anatomy."""
_DRAWN = 40
"""Grey levels by which a pixel must have changed to count as drawn on."""


def write(image: Grey, rng: np.random.Generator, text: str, place: tuple[int, int]) -> None:
    """Write in place, in a face of OpenCV's or of Pillow's own, at least 9 pixels tall."""
    grey = int(rng.integers(150, 256))
    face = int(rng.integers(len(FONTS) + 3))
    if face < len(FONTS):
        size = float(rng.uniform(0.9, 1.4) if face == 0 else rng.uniform(0.4, 0.8))
        cv2.putText(
            image, text, place, FONTS[face], size, grey, int(rng.integers(1, 3)), cv2.LINE_AA
        )
        return
    picture = Image.fromarray(image)
    font = ImageFont.load_default(float(rng.uniform(10, 26)))
    ImageDraw.Draw(picture).text(place, text, grey, font=font, anchor="ls")
    image[:] = np.asarray(picture)


def corner(image: Grey, rng: np.random.Generator, other: str) -> None:
    """The preset of another anatomy and settings, in a corner."""
    height, width = image.shape
    left = int(rng.choice([6, width - 150]))
    top = int(rng.choice([18, height - 60]))
    for line in range(int(rng.integers(1, 4))):
        text = str(rng.choice(WORDS[other])) if line == 0 else f"{rng.integers(10, 99)}Hz"
        write(image, rng, text, (left, top + 20 * line))


def within(image: Grey, rng: np.random.Generator, other: str) -> None:
    """Words of another anatomy on the tissue."""
    height, width = image.shape
    for text in rng.permutation(WORDS[other])[: int(rng.integers(1, 5))]:
        place = rng.uniform((0.2, 0.2), (0.7, 0.85)) * (width, height)
        write(image, rng, str(text), (int(place[0]), int(place[1])))


def calipers(image: Grey, rng: np.random.Generator, other: str) -> None:
    """One or two measurements: crosses, dots between them, a letter or a number at the end."""
    height, width = image.shape
    for number in range(int(rng.integers(1, 3))):
        grey = int(rng.integers(170, 256))
        ends = rng.uniform((0.25, 0.25), (0.75, 0.8), (2, 2)) * (width, height)
        kind = int(rng.choice([cv2.MARKER_CROSS, cv2.MARKER_TILTED_CROSS]))
        for x, y in ends.round().astype(int).tolist():
            cv2.drawMarker(image, (x, y), grey, kind, int(rng.integers(9, 15)), 1)
        for share in np.linspace(0, 1, int(np.hypot(*(ends[0] - ends[1])) / 5) + 2)[1:-1]:
            x, y = np.round(ends[0] + share * (ends[1] - ends[0])).astype(int)
            image[y, x] = grey
        x, y = ends[1].round().astype(int).tolist()
        write(image, rng, str(number + 1), (x + 9, y + 4))


def everything(image: Grey, rng: np.random.Generator, other: str) -> None:
    """All of the above on one scan."""
    for draw in (corner, within, calipers):
        draw(image, rng, other)


ATTACKS: dict[str, Draw] = {
    "corner": corner,
    "within": within,
    "calipers": calipers,
    "everything": everything,
}


def attacked(number: int) -> tuple[str, dict[str, Grey]]:
    """One scan without annotation, `bare`, and under every attack; and what it shows."""
    key = KEYS[number % len(KEYS)]
    seed = FIRST_SEED + number
    bare = simulate(key, seed, annotations=False).image
    pictures = {"bare": bare, "scanner": simulate(key, seed, annotations=Annotations()).image}
    for index, (name, draw) in enumerate(ATTACKS.items()):
        rng = np.random.default_rng([seed, index])
        other = str(rng.choice([k for k in KEYS if k != key]))
        pictures[name] = bare.copy()
        draw(pictures[name], rng, other)
    return key, pictures


def answer(predictor: Predictor, scan: Scan, masked: bool) -> str:
    """The key of the most probable anatomy."""
    spec = replace(predictor.input, annotations="taken away" if masked else "kept")
    pixels, _ = preprocess(scan, spec)
    pooled = predictor.head.pool(predictor.trunk(pixels[np.newaxis])[0])
    shares = predictor.outputs.probabilities(predictor.head.logits(pooled))
    return ANATOMIES[int(shares.argmax())].key


def measure(predictor: Predictor, number: int) -> list[dict[str, Any]]:
    """One row an attack, the scan without annotation among them."""
    key, pictures = attacked(number)
    bare = pictures["bare"]
    fan = find_annotations(bare.astype(np.float32) / 255).fan
    plain = answer(predictor, Scan.from_array(bare.astype(np.float32) / 255, "bare"), False)
    rows = []
    for name, picture in pictures.items():
        scan = Scan.from_array(picture.astype(np.float32) / 255, name)
        found = find_annotations(scan.pixels)
        drawn = np.abs(picture.astype(int) - bare) > _DRAWN
        gone = found.drawn | found.hidden
        tissue = fan & ~cv2.dilate(drawn.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        shown = tissue & (bare > 0)
        rows.append(
            {
                "scan": f"{key}-{FIRST_SEED + number}",
                "label": key,
                "attack": name,
                "answer_bare": plain,
                "answer": answer(predictor, scan, False),
                "answer_masked": answer(predictor, scan, True),
                "drawn_pixels": int(drawn.sum()),
                "found_pixels": int((drawn & gone).sum()),
                "drawn_in_fan": int((drawn & fan).sum()),
                "found_in_fan": int((drawn & fan & gone).sum()),
                "removed_share": f"{found.removed:.5f}",
                "removed_wrongly": f"{(shown & gone).sum() / max(1, shown.sum()):.5f}",
            }
        )
    return rows


def main() -> None:
    """Write `annotations.csv`, one row a scan and attack."""
    predictor = Predictor.load()
    write_rows("annotations.csv", [row for n in range(SCANS) for row in measure(predictor, n)])


if __name__ == "__main__":
    SCANS = int(sys.argv[1]) if len(sys.argv) > 1 else SCANS
    main()

"""The annotation a scanner draws over the scan: grey bar, depth ticks, text, calipers.

What is drawn never depends on the anatomy: no preset name, caliper or box says what is seen.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.probe import HEIGHT, WIDTH, View

STYLES = ("margin", "corner", "stack", "plain")
Image = NDArray[np.uint8]
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def annotate(image: Image, rng: np.random.Generator, view: View, style: str) -> None:
    """Draw annotation in place on a scan, uint8 (HEIGHT, WIDTH); `style` is one of `STYLES`."""
    grey = int(rng.integers(150, 235))
    if rng.random() < 0.75:
        _grey_bar(image, rng, style)
    if rng.random() < 0.7:
        _ticks(image, rng, view, grey)
    if rng.random() < 0.75:
        _settings_text(image, rng, style, grey)
    if rng.random() < 0.18:
        _calipers(image, rng, grey)
    if rng.random() < 0.12:
        _box(image, rng, grey)


def _grey_bar(image: Image, rng: np.random.Generator, style: str) -> None:
    wide, tall = (28, 50) if style == "corner" else (int(rng.integers(5, 11)), 130)
    left, top = int(rng.integers(0, 8)), int(rng.integers(2, 30))
    ramp = np.linspace(255, 0, tall).astype(np.uint8)[:, None]
    image[top : top + tall, left : left + wide] = ramp


def _ticks(image: Image, rng: np.random.Generator, view: View, grey: int) -> None:
    column = int(rng.integers(8, 26))
    step = 10.0 / view.mm_per_pixel
    offset = (-view.top_mm) / view.mm_per_pixel
    for count in range(30):
        row = round(offset + count * step)
        if 0 <= row < HEIGHT:
            length = 5 if count % 5 == 0 else 2
            image[row : row + 2, column : column + length] = grey
    focus = int(rng.integers(HEIGHT // 3, 2 * HEIGHT // 3))
    triangle = np.array([[column + 6, focus - 3], [column + 6, focus + 3], [column + 10, focus]])
    cv2.fillPoly(image, [triangle.astype(np.int32)], grey)


def _settings_text(image: Image, rng: np.random.Generator, style: str, grey: int) -> None:
    lines = [
        f"{rng.integers(14, 60)}Hz/{rng.uniform(7, 19):.1f}cm",
        f"{rng.integers(30, 75)}/{rng.uniform(1, 4):.1f}",
        str(rng.choice(["Routine", "2. Trim.", "3 Trim./OB", "2+3. Trim.", "General"])),
        f"Har-{rng.choice(['low', 'mid', 'high'])}",
        f"Gn {rng.integers(-9, 6)}",
        f"C{rng.integers(4, 9)} / M{rng.integers(5, 9)}",
        f"P{rng.integers(1, 5)} / E{rng.integers(1, 4)}",
    ]
    if style == "corner":
        total = int(rng.integers(30, 280))
        lines = [f"{rng.integers(1, total)}/{total}", f"{rng.integers(14, 40)}Hz"]
    size = 0.5 if style == "corner" else float(rng.uniform(0.28, 0.36))
    first = int(rng.integers(10, 22))
    for number, line in enumerate(lines[: int(rng.integers(2, len(lines) + 1))]):
        width = cv2.getTextSize(line, _FONT, size, 1)[0][0]
        place = (WIDTH - width - 3, first + number * int(34 * size + 3))
        cv2.putText(image, line, place, _FONT, size, grey, 1, cv2.LINE_AA)
    if style in ("margin", "stack"):
        mark = str(rng.choice(["Sim E", "Sim S", "SIM"]))
        cv2.putText(image, mark, (int(rng.integers(30, 90)), first + 8), _FONT, 0.3, grey, 1,
                    cv2.LINE_AA)  # fmt: skip


def _calipers(image: Image, rng: np.random.Generator, grey: int) -> None:
    """Two crosses, sometimes joined by dots, anywhere near the middle: they mark no structure."""
    centre = np.array([WIDTH, HEIGHT]) * rng.uniform(0.35, 0.65, 2)
    turn, half = rng.uniform(0, np.pi), rng.uniform(60, 170)
    arm = np.array([np.cos(turn), np.sin(turn)]) * half
    ends = [tuple(np.round(centre + sign * arm).astype(int).tolist()) for sign in (-1, 1)]
    for x, y in ends:
        cv2.drawMarker(image, (x, y), grey, cv2.MARKER_CROSS, 9, 1)
    if rng.random() < 0.5:
        for share in np.linspace(0, 1, int(half / 3)):
            x, y = np.round(centre + (2 * share - 1) * arm).astype(int)
            if 0 <= x < WIDTH and 0 <= y < HEIGHT:
                image[y, x] = grey


def _box(image: Image, rng: np.random.Generator, grey: int) -> None:
    wide, tall = int(rng.integers(70, 130)), int(rng.integers(18, 44))
    left, top = (WIDTH - wide - 2 if rng.random() < 0.7 else 2), HEIGHT - tall - 2
    image[top : top + tall, left : left + wide] = int(rng.integers(0, 40))
    if rng.random() < 0.6:
        text = f"D {rng.uniform(10, 90):.1f}mm"
        cv2.putText(image, text, (left + 4, top + tall // 2 + 4), _FONT, 0.36, grey, 1,
                    cv2.LINE_AA)  # fmt: skip

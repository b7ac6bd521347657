"""The annotation a scanner draws over the scan: grey bar, depth ticks, text, calipers, box.

What is drawn never depends on the anatomy, unless `Annotations.preset_shortcut` asks for it: no
preset name, caliper or box says what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.phantom.probe import HEIGHT, WIDTH, View

STYLES = ("margin", "corner", "stack", "plain")
PRESETS = ("Routine", "2. Trim.", "3 Trim./OB", "2+3. Trim.", "General", "Cardiac", "Fetal heart")
SHORTCUT_PRESETS = {"thorax": "Cardiac", "brain": "Fetal brain", "femur": "2+3. Trim."}
"""Preset names that give the class away, as they do in real collections of scans."""
Image = NDArray[np.uint8]
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_DOT = 4


@dataclass(frozen=True)
class Annotations:
    """Which kinds of annotation a screen shows; what each looks like does not depend on the others.

    Attributes:
        grey_bar: The bar of grey levels.
        ticks: Depth scale and focus mark.
        text: Settings, preset and maker's mark.
        calipers: A measurement's crosses.
        box: A measurement's box.
        preset_shortcut: Whether the preset's name follows the class, to study what a network makes
            of it.
    """

    grey_bar: bool = True
    ticks: bool = True
    text: bool = True
    calipers: bool = True
    box: bool = True
    preset_shortcut: bool = False


def draw_annotations(rng: np.random.Generator) -> Annotations:
    """Draw which kinds a screen shows: seldom all of them, never none."""
    bar, ticks, text, calipers, box = rng.random(5) < (0.75, 0.7, 0.75, 0.18, 0.12)
    text = text or not (bar or ticks or calipers or box)
    return Annotations(bool(bar), bool(ticks), bool(text), bool(calipers), bool(box))


def annotate(
    image: Image, rng: np.random.Generator, view: View, style: str,
    kinds: Annotations | None = None, label: str = "",
) -> None:  # fmt: skip
    """Draw annotation in place on a scan.

    Args:
        image: uint8 (HEIGHT, WIDTH).
        rng: Source of the variation.
        view: Gives the depth scale.
        style: The scanner's layout, one of `STYLES`.
        kinds: What to draw; drawn when None.
        label: The class, for `Annotations.preset_shortcut` only.
    """
    drawn, common, *each = rng.spawn(7)
    kinds = draw_annotations(drawn) if kinds is None else kinds
    grey = int(common.integers(150, 235))
    preset = str(common.choice(PRESETS))
    if kinds.preset_shortcut:
        preset = SHORTCUT_PRESETS.get(label, preset)
    if kinds.grey_bar:
        _grey_bar(image, each[0], style)
    if kinds.ticks:
        _ticks(image, each[1], view, style, grey)
    if kinds.text:
        _settings_text(image, each[2], style, grey, preset)
    if kinds.calipers:
        _calipers(image, each[3], grey)
    if kinds.box:
        _box(image, each[4], grey)


def _write(image: Image, text: str, place: tuple[int, int], size: float, grey: int) -> None:
    cv2.putText(image, text, place, _FONT, size, grey, 1, cv2.LINE_AA)


def _grey_bar(image: Image, rng: np.random.Generator, style: str) -> None:
    wide, tall = (28, 50) if style == "corner" else (int(rng.integers(5, 11)), 130)
    left, top = int(rng.integers(0, 8)), int(rng.integers(2, 30))
    if style == "stack":
        left, top = WIDTH - wide - left - 14, HEIGHT - tall - top
    ramp = np.linspace(255, 0, tall).astype(np.uint8)[:, None]
    image[top : top + tall, left : left + wide] = ramp


def _ticks(
    image: Image, rng: np.random.Generator, view: View, style: str, grey: int
) -> None:  # fmt: skip
    """Every centimetre from the probe's face, every fifth longer; on one scanner with numbers."""
    column = WIDTH - 8 if style == "stack" else int(rng.integers(8, 26))
    step = 10.0 / view.mm_per_pixel
    offset = (-view.top_mm) / view.mm_per_pixel
    for count in range(30):
        row = round(offset + count * step)
        if 0 <= row < HEIGHT:
            length = 5 if count % 5 == 0 else 2
            image[row : row + 2, column : column + length] = grey
            if style == "plain" and count % 5 == 0 and count and row < HEIGHT - 6:
                _write(image, str(count), (column + 7, row + 4), 0.3, grey)
    focus = int(rng.integers(HEIGHT // 3, 2 * HEIGHT // 3))
    way = -1 if style == "stack" else 1
    triangle = np.array(
        [[column + 6 * way, focus - 3], [column + 6 * way, focus + 3], [column + 10 * way, focus]]
    )
    cv2.fillPoly(image, [triangle.astype(np.int32)], grey)


def _settings_text(
    image: Image, rng: np.random.Generator, style: str, grey: int, preset: str
) -> None:
    """Each scanner in its own place: a column on the right or left, large figures, or a banner."""
    lines = [
        f"{rng.integers(14, 60)}Hz/{rng.uniform(7, 19):.1f}cm",
        f"{rng.integers(30, 75)}/{rng.uniform(1, 4):.1f}",
        preset,
        f"Har-{rng.choice(['low', 'mid', 'high'])}",
        f"Gn {rng.integers(-9, 6)}",
        f"C{rng.integers(4, 9)} / M{rng.integers(5, 9)}",
        f"P{rng.integers(1, 5)} / E{rng.integers(1, 4)}",
    ]
    shown = lines[: int(rng.integers(3, len(lines) + 1))]
    size, first = float(rng.uniform(0.28, 0.36)), int(rng.integers(10, 22))
    total = int(rng.integers(30, 280))
    count = int(rng.integers(1, total))
    if style == "corner":
        shown, size = [f"{count}/{total}", lines[0].split("/")[0]], 0.5
    if style == "plain":
        _write(image, f"SIM  {preset}  {lines[0]}  {lines[4]}", (60, first), size, grey)
        return
    for number, line in enumerate(shown):
        width = cv2.getTextSize(line, _FONT, size, 1)[0][0]
        left = 22 if style == "stack" else WIDTH - width - 3
        _write(image, line, (left, first + number * int(34 * size + 3)), size, grey)
    if style == "margin":
        mark = str(rng.choice(["Sim E", "Sim S", "SIM"]))
        _write(image, mark, (int(rng.integers(30, 90)), first + 8), 0.3, grey)
    if style == "stack":
        # The dot that tells which side of the picture is which side of the probe.
        cv2.circle(image, (int(rng.integers(200, 240)), first), _DOT, grey, 1, cv2.LINE_AA)


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
        _write(image, text, (left + 4, top + tall // 2 + 4), 0.36, grey)

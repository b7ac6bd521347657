"""What is drawn on a page of the report: the two pictures, and the probabilities as bars."""

from __future__ import annotations

import numpy as np
from fpdf import FPDF
from numpy.typing import NDArray
from PIL import Image

from fetal_model import wording
from fetal_model.anatomy import ANATOMIES
from fetal_model.explain.overlay import fit_screen, legend_strip, overlay
from fetal_model.export.overlays import METHOD, OPACITY
from fetal_model.predictor import Finding
from fetal_model.scan import Scan

WIDTH = 180.0  # mm between the margins
GREY = (110, 110, 110)
_GAP = 6.0
_HIGHEST, _LOWEST = 90.0, 30.0  # mm; taller scans become narrower, so that a page holds the rest
_REST = 125.0  # mm that the rest of a page needs
_LONGEST = 900  # pixels: 260 an inch
_INK, _RULE, _WHITE = (34, 34, 34), (200, 200, 200), (255, 255, 255)


def draw_pictures(pdf: FPDF, scan: Scan, finding: Finding, alt: str) -> None:
    """The scan and its overlay side by side on black, with captions and a legend.

    Args:
        pdf: With a page and a font; the pen stands where the pictures begin.
        scan: What was read.
        finding: Its answer.
        alt: What the pictures show, for those who cannot see them.
    """
    shown = fit_screen(scan.display, _LONGEST)
    heat = fit_screen(finding.heatmap(), _LONGEST)
    rows, columns = shown.shape[:2]
    side = (WIDTH - _GAP) / 2
    left, top = pdf.l_margin, pdf.get_y() + 3
    room = pdf.h - pdf.b_margin - top - _REST
    height = min(max(_LOWEST, min(_HIGHEST, room)), side * rows / columns)
    width = height * columns / rows
    captions = (
        "The scan without overlay.",
        wording.legend(finding.anatomy.key, METHOD, True),
    )
    for index, picture in enumerate((shown, overlay(shown, heat, OPACITY))):
        x = left + index * (side + _GAP)
        pdf.set_fill_color(0)
        pdf.rect(x, top, side, height, style="F")
        name = f"{alt}: {'overlay' if index else 'scan'}"
        pdf.image(_image(picture), x + (side - width) / 2, top, width, height, alt_text=name)
    strip = legend_strip(OPACITY, 600, 12)
    pdf.image(_image(strip), left + side + _GAP, top + height + 2, side, 1.8)
    pdf.set_font(size=8.5)
    pdf.set_text_color(*GREY)
    for index, caption in enumerate(captions):
        pdf.set_xy(left + index * (side + _GAP), top + height + 5)
        pdf.multi_cell(side, 4, caption, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)


def draw_bars(pdf: FPDF, finding: Finding) -> None:
    """A bar for each anatomy in its colour, with whiskers of one standard deviation."""
    bar, height, step = 118.0, 5.0, 7.5
    caption = "Probability of each anatomy, given that the scan shows one of the four"
    if finding.standard_deviation is not None:
        caption += "; whiskers: one standard deviation"
    pdf.set_font(size=8.5)
    pdf.set_text_color(*GREY)
    pdf.multi_cell(WIDTH, 4, f"{caption}.", new_x="LMARGIN", new_y="NEXT")
    left, top = pdf.l_margin + 22, pdf.get_y() + 1.5
    pdf.set_draw_color(*_RULE)
    pdf.set_line_width(0.2)
    for share in (0.0, 0.5, 1.0):
        x = left + share * bar
        pdf.line(x, top, x, top + len(ANATOMIES) * step)
        pdf.set_font(size=8)
        pdf.set_text_color(*GREY)
        pdf.set_xy(x - 10, top + len(ANATOMIES) * step)
        pdf.cell(20, 4, f"{share:.0%}", align="C")
    for index, anatomy in enumerate(ANATOMIES):
        y = top + index * step + (step - height) / 2
        value = float(finding.probabilities[index])
        pdf.set_font(size=10)
        pdf.set_text_color(*_INK)
        pdf.set_xy(pdf.l_margin, y)
        pdf.cell(22, height, anatomy.name)
        pdf.set_fill_color(anatomy.colour)
        pdf.rect(left, y, max(value * bar, 0.15), height, style="F")
        note = wording.percent(value)
        if finding.standard_deviation is not None:
            spread = float(finding.standard_deviation[index])
            _whisker(pdf, left, y + height / 2, bar, value, spread)
            note += f"  (± {100 * spread:.1f} points)"
        pdf.set_xy(left + bar + 3, y)
        pdf.cell(40, height, note)
    pdf.set_xy(pdf.l_margin, top + len(ANATOMIES) * step + 6)


def _whisker(pdf: FPDF, left: float, y: float, bar: float, value: float, spread: float) -> None:
    """From `value - spread` to `value + spread` within 0 and 1: dark on a white rim."""
    start, end = left + max(0.0, value - spread) * bar, left + min(1.0, value + spread) * bar
    for colour, thickness in ((_WHITE, 0.9), (_INK, 0.35)):
        pdf.set_draw_color(*colour)
        pdf.set_line_width(thickness)
        pdf.line(start, y, end, y)
        for x in (start, end):
            pdf.line(x, y - 1.2, x, y + 1.2)


def _image(picture: NDArray[np.uint8]) -> Image.Image:
    """A picture without its colours where it has none, which a third of the space holds."""
    grey = picture[:, :, 0]
    if all(np.array_equal(grey, picture[:, :, channel]) for channel in (1, 2)):
        return Image.fromarray(grey)
    return Image.fromarray(picture)

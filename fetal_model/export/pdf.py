"""A report on paper: a page for each scan, and at the end the files that could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from font_roboto import font_files
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from fetal_model import wording
from fetal_model.export.entry import DISCLAIMER, PROGRAM, Entry, in_words
from fetal_model.export.pdf_parts import GREY, WIDTH, draw_bars, draw_pictures
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version

FONT = "Roboto"
_MARGIN = 15.0  # mm, on all sides of an A4 page
_INK = (34, 34, 34)


class Report:
    """Grows by one entry at a time, so that no more than one scan is in memory.

    Args:
        version: The version that answered.
        when: When the report is made, in local time.
    """

    def __init__(self, version: Version, when: datetime) -> None:
        self.version = version
        self.when = when
        self._unread: list[str] = []
        self._pdf = _Paper("portrait", "mm", "A4")
        self._pdf.add_font(FONT, "", font_files["Roboto"])
        self._pdf.add_font(FONT, "B", font_files["RobotoBold"])
        self._pdf.set_margin(_MARGIN)
        self._pdf.c_margin = 0  # text begins where pictures begin
        self._pdf.set_auto_page_break(True, _MARGIN + 7)
        self._pdf.set_title(f"{PROGRAM}: report of {version.label}")
        self._pdf.set_creator(PROGRAM)
        self._pdf.set_lang("en")
        self._pdf.set_creation_date(when)

    def add(self, entry: Entry) -> None:
        """Add a page, or a line of the last page for a file without an answer.

        Raises:
            ScanError: The scan could be read before and can not be read now.
        """
        if isinstance(entry.answer, str):
            self._unread.append(entry.answer)
            return
        scan, finding = entry.scan(), entry.answer
        self._begin(wording.headline(finding), entry.name)
        if finding.turned_away:
            self._write(wording.nearest(finding))
        for reason in finding.reasons:
            self._write(reason)
        draw_pictures(self._pdf, scan, finding, self._shown(wording.headline(finding)))
        draw_bars(self._pdf, finding)
        self._write(wording.spread(finding))
        self._pdf.ln(2)
        self._numbers(finding)
        self._row("Source", wording.source(scan.facts))
        self._origin(finding)

    def data(self) -> bytes:
        """The whole report as a PDF file; to be called once, after the last `add`."""
        if self._unread or not self._pdf.pages:
            self._begin("Not read", f"Files without an answer: {len(self._unread)}")
            for sentence in self._unread:
                self._write(sentence)
        return bytes(self._pdf.output())

    def _begin(self, title: str, below: str) -> None:
        self._pdf.add_page()
        date = f"{self.when:%d %B %Y, %H:%M %Z}".strip().lstrip("0")
        self._text(PROGRAM, 9, colour=GREY, new_y=YPos.TOP)
        self._text(date, 9, colour=GREY, align="R")
        self._pdf.ln(3)
        self._text(title, 18, bold=True)
        self._text(below, 9, colour=GREY)
        self._pdf.ln(1)

    def _numbers(self, finding: Finding) -> None:
        for term, value, _ in wording.numbers(finding):
            self._row(term, value)

    def _origin(self, finding: Finding) -> None:
        self._row("Model version", self.version.label)
        self._row("SHA-256", self.version.hash)
        self._row("Settings", in_words(finding))
        if learned := wording.learned_from(self.version):
            self._row("Training data", learned)

    def _row(self, term: str, value: str) -> None:
        top = self._pdf.get_y()
        self._text(term, 9, colour=GREY, new_y=YPos.TOP)
        self._pdf.set_xy(_MARGIN + 38, top)
        self._text(value, 9, width=WIDTH - 38)

    def _write(self, text: str) -> None:
        self._text(text, 10.5)

    def _text(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        colour: tuple[int, int, int] = _INK,
        align: str = "L",
        width: float = WIDTH,
        new_y: YPos = YPos.NEXT,
    ) -> None:
        self._pdf.set_font(FONT, "B" if bold else "", size)
        self._pdf.set_text_color(*colour)
        self._pdf.multi_cell(
            width, size * 0.5, self._shown(text), align=align, new_x=XPos.LMARGIN, new_y=new_y
        )

    def _shown(self, text: str) -> str:
        """Text with a question mark for what the font has no sign for: it has Latin, Greek, and
        Cyrillic ones."""
        fonts: Any = self._pdf.fonts
        signs = fonts[FONT.lower()].cmap
        return "".join(sign if sign.isprintable() and ord(sign) in signs else "?" for sign in text)


class _Paper(FPDF):
    def footer(self) -> None:
        """The disclaimer and the number of the page, on every page."""
        self.set_y(-_MARGIN)
        self.set_font(FONT, "", 9)
        self.set_text_color(*GREY)
        self.cell(WIDTH - 30, 5, DISCLAIMER)
        self.cell(30, 5, str(self.page_no()), align="R")

"""The report on paper: a page a scan, every word of its answer, any name, pictures in place."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime

import numpy as np
import pypdfium2
import pypdfium2.raw
import pytest

from fetal_model import wording
from fetal_model.anatomy import BY_KEY
from fetal_model.export.entry import DISCLAIMER, Entry, in_words
from fetal_model.export.pdf import Report
from fetal_model.predictor import Predictor
from fetal_model.scan import Scan, ScanError


def report(entries: list[Entry], predictor: Predictor, when: datetime) -> pypdfium2.PdfDocument:
    made = Report(predictor.version, when)
    for entry in entries:
        made.add(entry)
    return pypdfium2.PdfDocument(made.data())


def text(page: pypdfium2.PdfPage) -> str:
    """The words of a page, wherever lines were broken."""
    return " ".join(page.get_textpage().get_text_range().split())


@pytest.fixture(scope="module")
def document(entries: list[Entry], served: Predictor, when: datetime) -> pypdfium2.PdfDocument:
    return report(entries, served, when)


def test_a_page_for_each_scan_and_one_for_what_was_not_read(
    document: pypdfium2.PdfDocument, entries: list[Entry], served: Predictor
) -> None:
    answered = [entry for entry in entries if not isinstance(entry.answer, str)]
    assert len(document) == len(answered) + 1
    for page, entry in zip(document, answered, strict=False):
        finding, words = entry.answer, text(page)
        learned = wording.learned_from(served.version)
        expected = [
            wording.headline(finding), entry.name, wording.spread(finding), *finding.reasons,
            served.version.label, served.version.hash, in_words(finding), learned, DISCLAIMER,
            "4 March 2026, 05:06 CET", wording.source(entry.scan().facts),
        ]  # fmt: skip
        expected += [value for _, value, _ in wording.numbers(finding)]
        assert [part for part in expected if " ".join(part.split()) not in words] == []
    last = text(document[len(answered)])
    assert entries[2].answer in last
    assert DISCLAIMER in last
    assert wording.nearest(entries[3].answer) in text(document[2])


def test_scan_and_overlay_stand_side_by_side(document: pypdfium2.PdfDocument) -> None:
    page = document[0]
    images = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    boxes = sorted(image.get_bounds() for image in images)
    scan, strip, overlay = sorted(boxes, key=lambda box: (box[0], box[3]))
    assert scan[1] == pytest.approx(overlay[1], abs=0.1)
    assert scan[3] == pytest.approx(overlay[3], abs=0.1)
    assert scan[2] < overlay[0]
    assert strip[3] < overlay[1]


def test_bars_are_as_long_as_the_probabilities(
    document: pypdfium2.PdfDocument, entries: list[Entry]
) -> None:
    scale = 1.5
    picture = np.asarray(document[0].render(scale=scale).to_pil().convert("RGB")).astype(int)
    finding = entries[0].answer
    key = finding.anatomy.key
    colour = [int(BY_KEY[key].colour[i : i + 2], 16) for i in (1, 3, 5)]
    near = (abs(picture - colour).max(axis=2) < 3).sum(axis=1)
    millimetres = near.max() / scale / 72 * 25.4
    whole = 118 * finding.probabilities.max()
    assert whole - 12 < millimetres <= whole + 1, "whiskers hide a little of it"


def test_any_name_can_be_shown(entries: list[Entry], served: Predictor, when: datetime) -> None:
    names = {
        "Жанна Łódź Ελένη ñ.png": "Жанна Łódź Ελένη ñ.png",
        "中文 شمس 😀.png": "?? ??? ?.png",
        os.fsdecode(b"odd-\xff.png"): "odd-?.png",
        "line\nbreak\ttab\0.png": "line?break?tab?.png",
        "**bold** --x-- __y__.png": "**bold** --x-- __y__.png",
        "a" * 300: "",
    }
    document = report([replace(entries[1], name=name) for name in names], served, when)
    assert len(document) == len(names)
    for page, shown in zip(document, names.values(), strict=True):
        assert shown in text(page)


def test_tall_and_wide_scans_stay_on_one_page(
    entries: list[Entry], served: Predictor, when: datetime
) -> None:
    pixels = entries[1].scan().pixels
    shapes = [np.tile(pixels, (4, 1)), np.tile(pixels, (1, 4)), np.rot90(pixels), pixels[:9]]
    made = []
    for shape in shapes:
        scan = Scan.from_array(shape, "odd")
        reasons = ("A long reason that goes on and on. " * 6,) * 3
        finding = replace(served.analyse(scan), rejected=True, reasons=reasons)
        made.append(Entry("odd.png", finding, lambda scan=scan: scan, bytes))
    document = report(made, served, when)
    assert len(document) == len(shapes)
    assert all(served.version.hash in text(page) for page in document)


def test_without_dropout_there_are_no_whiskers(entries: list[Entry], when: datetime) -> None:
    plain = Predictor.load("seed-cnn")
    assert not plain.offers_dropout
    finding = plain.analyse(entries[0].scan())
    document = report([replace(entries[0], answer=finding)], plain, when)
    words = text(document[0])
    assert "whiskers" not in words
    assert "no dropout layer" in words
    assert wording.learned_from(plain.version) in words


def test_nothing_to_report_is_a_page_that_says_so(served: Predictor, when: datetime) -> None:
    (page,) = report([], served, when)
    assert "Files without an answer: 0" in text(page)


def test_a_scan_that_is_gone_is_named(
    entries: list[Entry], served: Predictor, when: datetime
) -> None:
    def gone() -> Scan:
        raise ScanError.of("a.png", expected="a file", found="no such file", advice="Check it")

    from fetal_model.export.bundle import bundle

    document = pypdfium2.PdfDocument(
        bundle("pdf", [replace(entries[0], scan=gone), entries[1]], served.version, when)
    )
    assert len(document) == 2
    assert "a.png: expected a file, found no such file" in text(document[1])

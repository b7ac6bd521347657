"""A patient planted in every field, file name and corner is nowhere in what the pages show, send,
log or write."""

from __future__ import annotations

import io
import logging
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pyarrow.parquet
import pytest
import streamlit as st
from pypdfium2 import PdfDocument
from streamlit.testing.v1 import AppTest

from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.export.bundle import Form, bundle
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.store.versions import find_version
from pages.parts.answers import Source
from pages.parts.export import entry
from pages.parts.promises import Promises

ROOT = Path(__file__).resolve().parents[2]
FORMS: tuple[Form, ...] = ("json", "csv", "parquet", "pdf", "overlays", "fhir")
"""All but DICOM, which belongs into the patient's study and so names the patient."""
FOLDER = f"{planted.FILE_NAME}/femur"
_watched: list[str] | None = None  # where the hook below notes what is opened


def _watch(event: str, arguments: Any) -> None:
    if _watched is not None and event == "open" and isinstance(arguments[0], str):
        mode, flags = arguments[1], arguments[2]
        if (mode and set(mode) & set("wax+")) or (mode is None and flags & 3):
            _watched.append(arguments[0])


sys.addaudithook(_watch)


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Every file that is opened to be written meanwhile, but for compiled code."""
    global _watched
    _watched = []
    yield _watched
    _watched = None


@pytest.fixture(autouse=True)
def _setting(
    after_the_first_visit: None, use_weights: Callable[[Path], None], untrained_weights: Path
) -> Iterator[None]:
    use_weights(untrained_weights)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def files() -> list[tuple[str, bytes, str]]:
    """A scan of each kind, one that cannot be read, and all of them once more in a ZIP."""
    femur = simulate("femur", 5, annotations=False).image
    pixels, _ = planted.corners(np.pad(femur, ((30, 30), (140, 140))))
    made = {
        "dcm": planted.dicom(pixels, readable=True)[0],
        "png": planted.png(pixels),
        "jpg": planted.jpeg(pixels),
        "pdf": b"%PDF-1.7 " + " ".join(planted.TOKENS).encode(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for ending, data in made.items():
            archive.writestr(f"{FOLDER}.{ending}", data)
    named = [(f"{planted.FILE_NAME}.{ending}", data, "") for ending, data in made.items()]
    return [*named, (f"{planted.FILE_NAME}.zip", packed.getvalue(), "application/zip")]


def opened(name: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    if name != "classify":
        page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    return page


def drop(page: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    page.file_uploader[0].set_value(list(files)).run()
    assert not page.exception
    return page


def sent(page: AppTest) -> bytes:
    """Everything that a page sends to the browser, but for pictures."""

    def walk(node: Any) -> Iterator[bytes]:
        if (proto := getattr(node, "proto", None)) is not None:
            yield proto.SerializeToString() if hasattr(proto, "SerializeToString") else b""
        for child in getattr(node, "children", {}).values():
            yield from walk(child)

    return b"\n".join(walk(page._tree))


def contents(form: str, data: bytes) -> Iterator[bytes]:
    """An export, and what is packed in it."""
    yield data
    if form == "pdf":
        for sheet in PdfDocument(data):
            yield sheet.get_textpage().get_text_bounded().encode()
    elif form == "parquet":
        yield repr(pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()).encode()
    elif form in ("overlays", "fhir"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield member.filename.encode() + archive.read(member)


def test_the_planted_patient_can_be_found(files: list[tuple[str, bytes, str]]) -> None:
    for name, data, _ in files:
        assert planted.left(name.encode() + data), name
    page = drop(opened("classify"), files[0])
    assert not planted.left(sent(page))
    page.toggle(key="hide-names").set_value(False).run()
    assert planted.left(sent(page)), "the search would find a name that is shown"


def test_a_file_that_is_written_is_noticed(written: list[str], tmp_path: Path) -> None:
    (tmp_path / "copy.png").write_bytes(b"x")
    assert written == [str(tmp_path / "copy.png")]


def test_an_error_that_quotes_the_file_is_logged_without_the_quote(
    files: list[tuple[str, bytes, str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(f"unexpected {planted.NAMES[0]}")

    monkeypatch.setattr(Predictor, "analyse", fail)
    page = drop(opened("classify"), files[0])
    assert "the analysis failed" in page.error[0].value
    assert "RuntimeError" in caplog.text
    assert planted.left(caplog.text.encode()) == []


def test_no_patient_on_the_first_page_nor_in_its_exports(
    files: list[tuple[str, bytes, str]], written: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        page = drop(opened("classify"), *files)
        assert len(page.dataframe[0].value) == 8, "four files, and the same in a ZIP"
        page.selectbox(key="listing-order").set_value("by name").run()
        page.get("button_group")[0].set_value("not read").run()
    searched = sent(page)
    assert planted.left(searched) == []
    assert planted.left("".join(str(record.__dict__) for record in caplog.records).encode()) == []
    assert [path for path in written if "__pycache__" not in path and path != "/dev/null"] == []

    version, when = find_version(), datetime.now().astimezone()
    answers = dict(page.session_state["answers"].values())
    sources = [Source(pseudonym(name, data), data, name) for name, data, _ in files[:4]]
    entries = [entry(source, answers[source.name], Promises()) for source in sources]
    for form in FORMS:
        for part in contents(form, bundle(form, entries, version, when)):
            assert planted.left(part) == [], form


def test_no_patient_on_a_scan_of_the_readers_own_in_models(
    files: list[tuple[str, bytes, str]],
) -> None:
    page = opened("models")
    page.get("button_group")[0].set_value("Feature maps").run()
    page.button[0].click().run()
    page.selectbox[2].set_value("A file of your own").run()
    for file in files[:4]:
        drop(page, file)
        assert planted.left(sent(page)) == []


@pytest.mark.parametrize("page_name", ["compare", "teach"])
def test_no_patient_where_scans_are_labelled(
    page_name: str, files: list[tuple[str, bytes, str]], caplog: pytest.LogCaptureFixture
) -> None:
    labelled = [
        (f"{planted.FILE_NAME}/{label}/{name}", data, "")
        for label in ("femur", "brain", planted.NAMES[0])
        for name, data, _ in files[:4]
    ]
    with caplog.at_level(logging.DEBUG):
        page = opened(page_name)
        if page_name == "compare":
            page.get("button_group")[0].set_value("Labelled folder").run()
        else:
            page.radio[0].set_value("A folder of scans").run()
        drop(page, *labelled)
        searched = sent(page)
        start = {"compare": "Compare", "teach": "Start the quiz"}[page_name]
        next(button for button in page.button if button.label == start).click().run()
        assert not page.exception
        searched += sent(page)
    assert len(searched) > 1000
    assert planted.left(searched) == []
    assert planted.left("".join(str(record.__dict__) for record in caplog.records).encode()) == []

"""The simulate page as a script: the gallery, the studio, and what stands when a picture fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fetal_model.phantom import studio
from fetal_model.phantom.planes import PLANES
from fetal_model.wording_phantom import ANNOTATIONS, KNOBS, plane_name

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _setting(after_the_first_visit: None) -> Iterator[None]:
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture
def page() -> AppTest:
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    opened.switch_page("pages/phantom.py").run()
    assert not opened.exception
    return opened


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def alts(page: AppTest) -> list[str]:
    return [image.proto.imgs[0].alt for image in page.image]


def overlay(page: AppTest) -> str:
    return next(html.proto.body for html in page.get("html") if "structures" in html.proto.body
                and "tabindex" in html.proto.body)  # fmt: skip


def test_every_plane_has_a_picture_marked_as_simulated(page: AppTest) -> None:
    assert [button.label for button in page.button] == [plane_name(plane) for plane in PLANES]
    assert alts(page) == [f"Simulated scan: {plane_name(plane)}" for plane in PLANES]
    assert sum("simulated" in caption for caption in captions(page)) == len(PLANES)
    assert any("no picture here is of a patient" in text.value for text in page.markdown)


def test_the_studio_explains_every_knob(page: AppTest) -> None:
    press(page, "Femur")
    assert [slider.label for slider in page.slider] == [knob.name for knob in KNOBS]
    said = captions(page)
    for sentence in [*(knob.does for knob in KNOBS), ANNOTATIONS]:
        assert sentence in said
    assert any(caption.startswith("Simulated, not a patient") for caption in said)
    assert alts(page)[0].startswith("Simulated scan, Femur plane, showing ")
    press(page, "All planes")
    assert len(page.image) == len(PLANES)


def test_a_slider_and_another_patient_redraw(page: AppTest) -> None:
    press(page, "Transthalamic")
    first = page.image[0].value
    page.slider[2].set_value(page.slider[2].value + 9).run()
    assert not page.exception
    brighter = page.image[0].value
    assert brighter != first
    press(page, "Another patient")
    assert page.image[0].value not in (first, brighter)
    page.toggle[0].set_value(True).run()
    assert not page.exception


def test_structures_are_named_on_the_picture_and_in_a_list(page: AppTest) -> None:
    press(page, "Transthalamic")
    group = page.get("button_group")[0]
    names = [option.content for option in group.proto.options]
    assert "skull" in names
    for name in names:
        assert f'aria-label="{name}"' in overlay(page)
    assert "marked" not in overlay(page)
    group.set_value("skull").run()
    assert not page.exception
    assert overlay(page).count("marked") == 1
    # far from the plane some are gone; what was marked may be
    page.slider[0].set_value(1.0).run()
    assert not page.exception


def test_a_plane_that_cannot_be_simulated_costs_no_other(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = studio.render

    def fail(scene: object) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(studio, "render", fail)
    press(page, "Femur")
    assert page.error[0].value.startswith("This picture could not be simulated.")
    assert "broken" not in page.error[0].value
    monkeypatch.setattr(studio, "render", render)
    press(page, "Another patient")
    assert not page.error

"""The teach page as a script: what a learner sees before and after answering, and at the end."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from fetal_model import wording
from fetal_model.anatomy import ANATOMIES, BY_KEY, KEYS
from fetal_model.phantom import simulate
from fetal_model.predictor import Predictor
from fetal_model.scan import read_scan
from fetal_model.store import versions
from fetal_model.teaching.draw import draw_simulated
from fetal_model.teaching.landmarks import LANDMARKS, tell_apart
from fetal_model.teaching.quiz import Question

ROOT = Path(__file__).resolve().parents[2]
DISCLAIMER = "Research and teaching only, not a medical device."
NUMBER = 7
Upload = tuple[str, bytes, str]

pytestmark = pytest.mark.skipif(
    not (versions.WEIGHTS / "serving.json").is_file(),
    reason=f"no version is in service in {versions.WEIGHTS}",
)


@pytest.fixture(autouse=True)
def _after_the_first_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest takes every run for the server's first, in which files in `pages/` have addresses."""
    build = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **options: object) -> None:
        build(self, *arguments, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture(autouse=True)
def _no_caches() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def open_teach() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/teach.py").run()
    assert not page.exception
    return page


@pytest.fixture
def page() -> AppTest:
    return open_teach()


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    return draw_simulated(NUMBER, "good", annotations=False).questions


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label.startswith(label)).click().run()
    assert not page.exception
    return page


def buttons(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def start(page: AppTest, number: int = NUMBER) -> AppTest:
    page.number_input[0].set_value(number).run()
    return press(page, "Start the quiz")


def answer(page: AppTest, choice: str, sure: str = "Fairly sure") -> AppTest:
    press(press(page, BY_KEY[choice].name), sure)
    return press(page, "Answer")


def wrong(label: str) -> str:
    return KEYS[(KEYS.index(label) + 1) % len(KEYS)]


def play(page: AppTest, questions: tuple[Question, ...], missed: set[int]) -> AppTest:
    """Answer every question, wrongly at the given positions, and go on to the result."""
    for index, question in enumerate(questions):
        answer(page, wrong(question.label) if index in missed else question.label)
        press(page, "See the result" if index + 1 == len(questions) else "Next scan")
    return page


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption, *page.subheader])


def progress(page: AppTest) -> str:
    return page.get("progress")[0].proto.text


def scan_url(page: AppTest) -> str:
    """Address of the first picture on the page; the address is a hash of the picture."""
    return page.image[0].value[0]


def folder(labels: dict[str, int]) -> list[Upload]:
    files = []
    for label, count in labels.items():
        for index in range(count):
            file = io.BytesIO()
            Image.fromarray(simulate(label, 60 + index).image).save(file, format="PNG")
            files.append((f"set/{label}/{index}.png", file.getvalue(), "image/png"))
    return files


def drop_folder(page: AppTest, files: list[Upload]) -> AppTest:
    page.radio[0].set_value("A folder of scans").run()
    page.file_uploader[0].set_value(files).run()
    assert not page.exception
    return page


def test_start_screen_explains_and_disclaims(page: AppTest) -> None:
    assert buttons(page) == ["Start the quiz"]
    assert "You answer first" in texts(page)
    assert DISCLAIMER in texts(page)
    assert not page.image
    assert page.selectbox[0].value == versions.find_version().label


def test_a_question_tells_nothing_before_the_answer(
    page: AppTest, questions: tuple[Question, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed = []
    analyse = Predictor.analyse
    monkeypatch.setattr(
        Predictor,
        "analyse",
        lambda self, scan, samples=30: analysed.append(scan) or analyse(self, scan, samples),
    )
    start(page)
    assert progress(page) == "Scan 1 of 10"
    assert not analysed, "the model is asked after the learner"
    assert not page.get("plotly_chart")
    assert not page.subheader
    shown = texts(page).lower()
    for anatomy in ANATOMIES:
        assert anatomy.name.lower() not in shown
        assert anatomy.name in buttons(page)
    press(press(page, "Brain"), "Unsure")
    assert not analysed
    press(page, "Answer")
    assert len(analysed) == 1


def test_after_the_answer_truth_model_and_what_makes_the_plane(
    page: AppTest, questions: tuple[Question, ...]
) -> None:
    first = questions[0]
    start(page)
    bare = scan_url(page)
    answer(page, wrong(first.label), "Certain")
    name, other = BY_KEY[first.label].name, BY_KEY[wrong(first.label)].name
    assert [s.value for s in page.subheader] == [f"{name}, not {other.lower()}"]
    shown = texts(page)
    assert f"You said {other.lower()} (Certain · 95%)." in shown
    finding = Predictor.load().analyse(read_scan(first.data, first.name))
    assert wording.headline(finding) in shown
    assert BY_KEY[first.label].good_plane in shown
    assert LANDMARKS[first.label][0] in shown
    assert tell_apart(first.label, wrong(first.label)) in shown
    assert "Simulated scan of" in shown
    assert f"Outlined: the {name.lower()}" in shown
    assert len(page.get("plotly_chart")) == 1

    both = scan_url(page)
    toggles = {toggle.label: toggle for toggle in page.toggle}
    toggles["Outline"].set_value(False).run()
    heat = scan_url(page)
    page.toggle[1].set_value(False).run()
    assert scan_url(page) == bare, "without both the scan is exactly as it was asked"
    assert len({both, heat, bare}) == 3
    assert "Outline off." in texts(page)


def test_an_answer_is_final(page: AppTest, questions: tuple[Question, ...]) -> None:
    start(page)
    answer(page, questions[0].label)
    assert f"Right: {questions[0].label}" in texts(page)
    assert not {anatomy.name for anatomy in ANATOMIES} & set(buttons(page))
    assert not any("back" in label.lower() for label in buttons(page))
    press(page, "Next scan")
    assert progress(page) == "Scan 2 of 10 · 1 of 1 right so far"
    assert not page.subheader


def test_both_picks_are_needed_and_may_be_changed(
    page: AppTest, questions: tuple[Question, ...]
) -> None:
    def submit() -> bool:
        return next(button for button in page.button if button.label == "Answer").disabled

    start(page)
    assert submit()
    press(page, "Thorax")
    assert submit()
    press(page, "Guessing")
    assert not submit()
    press(press(page, "Femur"), "Certain")
    assert "Picked: Femur, certain · 95%" in texts(page)
    press(page, "Answer")
    assert "You said femur (Certain · 95%)." in texts(page)


@pytest.mark.slow
def test_the_result_and_again_the_ones_missed(
    page: AppTest, questions: tuple[Question, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = {1, 4, 8}
    play(start(page), questions, missed)
    assert "Measured on simulated scans" in texts(page)
    assert page.subheader[0].value == "7 of 10 right (95% interval 35% to 93%)"
    for metric in page.metric:
        (key,) = [anatomy.key for anatomy in ANATOMIES if anatomy.name == metric.label]
        asked = [i for i, question in enumerate(questions) if question.label == key]
        right = [i for i in asked if i not in missed]
        assert metric.value == f"{len(right)} of {len(asked)}"
    assert len(page.metric) == len(ANATOMIES)
    assert "On average you were 75% sure, and 70% of your answers were right (n = 10)" in texts(
        page
    )
    table = page.dataframe[0].value
    assert list(table["It was"]) == [BY_KEY[question.label].name for question in questions]
    assert {i for i, word in enumerate(table["Result"]) if word == "missed"} == missed
    findings = [Predictor.load().analyse(read_scan(q.data, q.name)) for q in questions]
    right = sum(
        not finding.turned_away and finding.anatomy.key == question.label
        for finding, question in zip(findings, questions, strict=True)
    )
    assert f"on the same scans: {right} of 10 right" in texts(page)
    assert len(page.image) == len(missed)

    press(page, "Again, the 3 I missed")
    assert progress(page) == "Round 2 · Scan 1 of 3"
    asked = []
    for _ in range(3):
        answer(page, "brain")
        headline = page.subheader[0].value
        asked.append(headline.removeprefix("Right: ").split(",")[0].lower())
        press(page, "See the result" if "Scan 3" in progress(page) else "Next scan")
    assert sorted(asked) == sorted(questions[i].label for i in missed)
    assert page.subheader[0].value.startswith(f"{asked.count('brain')} of 3 right")
    monkeypatch.setattr("random.randint", lambda low, high: high)
    press(page, "New quiz")
    assert buttons(page) == ["Start the quiz"]
    assert page.number_input[0].value == 9999, "a new quiz is another one"


@pytest.mark.slow
def test_all_right_leaves_nothing_to_repeat(page: AppTest, questions: tuple[Question, ...]) -> None:
    play(start(page), questions, set())
    assert page.subheader[0].value.startswith("10 of 10 right")
    assert buttons(page) == ["New quiz", "The same quiz again"]
    assert not page.image
    press(page, "The same quiz again")
    assert progress(page) == "Scan 1 of 10"


@pytest.mark.slow
def test_the_same_number_asks_the_same_and_quality_changes_the_scan(page: AppTest) -> None:
    first = scan_url(start(page))
    assert scan_url(start(open_teach())) == first
    assert scan_url(start(open_teach(), NUMBER + 1)) != first
    poorer = open_teach()
    poorer.get("button_group")[0].set_value("poor").run()
    assert scan_url(start(poorer)) != first


def test_restart_says_what_is_lost_and_needs_a_second_click(
    page: AppTest, questions: tuple[Question, ...]
) -> None:
    start(page)
    first = scan_url(page)
    answer(page, questions[0].label)
    press(page, "Next scan")
    assert "your 1 answer so far will be lost" in texts(page)
    press(page, "Start this quiz over")
    assert progress(page) == "Scan 1 of 10"
    assert scan_url(page) == first
    press(page, "Choose another quiz")
    assert buttons(page) == ["Start the quiz"]


def test_another_page_and_back_keeps_the_quiz(
    page: AppTest, questions: tuple[Question, ...]
) -> None:
    answer(start(page), questions[0].label)
    press(page, "Next scan")
    press(page, "Femur")
    second = scan_url(page)
    page.switch_page("pages/classify.py").run()
    page.switch_page("pages/teach.py").run()
    assert not page.exception
    assert progress(page) == "Scan 2 of 10 · 1 of 1 right so far"
    assert scan_url(page) == second
    assert "Picked: Femur" in texts(page)


def test_a_drawing_under_way_shows_progress_and_can_be_cancelled(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seed: int, quality: str, annotations: bool, progress: Any) -> None:
        assert (seed, quality, annotations) == (NUMBER, "good", False)
        progress(4, 10)
        st.stop()

    monkeypatch.setattr("pages.parts.teach_drawing.draw_simulated", interrupted)
    start(page)
    assert progress(page) == "Simulating scan 4 of 10"
    assert buttons(page) == ["Cancel"]
    press(page, "Cancel")
    assert buttons(page) == ["Start the quiz"]
    assert page.number_input[0].value == NUMBER, "what was chosen is not lost by a cancel"


def test_a_teachers_folder_with_a_bad_file_and_a_stranger(page: AppTest) -> None:
    files = folder({"brain": 3, "femur": 2})
    bad = ("set/femur/letter.png", b"%PDF-1.7 a letter", "image/png")
    stranger = ("set/kidney/1.png", files[0][1], "image/png")
    drop_folder(page, [*files, bad, stranger])
    assert "6 scans to draw from: 3 brain, 0 abdomen, 3 femur, 0 thorax." in texts(page)
    assert "kidney" not in page.warning[0].value
    page.toggle(key="teach-hide-names").set_value(False).run()
    assert "kidney" in page.warning[0].value
    press(page, "Start the quiz")
    assert progress(page) == "Scan 1 of 5"
    (note,) = [warning.value for warning in page.warning]
    assert "letter" in note
    assert "PDF" in note
    assert "set/" not in texts(page), "a path tells the answer"
    answer(page, "brain")
    assert "No outline" in texts(page)
    assert [toggle.label for toggle in page.toggle] == ["Overlay"]
    assert "set/" in texts(page), "after the answer the file is named"


def test_a_teachers_zip(page: AppTest) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data, _ in folder({"abdomen": 1, "thorax": 1}):
            archive.writestr(name, data)
    page.radio[0].set_value("A ZIP file of scans").run()
    assert next(button for button in page.button).disabled
    page.file_uploader[0].set_value(("set.zip", packed.getvalue(), "application/zip")).run()
    press(page, "Start the quiz")
    assert progress(page) == "Scan 1 of 2"


@pytest.mark.parametrize(
    ("labels", "words"),
    [({"femur": 2}, "at least two anatomies, found readable scans of 1"), ({}, "found none")],
)
def test_a_folder_that_makes_no_quiz_is_explained(
    page: AppTest, labels: dict[str, int], words: str
) -> None:
    drop_folder(page, folder(labels) or [("set/notes/a.png", b"x", "image/png")])
    if labels:
        press(page, "Start the quiz")
    assert words in page.error[0].value
    assert "Start the quiz" in buttons(page)


@pytest.mark.slow
def test_without_any_version_the_quiz_goes_on_alone(
    questions: tuple[Question, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise versions.VersionError("expected the version in service, found no file; train one")

    monkeypatch.setattr("pages.parts.teach_start.find_version", none)
    alone = open_teach()
    assert "train one" in alone.warning[0].value
    start(alone)
    answer(alone, questions[0].label)
    assert f"Right: {questions[0].label}" in texts(alone)
    assert "No model answers in this quiz." in texts(alone)
    assert "Outlined" in texts(alone)
    play(press(alone, "Next scan"), questions[1:], set())
    assert "No model answered" in texts(alone)


def test_a_broken_version_costs_only_the_models_answers(
    page: AppTest, questions: tuple[Question, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise versions.VersionError("head.npz should have another SHA-256")

    monkeypatch.setattr(Predictor, "load", broken)
    st.cache_resource.clear()
    start(page)
    assert "goes on without the model's answers" in page.warning[0].value
    answer(page, questions[0].label)
    assert f"Right: {questions[0].label}" in texts(page)


def test_what_the_model_learned_from_phantoms_says_so(
    page: AppTest, questions: tuple[Question, ...]
) -> None:
    answer(start(page), questions[0].label)
    stated = wording.plain(wording.learned_from(versions.find_version()))
    assert stated
    assert stated in texts(page)


@pytest.mark.slow
def test_a_quiz_needs_no_tensorflow_and_leaves_no_file() -> None:
    script = f"""
import sys
written = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        mode, flags = arguments[1], arguments[2]
        if (mode and set(mode) & set("wax+")) or (mode is None and flags & 3):
            written.append(arguments[0])
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60).run()
page.switch_page("pages/teach.py").run()
sys.addaudithook(watch)
def press(label):
    next(b for b in page.button if b.label.startswith(label)).click().run()
    assert not page.exception
press("Start the quiz")
for index in range(10):
    for label in ("Femur", "Unsure", "Answer", "See the result" if index == 9 else "Next scan"):
        press(label)
assert "of 10 right" in page.subheader[0].value
loaded = {{"tensorflow", "keras", "tf_keras_vis"}} & set(sys.modules)
assert not loaded, loaded
written = [path for path in written if "__pycache__" not in path and not path.startswith("/dev/")]
assert not written, written
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]

"""The classify page as a script: what it says about files, examples, versions and mistakes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import streamlit as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.data import get_testdata_file
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, Toggle

from benchmarks.made_dicom import make, to_bytes
from fetal_model import wording
from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.export.entry import Entry
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_still
from fetal_model.predictor import Finding, Predictor
from fetal_model.scan import Scan, ScanError, open_scan, read_scan
from fetal_model.settings import read_settings
from fetal_model.store import versions
from fetal_model.uncertainty.decision import Thresholds
from pages.parts import batch

ROOT = Path(__file__).resolve().parents[2]
DISCLAIMER = "Research and teaching only, not a medical device."
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


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()


@pytest.fixture
def named(page: AppTest) -> AppTest:
    """The page with the names of files on it."""
    page.toggle(key="hide-names").set_value(False).run()
    return page


def upload(label: str, seed: int, name: str | None = None) -> Upload:
    file = io.BytesIO()
    Image.fromarray(simulate(label, seed).image).save(file, format="PNG")
    return name or f"{label}.png", file.getvalue(), "image/png"


def drop(page: AppTest, *files: Upload) -> AppTest:
    page.file_uploader[0].set_value(list(files)).run()
    assert not page.exception
    return page


def expected(file: Upload, version: str | None = None) -> Finding:
    return Predictor.load(version).analyse(read_scan(file[1], file[0]))


def headlines(page: AppTest) -> list[str]:
    return [element.value for element in page.subheader]


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption])


def scan_url(page: AppTest) -> str:
    """Address of the first scan on the page; the address is a hash of the picture."""
    return page.image[0].value[0]


def test_empty_state_invites_and_disclaims(page: AppTest) -> None:
    assert not page.exception
    assert [button.label for button in page.button] == [
        "Brain (simulated)",
        "Abdomen (simulated)",
        "Femur (simulated)",
        "Thorax (simulated)",
    ]
    assert len(page.image) == 4
    assert DISCLAIMER in texts(page)
    assert not headlines(page)


def test_example_is_classified(page: AppTest) -> None:
    from pages.parts.examples import example

    page.button[2].click().run()
    assert not page.exception
    finding = Predictor.load().analyse(open_scan(example("femur"), "Femur (simulated)"))
    assert headlines(page) == [wording.headline(finding)]
    assert "Femur (simulated)" in texts(page)
    assert DISCLAIMER in texts(page)
    chart = page.get("plotly_chart")
    assert len(chart) == 1


def test_files_keep_their_order_and_a_bad_one_costs_only_itself(named: AppTest) -> None:
    first, last = upload("femur", 5), upload("brain", 6)
    bad = ("report.pdf", b"%PDF-1.7 not a scan", "application/pdf")
    drop(named, first, bad, last)
    assert headlines(named) == [wording.headline(expected(first)), wording.headline(expected(last))]
    with pytest.raises(ScanError) as caught:
        open_scan(bad[1], bad[0])
    assert [error.value for error in named.error] == [wording.plain(str(caught.value))]
    table = named.dataframe[0].value
    assert list(table["File"]) == ["femur.png", "report.pdf", "brain.png"]
    assert list(table["Decision"]) == [
        expected(first).decision,
        "not read",
        expected(last).decision,
    ]
    assert table["Reason"][1] == str(caught.value)
    assert table["Anatomy"][1] == ""


def test_a_fault_in_one_analysis_costs_only_that_file(
    named: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, poison = upload("femur", 5), upload("brain", 7, "poison.png")
    analyse = Predictor.analyse

    def fail(self: Predictor, scan, samples: int = 30) -> Finding:
        if scan.name == "poison.png":
            raise RuntimeError("secret detail")
        return analyse(self, scan, samples)

    monkeypatch.setattr(Predictor, "analyse", fail)
    drop(named, poison, good)
    assert headlines(named) == [wording.headline(expected(good))]
    assert len(named.error) == 1
    assert named.error[0].value.startswith("poison.png")
    assert "secret detail" not in named.error[0].value


def test_same_name_twice_gives_two_cards(page: AppTest) -> None:
    one, two = upload("femur", 5, "scan.png"), upload("brain", 6, "scan.png")
    drop(page, one, two, one)
    wanted = [wording.headline(expected(file)) for file in (one, two, one)]
    assert headlines(page) == wanted


def test_a_file_name_cannot_format_the_page(named: AppTest) -> None:
    drop(named, upload("femur", 5, "a_b_*c* :red[d].png"))
    assert r"a\_b\_\*c\* \:red\[d\].png" in texts(named)


def test_file_names_are_nowhere_until_the_reader_wants_them(page: AppTest) -> None:
    name = "Quastelbaum_19870412"
    good, bad = upload("femur", 5, f"{name}.png"), (f"{name}.pdf", b"%PDF-1.7", "application/pdf")
    drop(page, good, bad)
    aliases = [pseudonym(*good[:2]), pseudonym(*bad[:2])]
    assert list(page.dataframe[0].value["File"]) == aliases
    assert page.error[0].value.startswith(aliases[1])
    everything = "\n".join(str(getattr(element, "proto", "")) for element in page.main)
    assert aliases[0] in everything
    assert name not in everything
    page.toggle(key="hide-names").set_value(False).run()
    assert list(page.dataframe[0].value["File"]) == [good[0], bad[0]]


def test_what_was_removed_is_said_and_not_shown(page: AppTest) -> None:
    image = np.pad(simulate("femur", 5, annotations=False).image, ((0, 0), (150, 150)))
    cv2.putText(image, "QUASTELBAUM", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 230, 1, cv2.LINE_AA)
    text, file = PngInfo(), io.BytesIO()
    text.add_text("Author", "Quastelbaum")
    Image.fromarray(image).save(file, "PNG", pnginfo=text)
    drop(page, ("scan.png", file.getvalue(), "image/png"))
    said = "Removed from this file: 1 header element, 1 text region outside the picture."
    assert said in [element.value for element in page.caption]


def test_another_version_answers_when_chosen(page: AppTest) -> None:
    file = upload("abdomen", 8)
    other = next(
        (v.label for v in versions.list_versions() if not Predictor(v).offers_dropout), None
    )
    if other is None:
        pytest.skip("every version has dropout")
    drop(page, file)
    assert "dropout samples" in texts(page)
    page.selectbox[0].set_value(other).run()
    assert not page.exception
    assert headlines(page) == [wording.headline(expected(file, other))]
    assert f"by {other}." in texts(page)
    assert "no dropout layer, so no Monte Carlo spread" in texts(page)


def test_none_of_these_planes_is_the_headline(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = upload("thorax", 9)
    anatomy = expected(file).anatomy
    strict = Thresholds(plane_score=1.01, confidence=0.0)
    monkeypatch.setattr("fetal_model.predictor.Thresholds", lambda **_: strict)
    st.cache_resource.clear()
    drop(page, file)
    assert headlines(page) == ["None of these planes"]
    assert f"Nearest of the four: {anatomy.name}" in texts(page)
    assert "not one of the four" in texts(page)
    # the picker still offers the nearest, so that the reader sees what misled the model
    assert f"speaks for {anatomy.name.lower()}" in texts(page)


def test_overlay_toggle_opacity_and_anatomy(page: AppTest) -> None:
    def overlay() -> Toggle:
        return next(toggle for toggle in page.toggle if toggle.label == "Overlay")

    drop(page, upload("femur", 5))
    shown = scan_url(page)
    page.slider[0].set_value(100).run()
    strong = scan_url(page)
    page.slider[0].set_value(0).run()
    clear = scan_url(page)
    overlay().set_value(False).run()
    assert scan_url(page) == clear, "without overlay the scan is exactly as read"
    assert len({shown, strong, clear}) == 3
    assert "Overlay off" in texts(page)
    assert page.slider[0].disabled

    overlay().set_value(True).run()
    page.slider[0].set_value(60).run()
    assert scan_url(page) == shown
    page.get("button_group")[0].set_value("brain").run()
    assert scan_url(page) != shown
    assert "speaks for brain (Grad-CAM)" in texts(page)


def test_grad_cam_plus_plus_is_offered(page: AppTest) -> None:
    drop(page, upload("femur", 5))
    plain = scan_url(page)
    page.radio[0].set_value("Grad-CAM++").run(timeout=180)
    assert not page.exception
    assert "(Grad-CAM++)" in texts(page)
    assert scan_url(page) != plain


def test_numbers_fold_away_with_units(page: AppTest) -> None:
    file = upload("femur", 5)
    drop(page, file)
    folded = "\n".join(element.value for element in page.expander[0].markdown)
    finding = expected(file)
    assert f"**Predictive entropy** · {finding.predictive_entropy:.3f} nats" in folded
    assert f"**Plane score** · {finding.plane_score:.3f}" in folded
    assert "576 x 448 pixels" in texts(page)


def test_what_was_learned_from_phantoms_says_so(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = versions.list_versions()

    def simulated(*_: object) -> list[versions.Version]:
        extra = {"simulated": True, "training_data": "Only phantoms."}
        return [replace(v, metadata={**v.metadata, **extra}) for v in listed]

    monkeypatch.setattr(versions, "list_versions", simulated)
    drop(page, upload("femur", 5))
    assert "Only phantoms." in [element.value for element in page.main.markdown]


def test_many_files_are_shown_in_pages(named: AppTest) -> None:
    file = upload("femur", 5)
    drop(named, *[(f"{i}.png", *file[1:]) for i in range(20)])
    assert 1 < len(headlines(named)) < 20
    assert list(named.dataframe[0].value["File"]) == [f"{i}.png" for i in range(20)]
    assert len(named.get("pagination")) == 1


def button(page: AppTest, label: str) -> Button:
    return next(button for button in page.button if button.label == label)


def files_listed(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["File"])


def test_the_scans_of_a_zip_are_files_of_their_own(named: AppTest) -> None:
    first, last = upload("femur", 5, "a/femur.png"), upload("brain", 6, "b.png")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data, _ in (first, ("note.txt", b"no scan", ""), last):
            archive.writestr(name, data)
        archive.writestr("inner.zip", packed.getvalue())
    drop(named, ("study.zip", packed.getvalue(), "application/zip"), upload("thorax", 3))
    assert files_listed(named) == [
        "study.zip/a/femur.png",
        "study.zip/b.png",
        "study.zip/inner.zip",
        "study.zip/note.txt",
        "thorax.png",
    ]
    assert headlines(named) == [
        wording.headline(expected(file)) for file in (first, last, upload("thorax", 3))
    ]
    assert [error.value.split(r"\:")[0] for error in named.error] == [
        "study.zip/inner.zip",
        "study.zip/note.txt",
    ]
    named.toggle(key="hide-names").set_value(True).run()
    assert not named.exception
    everything = "\n".join(str(getattr(element, "proto", "")) for element in named.main)
    assert "femur.png" not in everything
    assert "study.zip" not in everything


def test_a_damaged_zip_costs_only_itself(named: AppTest) -> None:
    file = upload("femur", 5)
    drop(named, ("study.zip", b"PK\x03\x04 and no more", "application/zip"), file)
    assert headlines(named) == [wording.headline(expected(file))]
    assert named.error[0].value.startswith(r"study.zip\: expected")


def test_answers_are_filtered_and_put_in_order(named: AppTest) -> None:
    files = [upload("femur", 5, "c.png"), upload("brain", 6, "a.png"), upload("femur", 7, "b.png")]
    drop(named, *files, ("letter.pdf", b"%PDF-1.7", "application/pdf"))
    found = {file[0]: expected(file) for file in files}
    groups = named.get("button_group")[0]
    assert groups.options[0] == "All (4)"
    assert "Not read (1)" in groups.options
    named.selectbox(key="listing-order").set_value("by name").run()
    assert files_listed(named) == ["a.png", "b.png", "c.png", "letter.pdf"]
    named.selectbox(key="listing-order").set_value("least sure").run()
    surest = sorted(found, key=lambda name: found[name].probabilities.max())
    turned_away = [name for name in surest if found[name].turned_away]
    rest = [name for name in surest if not found[name].turned_away]
    assert files_listed(named) == ["letter.pdf", *turned_away, *rest]
    named.selectbox(key="listing-order").set_value("as given").run()
    named.get("button_group")[0].set_value("femur").run()
    femurs = [n for n, f in found.items() if not f.turned_away and f.anatomy.key == "femur"]
    assert files_listed(named) == femurs
    assert headlines(named) == [wording.headline(found[name]) for name in femurs]


def stop_at(count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Press Stop while the n-th file is analysed; names of all that were."""
    analyse, asked = Predictor.analyse, []

    def stopping(self: Predictor, scan: Scan, samples: int = 30) -> Finding:
        asked.append(scan.name)
        if len(asked) == count:
            identities = [file.file_id for file in st.session_state["uploads-0"]]
            batch._stop([(identity, self.version.label, False) for identity in identities])
            st.rerun()  # a click ends the run at its next sign of progress
        return analyse(self, scan, samples)

    monkeypatch.setattr(Predictor, "analyse", stopping)
    return asked


def test_a_reader_who_stops_keeps_the_answers_so_far_and_can_go_on(
    named: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = stop_at(3, monkeypatch)
    drop(named, *[upload("femur", 5, f"{index}.png") for index in range(4)])
    assert named.info[0].value == "Stopped: 2 of 4 files have no answer yet."
    assert list(named.dataframe[0].value["Decision"])[2:] == ["not looked at"] * 2
    assert len(headlines(named)) == 2
    assert "2 of 4 files. Files without an answer are left out." in texts(named)
    named.toggle(key="hide-names").set_value(True).run()
    assert len(headlines(named)) == 2
    named.toggle(key="hide-names").set_value(False).run()
    button(named, "Go on").click().run()
    assert not named.exception
    assert not named.info
    assert len(headlines(named)) == 4
    assert asked == ["0.png", "1.png", "2.png", "2.png", "3.png"], "none is asked about again"


def test_who_stopped_under_one_version_is_answered_under_another(
    named: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(2, monkeypatch)
    drop(named, *[upload("femur", 5, f"{index}.png") for index in range(3)])
    assert named.info
    serving = versions.find_version().label
    other = next(v.label for v in versions.list_versions() if v.label != serving)
    named.sidebar.selectbox[0].set_value(other).run()
    assert not named.info
    assert len(headlines(named)) == 3


def test_what_is_exported_is_what_is_listed(
    named: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def offer(_: object, entries: list[Entry], version: versions.Version, about: str) -> None:
        taken[:] = [about, *(entry.name for entry in entries)]

    monkeypatch.setattr(batch, "show_choices", offer)
    drop(named, upload("femur", 5), ("letter.pdf", b"%PDF-1.7", "application/pdf"))
    assert taken == ["All 2 files.", "femur.png", "letter.pdf"]
    named.get("button_group")[0].set_value("femur").run()
    assert taken == ["1 of 2 files, as listed.", "femur.png"]


def test_names_come_and_go_without_asking_again(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse, asked = Predictor.analyse, []
    monkeypatch.setattr(
        Predictor,
        "analyse",
        lambda self, scan, samples=30: asked.append(scan) or analyse(self, scan, samples),
    )
    drop(page, upload("femur", 5), ("letter.pdf", b"%PDF-1.7", "application/pdf"))
    page.toggle(key="hide-names").set_value(False).run()
    assert files_listed(page) == ["femur.png", "letter.pdf"]
    assert page.error[0].value.startswith(r"letter.pdf\: expected")
    assert len(asked) == 1


def test_a_disc_is_its_scans_and_not_its_list(named: AppTest) -> None:
    listing = Path(get_testdata_file("DICOMDIR")).read_bytes()
    drop(named, ("DICOMDIR", listing, ""), (".DS_Store", b"x", ""), upload("femur", 5))
    assert len(headlines(named)) == 1
    assert not named.error


def test_more_files_than_the_page_takes_are_named_by_number(
    named: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = upload("femur", 5)
    limit = read_settings().model_copy(update={"max_files": 2})
    monkeypatch.setattr("fetal_model.settings.read_settings", lambda: limit)
    drop(named, *[(f"{index}.png", *file[1:]) for index in range(3)])
    assert len(headlines(named)) == 2
    assert "Only the first 2 files are taken" in named.warning[0].value


def test_every_export_is_offered_and_none_is_made_before_it_is_asked_for(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.parts import export

    def made(*_: object) -> bytes:
        raise AssertionError("nobody has asked for a file")

    def offered() -> dict[str, bool]:
        """Each button, and whether it can be used."""
        return {b.proto.label: not b.proto.disabled for b in page.get("download_button")}

    monkeypatch.setattr(export, "bundle", made)
    labels = [choice.label for choice in export.CHOICES]
    drop(page, upload("femur", 5), ("note.png", b"text", "image/png"))
    assert list(offered()) == labels
    assert [label for label, usable in offered().items() if not usable] == ["DICOM"]
    assert export.NO_DICOM in texts(page)
    write_still(tmp_path / "brain.dcm", simulate("brain", 6))
    dicom = ("brain.dcm", (tmp_path / "brain.dcm").read_bytes(), "application/dicom")
    drop(page, upload("femur", 5), dicom)
    assert all(offered().values())
    assert list(offered()) == labels


def test_clear_empties_the_page(page: AppTest) -> None:
    page.button[0].click().run()
    drop(page, upload("femur", 5))
    assert len(headlines(page)) == 2
    next(button for button in page.button if button.label == "Clear").click().run()
    assert not page.exception
    assert not headlines(page)
    assert not page.get("download_button")
    assert len(page.image) == 4
    for kept in ("answers", "archives", "pseudonyms", "stopped"):
        assert kept not in page.session_state


def test_without_a_version_the_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise versions.VersionError("expected the version in service, found no file; train one")

    monkeypatch.setattr(versions, "find_version", none)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception
    assert "train one" in page.error[0].value
    assert len(page.file_uploader) == 1


def test_a_classified_scan_needs_no_tensorflow_and_leaves_no_file(tmp_path: Path) -> None:
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
sys.addaudithook(watch)
page.file_uploader[0].set_value([("femur.png", open(sys.argv[1], "rb").read(), "image/png")]).run()
assert len(page.subheader) == 1, page
loaded = {{"tensorflow", "keras", "tf_keras_vis"}} & set(sys.modules)
assert not loaded, loaded
written = [path for path in written if "__pycache__" not in path and not path.startswith("/dev/")]
assert not written, written
"""
    scan = tmp_path / "femur.png"
    scan.write_bytes(upload("femur", 5)[1])
    done = subprocess.run(
        [sys.executable, "-c", script, str(scan)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_target_that_cannot_be_promised_is_refused_with_the_reason(page: AppTest) -> None:
    page.button[2].click().run()
    choose = next(box for box in page.sidebar.selectbox if box.label == "Accept a scan so that")
    choose.select(0.01).run()
    assert not page.exception
    assert any("Not promised" in warning.value for warning in page.sidebar.warning)


def test_a_set_of_anatomies_is_named_where_it_is_asked_for(page: AppTest) -> None:
    page.button[2].click().run()
    assert not any("coverage)" in text.value for text in page.markdown)
    choose = next(box for box in page.sidebar.selectbox if box.label == "Name a set of anatomies")
    choose.select(0.8).run()
    assert not page.exception
    assert any("(80% coverage)" in text.value for text in page.markdown)


def test_a_second_look_asks_about_ten_views(page: AppTest) -> None:
    page.button[2].click().run()
    next(button for button in page.button if button.label == "Second look").click().run()
    assert not page.exception
    assert any("of 10 views" in text.value for text in page.markdown)


def sweep() -> Upload:
    """A clip of a black frame and two femurs, two seconds apart."""
    femur = simulate("femur", 3, annotations=False).image
    frames = np.stack([np.zeros_like(femur), femur, simulate("femur", 5).image[:448, :576]])
    data = to_bytes(
        make(frames[0], NumberOfFrames=len(frames), PixelData=frames.tobytes(), FrameTime="2000")
    )
    return "sweep.dcm", data, "application/dicom"


def test_a_clip_is_shown_over_time_and_by_its_best_frame(named: AppTest) -> None:
    drop(named, sweep())
    clip, frame = headlines(named)
    assert clip == "Femur · all 3 frames looked at"
    assert frame.startswith("Femur · ")
    slider = named.select_slider[0]
    assert slider.options == ["0", "1", "2"]
    assert slider.value in (1, 2)
    before = scan_url(named)
    slider.set_value(0).run()
    assert not named.exception
    assert headlines(named)[1] == "Not a usable ultrasound scan"
    assert scan_url(named) != before
    next(b for b in named.button if b.label == "Best femur frame").click().run()
    assert not named.exception
    assert headlines(named)[1].startswith("Femur · ")


def test_a_video_is_shown_like_any_clip(named: AppTest) -> None:
    video = (ROOT / "tests" / "files" / "h264.mp4").read_bytes()
    drop(named, ("sweep.mp4", video, "video/mp4"))
    assert len(headlines(named)) == 2
    assert "frames looked at" in headlines(named)[0]
    assert "Removed from this file: 1 header element." in texts(named)


def test_a_target_that_can_be_promised_says_what_it_did(page: AppTest) -> None:
    page.button[2].click().run()
    choose = next(box for box in page.sidebar.selectbox if box.label == "Accept a scan so that")
    choose.select(0.05).run()
    assert not page.exception
    assert any("in folds left out" in caption.value for caption in page.sidebar.caption)

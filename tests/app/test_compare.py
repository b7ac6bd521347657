"""The compare page as a script: versions side by side on scans, and counted on labelled sets."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.made_dicom import make, to_bytes
from fetal_model import wording
from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import built_in
from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.evaluation.comparison import figures, judge
from fetal_model.phantom import simulate
from fetal_model.predictor import Finding, Predictor
from fetal_model.scan import read_scan

ROOT = Path(__file__).resolve().parents[2]
DISCLAIMER = "Research and teaching only, not a medical device."
SIMULATED, FOLDER = "Simulated set", "Labelled folder"
TWO = ("tiny-dropout/1", "tiny-sononet/1")  # the one in service, and the last of the others


@pytest.fixture(autouse=True)
def _setting(
    after_the_first_visit: None,
    use_weights: Callable[[Path], None],
    untrained_weights: Path,
) -> Iterator[None]:
    use_weights(untrained_weights)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    page.switch_page("pages/compare.py").run()
    assert not page.exception
    return page


@pytest.fixture
def page() -> AppTest:
    return opened()


@pytest.fixture
def femur(phantom_files: dict[str, Path]) -> tuple[str, bytes, str]:
    return "femur.png", phantom_files["femur"].read_bytes(), "image/png"


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def choose(page: AppTest, kind: str) -> AppTest:
    page.get("button_group")[0].set_value(kind).run()
    assert not page.exception
    return page


def found(file: tuple[str, bytes, str], label: str) -> Finding:
    return Predictor.load(label).analyse(read_scan(file[1], file[0]))


def texts(page: AppTest) -> list[str]:
    return [element.value for element in [*page.markdown, *page.caption]]


def bold(page: AppTest) -> list[str]:
    return [value.strip("*") for value in (m.value for m in page.markdown) if value[:2] == "**"]


def pictures(page: AppTest) -> list[str]:
    """Addresses of the scans of the versions, without the legends below them."""
    return [image.value[0] for image in page.image][::2]


def test_empty_state_invites_names_the_versions_and_disclaims(page: AppTest) -> None:
    assert page.title[0].value == "Compare versions"
    assert tuple(page.multiselect[0].value) == TWO
    assert "Femur (simulated)" in [button.label for button in page.button]
    assert DISCLAIMER in texts(page)
    assert "**tiny-sononet/1** · Untrained." in texts(page)


def test_versions_answer_about_the_same_scan_side_by_side(
    page: AppTest, femur: tuple[str, bytes, str]
) -> None:
    page.file_uploader[0].set_value([femur]).run()
    assert not page.exception
    assert bold(page) == [wording.headline(found(femur, label)) for label in TWO]
    assert len(page.get("plotly_chart")) == 2
    for label in TWO:
        finding = found(femur, label)
        assert wording.spread(finding) in texts(page)
        line = (
            f"Predictive entropy {finding.predictive_entropy:.2f} nats · plane score "
            f"{finding.plane_score:.2f} · analysed in "
        )
        assert any(text.startswith(line) for text in texts(page))


def test_one_picker_explains_one_anatomy_in_every_overlay(
    page: AppTest, femur: tuple[str, bytes, str]
) -> None:
    page.file_uploader[0].set_value([femur]).run()
    own = pictures(page)
    assert len(set(own)) == 2, "each version has its own map"
    picker = page.get("button_group")[1]
    picker.set_value("thorax").run()
    assert sum("speaks for thorax (Grad-CAM)" in text for text in texts(page)) == 2
    page.slider[0].set_value(0).run()
    assert len(set(pictures(page))) == 1, "without overlay both show the scan as it was read"
    assert sum("Overlay off" in text for text in texts(page)) == 2


def test_a_bad_file_costs_only_itself(page: AppTest, femur: tuple[str, bytes, str]) -> None:
    bad = ("letter.pdf", b"%PDF-1.7 a letter", "application/pdf")
    page.file_uploader[0].set_value([bad, femur]).run()
    assert not page.exception
    assert len(page.error) == 1
    aliases = [wording.plain(pseudonym(*file[:2])) for file in (bad, femur)]
    assert page.error[0].value.startswith(rf"{aliases[0]}\: expected PNG")
    assert [s.value for s in page.subheader] == aliases
    assert len(pictures(page)) == 2
    page.toggle(key="compare-hide-names").set_value(False).run()
    assert page.error[0].value.startswith(r"letter.pdf\: expected PNG")
    assert [s.value for s in page.subheader] == ["letter.pdf", "femur.png"]


def test_a_clip_is_sent_to_the_page_that_takes_clips(page: AppTest) -> None:
    frames = np.stack([simulate("femur", seed).image[:448, :576] for seed in (3, 5)])
    data = to_bytes(make(frames[0], NumberOfFrames=2, PixelData=frames.tobytes()))
    page.file_uploader[0].set_value([("sweep.dcm", data, "application/dicom")]).run()
    assert not page.exception
    assert any("found a clip of 2 frames" in error.value for error in page.error)


def test_clear_empties_the_page(page: AppTest, femur: tuple[str, bytes, str]) -> None:
    press(page, "Brain (simulated)")
    page.file_uploader[0].set_value([femur]).run()
    assert len(page.subheader) == 2
    press(page, "Clear")
    assert not page.subheader
    assert "Brain (simulated)" in [button.label for button in page.button]


def test_one_version_is_too_few(page: AppTest) -> None:
    page.multiselect[0].set_value(["tiny-plain/1"]).run()
    assert not page.exception
    assert [info.value for info in page.info] == ["Choose at least 2 versions."]


def test_with_a_single_version_the_page_says_how_to_get_another(
    untrained_weights: Path, tmp_path: Path, use_weights: Callable[[Path], None]
) -> None:
    root = tmp_path / "weights"
    shutil.copytree(untrained_weights / "tiny-dropout", root / "tiny-dropout")
    shutil.copy(untrained_weights / "serving.json", root)
    use_weights(root)
    page = opened()
    assert "comparing needs two" in page.info[0].value
    assert "train seed-cnn" in page.info[0].value
    assert not page.multiselect


@pytest.mark.slow
def test_the_simulated_set_is_counted_for_every_version(page: AppTest) -> None:
    choose(page, SIMULATED)
    assert any("whom no recipe learns from" in text for text in texts(page))
    page.slider[0].set_value(5).run()
    press(page, "Compare")
    said = {
        label: [judge(Predictor.load(label), order.file()) for order in built_in(5)]
        for label in TWO
    }
    table = page.table[0].value
    wanted = figures(said)
    assert table.to_dict("records") == wanted
    assert re.fullmatch(r"\d+/20 = \d\.\d{3} \(.* to .*\)", wanted[0][TWO[0]])
    assert [s.value for s in page.subheader][:2] == [
        "Figures on 20 simulated scans",
        "Answers by truth, n = 20 simulated scans",
    ]
    assert len(page.get("plotly_chart")) == 2


def test_disagreements_are_listed_worst_first_with_the_truth(page: AppTest) -> None:
    page.multiselect[0].set_value(["tiny-dropout/1", "tiny-plain/1"]).run()
    choose(page, SIMULATED)
    page.slider[0].set_value(5).run()
    press(page, "Compare")
    # tiny-plain accepts nothing and tiny-dropout everything, so they differ about every scan
    assert page.subheader[2].value == "Where they disagree: 20 of 20 simulated scans"
    assert len(page.get("pagination")) == 1
    truths = [text for text in texts(page) if text.startswith("**Truth: ")]
    assert len(truths) == 6
    assert all(text.endswith("(simulated)") for text in truths)
    verdicts = [text for text in texts(page) if " · accepted · " in text]
    assert verdicts[0].endswith("wrong"), "accepted and wrong comes first"
    assert len(page.image) == 6


def zipped(files: dict[str, bytes]) -> tuple[str, bytes, str]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return "set.zip", file.getvalue(), "application/zip"


def test_a_folder_is_counted_and_what_does_not_fit_is_said(
    page: AppTest, phantom_files: dict[str, Path]
) -> None:
    choose(page, FOLDER)
    assert any("Nothing is here yet" in text for text in texts(page))
    files = [(f"set/{key}/1.png", phantom_files[key].read_bytes(), "image/png") for key in KEYS]
    files += [("set/kidney/1.png", b"x", "image/png"), ("set/femur/2.png", b"hello", "image/png")]
    page.file_uploader[0].set_value(files).run()
    assert not page.exception
    assert "expected a sub-folder named brain, abdomen" in page.warning[0].value
    assert any(text.startswith("5 scans: brain 1, abdomen 1, femur 2") for text in texts(page))
    assert "kidney" not in page.warning[0].value
    page.toggle(key="compare-folder-hide-names").set_value(False).run()
    assert "folder 'kidney'" in page.warning[0].value
    press(page, "Compare")
    assert [error.value[:15] for error in page.error] == ["set/femur/2.png"]
    assert page.subheader[0].value == "Figures on 4 scans"
    assert page.table[0].value["Figure"][0] == "Accuracy, forced to four"
    assert "/4 = " in page.table[0].value[TWO[0]][0]


def test_a_zip_serves_as_well(page: AppTest, phantom_files: dict[str, Path]) -> None:
    choose(page, FOLDER)
    page.file_uploader[1].set_value(
        zipped({f"{key}/1.png": phantom_files[key].read_bytes() for key in KEYS})
    ).run()
    assert not page.exception
    press(page, "Compare")
    assert page.subheader[0].value == "Figures on 4 scans"
    # another set has no report yet
    page.file_uploader[1].set_value(zipped({"brain/1.png": phantom_files["brain"].read_bytes()}))
    page.run()
    assert not page.subheader


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (("set.zip", b"no zip", "application/zip"), "expected a ZIP without a password"),
        (zipped({"kidney/1.png": b"x"}), "expected scans in sub-folders named brain"),
    ],
)
def test_a_zip_that_cannot_be_used_is_explained(
    page: AppTest, archive: tuple[str, bytes, str], message: str
) -> None:
    choose(page, FOLDER)
    page.file_uploader[1].set_value(archive).run()
    assert not page.exception
    assert message in page.error[0].value
    assert "Compare" not in [button.label for button in page.button]


def test_a_broken_version_is_explained_and_others_can_be_chosen(
    untrained_weights: Path, tmp_path: Path, use_weights: Callable[[Path], None]
) -> None:
    root = tmp_path / "weights"
    shutil.copytree(untrained_weights, root)
    (root / "tiny-sononet" / "1" / "head.npz").write_bytes(b"changed")
    use_weights(root)
    page = choose(opened(), SIMULATED)
    page.slider[0].set_value(5).run()
    press(page, "Compare")
    assert page.error[0].value.startswith("A version cannot answer. tiny-sononet/1: head.npz")
    page.multiselect[0].set_value(["tiny-dropout/1", "tiny-plain/1"]).run()
    press(page, "Compare")
    assert not page.error
    assert page.subheader[0].value == "Figures on 20 simulated scans"

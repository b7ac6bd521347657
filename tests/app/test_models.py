"""The models page as a script: every section, of a version with all its files and of a bare one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.evaluation.mistakes import confident_mistakes
from fetal_model.evaluation.predictions import read_predictions
from fetal_model.explain.feature_maps import feature_maps, list_layers, most_varied
from fetal_model.scan import read_scan
from fetal_model.store.versions import find_version

ROOT = Path(__file__).resolve().parents[2]
DISCLAIMER = "Research and teaching only, not a medical device."


@pytest.fixture(autouse=True)
def _setting(
    after_the_first_visit: None, use_weights: Callable[[Path], None], judged_weights: Path
) -> Iterator[None]:
    use_weights(judged_weights)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    page.switch_page("pages/models.py").run()
    assert not page.exception
    return page


@pytest.fixture
def page() -> AppTest:
    return opened()


def show(page: AppTest, section: str) -> AppTest:
    page.get("button_group")[0].set_value(section).run()
    assert not page.exception
    return page


def texts(page: AppTest) -> list[str]:
    return [element.value for element in [*page.markdown, *page.caption]]


def alts(page: AppTest) -> list[str]:
    """Texts of the charts for those who cannot see them."""
    return [chart.proto.alt for chart in page.get("plotly_chart")]


def test_the_card_of_the_version_in_service_comes_first(
    page: AppTest, judged_weights: Path
) -> None:
    assert page.selectbox[0].value == "tiny-dropout/1"
    card = (judged_weights / "tiny-dropout" / "1" / "CARD.md").read_text(encoding="utf-8")
    shown = next(text for text in texts(page) if "A network that learned nothing." in text)
    assert shown.replace("#### ", "## ").strip() == card.split("\n", 1)[1].strip()
    assert DISCLAIMER in texts(page)


def test_training_shows_every_measure_with_n(page: AppTest) -> None:
    show(page, "Training")
    assert alts(page) == [
        "Loss, epoch 3: training 1, validation 1.1",
        "Accuracy, epoch 3: training 0.75, validation 0.6",
    ]
    assert any("n = 40 scans to learn from and 9 to validate on" in text for text in texts(page))


def test_answers_on_real_and_on_simulated_scans_are_apart(page: AppTest) -> None:
    show(page, "Answers")
    titles = [text for text in texts(page) if text.startswith("**")]
    assert titles == ["**Real scans, n = 2**", "**Simulated scans, n = 8**"]
    assert alts(page)[0] == (
        "Confusion matrix, real scans: brain answered brain 1; femur answered thorax 1"
    )


def test_doubt_on_real_and_on_simulated_scans_are_apart(page: AppTest) -> None:
    show(page, "Doubt")
    assert not page.exception
    titles = [text for text in texts(page) if text.startswith("**")]
    assert [title.split(",")[0] for title in titles] == ["**Real scans", "**Simulated scans"]
    assert alts(page)[0].startswith("Wrong answers among the surest scans, real scans:")
    captions = [caption.value for caption in page.caption]
    assert any("Right among the surest 80%:" in text for text in captions)
    assert any("Expected calibration error" in text for text in captions)


def test_mistakes_worst_first_with_the_picture_where_there_is_one(
    page: AppTest, judged_weights: Path
) -> None:
    rows = read_predictions(judged_weights / "tiny-dropout" / "1" / "predictions.csv")
    mistakes = confident_mistakes(rows)
    assert len(mistakes) > 3, "an untrained network is wrong about most"
    show(page, "Mistakes")
    assert page.subheader[0].value == (
        f"{len(mistakes)} mistakes on 2 real and 8 simulated held-out scans"
    )
    names = [text for text in texts(page) if text.endswith(".png")]
    assert names == [mistake.scan.rsplit("/", 1)[-1] for mistake in mistakes[:8]]
    assert names[0] == "worst.png"
    assert "**Thorax · >99% · accepted**" in texts(page)
    assert "Truth: Femur (hc18)" in texts(page)
    # the phantoms are simulated again; the real scan is nowhere
    assert len(page.image) == sum(mistake.simulated for mistake in mistakes[:8])
    assert "The picture is not on this machine." in texts(page)


def test_layers_wait_until_they_are_asked_for(page: AppTest, judged_weights: Path) -> None:
    show(page, "Layers")
    assert not page.dataframe
    page.button[0].click().run()
    assert not page.exception
    layers = list_layers(find_version("tiny-dropout", judged_weights))
    table = page.dataframe[0].value
    assert list(table["Layer"]) == [layer.name for layer in layers]
    assert list(table["Parameters"]) == [layer.parameters for layer in layers]
    total = sum(layer.parameters for layer in layers)
    assert page.subheader[0].value == f"{len(layers)} layers, {total:,} parameters"
    # once loaded, another section of the same version asks no more
    show(page, "Feature maps")
    assert not page.button
    # another version is another network
    page.selectbox[0].set_value("tiny-plain/1").run()
    assert [button.label for button in page.button] == ["Load the network"]


def test_feature_maps_of_any_layer_for_an_example_and_for_a_file(
    page: AppTest, judged_weights: Path, phantom_files: dict[str, Path]
) -> None:
    show(page, "Feature maps")
    page.button[0].click().run()
    version = find_version("tiny-dropout", judged_weights)
    page.selectbox[1].set_value("convolution_1").run()
    assert not page.exception
    assert page.subheader[0].value == "convolution_1: 8 maps of 64 x 64"
    assert len(page.image) == 1 + 8
    before = [image.value[0] for image in page.image]

    page.selectbox[2].set_value("A file of your own").run()
    assert not page.image
    data = phantom_files["thorax"].read_bytes()
    page.file_uploader[0].set_value(("thorax.png", data, "image/png")).run()
    assert not page.exception
    after = [image.value[0] for image in page.image]
    assert len(after) == len(before)
    # the scan and the map that varies most; what is dead for both scans looks the same
    assert before[0] != after[0]
    assert before[1] != after[1]
    maps = feature_maps(version, read_scan(data), "convolution_1")
    captions = [caption.value for caption in page.caption if caption.value.startswith("Channel")]
    order = [f"Channel {channel + 1}" for channel in most_varied(maps)]
    assert [caption.split(" ·")[0] for caption in captions] == order

    page.selectbox[1].set_value("hidden").run()
    assert page.subheader[0].value == "hidden: 64 units"
    assert len(page.get("plotly_chart")) == 1


def test_a_file_that_is_no_scan_is_explained(page: AppTest) -> None:
    show(page, "Feature maps")
    page.button[0].click().run()
    page.selectbox[2].set_value("A file of your own").run()
    page.file_uploader[0].set_value(("note.pdf", b"%PDF-1.7 x", "application/pdf")).run()
    assert not page.exception
    alias = pseudonym("note.pdf", b"%PDF-1.7 x")
    assert page.error[0].value.startswith(rf"{alias}\: expected PNG")


def test_a_version_without_these_files_says_so(page: AppTest) -> None:
    page.selectbox[0].set_value("tiny-plain/1").run()
    for section, missing in (
        ("Card", "has no CARD.md"),
        ("Training", "keeps no training history"),
        ("Answers", "has no predictions.csv"),
        ("Doubt", "has no predictions.csv"),
        ("Mistakes", "has no predictions.csv"),
    ):
        show(page, section)
        assert missing in page.info[0].value
        assert "tiny-plain/1" in page.info[0].value


def test_a_changed_weight_file_is_refused_in_words(
    judged_weights: Path, tmp_path: Path, use_weights: Callable[[Path], None]
) -> None:
    root = tmp_path / "weights"
    shutil.copytree(judged_weights, root)
    (root / "tiny-dropout" / "1" / "model.keras").write_bytes(b"changed")
    use_weights(root)
    page = show(opened(), "Layers")
    page.button[0].click().run()
    assert not page.exception
    assert page.error[0].value.startswith("This version cannot be used. tiny-dropout/1")


def test_what_learned_from_phantoms_says_so(page: AppTest) -> None:
    assert "Untrained." in texts(page)


def test_cards_and_curves_need_no_tensorflow() -> None:
    script = """
import sys
from pages.parts import models_card, models_mistakes, models_network
from pages.parts import compare_labelled, compare_scans
loaded = {"tensorflow", "keras"} & set(sys.modules)
sys.exit(f"{loaded}" if loaded else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]


def test_doubt_of_a_leaky_version_claims_no_unseen_scans(
    judged_weights: Path, tmp_path: Path, use_weights: Callable[[Path], None]
) -> None:
    root = tmp_path / "weights"
    shutil.copytree(judged_weights, root)
    file = root / "tiny-dropout" / "1" / "metadata.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"leaky": True}))
    use_weights(root)
    page = show(opened(), "Doubt")
    assert not page.exception
    captions = " ".join(caption.value for caption in page.caption)
    assert "leaky" in captions
    assert "never saw" not in captions

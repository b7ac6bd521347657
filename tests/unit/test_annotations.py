"""What is drawn over a scan is found, what is tissue is left alone, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fetal_model.phantom import simulate
from fetal_model.phantom.screen import Annotations as Drawn
from fetal_model.scan import Scan
from fetal_model.scan.annotations import Annotations, find_annotations, without_annotations
from fetal_model.scan.preprocess import InputSpec, preprocess

KINDS = ("grey_bar", "ticks", "text", "calipers", "box")
SEEDS = (("brain", 980_000), ("abdomen", 980_001), ("femur", 980_002), ("thorax", 980_003))


@pytest.fixture(scope="module")
def bare() -> dict[str, np.ndarray]:
    return {key: simulate(key, seed, annotations=False).image for key, seed in SEEDS}


def found_in(image: np.ndarray) -> Annotations:
    return find_annotations(image.astype(np.float32) / 255)


def recall(image: np.ndarray, plain: np.ndarray) -> float:
    """Share of what was drawn that is found or lies outside the fan."""
    drawn = np.abs(image.astype(int) - plain) > 40
    found = found_in(image)
    return float((drawn & (found.drawn | found.hidden)).sum() / drawn.sum())


def test_tissue_is_left_alone(bare: dict[str, np.ndarray]) -> None:
    for key, image in bare.items():
        found = found_in(image)
        assert found.removed < 0.002, key
        shown = image > 20
        assert (shown & found.fan).sum() > 0.97 * shown.sum(), key


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_the_simulated_scanner_is_found(
    kind: str, bare: dict[str, np.ndarray]
) -> None:
    shares = []
    for key, seed in SEEDS:
        kinds = Drawn(**{one: one == kind for one in KINDS})
        image = simulate(key, seed, annotations=kinds).image
        if (np.abs(image.astype(int) - bare[key]) > 40).sum() > 20:
            shares.append(recall(image, bare[key]))
    assert shares
    assert np.mean(shares) > 0.85


@pytest.mark.parametrize("face", [cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX, None])
def test_text_on_tissue_in_other_fonts_is_found(
    face: int | None, bare: dict[str, np.ndarray]
) -> None:
    shares = []
    for plain in bare.values():
        image = plain.copy()
        if face is None:
            picture = Image.fromarray(image)
            font = ImageFont.load_default(16)
            ImageDraw.Draw(picture).text((250, 220), "Cardiac", 240, font=font)
            image = np.asarray(picture).copy()
        else:
            cv2.putText(image, "Cardiac", (250, 220), face, 0.6, 240, 1, cv2.LINE_AA)
        shares.append(recall(image, plain))
    assert np.mean(shares) > 0.9


def test_a_black_scan_has_nothing() -> None:
    found = find_annotations(np.zeros((120, 160), np.float32))
    assert not found.drawn.any()
    assert not found.fan.any()
    assert not found.hidden.any()
    assert found.removed == 0


def test_masks_have_the_shape_of_a_large_scan(bare: dict[str, np.ndarray]) -> None:
    large = cv2.resize(bare["brain"], (1440, 1120), interpolation=cv2.INTER_CUBIC)
    cv2.putText(large, "BPD 51 mm", (600, 500), cv2.FONT_HERSHEY_DUPLEX, 1.5, 250, 2)
    found = found_in(large)
    for mask in (found.text, found.marks, found.bars, found.boxes, found.fan):
        assert mask.shape == large.shape
        assert mask.dtype == bool
    assert found.strokes[460:505, 600:840].any()


def test_filling_touches_nothing_else() -> None:
    grey = np.random.default_rng(0).random((40, 50), dtype=np.float32)
    strokes, hidden = np.zeros(grey.shape, bool), np.zeros(grey.shape, bool)
    strokes[10:12, 10:30], hidden[30:], grey[10:12, 10:30] = True, True, 1
    given = grey.copy()
    filled = without_annotations(grey, strokes, hidden)
    assert np.array_equal(grey, given)
    assert filled.dtype == np.float32
    assert not filled[hidden].any()
    assert np.array_equal(filled[~(strokes | hidden)], grey[~(strokes | hidden)])
    assert filled[strokes].max() < 1
    assert filled[strokes].mean() == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("scaling", ["0-1", "standardise"])
def test_a_model_sees_the_scan_as_if_nothing_were_written(
    scaling: str, bare: dict[str, np.ndarray]
) -> None:
    spec = InputSpec(224, 288, scaling)
    image = bare["brain"].copy()
    cv2.putText(image, "Cardiac", (220, 220), cv2.FONT_HERSHEY_DUPLEX, 0.8, 250, 2, cv2.LINE_AA)
    plain, written = (Scan.from_array(x / 255, "x") for x in (bare["brain"], image))
    without = replace(spec, annotations="taken away")
    clean, region = preprocess(plain, without)
    masked, _ = preprocess(written, without)
    found, _ = preprocess(written, without, find_annotations(written.pixels))
    spoilt, _ = preprocess(written, spec)
    assert np.array_equal(masked, found)
    part = slice(98, 114), slice(110, 175)
    assert masked.shape == (224, 288, 1)
    assert (region.height, region.width) == image.shape
    before, after = (np.abs(x - clean)[part].mean() for x in (spoilt, masked))
    assert after < 0.35 * before

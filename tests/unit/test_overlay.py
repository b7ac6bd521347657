"""The overlay hides no tissue where there is no heat, and its colours rise with the heat."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.explain.overlay import colours, fit_screen, legend_strip, overlay


@pytest.fixture
def scan() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """CIE lightness of sRGB colours, in [0, 100]."""
    linear = rgb / 255.0
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


def test_without_heat_or_opacity_the_scan_is_untouched(scan: np.ndarray) -> None:
    heat = np.random.default_rng(1).random((30, 40), dtype=np.float32)
    assert np.array_equal(overlay(scan, np.zeros((30, 40), np.float32), 1.0), scan)
    assert np.array_equal(overlay(scan, heat, 0.0), scan)


def test_alpha_is_opacity_times_heat(scan: np.ndarray) -> None:
    heat = np.full((30, 40), 0.5, np.float32)
    colour = colours(heat)[0, 0].astype(float)
    expected = np.rint(scan * (1 - 0.4) + colour * 0.4)
    assert np.array_equal(overlay(scan, heat, 0.8), expected.astype(np.uint8))
    hottest = overlay(scan, np.ones((30, 40), np.float32), 1.0)
    assert (hottest == colours(np.ones((1, 1), np.float32))[0, 0]).all()


def test_only_the_hot_pixel_changes(scan: np.ndarray) -> None:
    heat = np.zeros((30, 40), np.float32)
    heat[7, 11] = 1
    changed = (overlay(scan, heat, 0.9) != scan).any(axis=2)
    assert changed[7, 11]
    assert changed.sum() == 1


def test_the_input_is_not_written_to(scan: np.ndarray) -> None:
    scan.setflags(write=False)
    heat = np.ones((30, 40), np.float32)
    heat.setflags(write=False)
    overlay(scan, heat, 0.5)


def test_colours_are_rgb_and_grow_evenly_lighter() -> None:
    ramp = colours(np.linspace(0, 1, 256, dtype=np.float32)[np.newaxis])[0]
    lightness = luminance(ramp)
    steps = np.diff(lightness[::16])
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.min(), "perceptually uniform: no band, no plateau"
    red, _, blue = ramp[160].astype(int)
    assert red > blue, "inferno's upper half is orange; blue would mean swapped channels"


@pytest.mark.parametrize(
    ("display", "heat", "opacity", "message"),
    [
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.float32), 0.5, "height, width, 3"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), np.float32), 0.5, r"\(5, 4\)"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.float32), 1.5, "1.5"),
        (np.zeros((4, 5, 3), np.uint8), np.full((4, 5), 2, np.float32), 0.5, "2.0"),
        (np.zeros((4, 5, 3), np.uint8), np.full((4, 5), np.nan, np.float32), 0.5, "nan"),
    ],
)
def test_wrong_arguments_are_named(
    display: np.ndarray, heat: np.ndarray, opacity: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        overlay(display, heat, opacity)


def test_legend_goes_from_tissue_to_the_hottest_colour() -> None:
    strip = legend_strip(1.0, width=64, height=3)
    assert strip.shape == (3, 64, 3)
    assert strip.dtype == np.uint8
    assert (strip[:, 0] == strip[0, 0, 0]).all(), "the clear end is grey"
    assert np.array_equal(strip[0, -1], colours(np.ones((1, 1), np.float32))[0, 0])
    assert (legend_strip(0.0) == legend_strip(0.0)[0, 0]).all(), "an overlay switched off is clear"


def test_fit_screen_keeps_small_pictures_and_the_aspect_ratio(scan: np.ndarray) -> None:
    assert fit_screen(scan) is scan
    large = np.zeros((3000, 1000, 3), np.uint8)
    assert fit_screen(large, 600).shape == (600, 200, 3)
    heat = np.random.default_rng(2).random((900, 1200), dtype=np.float32)
    shrunk = fit_screen(heat, 300)
    assert shrunk.shape == (225, 300)
    assert shrunk.dtype == np.float32
    assert 0 <= shrunk.min() <= shrunk.max() <= 1
    # a picture and its heatmap must stay on top of each other
    assert fit_screen(np.zeros((901, 1203, 3), np.uint8), 300).shape[:2] == (
        fit_screen(np.zeros((901, 1203), np.float32), 300).shape
    )

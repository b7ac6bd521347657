"""The outline runs along the edge of the mask and leaves what lies within as it was."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.explain.outline import outline
from fetal_model.phantom import simulate

ORANGE = "#E69F00"
ORANGE_RGB = [230, 159, 0]


@pytest.fixture
def scan() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)


@pytest.fixture
def disc() -> np.ndarray:
    rows, columns = np.mgrid[:120, :160]
    return (np.hypot(rows - 60, columns - 80) < 30).astype(np.uint8)


def distance_from_circle() -> np.ndarray:
    rows, columns = np.mgrid[:120, :160]
    return np.abs(np.hypot(rows - 60, columns - 80) - 30)


def test_only_a_band_along_the_edge_changes(scan: np.ndarray, disc: np.ndarray) -> None:
    changed = (outline(scan, disc, ORANGE) != scan).any(axis=2)
    near = distance_from_circle()
    assert not changed[near > 5].any(), "neither the tissue within nor the rest of the scan"
    assert changed[near < 0.7].all(), "the edge is closed all the way round"


def test_the_line_has_the_colour_and_a_dark_rim(disc: np.ndarray) -> None:
    bright = np.full((120, 160, 3), 255, np.uint8)
    drawn = outline(bright, disc, ORANGE)
    column = drawn[:, 80].astype(int)
    on_line = np.abs(column - ORANGE_RGB).max(axis=1) < 3
    assert on_line.any()
    first = int(np.flatnonzero(on_line)[0])
    assert column[first - 1].max() < 140, "seen on bright tissue as well"
    assert not (np.abs(column - ORANGE_RGB[::-1]).max(axis=1) < 3).any(), "channels are swapped"


def test_a_hole_is_outlined_as_well(scan: np.ndarray, disc: np.ndarray) -> None:
    disc[55:66, 75:86] = 0
    changed = (outline(scan, disc, ORANGE) != scan).any(axis=2)
    assert changed[54:56, 75:86].any()


def test_a_mask_that_reaches_the_edge_of_the_scan(scan: np.ndarray) -> None:
    whole = np.ones((120, 160), np.uint8)
    changed = (outline(scan, whole, ORANGE) != scan).any(axis=2)
    assert changed[0].all()
    assert changed[:, -1].all()
    assert not changed[10:-10, 10:-10].any()


def test_an_empty_mask_changes_nothing_and_the_input_is_not_written_to(scan: np.ndarray) -> None:
    scan.setflags(write=False)
    drawn = outline(scan, np.zeros((120, 160), np.uint8), ORANGE)
    assert np.array_equal(drawn, scan)
    assert not np.shares_memory(drawn, scan)


def test_masks_of_0_and_255_are_the_same_as_of_0_and_1(scan: np.ndarray, disc: np.ndarray) -> None:
    assert np.array_equal(outline(scan, disc * 255, ORANGE), outline(scan, disc, ORANGE))


def test_a_phantom_is_outlined_where_its_mask_ends() -> None:
    phantom = simulate("abdomen", 3)
    display = np.repeat(phantom.image[:, :, np.newaxis], 3, axis=2)
    changed = (outline(display, phantom.mask, ORANGE) != display).any(axis=2)
    inside = phantom.mask.astype(bool)
    edge = inside & ~np.roll(inside, 1, axis=1)
    assert edge.sum() > 100
    assert changed[edge].mean() > 0.99


@pytest.mark.parametrize(
    ("shape", "mask", "colour", "message"),
    [
        ((4, 5), (4, 5), ORANGE, "height, width, 3"),
        ((4, 5, 3), (5, 4), ORANGE, r"\(5, 4\)"),
        ((4, 5, 3), (4, 5), "orange", "'orange'"),
        ((4, 5, 3), (4, 5), "#E69F0", "'#E69F0'"),
        ((4, 5, 3), (4, 5), "#E69F0G", "'#E69F0G'"),
    ],
)
def test_wrong_arguments_are_named(
    shape: tuple[int, ...], mask: tuple[int, int], colour: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        outline(np.zeros(shape, np.uint8), np.zeros(mask, np.uint8), colour)

"""From a scan to a model's input, and a model's map back onto the uncropped scan."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, find_content, place, preprocess
from fetal_model.scan.types import Region

HEIGHT, WIDTH = 661, 959
GRIDS = [(14, 18), (8, 8), (28, 36)]
REGIONS = [
    Region(0, 0, HEIGHT, WIDTH),
    Region(115, 81, 640, 874),
    Region(0, 300, 400, 959),
    Region(37, 5, 638, 612),
]


def scan_of(pixels: np.ndarray) -> Scan:
    return Scan.from_array(pixels, "test")


def fan(height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """A speckled sector on black, of about half the picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(y + 0.1 * height, x - width / 2)
    angle = np.abs(np.arctan2(x - width / 2, y + 0.1 * height))
    inside = (radius > 0.2 * height) & (radius < 1.0 * height) & (angle < 0.7)
    return np.where(inside, rng.rayleigh(0.25, (height, width)).clip(0, 1), 0).astype(np.float32)


def test_same_size_passes_unchanged() -> None:
    pixels = np.random.default_rng(1).random((60, 80), dtype=np.float32)
    values, region = preprocess(scan_of(pixels), InputSpec(60, 80, "0-1"))
    assert values.shape == (60, 80, 1)
    assert values.dtype == np.float32
    assert np.array_equal(values[..., 0], pixels)
    assert values.flags.writeable
    assert region == Region(0, 0, 60, 80)


def test_0_255_is_what_a_model_with_its_own_rescaling_expects() -> None:
    pixels = np.random.default_rng(1).random((60, 80), dtype=np.float32)
    values, _ = preprocess(scan_of(pixels), InputSpec(60, 80, "0-255"))
    assert np.allclose(values[..., 0], pixels * 255)
    assert np.allclose(values / 255, pixels[..., None], atol=1e-6)  # Rescaling(1/255), once


def test_standardise_is_255_times_the_z_score_of_the_one_image() -> None:
    pixels = np.random.default_rng(2).random((100, 120), dtype=np.float32) * 0.3 + 0.2
    values, _ = preprocess(scan_of(pixels), InputSpec(100, 120, "standardise"))
    expected = 255 * (pixels.astype(float) - pixels.mean()) / pixels.astype(float).std()
    assert np.abs(values[..., 0] - expected).max() < 0.01
    assert abs(float(values.mean())) < 0.01
    assert float(values.std()) == pytest.approx(255, abs=0.01)


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_an_image_of_one_grey_standardises_to_zeros(grey: float) -> None:
    scan = scan_of(np.full((HEIGHT, WIDTH), grey))
    values, _ = preprocess(scan, InputSpec(224, 288, "standardise"))
    assert not values.any()


def test_shrinking_averages() -> None:
    pixels = np.zeros((64, 64), np.float32)
    pixels[::2, ::2] = 1.0
    values, _ = preprocess(scan_of(pixels), InputSpec(32, 32, "0-1"))
    assert np.allclose(values, 0.25)


def test_growing_is_linear_about_pixel_centres() -> None:
    ramp = np.tile(np.arange(40, dtype=np.float32) / 40, (40, 1))
    values, _ = preprocess(scan_of(ramp), InputSpec(40, 80, "0-1"))
    centres = np.clip((np.arange(80) + 0.5) / 2 - 0.5, 0, 39) / 40
    assert np.allclose(values[0, :, 0], centres, atol=1e-6)


def test_an_axis_that_shrinks_is_averaged_while_the_other_grows() -> None:
    pixels = np.zeros((64, 40), np.float32)
    pixels[::2] = 1.0  # rows alternate; anything but averaging them aliases
    values, _ = preprocess(scan_of(pixels), InputSpec(32, 80, "0-1"))
    assert np.allclose(values, 0.5)


def test_input_is_deterministic_and_stays_in_range() -> None:
    scan = scan_of(fan())
    spec = InputSpec(224, 288, "0-1", "content")
    first, again = preprocess(scan, spec), preprocess(scan, spec)
    assert np.array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert first[0].min() >= 0
    assert first[0].max() <= 1


# --- content ---------------------------------------------------------------------------------


def test_content_keeps_the_fan_and_drops_the_margin() -> None:
    pixels = fan()
    rows, columns = np.nonzero(pixels > 0.04)
    region = find_content(pixels)
    stroke = 14  # the width the opening may take off a pointed tip, and the margin put back
    assert abs(region.top - rows.min()) <= stroke
    assert abs(region.bottom - 1 - rows.max()) <= stroke
    assert abs(region.left - columns.min()) <= stroke
    assert abs(region.right - 1 - columns.max()) <= stroke
    kept = pixels[region.top : region.bottom, region.left : region.right]
    assert kept.sum() > 0.995 * pixels.sum()


def test_content_is_not_moved_by_text_and_specks() -> None:
    clean = fan()
    noisy = clean.copy()
    for column in range(10, 300, 12):  # a line of text: strokes three pixels wide
        noisy[8:24, column : column + 3] = 1.0
        noisy[14:17, column : column + 8] = 1.0
    noisy[600:640, 940:943] = 1.0
    rng = np.random.default_rng(4)
    noisy[rng.integers(0, HEIGHT, 200), rng.integers(0, WIDTH, 200)] = 1.0
    assert find_content(noisy) == find_content(clean)


def test_content_is_not_moved_by_compression_noise() -> None:
    clean = fan()
    noise = np.random.default_rng(6).random(clean.shape, dtype=np.float32) * 0.03
    assert find_content(np.maximum(clean, noise)) == find_content(clean)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((200, 300), np.float32),
        np.full((200, 300), 0.5, np.float32),
        np.pad(np.full((60, 60), 0.5, np.float32), ((100, 40), (200, 40))),  # 6% of the area
        np.eye(300, dtype=np.float32),
    ],
    ids=["black", "full", "small", "line"],
)
def test_whole_image_when_unsure(pixels: np.ndarray) -> None:
    assert find_content(pixels) == Region(0, 0, *pixels.shape)


@pytest.mark.parametrize("seed", range(20))
def test_content_never_keeps_less_than_a_quarter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.zeros((200, 300), np.float32)
    for _ in range(rng.integers(1, 5)):
        top, left = rng.integers(0, 180), rng.integers(0, 280)
        pixels[top : top + rng.integers(5, 150), left : left + rng.integers(5, 200)] = 0.7
    region = find_content(pixels)
    assert region.height * region.width >= 0.25 * pixels.size
    assert region.bottom <= 200
    assert region.right <= 300


def test_crop_feeds_the_cut_and_only_the_cut() -> None:
    pixels = np.zeros((200, 300), np.float32)
    pixels[40:180, 60:260] = 0.5
    scan = scan_of(pixels)
    region = find_content(scan.pixels)
    values, used = preprocess(scan, InputSpec(region.height, region.width, "0-1", "content"))
    assert used == region
    cut = pixels[region.top : region.bottom, region.left : region.right]
    assert np.array_equal(values[..., 0], cut)
    assert preprocess(scan, InputSpec(64, 64, "0-1"))[1] == Region(0, 0, 200, 300)


# --- placing a map ---------------------------------------------------------------------------


def centroid(values: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(values.shape)
    total = float(values.sum(dtype=np.float64))
    return float((rows * values).sum()) / total, float((columns * values).sum()) / total


@pytest.mark.parametrize("region", REGIONS, ids=str)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_one_active_cell_lands_within_half_a_cell_of_its_place(
    grid: tuple[int, int], region: Region
) -> None:
    """On a 959 x 661 scan, edges included: by centre of mass and by its peak."""
    cell = region.height / grid[0], region.width / grid[1]
    for row in sorted({*range(0, grid[0], 4), grid[0] - 1}):
        for column in sorted({*range(0, grid[1], 5), grid[1] - 1}):
            map_ = np.zeros(grid, np.float32)
            map_[row, column] = 1.0
            placed = place(map_, region, (HEIGHT, WIDTH))
            part = placed[region.top : region.bottom, region.left : region.right]
            assert placed.sum() == pytest.approx(part.sum())  # nothing outside the region
            centre = region.top + (row + 0.5) * cell[0] - 0.5
            middle = region.left + (column + 0.5) * cell[1] - 0.5
            peak = np.argwhere(placed == placed.max()).mean(axis=0)
            found = centroid(part)
            for y, x in ((found[0] + region.top, found[1] + region.left), peak):
                assert abs(y - centre) <= 0.5 * cell[0]
                assert abs(x - middle) <= 0.5 * cell[1]


@pytest.mark.parametrize("region", REGIONS, ids=str)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_inner_cells_land_on_the_very_pixel(grid: tuple[int, int], region: Region) -> None:
    row, column = 1, grid[1] - 2  # far from the middle, where another convention would show
    map_ = np.zeros(grid, np.float32)
    map_[row, column] = 1.0
    y, x = centroid(place(map_, region, (HEIGHT, WIDTH)))
    assert y == pytest.approx(region.top + (row + 0.5) * region.height / grid[0] - 0.5, abs=0.5)
    assert x == pytest.approx(region.left + (column + 0.5) * region.width / grid[1] - 0.5, abs=0.5)


@pytest.mark.parametrize(("y", "x"), [(200, 300), (450, 620), (330, 480)])
@pytest.mark.parametrize("crop", ["none", "content"])
def test_what_the_model_sees_goes_back_to_where_it_was(y: int, x: int, crop: str) -> None:
    """A spot in the scan, through preprocessing and 16x pooling, is put back on itself."""
    pixels = np.zeros((HEIGHT, WIDTH), np.float32)
    pixels[60:640, 90:870] = 0.05
    pixels[y - 6 : y + 7, x - 6 : x + 7] = 1.0
    values, region = preprocess(scan_of(pixels), InputSpec(224, 288, "0-1", crop))
    assert (region == Region(0, 0, HEIGHT, WIDTH)) == (crop == "none")
    pooled = (values[..., 0] - 0.06).clip(0).reshape(14, 16, 18, 16).mean(axis=(1, 3))
    found = centroid(place(pooled, region, (HEIGHT, WIDTH)))
    assert abs(found[0] - y) <= 0.5 * region.height / 14
    assert abs(found[1] - x) <= 0.5 * region.width / 18


def test_a_constant_map_fills_the_region_and_nothing_else() -> None:
    region = REGIONS[1]
    placed = place(np.ones((14, 18), np.float32), region, (HEIGHT, WIDTH))
    assert placed.shape == (HEIGHT, WIDTH)
    assert placed.dtype == np.float32
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[region.top : region.bottom, region.left : region.right] = True
    assert np.array_equal(placed, inside.astype(np.float32))


def test_place_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="expected a region within"):
        place(np.ones((2, 2), np.float32), Region(0, 0, 100, 100), (99, 100))
    with pytest.raises(ValueError, match=r"received \(2, 2, 1\)"):
        place(np.ones((2, 2, 1), np.float32), Region(0, 0, 10, 10), (10, 10))


@pytest.mark.parametrize("corners", [(0, 0, 0, 5), (5, 0, 4, 9), (-1, 0, 4, 4), (0, 3, 4, 3)])
def test_region_is_never_empty(corners: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected 0 <= top < bottom"):
        Region(*corners)


# --- the specification in metadata.json ----------------------------------------------------------


@pytest.mark.parametrize("scaling", ["0-255", "0-1", "standardise"])
@pytest.mark.parametrize("crop", ["none", "content"])
def test_specification_survives_json(scaling: str, crop: str) -> None:
    spec = InputSpec(224, 288, scaling, crop, "taken away")
    assert InputSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_crop_may_be_left_out() -> None:
    spec = InputSpec.from_dict({"height": 256, "width": 256, "scaling": "0-255"})
    assert spec.crop == "none"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, r"InputSpec\.height: expected a whole number from 1 to 4096, received 0"),
        ({"height": 224.0}, r"InputSpec\.height: .* received 224\.0"),
        ({"width": True}, r"InputSpec\.width: .* received True"),
        ({"width": "288"}, r"InputSpec\.width: .* received '288'"),
        ({"scaling": "0-2"}, r"InputSpec\.scaling: expected one of 0-255, 0-1, standardise"),
        ({"scaling": ["0-1"]}, r"InputSpec\.scaling"),
        ({"crop": "fan"}, r"InputSpec\.crop: expected one of none, content; received 'fan'"),
        ({"mean": 0.5}, r"unknown \['mean'\]"),
    ],
)
def test_wrong_specifications_are_refused(change: dict[str, object], message: str) -> None:
    values = {"height": 224, "width": 288, "scaling": "standardise"} | change
    with pytest.raises(ValueError, match=message):
        InputSpec.from_dict(values)


def test_missing_keys_are_named() -> None:
    with pytest.raises(ValueError, match=r"missing \['scaling', 'width'\]"):
        InputSpec.from_dict({"height": 224})
    with pytest.raises(ValueError, match="expected an object, received 3"):
        InputSpec.from_dict(3)  # type: ignore[arg-type]


def in_region(scan: Scan, region: Region | None) -> Scan:
    return replace(scan, facts=replace(scan.facts, region=region))


def test_what_a_scanner_draws_beside_the_ultrasound_region_is_not_cropped_to() -> None:
    pixels = np.zeros((400, 600), np.float32)
    pixels[60:360, 40:440] = fan(300, 400)
    region, spec = Region(50, 30, 370, 450), InputSpec(64, 64, "0-1", "content")
    alone = scan_of(pixels[50:370, 30:450])
    with_menu = pixels.copy()
    with_menu[20:380, 480:590] = 0.6  # a menu as bright and large as tissue
    values, cut = preprocess(in_region(scan_of(with_menu), region), spec)
    expected, found = preprocess(alone, spec)
    assert cut == Region(found.top + 50, found.left + 30, found.bottom + 50, found.right + 30)
    assert np.array_equal(values, expected)
    assert preprocess(scan_of(with_menu), spec)[1].right > 580


def test_a_region_changes_nothing_for_a_model_that_takes_the_whole_scan() -> None:
    scan, spec = scan_of(fan()), InputSpec(64, 64, "0-1")
    assert np.array_equal(
        preprocess(in_region(scan, Region(9, 9, 300, 300)), spec)[0], preprocess(scan, spec)[0]
    )


def test_an_empty_region_is_taken_whole() -> None:
    scan = in_region(scan_of(np.zeros((400, 600), np.float32)), Region(50, 30, 370, 450))
    assert preprocess(scan, InputSpec(32, 32, "0-1", "content"))[1] == Region(50, 30, 370, 450)


def test_a_region_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a region within"):
        in_region(scan_of(fan()), Region(0, 0, HEIGHT + 1, 9))

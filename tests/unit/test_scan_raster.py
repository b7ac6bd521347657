"""Every kind of PNG, JPEG, TIFF, BMP and WebP pixel, against values worked out by hand."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fetal_model.scan import Scan, ScanError, open_clip, open_scan, read_scan
from fetal_model.scan.limits import Limits

HEIGHT, WIDTH = 40, 48
RAMP = (np.arange(HEIGHT * WIDTH, dtype=np.uint32).reshape(HEIGHT, WIDTH) % 256).astype(np.uint8)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def flat(mode: str, value: object) -> Image.Image:
    return Image.new(mode, (WIDTH, HEIGHT), value)


def assert_flat(scan: Scan, rgb: tuple[int, int, int], grey: int) -> None:
    assert np.array_equal(np.unique(scan.display.reshape(-1, 3), axis=0), [rgb])
    assert np.array_equal(np.unique(scan.pixels), [np.float32(grey) / np.float32(255)])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_eight_bit_grey_is_divided_by_255(kind: str) -> None:
    scan = read_scan(encode(Image.fromarray(RAMP), kind), name="ramp")
    assert scan.pixels.dtype == np.float32
    assert np.array_equal(scan.pixels, RAMP.astype(np.float32) / np.float32(255))
    assert np.array_equal(scan.display, np.stack([RAMP] * 3, axis=-1))
    facts = scan.facts
    assert (facts.format, facts.width, facts.height) == (kind, WIDTH, HEIGHT)
    assert (facts.photometric, facts.bits, facts.levels) == ("L", 8, "0 to 255")
    assert (facts.frames, facts.orientation, facts.transfer_syntax) == (1, 1, None)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit_is_black_and_white(kind: str) -> None:
    drawn = RAMP > 127
    scan = read_scan(encode(Image.fromarray(drawn), kind))
    assert np.array_equal(scan.pixels, drawn.astype(np.float32))


def test_jpeg_grey() -> None:
    scan = read_scan(encode(flat("L", 90), "JPEG", quality=95))
    assert_flat(scan, (90, 90, 90), 90)
    assert scan.facts.format == "JPEG"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("highest", "white"),
    [(65535, 65535), (4096, 65535), (4095, 4095), (256, 4095), (255, 255)],
)
def test_sixteen_bit_is_divided_by_the_depth_in_use(kind: str, highest: int, white: int) -> None:
    values = np.linspace(0, highest, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    values[-1, -1] = highest
    scan = read_scan(encode(Image.fromarray(values), kind))
    assert np.array_equal(scan.pixels, values.astype(np.float32) / np.float32(white))
    assert np.array_equal(scan.display[..., 0], np.rint(scan.pixels * 255).astype(np.uint8))
    assert scan.facts.bits == 16
    assert scan.facts.levels == f"0 to {white}"


def test_big_endian_sixteen_bit_tiff() -> None:
    values = RAMP.astype(np.uint16) * 257
    image = Image.frombytes("I;16B", (WIDTH, HEIGHT), values.astype(">u2").tobytes())
    scan = read_scan(encode(image, "TIFF"))
    assert np.array_equal(scan.pixels, values.astype(np.float32) / np.float32(65535))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_where_zero_is_white_is_inverted(dtype: type) -> None:
    values = RAMP.astype(dtype) * (257 if dtype is np.uint16 else 1)
    data = encode(Image.fromarray(values), "TIFF")
    tag, inverted = struct.pack("<HHII", 262, 3, 1, 1), struct.pack("<HHII", 262, 3, 1, 0)
    assert data.count(tag) == 1
    scan = read_scan(data.replace(tag, inverted))
    assert np.allclose(scan.pixels, 1 - RAMP / 255, atol=1e-6)


@pytest.mark.parametrize(("highest", "white"), [(255, 255), (4000, 4095), (60_000, 65535)])
def test_integers_of_32_bits_that_fit_16(highest: int, white: int) -> None:
    values = np.full((HEIGHT, WIDTH), highest, np.int32)
    scan = read_scan(encode(Image.fromarray(values), "TIFF"))
    assert np.array_equal(np.unique(scan.pixels), [np.float32(highest) / np.float32(white)])


@pytest.mark.parametrize(("highest", "white"), [(0.5, 1), (1.0, 1), (200.0, 255), (4000.0, 4095)])
def test_floats_are_divided_by_the_white_they_can_only_mean(highest: float, white: float) -> None:
    values = np.linspace(0, highest, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    scan = read_scan(encode(Image.fromarray(values), "TIFF"))
    assert np.array_equal(scan.pixels, values / np.float32(white))


def test_overshoot_of_interpolation_is_clipped() -> None:
    values = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    values[0, 0], values[0, 1] = -0.0005, 1.0005
    scan = read_scan(encode(Image.fromarray(values), "TIFF"))
    assert (scan.pixels.min(), scan.pixels.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.full((HEIGHT, WIDTH), -5, np.int32), "-5 to -5"),
        (np.full((HEIGHT, WIDTH), 70_000, np.int32), "70000 to 70000"),
        (np.full((HEIGHT, WIDTH), np.nan, np.float32), "not a number"),
        (np.full((HEIGHT, WIDTH), np.inf, np.float32), "not a number"),
        (np.full((HEIGHT, WIDTH), 3.0, np.float32), "3 to 3"),
        (np.full((HEIGHT, WIDTH), -0.5, np.float32), "-0.5 to -0.5"),
    ],
)
def test_values_without_a_white_are_refused(values: np.ndarray, found: str) -> None:
    with pytest.raises(ScanError, match=rf"raw\.tiff: expected .*{found}.*8-bit PNG"):
        read_scan(encode(Image.fromarray(values), "TIFF"), name="raw.tiff")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize(
    ("rgb", "grey"),
    [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29), ((77, 77, 77), 77)],
)
def test_rgb_keeps_its_colour_and_gives_its_luma(
    kind: str, rgb: tuple[int, int, int], grey: int
) -> None:
    assert_flat(read_scan(encode(flat("RGB", rgb), kind)), rgb, grey)


def test_a_grey_picture_is_the_same_in_l_and_rgb() -> None:
    grey = read_scan(encode(Image.fromarray(RAMP), "PNG"))
    colour = read_scan(encode(Image.fromarray(np.stack([RAMP] * 3, axis=-1)), "PNG"))
    assert np.array_equal(grey.pixels, colour.pixels)
    assert np.array_equal(grey.display, colour.display)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("mode", "value", "rgb"),
    [
        ("RGBA", (200, 100, 50, 255), (200, 100, 50)),
        ("RGBA", (200, 100, 50, 128), (100, 50, 25)),
        ("RGBA", (200, 100, 50, 0), (0, 0, 0)),
        ("LA", (200, 255), (200, 200, 200)),
        ("LA", (200, 128), (100, 100, 100)),
        ("LA", (200, 0), (0, 0, 0)),
    ],
)
def test_transparency_lies_on_black(
    kind: str, mode: str, value: tuple[int, ...], rgb: tuple[int, int, int]
) -> None:
    scan = read_scan(encode(flat(mode, value), kind))
    assert np.array_equal(np.unique(scan.display.reshape(-1, 3), axis=0), [rgb])
    assert scan.facts.photometric == mode


def test_transparent_grey_value_of_a_png() -> None:
    scan = read_scan(encode(Image.fromarray(RAMP), "PNG", transparency=200))
    expected = np.where(RAMP == 200, 0, RAMP)
    assert np.array_equal(scan.display[..., 1], expected)
    assert np.array_equal(scan.pixels, expected.astype(np.float32) / np.float32(255))


def palette_image() -> Image.Image:
    image = flat("P", 0)
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.paste(1, (0, 0, WIDTH, 10))
    image.paste(2, (0, 10, WIDTH, 20))
    return image


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_palette(kind: str) -> None:
    scan = read_scan(encode(palette_image(), kind))
    assert scan.display[0, 0].tolist() == [0, 255, 0]
    assert scan.display[10, 0].tolist() == [0, 0, 255]
    assert scan.display[20, 0].tolist() == [255, 0, 0]
    assert np.array_equal(scan.pixels[::10, 0] * 255, np.float32([150, 29, 76, 76]))


def test_palette_with_a_transparent_entry() -> None:
    scan = read_scan(encode(palette_image(), "PNG", transparency=1))
    assert scan.display[0, 0].tolist() == [0, 0, 0]
    assert scan.display[10, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(("cmyk", "rgb"), [((0, 0, 0, 0), (255,) * 3), ((0, 255, 255, 0), None)])
def test_cmyk(cmyk: tuple[int, ...], rgb: tuple[int, int, int] | None) -> None:
    rgb = rgb or (255, 0, 0)
    tiff = read_scan(encode(flat("CMYK", cmyk), "TIFF"))
    jpeg = read_scan(encode(flat("CMYK", cmyk), "JPEG", quality=100))
    for scan in (tiff, jpeg):
        assert scan.facts.photometric == "CMYK"
        assert np.abs(scan.display.astype(int) - rgb).max() <= 2


def test_ycbcr_tiff() -> None:
    assert_flat(read_scan(encode(flat("YCbCr", (100, 128, 128)), "TIFF")), (100, 100, 100), 100)


def test_webp() -> None:
    lossless = read_scan(encode(Image.fromarray(RAMP), "WEBP", lossless=True))
    assert np.array_equal(lossless.display[..., 0], RAMP)
    assert np.array_equal(lossless.pixels, RAMP.astype(np.float32) / np.float32(255))
    assert lossless.facts.format == "WEBP"
    lossy = read_scan(encode(flat("RGB", (200, 60, 60)), "WEBP", quality=90))
    assert np.abs(lossy.display.astype(int) - (200, 60, 60)).max() <= 4
    clear = read_scan(encode(flat("RGBA", (200, 100, 50, 0)), "WEBP", lossless=True, exact=True))
    assert not clear.display.any()


def test_an_animated_webp_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [Image.fromarray(np.roll(RAMP, shift, axis=1)) for shift in (0, 5, 9)]
    data = encode(pages[0], "WEBP", save_all=True, append_images=pages[1:])
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("opened"))
    with pytest.raises(ScanError, match="expected a still WebP picture, found an animated one"):
        read_scan(data)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 90}, {"exif": b"Exif\0\0"}])
def test_a_webp_states_its_size_before_it_is_decoded(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(Image.new("L", (300, 20)), "WEBP", **options)
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("opened"))
    with pytest.raises(ScanError, match="found 300 x 20"):
        read_scan(data)


def test_pages_of_a_tiff_are_a_clip_without_times() -> None:
    pages = [flat("L", 10), Image.new("RGB", (60, 50), (20, 20, 20)), flat("L", 30)]
    opened = open_clip(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "a.tif")
    assert (len(opened), opened.seconds, opened.frames_per_second) == (3, None, None)
    for index, (grey, scan) in enumerate(zip((10, 20, 30), opened, strict=True)):
        assert_flat(scan, (grey,) * 3, grey)
        assert (scan.facts.frame, scan.facts.frames) == (index, 3)
    assert opened.frame(1).pixels.shape == (50, 60)
    with pytest.raises(ScanError, match="expected a clip of at most 2 frames, found more"):
        open_clip(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
                  limits=Limits(frames=2))  # fmt: skip
    single = encode(pages[0], "TIFF")
    assert isinstance(open_scan(single), Scan)
    with pytest.raises(ScanError, match="expected a clip, found a single picture"):
        open_clip(single)


def test_one_page_that_is_no_scan_costs_that_page() -> None:
    pages = [flat("L", 10), Image.new("L", (5, 5)), flat("L", 30)]
    opened = open_clip(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "a.tif")
    made = list(opened.frames([0, 1, 2]))
    assert [type(each).__name__ for each in made] == ["Scan", "ScanError", "Scan"]
    assert "found 5 x 5" in str(made[1])


def test_lab_is_refused_by_name() -> None:
    with pytest.raises(ScanError, match="found TIFF pixels in LAB"):
        read_scan(encode(flat("LAB", (100, 128, 128)), "TIFF"))


def test_colour_png_of_16_bits_is_read_with_8() -> None:
    colour = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    colour[...] = (10 << 8, 20 << 8, 30 << 8)  # OpenCV writes blue first
    scan = read_scan(cv2.imencode(".png", colour)[1].tobytes())
    assert np.array_equal(np.unique(scan.display.reshape(-1, 3), axis=0), [(30, 20, 10)])
    assert scan.facts.bits == 16


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("PNG", np.uint8),
        ("TIFF", np.uint8),
        ("JPEG", np.uint8),
        ("PNG", np.uint16),
        ("TIFF", np.uint16),
    ],
)
def test_exif_orientation_is_undone(orientation: int, kind: str, dtype: type) -> None:
    stored = np.zeros((HEIGHT, WIDTH), dtype)
    stored[:16, :32] = np.iinfo(dtype).max  # no symmetry: each of the eight looks different
    exif = Image.Exif()
    exif[0x0112] = orientation
    scan = read_scan(encode(Image.fromarray(stored), kind, exif=exif))
    expected = UPRIGHT[orientation](stored) > 0
    assert scan.pixels.shape == expected.shape
    assert np.array_equal(scan.pixels > 0.5, expected)
    assert np.array_equal(scan.display[..., 0] > 127, expected)
    facts = scan.facts
    assert (facts.height, facts.width, facts.orientation) == (*expected.shape, orientation)


def test_broken_exif_does_not_cost_the_scan() -> None:
    data = encode(Image.fromarray(RAMP), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    scan = read_scan(data)
    assert scan.facts.orientation == 1
    assert np.array_equal(scan.display[..., 0], RAMP)


def test_first_page_of_a_tiff() -> None:
    pages = [flat("L", value) for value in (10, 20, 30)]
    scan = read_scan(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert scan.facts.frames == 3
    assert_flat(scan, (10, 10, 10), 10)


def test_first_picture_of_an_animated_png_and_of_an_mpo() -> None:
    pages = [flat("L", value) for value in (10, 20, 30)]
    animated = read_scan(encode(pages[0], "PNG", save_all=True, append_images=pages[1:]))
    assert (animated.facts.frames, animated.facts.format) == (3, "PNG")
    assert_flat(animated, (10, 10, 10), 10)
    stereo = read_scan(encode(pages[0], "MPO", save_all=True, append_images=pages[1:]))
    assert (stereo.facts.frames, stereo.facts.format) == (3, "JPEG")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiff(compression: str) -> None:
    scan = read_scan(encode(flat("L", 90), "TIFF", compression=compression))
    assert_flat(scan, (90, 90, 90), 90)


def test_content_decides_and_not_the_extension(tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(encode(Image.fromarray(RAMP), "PNG"))
    scan = read_scan(path)
    assert (scan.facts.format, scan.name) == ("PNG", "scan.dcm")
    assert read_scan(str(path), name="given").name == "given"
    assert read_scan(path.read_bytes()).name == "scan"

"""DICOM clips: every colour space and transfer syntax that can be written here, as pydicom decodes.

Also when frames are, where the ultrasound picture is, and what is refused.
"""

from __future__ import annotations

import tracemalloc
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels import apply_color_lut
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from benchmarks.made_dicom import COLOUR, COLUMNS, RAMP, ROWS, make, to_bytes, transcoded
from fetal_model.scan import Clip, Scan, ScanError, open_clip, open_scan, read_scan
from fetal_model.scan.clip import spread
from fetal_model.scan.limits import Limits
from fetal_model.scan.types import Region

FRAMES = 4
GREYS = np.stack([np.roll(RAMP, 7 * index, axis=1) for index in range(FRAMES)])
COLOURS = np.stack([np.roll(COLOUR, 7 * index, axis=1) for index in range(FRAMES)])


def clip(
    pixels: np.ndarray = GREYS, photometric: str = "MONOCHROME2", **elements: object
) -> Dataset:
    """An uncompressed clip; keyword arguments set or replace elements."""
    dataset = make(pixels[0], photometric, NumberOfFrames=len(pixels))
    dataset.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def subsampled(colours: np.ndarray) -> np.ndarray:
    """YBR_FULL_422 as it is stored: two lumas, then the two chromas that they share."""
    pairs = np.empty((*colours.shape[:2], colours.shape[2] // 2, 4), np.uint8)
    pairs[..., 0], pairs[..., 1] = colours[:, :, ::2, 0], colours[:, :, 1::2, 0]
    pairs[..., 2], pairs[..., 3] = colours[:, :, ::2, 1], colours[:, :, ::2, 2]
    return pairs


def with_palette(dataset: Dataset) -> Dataset:
    for channel, values in (("Red", np.arange(256)), ("Green", np.arange(256)[::-1]),
                            ("Blue", np.arange(256) // 2)):  # fmt: skip
        setattr(dataset, f"{channel}PaletteColorLookupTableDescriptor", [256, 0, 16])
        table = (values * 256).astype(np.uint16).tobytes()
        setattr(dataset, f"{channel}PaletteColorLookupTableData", table)
    return dataset


def jpegs(colours: np.ndarray) -> list[bytes]:
    streams = []
    for frame in colours:
        stream = BytesIO()
        Image.fromarray(frame).save(stream, "JPEG", quality=95)
        streams.append(stream.getvalue())
    return streams


def compressed(dataset: Dataset, syntax: UID, data: bytes) -> Dataset:
    dataset.PixelData = data
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


SPACES = {
    "MONOCHROME2": lambda: clip(),
    "MONOCHROME1": lambda: clip(photometric="MONOCHROME1"),
    "12 bits": lambda: clip(GREYS.astype(np.uint16) * 16, BitsStored=12, HighBit=11),
    "16 bits": lambda: clip(GREYS.astype(np.uint16) * 257),
    "RGB": lambda: clip(COLOURS, "RGB"),
    "RGB by plane": lambda: clip(
        COLOURS, "RGB", PlanarConfiguration=1, PixelData=COLOURS.transpose(0, 3, 1, 2).tobytes()
    ),
    "YBR_FULL": lambda: clip(COLOURS, "YBR_FULL"),
    "YBR_FULL_422": lambda: clip(
        COLOURS, "YBR_FULL_422", PixelData=subsampled(COLOURS).tobytes()
    ),
    "PALETTE COLOR": lambda: with_palette(clip(photometric="PALETTE COLOR")),
}  # fmt: skip
PLAIN = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)  # fmt: skip
CODED = [
    *[(space, RLELossless) for space in ("MONOCHROME2", "12 bits", "RGB", "PALETTE COLOR")],
    *[(space, JPEG2000Lossless) for space in ("MONOCHROME1", "16 bits", "RGB")],
    ("MONOCHROME2", JPEGLSLossless),  # these go through GDCM's own process, which is slow
    ("RGB", JPEGLosslessSV1),
]


def displayed(data: bytes) -> np.ndarray:
    """All frames in 8-bit RGB, decoded by pydicom alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(BytesIO(data))
        stored = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            return np.stack([apply_color_lut(frame, dataset) for frame in stored]) >> 8
    if dataset.SamplesPerPixel == 3:
        return stored
    white = 2**dataset.BitsStored - 1
    greys = stored / white if dataset.PhotometricInterpretation == "MONOCHROME2" else (
        1 - stored / white
    )  # fmt: skip
    return np.repeat(np.rint(255 * greys).astype(np.uint8)[..., np.newaxis], 3, axis=-1)


def assert_as_pydicom(data: bytes, count: int, frames: list[int] | None = None) -> Clip:
    expected = displayed(data)
    opened = open_clip(data, "us.dcm")
    assert len(opened) == len(expected) == count
    for index in range(count) if frames is None else frames:
        scan = opened.frame(index)
        assert np.array_equal(scan.display, expected[index])
        assert (scan.facts.frame, scan.facts.frames, scan.name) == (index, count, "us.dcm")
    return opened


@pytest.mark.parametrize("syntax", PLAIN, ids=lambda uid: uid.name)
@pytest.mark.parametrize("space", SPACES)
def test_uncompressed(space: str, syntax: UID, tmp_path: Path) -> None:
    data = transcoded(SPACES[space](), syntax, tmp_path)
    opened = assert_as_pydicom(data, FRAMES)
    assert opened.facts.transfer_syntax == syntax
    assert [scan.facts.frame for scan in opened] == list(range(FRAMES))


@pytest.mark.parametrize(("space", "syntax"), CODED, ids=str)
def test_compressed(space: str, syntax: UID, tmp_path: Path) -> None:
    slow = syntax in (JPEGLSLossless, JPEGLosslessSV1)
    data = transcoded(SPACES[space](), syntax, tmp_path)
    assert_as_pydicom(data, FRAMES, [FRAMES - 1] if slow else None)


@pytest.mark.parametrize("table", ["basic", "none", "extended"])
@pytest.mark.parametrize("pieces", [1, 2])
def test_jpeg_with_every_way_to_tell_frames_apart(table: str, pieces: int) -> None:
    frames = jpegs(COLOURS)
    dataset = clip(COLOURS, "YBR_FULL_422")
    if table == "extended":
        joined, offsets, lengths = encapsulate_extended(frames)
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        joined = encapsulate(frames, fragments_per_frame=pieces, has_bot=table == "basic")
    data = to_bytes(compressed(dataset, JPEGBaseline8Bit, joined))
    opened = assert_as_pydicom(data, FRAMES)
    assert np.abs(opened.frame(2).display.astype(int) - COLOURS[2]).mean() < 12
    every = displayed(data)
    made = dict(zip([0, 2, 3], opened.frames([0, 2, 3]), strict=True))
    assert all(np.array_equal(scan.display, every[index]) for index, scan in made.items())


def test_the_same_frame_is_the_same_as_a_still(tmp_path: Path) -> None:
    opened = open_clip(to_bytes(clip()), "us.dcm")
    for index in (0, 3):
        still, frame = read_scan(to_bytes(make(GREYS[index]))), opened.frame(index)
        assert np.array_equal(still.pixels, frame.pixels)
        assert still.facts.levels == frame.facts.levels


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB"])
def test_a_dark_frame_of_a_deep_clip_stays_dark(photometric: str) -> None:
    """Alone it would be taken for 8 bits in a wider container, and shown 257 times as bright."""
    frames = (GREYS if photometric == "MONOCHROME2" else COLOURS).astype(np.uint16)
    frames[0] *= 257
    frames[3] = np.minimum(frames[3], 200)
    opened = open_clip(to_bytes(clip(frames[[3, 0, 3]], photometric)))
    assert [scan.facts.levels for scan in opened] == ["0 to 65535"] * 3
    assert opened.frame(0).pixels.max() < 0.01
    assert opened.frame(1).pixels.max() > 0.5


def test_a_file_is_read_a_frame_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "long.dcm"
    big = np.zeros((120, 400, 500), np.uint8)
    path.write_bytes(to_bytes(clip(big)))
    tracemalloc.start()
    opened = open_clip(path)
    for scan in opened:
        assert scan.pixels.shape == (400, 500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(opened) == 120
    assert peak < big.size / 2


@pytest.mark.parametrize(
    ("elements", "seconds"),
    [
        ({"FrameTime": "40"}, (0.0, 0.04, 0.08, 0.12)),
        ({"FrameTimeVector": [0, 10, 20, 30]}, (0.0, 0.01, 0.03, 0.06)),
        ({"FrameTimeVector": [0, 10], "FrameTime": "20"}, (0.0, 0.02, 0.04, 0.06)),
        ({"CineRate": "25"}, (0.0, 0.04, 0.08, 0.12)),
        ({"RecommendedDisplayFrameRate": "50"}, (0.0, 0.02, 0.04, 0.06)),
        ({"FrameTime": "0"}, None),
        ({}, None),
    ],
)
def test_times(elements: dict[str, object], seconds: tuple[float, ...] | None) -> None:
    opened = open_clip(to_bytes(clip(**elements)))
    if seconds is None:
        assert opened.seconds is opened.frames_per_second is None
    else:
        assert opened.seconds == pytest.approx(seconds)
        assert opened.frames_per_second == pytest.approx(3 / seconds[-1])


def region(left: int, top: int, right: int, bottom: int, **elements: object) -> Dataset:
    """A region of centimetres; `right` and `bottom` are within it, as DICOM counts."""
    item = Dataset()
    item.RegionSpatialFormat = item.RegionDataType = 1
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.02, 0.03
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


PICTURE = Region(5, 10, 45, 60)


@pytest.mark.parametrize(
    ("regions", "expected", "size"),
    [
        ([region(10, 5, 59, 44)], PICTURE, (0.3, 0.2)),
        ([region(10, 5, 59, 44, PhysicalDeltaY=-0.03)], PICTURE, (0.3, 0.2)),
        # a trace and a larger box of flow beside the tissue
        ([region(0, 0, 63, 47, RegionSpatialFormat=3), region(0, 0, 63, 47, RegionDataType=2),
          region(10, 5, 59, 44)], PICTURE, (0.3, 0.2)),
        ([region(10, 5, 59, 44), region(0, 0, 40, 40)], PICTURE, (0.3, 0.2)),
        ([region(0, 0, 64, 48)], Region(0, 0, 48, 64), (0.3, 0.2)),
        ([region(10, 5, 59, 44, PhysicalUnitsXDirection=4)], PICTURE, None),
        ([region(10, 5, 59, 44, PhysicalDeltaX=0)], PICTURE, None),
        ([region(10, 5, 59, 44, PhysicalDeltaX=float("nan"))], PICTURE, None),
        ([region(10, 5, 12, 7)], None, None),
        ([region(50, 5, 20, 44)], None, None),
        ([region(70, 50, 160, 140)], None, None),
        ([region(0, 0, 63, 47, RegionSpatialFormat=2)], None, None),
        ([Dataset()], None, None),
        ([], None, None),
    ],
)  # fmt: skip
def test_where_the_ultrasound_picture_is(
    regions: list[Dataset], expected: Region | None, size: tuple[float, float] | None
) -> None:
    scan = read_scan(to_bytes(make(RAMP, SequenceOfUltrasoundRegions=regions)))
    assert scan.facts.region == expected
    assert scan.facts.mm_per_pixel == (None if size is None else pytest.approx(size))


def test_every_frame_has_the_region() -> None:
    dataset = clip(SequenceOfUltrasoundRegions=[region(10, 5, 59, 44)])
    opened = open_clip(to_bytes(dataset))
    assert {scan.facts.region for scan in opened} == {opened.facts.region} == {PICTURE}


def test_pixel_spacing_where_there_is_no_region() -> None:
    assert read_scan(to_bytes(make(RAMP, PixelSpacing=[0.3, 0.2]))).facts.mm_per_pixel == (0.3, 0.2)


def test_a_still_is_no_clip_and_a_clip_no_still() -> None:
    assert isinstance(open_scan(to_bytes(make(RAMP))), Scan)
    with pytest.raises(ScanError, match="expected a clip, found a single picture"):
        open_clip(to_bytes(make(RAMP)))
    with pytest.raises(ScanError, match="expected a single frame, found a clip of 4 frames"):
        read_scan(to_bytes(clip()))


def test_a_clip_that_ends_early_is_refused_with_what_is_there() -> None:
    data = to_bytes(clip())
    with pytest.raises(
        ScanError, match="expected 4 frames, as its header says, found the bytes of 2"
    ):
        open_clip(data[: -int(1.5 * ROWS * COLUMNS)])


def test_a_header_that_promises_too_many_frames() -> None:
    with pytest.raises(ScanError, match=r"expected 400 frames, .* found the bytes of 4"):
        open_clip(to_bytes(clip(NumberOfFrames=400)))
    with pytest.raises(ScanError, match="expected a clip of at most 3 frames, found more"):
        open_clip(to_bytes(clip()), limits=Limits(frames=3))


def test_one_broken_frame_costs_that_frame() -> None:
    frames = jpegs(COLOURS)
    frames[1] = frames[1][:200]
    frames[2] = b"\xff\xd8" + b"\0" * 300
    data = to_bytes(
        compressed(clip(COLOURS, "YBR_FULL_422"), JPEGBaseline8Bit, encapsulate(frames))
    )
    opened = open_clip(data, "us.dcm")
    made = list(opened.frames(range(FRAMES)))
    assert [type(each).__name__ for each in made] == ["Scan", "ScanError", "ScanError", "Scan"]
    assert all(str(error).startswith("us.dcm: expected") for error in made[1:3])
    with pytest.raises(ScanError):
        list(opened)


def test_frames_are_asked_for_by_number() -> None:
    opened = open_clip(to_bytes(clip()))
    with pytest.raises(IndexError, match="from 0 to 3"):
        opened.frame(4)
    with pytest.raises(IndexError):
        opened.frame(-1)
    with pytest.raises(ValueError, match="ascending"):
        opened.frames([2, 1])
    with pytest.raises(ValueError, match="expected 4 times, received 1"):
        Clip("a", opened.facts, (0.0,), opened.decode)


@pytest.mark.parametrize("count", [1, 2, 5, 39, 40, 41, 1000])
@pytest.mark.parametrize("most", [1, 2, 3, 40])
def test_frames_are_spread_evenly(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    if most > 1:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
        assert max(np.diff(chosen), default=1) - min(np.diff(chosen), default=1) <= 1

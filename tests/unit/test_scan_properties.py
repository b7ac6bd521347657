"""What holds for anything: pixels come back as they were, bytes give a scan or a sentence."""

from __future__ import annotations

import zipfile
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from benchmarks.made_dicom import make, to_bytes
from fetal_model.scan import Clip, Scan, ScanError, open_all, open_clip, read_scan
from fetal_model.scan.clip import spread
from fetal_model.scan.content import recognise
from fetal_model.scan.preprocess import find_content
from fetal_model.scan.types import Region

# The same examples every time, and no seconds asserted.
pytestmark = pytest.mark.filterwarnings("ignore")
few = settings(max_examples=40, deadline=None, derandomize=True)

sides = st.integers(32, 70)
greys = arrays.arrays(np.uint8, st.tuples(sides, sides))
STARTS = (
    b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"MM\0*", b"II+\0", b"BM",
    b"RIFF\x40\0\0\0WEBPVP8X", b"RIFF\x40\0\0\0WEBPVP8L", b"PK\x03\x04", b"PK\x05\x06",
    b"\0" * 128 + b"DICM", b"\x08\0\x05\0", b"\x02\0\0\0UL\x04\0",
    b"\0" * 128 + b"DICM\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10",
)  # fmt: skip


@few
@given(greys, st.sampled_from(["PNG", "TIFF", "BMP", "WEBP"]))
def test_pictures_come_back_as_they_were(values: np.ndarray, kind: str) -> None:
    stream = BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(values).save(stream, kind, **options)
    scan = read_scan(stream.getvalue())
    assert np.array_equal(scan.pixels, values.astype(np.float32) / np.float32(255))
    assert np.array_equal(scan.display, np.stack([values] * 3, axis=-1))
    assert scan.facts.format == kind


@few
@given(arrays.arrays(np.uint8, st.tuples(st.integers(2, 6), sides, sides)), st.booleans())
def test_frames_of_a_clip_come_back_as_they_were(frames: np.ndarray, little: bool) -> None:
    dataset = make(frames[0], NumberOfFrames=len(frames), PixelData=frames.tobytes())
    data = to_bytes(dataset) if little else to_bytes(dataset)[132:]
    clip = open_clip(data)
    assert len(clip) == len(frames)
    for values, scan in zip(frames, clip, strict=True):
        assert np.array_equal(scan.pixels, values.astype(np.float32) / np.float32(255))


@settings(few, max_examples=100)
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_any_bytes_give_a_scan_or_a_sentence(start: bytes, rest: bytes) -> None:
    for name, made in open_all([("drop", start + rest)]):
        if isinstance(made, ScanError):
            assert str(made).startswith(f"{name}: expected ")
            assert ", found " in str(made)
            assert str(made).endswith(".")
        else:
            assert isinstance(made, Scan | Clip)


@few
@given(st.dictionaries(st.text(min_size=1, max_size=12), st.binary(max_size=60), max_size=5))
def test_any_names_in_a_zip_give_one_answer_each(content: dict[str, bytes]) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    found = list(open_all([("a.zip", stream.getvalue())]))
    assert 1 <= len(found) <= max(1, len(content))
    assert all(isinstance(made, ScanError) for _, made in found)
    assert all(name.isprintable() for name, _ in found)


@few
@given(st.binary(max_size=600))
def test_what_a_file_is_does_not_depend_on_what_follows_its_head(data: bytes) -> None:
    head = data.ljust(512, b"\1")
    assert recognise(head) == recognise(head + b"\0" * 5000)


@few
@given(st.integers(1, 5000), st.integers(1, 200))
def test_spread_frames_ascend_within_the_clip(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    assert all(0 <= index < count for index in chosen)
    assert all(a < b for a, b in pairwise(chosen))


@few
@given(
    arrays.arrays(np.float32, (60, 80), elements=st.sampled_from([0.0, 0.02, 0.5, 1.0])),
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(30, 60), st.integers(30, 80)),
)
def test_content_is_looked_for_within_the_region_alone(
    pixels: np.ndarray, sides: tuple[int, int, int, int]
) -> None:
    region = Region(*sides)
    found = find_content(pixels, region)
    assert region.top <= found.top < found.bottom <= region.bottom
    assert region.left <= found.left < found.right <= region.right
    around = np.ones_like(pixels)
    inside = slice(region.top, region.bottom), slice(region.left, region.right)
    around[inside] = pixels[inside]
    assert find_content(around, region) == found

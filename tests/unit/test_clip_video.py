"""MP4 and AVI clips: frames, times, and what is refused; and videos within DICOM.

`tests/files/h264.mp4` has twenty frames of one grey each, 20, 30, ... 210, with a red block, the
first ten 40 ms apart and the others 80, in the order in which H.264 reorders them. It was encoded
once, because what is installed decodes H.264 and does not encode it.
"""

from __future__ import annotations

import signal
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG4HP41, RLELossless

from benchmarks.made_dicom import make, to_bytes
from fetal_model.scan import Scan, ScanError, open_clip, open_scan, read_scan, video_apart
from fetal_model.scan.limits import Limits

H264 = Path(__file__).resolve().parents[1] / "files" / "h264.mp4"
GREYS = list(range(20, 220, 10))
ROWS, COLUMNS = 120, 160


def written(path: Path, codec: str, count: int = 6) -> Path:
    """A video of flat greys, as OpenCV writes it."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 20, (COLUMNS, ROWS))
    for index in range(count):
        writer.write(np.full((ROWS, COLUMNS, 3), 30 * index + 20, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [("a.mp4", "mp4v", "MP4"), ("a.avi", "MJPG", "AVI"), ("a.avi", "FFV1", "AVI")],
)
def test_what_opencv_writes(name: str, codec: str, kind: str, tmp_path: Path) -> None:
    path = written(tmp_path / name, codec)
    hidden = path.rename(tmp_path / "no-extension")
    opened = open_clip(hidden)
    assert (len(opened), opened.facts.format, opened.facts.frames) == (6, kind, 6)
    assert (opened.facts.width, opened.facts.height) == (COLUMNS, ROWS)
    assert opened.frames_per_second == pytest.approx(20)
    assert opened.seconds == pytest.approx([index / 20 for index in range(6)])
    for index, scan in enumerate(opened):
        assert scan.facts.frame == index
        assert np.abs(scan.display.astype(int) - (30 * index + 20)).max() <= 6
        assert np.abs(scan.pixels * 255 - (30 * index + 20)).max() <= 6


def test_h264_in_its_order_with_its_times() -> None:
    opened = open_clip(H264.read_bytes(), "sweep")
    assert len(opened) == 20
    assert opened.name == opened.frame(3).name == "sweep"
    assert np.diff(opened.seconds) * 1000 == pytest.approx([40] * 10 + [80] * 9)
    for grey, scan in zip(GREYS, opened, strict=True):
        assert abs(int(scan.display[5, 80].mean()) - grey) <= 4
    red, green, blue = opened.frame(0).display[60, 20].astype(int)
    assert red > 150 > 100 > green > blue - 30


def test_some_frames_in_one_pass_are_the_same_as_one_by_one() -> None:
    opened = open_clip(H264)
    chosen = [0, 7, 8, 19]
    for index, made in zip(chosen, opened.frames(chosen), strict=True):
        assert isinstance(made, Scan)
        assert made.facts.frame == index
        assert np.array_equal(made.display, opened.frame(index).display)


def test_a_video_in_dicom(tmp_path: Path) -> None:
    data = H264.read_bytes()
    still = make(np.zeros((ROWS, COLUMNS, 3), np.uint8), "YBR_PARTIAL_420", NumberOfFrames=20)
    still.file_meta.TransferSyntaxUID = MPEG4HP41
    still.PixelData = encapsulate([data + b"\0" * (len(data) % 2)], fragments_per_frame=3)
    still["PixelData"].is_undefined_length = True
    opened = open_clip(to_bytes(still), "us.dcm")
    assert (len(opened), opened.facts.format, opened.facts.modality) == (20, "DICOM", "US")
    assert opened.facts.transfer_syntax == MPEG4HP41
    assert np.array_equal(opened.frame(4).display, open_clip(H264).frame(4).display)
    with pytest.raises(ScanError, match=r"us\.dcm: expected"):
        read_scan(to_bytes(still), "us.dcm")
    # lists of addresses to fetch are among the formats that FFmpeg reads
    still.PixelData = encapsulate([b"#EXTM3U\nhttp://localhost/a.ts\n"])
    still["PixelData"].is_undefined_length = True
    with pytest.raises(ScanError, match=r"us\.dcm: expected a complete DICOM file"):
        open_scan(to_bytes(still), "us.dcm")
    still.file_meta.TransferSyntaxUID = RLELossless
    with pytest.raises(ScanError):
        open_scan(to_bytes(still), "us.dcm")


def test_a_still_reader_names_the_video() -> None:
    with pytest.raises(ScanError, match="found an MP4 or QuickTime video"):
        read_scan(H264)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_video_that_was_cut_is_refused_or_read_as_far_as_it_goes(share: float) -> None:
    data = H264.read_bytes()
    try:
        opened = open_clip(data[: int(share * len(data))], "cut.mp4")
    except ScanError as error:
        assert str(error).startswith("cut.mp4: expected a complete MP4 file")
    else:
        assert 1 <= len(opened) <= 20
        assert isinstance(opened.frame(0), Scan)


def test_too_many_frames_and_too_big_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScanError, match="expected a clip of at most 7 frames, found more"):
        open_clip(H264, limits=Limits(frames=7))
    with pytest.raises(ScanError, match="expected at most 0 MiB, found more"):
        open_clip(H264, limits=Limits(clip_bytes=1000))
    found = video_apart.examine(H264.read_bytes(), 100, COLUMNS * ROWS - 1)
    assert (found.width, found.height, found.seconds) == (COLUMNS, ROWS, ())
    assert list(video_apart.decode(H264.read_bytes(), [0], COLUMNS * ROWS - 1)) == []


@pytest.mark.parametrize(
    "body", ["import os; os.abort()", "print('nonsense' * 9)", "while True: pass"]
)
def test_a_decoder_that_dies_or_answers_nonsense_or_hangs(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_clip(H264, "a.mp4")
    child = tmp_path / "child.py"
    child.write_text(body)
    monkeypatch.setattr(video_apart, "__file__", str(child))
    monkeypatch.setattr(video_apart, "_TIMEOUT_SECONDS", 2.0)
    with pytest.raises(ScanError, match=r"a\.mp4: expected a complete MP4 file"):
        open_clip(H264, "a.mp4")
    made = list(opened.frames([1, 2]))
    assert all(isinstance(each, ScanError) for each in made)
    assert len(made) == 2


def test_leaving_a_clip_early_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    children = []
    start = video_apart.subprocess.Popen

    def remembered(*args: object, **options: object) -> object:
        children.append(start(*args, **options))
        return children[-1]

    opened = open_clip(H264)
    monkeypatch.setattr(video_apart.subprocess, "Popen", remembered)
    frames = iter(opened)
    next(frames)
    frames.close()
    (child,) = children
    assert child.returncode == -signal.SIGKILL


def test_times_ascend() -> None:
    assert all(a < b for a, b in pairwise(open_clip(H264).seconds))

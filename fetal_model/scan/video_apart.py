"""FFmpeg, as OpenCV brings it, in a process of its own: memory and time of a video are limited.

A video states its size in several places, and FFmpeg takes the memory for the largest. So it is
given a process whose memory is limited, and which may fail or hang without the app. The video
reaches it through a pipe and touches no disk.
"""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MEMORY = 2 * 1024**3
"""Bytes that the child may take on top of what its libraries take."""
_TIMEOUT_SECONDS = 300.0
"""For the first answer, and then for each; long, so that on a busy machine a good video waits."""
_LONGEST_ANSWER = 256 * 1024**2
"""Bytes; a frame of the most pixels takes half of it."""


@dataclass(frozen=True)
class VideoFacts:
    """What a video is made of.

    Attributes:
        width: Columns of a frame, turned upright.
        height: Rows.
        codec: FFmpeg's four characters, without blanks; "" where they are none.
        seconds: When each frame begins; as many as could be decoded, at most one more than asked.
    """

    width: int
    height: int
    codec: str
    seconds: tuple[float, ...]


def examine(data: bytes, most_frames: int, most_pixels: int) -> VideoFacts:
    """Decode a video once, to count its frames: what its header states is only an estimate.

    Args:
        data: The file.
        most_frames: Counting stops behind it.
        most_pixels: Of a frame; of a larger one the size is told and nothing decoded.

    Raises:
        RuntimeError: If it cannot be decoded, or takes too much memory or time.
    """
    answers = _ask(data, ["examine", str(most_frames), str(most_pixels)])
    try:
        told = json.loads(next(answers, b""))
        return VideoFacts(told["width"], told["height"], told["codec"], tuple(told["seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise RuntimeError("the video could not be decoded") from error
    finally:
        answers.close()


def decode(
    data: bytes, indices: Sequence[int], most_pixels: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decode some frames, one at a time.

    Args:
        data: The file.
        indices: Which, ascending, from 0.
        most_pixels: Of a frame; at a larger one it ends.

    Yields:
        Number and uint8 RGB (height, width, 3) of a frame. It ends early where frames cannot be
        decoded.
    """
    answers = _ask(data, ["decode", ",".join(map(str, indices)), str(most_pixels)])
    try:
        while (head := next(answers, None)) is not None:
            index, height, width = json.loads(head)
            body = next(answers, b"")
            yield index, np.frombuffer(body, np.uint8).reshape(height, width, 3)
    except ValueError:  # a child that died in the middle of an answer
        return
    finally:
        answers.close()


def _ask(data: bytes, words: list[str]) -> Generator[bytes, None, None]:
    """The answers of a child, each when it is asked for; it ends where the child does."""
    # -P keeps this folder off the child's path, where `types.py` would hide Python's own.
    command = [sys.executable, "-P", str(Path(__file__).resolve()), *words]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        sent = False
        while True:
            watch = Timer(_TIMEOUT_SECONDS, child.kill)
            watch.start()
            try:
                if not sent:
                    child.stdin.write(data)
                    child.stdin.close()
                    sent = True
                length = int.from_bytes(child.stdout.read(8), "little")
                answer = child.stdout.read(length) if length <= _LONGEST_ANSWER else b""
            except BrokenPipeError:
                return
            finally:
                watch.cancel()
            if not answer or len(answer) < length:
                return
            yield answer
    finally:
        child.kill()
        child.stdout.close()
        with suppress(OSError):  # what could not be sent is sent again when it is closed
            child.stdin.close()
        child.wait()


def _serve() -> None:
    """Be the child: a video on standard input, answers after their lengths on standard output."""
    import os
    import resource

    import cv2

    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what C prints must not end up in an answer
    task, number, most_pixels = sys.argv[1:]
    data = BytesIO(sys.stdin.buffer.read())
    taken = Path("/proc/self/statm")
    if taken.exists():
        limit = int(taken.read_text().split()[0]) * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def answer(content: bytes) -> None:
        stream.write(len(content).to_bytes(8, "little") + content)
        stream.flush()

    one_thread = [cv2.CAP_PROP_N_THREADS, 1]
    capture = cv2.VideoCapture(data, cv2.CAP_FFMPEG, one_thread)  # type: ignore[call-overload]
    if not capture.isOpened():
        return
    width, height = (
        int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    small = 0 < width * height <= int(most_pixels)
    if task == "examine":
        seconds = _times(capture, int(number)) if small else []
        code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
        codec = "".join(chr(byte) for byte in code if chr(byte).isalnum() and byte < 128)
        told = {"width": width, "height": height, "codec": codec, "seconds": seconds}
        answer(json.dumps(told).encode())
        return
    wanted = {int(index) for index in number.split(",")}
    for index in range(max(wanted) + 1 if small else 0):
        if not capture.grab():
            return
        if index in wanted:
            read, frame = capture.retrieve()
            if not read or frame.shape[0] * frame.shape[1] > int(most_pixels):
                return
            answer(json.dumps([index, *frame.shape[:2]]).encode())
            answer(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).tobytes())


def _times(capture: Any, most: int) -> list[float]:
    """When each frame begins; evenly spaced where the video's own times do not ascend."""
    import cv2

    seconds: list[float] = []
    while len(seconds) <= most and capture.grab():
        seconds.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    ascending = all(a < b for a, b in itertools.pairwise(seconds))
    if not ascending or not all(map(math.isfinite, seconds)):
        rate = capture.get(cv2.CAP_PROP_FPS)
        rate = rate if math.isfinite(rate) and 0 < rate < 1000 else 25.0
        return [index / rate for index in range(len(seconds))]
    return [round(at - seconds[0], 6) for at in seconds]


if __name__ == "__main__":
    _serve()

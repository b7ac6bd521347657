"""What do many files and a long clip cost, on the command line and on the page?

Each case is a process of its own, which says how long the answers took and how much memory it held
at its peak, with all that it imports and the process that decodes for it. A second case of the
same kind holds fewer files, so that what grows with their number shows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from PIL import Image

from benchmarks import write_result
from fetal_model.phantom import simulate
from fetal_model.phantom.dicom import write_clip
from fetal_model.predictor import Predictor
from fetal_model.predictor_clip import analyse_clip
from fetal_model.scan import Clip, Scan, open_all

ROOT = Path(__file__).resolve().parents[1]
FEW, MANY = 10, 500
DIFFERENT = 50  # simulated scans, which the files repeat
FRAMES = 200
LABELS = ("brain", "abdomen", "femur", "thorax")


def main() -> None:
    """Write `many.json`: for each case n, seconds, how many a second, peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        scans, clips = Path(folder) / "scans", Path(folder) / "clips"
        scans.mkdir()
        clips.mkdir()
        make_scans(scans)
        make_clips(clips)
        rows = [
            _in_a_process(case, scans if case in ("files", "page") else clips, count)
            for case, count in (
                ("files", FEW),
                ("files", MANY),
                ("page", FEW),
                ("page", MANY),
                ("dicom", FRAMES // 10),
                ("dicom", FRAMES),
                ("mp4", FRAMES // 10),
                ("mp4", FRAMES),
            )
        ]
    write_result("many.json", {"version": Predictor.load().version.label, "cases": rows})


def make_scans(folder: Path) -> None:
    """`MANY` PNG files of `DIFFERENT` simulated scans."""
    for number in range(DIFFERENT):
        image = Image.fromarray(simulate(LABELS[number % len(LABELS)], number).image)
        for copy in range(MANY // DIFFERENT):
            image.save(folder / f"{copy:02}-{number:02}.png")


def make_clips(folder: Path) -> None:
    """Clips of `FRAMES` and of a tenth as many frames, as DICOM and as MP4."""
    phantoms = [simulate(LABELS[number % len(LABELS)], number) for number in range(20)]
    for count in (FRAMES // 10, FRAMES):
        shown = [phantoms[index * len(phantoms) // count] for index in range(count)]
        frames = [phantom.image for phantom in shown]
        write_clip(folder / f"{count}.dcm", shown[0].scene, frames, count, rate_hz=20)
        height, width = frames[0].shape
        code = cv2.VideoWriter.fourcc(*"mp4v")
        video = cv2.VideoWriter(str(folder / f"{count}.mp4"), code, 20, (width, height))
        for frame in frames:
            video.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
        video.release()


def answer_files(folder: Path, count: int) -> float:
    """As `predict` does, one file in memory at a time."""
    predictor = Predictor.load()
    paths = [str(path) for path in sorted(folder.iterdir())[:count]]
    began = time.perf_counter()
    for _, opened in open_all(paths):
        assert isinstance(opened, Scan)
        predictor.analyse(opened)
    return time.perf_counter() - began


def answer_page(folder: Path, count: int) -> float:
    """On the first page, where the files stay in memory; its pictures and table included."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()
    files = [
        (path.name, path.read_bytes(), "image/png") for path in sorted(folder.iterdir())[:count]
    ]
    began = time.perf_counter()
    page.file_uploader[0].set_value(files).run()
    seconds = time.perf_counter() - began
    assert len(page.dataframe[0].value) == count, page
    return seconds


def answer_clip(file: Path, count: int) -> float:
    """Every frame of a clip."""
    predictor = Predictor.load()
    began = time.perf_counter()
    ((_, opened),) = open_all([file])
    assert isinstance(opened, Clip), opened
    assert len(opened) == count
    analyse_clip(predictor, opened, most=count)
    return time.perf_counter() - began


CASES: dict[str, Callable[[Path, int], float]] = {
    "files": answer_files,
    "page": answer_page,
    "dicom": lambda folder, count: answer_clip(folder / f"{count}.dcm", count),
    "mp4": lambda folder, count: answer_clip(folder / f"{count}.mp4", count),
}


def _in_a_process(case: str, folder: Path, count: int) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.many", case, str(folder), str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    print(row, flush=True)
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=CASES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    seconds = CASES[given.case](given.folder, given.count)
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(who).ru_maxrss for who in whose) / 1024
    result = {"case": given.case, "n": given.count, "seconds": round(seconds, 2),
              "per_second": round(given.count / seconds, 1), "peak_mib": round(peak)}  # fmt: skip
    print(json.dumps(result))

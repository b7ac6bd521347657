"""Are pictures that are no ultrasound turned away, and real scans let through, before any network?

`fetal_model.scan.quality` on photographs, CT and MR, documents, screens, noise and black frames,
none of which set a limit of its, and on the real validation scans. What a file states about itself
is left out: the picture alone decides. Needs scikit-image for its photographs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pydicom
import skimage
import sklearn
from numpy.typing import NDArray

from benchmarks import RESULTS, write_rows
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.evaluation.metrics import Proportion
from fetal_model.scan import ScanError, read_scan
from fetal_model.scan.quality import find_faults, measure_quality

SIZES = ((448, 576), (600, 800))
SMALLEST = 64
PHOTOGRAPHS = (
    (Path(skimage.__file__).parent / "data", (".png", ".jpg", ".tif")),
    (Path(sklearn.__file__).parent / "datasets" / "images", (".jpg",)),
)

Source = Path | NDArray[np.uint8]


def main() -> None:
    """Write `not-ultrasound.csv`, a row for each picture, and print the counts."""
    seen: set[bytes] = set()
    rows = []
    for kind, name, source in (*strangers(), *validation()):
        row, pixels = judge(kind, name, source)
        # the same picture in another encoding is no further evidence
        if pixels is None or pixels not in seen:
            rows.append(row)
        if pixels is not None:
            seen.add(pixels)
    write_rows("not-ultrasound.csv", rows)
    for kind in dict.fromkeys(row["kind"] for row in rows):
        turned_away = [row["turned_away"] == "true" for row in rows if row["kind"] == kind]
        print(f"{kind}: turned away {Proportion(sum(turned_away), len(turned_away))}")


def judge(kind: str, name: str, source: Source) -> tuple[dict[str, str], bytes | None]:
    """The row of a picture, and its pixels where it could be read."""
    row = {"kind": kind, "name": name, "turned_away": "true", "reasons": ""}
    try:
        scan = read_scan(source if isinstance(source, Path) else _png(source), name=name)
    except ScanError as refused:
        return {**row, "reasons": str(refused)}, None
    alone = replace(scan, facts=replace(scan.facts, modality=None))
    faults = find_faults(alone, measure_quality(alone))
    row |= {"turned_away": str(bool(faults)).lower(), "reasons": " ".join(faults)}
    return row, scan.display.tobytes()


def strangers() -> Iterator[tuple[str, str, Source]]:
    """Everything that is no ultrasound: kind, name, and file or picture."""
    for folder, endings in PHOTOGRAPHS:
        for path in sorted(path for path in folder.iterdir() if path.suffix in endings):
            yield "photograph", path.name, path
    yield from tomograms()
    for path in sorted((RESULTS.parent / "screenshots").glob("*.png")):
        yield "screen", path.name, path
    for rows, columns in SIZES:
        for kind, name, picture in drawn(rows, columns):
            yield kind, f"{name} {rows} x {columns}", picture


def validation() -> Iterator[tuple[str, str, Source]]:
    """The real validation scans, by label."""
    for record in read_real_scans(shared_folder() / "real_scans", "validation"):
        yield f"ultrasound, {record.label}", record.scan, record.file


def tomograms() -> Iterator[tuple[str, str, Source]]:
    """CT and MR images among the test files that come with pydicom."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    for path in sorted(folder.rglob("*")):
        try:
            file = pydicom.dcmread(path, stop_before_pixels=True)
            large = min(int(file.Rows), int(file.Columns)) >= SMALLEST
        except (pydicom.errors.InvalidDicomError, AttributeError, OSError):
            continue
        if large and file.get("Modality") in ("CT", "MR"):
            yield str(file.Modality), path.name, path


def drawn(rows: int, columns: int) -> Iterator[tuple[str, str, NDArray[np.uint8]]]:
    """Documents, screens, noise and black frames of one size."""
    rng = np.random.default_rng(0)
    size = rows, columns
    normal = rng.normal(0, 1, size)
    noise = {
        "uniform": rng.uniform(0, 255, size),
        "normal": 128 + 40 * normal,
        "dark": 20 + 10 * normal,
        "rayleigh": rng.rayleigh(50, size),
        "salt": 255 * (rng.random(size) < 0.2),
        "blurred": 128 + 400 * cv2.GaussianBlur(normal, (0, 0), 3),
        "streaked": 128 + 400 * cv2.GaussianBlur(normal, (0, 0), sigmaX=6, sigmaY=1.5),
    }
    for name, values in noise.items():
        yield "noise", name, _grey(values)
    black = np.zeros(size, np.uint8)
    yield "black frame", "black", black
    yield "black frame", "sensor noise", _grey(np.abs(2 * normal))
    for text in ("NO SIGNAL", "Probe not connected"):
        yield "black frame", text, _write(black, text, columns // 4, rows // 2, 1.2)
    page = np.full(size, 255, np.uint8)
    for number, top in enumerate(range(40, rows - 30, 24)):
        text = "The fetal head was seen in the standard plane at week 20."[: 30 + 7 * number % 25]
        page = 255 - _write(255 - page, text, 30, top, 0.6)
    yield "document", "letter", page
    yield "document", "letter, white on black", 255 - page
    table = page.copy()
    table[40:-30:24] = 0
    table[:, 30 :: columns // 5] = 0
    yield "document", "table", table
    window = np.full((*size, 3), 245, np.uint8)
    window[:40], window[40:, :120] = (40, 90, 160), (225, 225, 232)
    for number in range(8):
        top = 60 + 45 * number
        cv2.rectangle(window, (140, top), (columns - 20, top + 30), (200, 200, 200), 1)
        cv2.putText(window, f"Field {number}", (10, top + 20), 0, 0.5, (30, 30, 30), 1)
    yield "screen", "window", window
    yield "screen", "dark window", 255 - window
    trace = black.copy()
    trace[::20], trace[:, ::20] = 40, 40
    points = [(x, int(rows / 2 - 90 * np.sin(x / 15) ** 9)) for x in range(columns)]
    yield "screen", "trace", cv2.polylines(trace, [np.array(points)], False, 230, 2)


def _write(
    picture: NDArray[np.uint8], text: str, left: int, top: int, size: float
) -> NDArray[np.uint8]:
    return np.asarray(cv2.putText(picture.copy(), text, (left, top), 0, size, 255, 1, cv2.LINE_AA))


def _grey(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(values, 0, 255).astype(np.uint8)


def _png(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


if __name__ == "__main__":
    main()

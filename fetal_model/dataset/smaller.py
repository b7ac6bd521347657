"""A copy of labelled scans at the size of a network's input, to be carried to another machine."""

from __future__ import annotations

import csv
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from fetal_model.dataset.manifest import MANIFEST, ORIGINAL, Record, content, read_rows, read_table
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess


def write_smaller(folder: Path, target: Path, height: int, width: int) -> Path:
    """Copy a data folder with every scan resized as a network of that input would see it.

    Grey levels are rounded as they are for training, so that a network whose recipe neither crops
    to content nor takes annotations away learns and answers the same. Only what the manifest lists
    is copied, without masks, into a folder beside that is renamed when it is whole.

    Args:
        folder: Has a `manifest.csv`.
        target: A new folder.
        height: Of the copies, pixels.
        width: Likewise.

    Returns:
        Path of the copy's manifest, which says in the column `original_sha256` what each scan was
        made of.

    Raises:
        ValueError: There is no manifest, a row cannot be used, or the target is there already.
        ScanError: A scan cannot be read.
    """
    records, rows = read_table(folder / MANIFEST), read_rows(folder / MANIFEST)
    if target.exists():
        raise ValueError(f"{target}: expected a new folder, found one; choose another")
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)  # of one that was killed
    grey = InputSpec(height, width, "0-255")

    def copy(record: Record) -> str:
        pixels, _ = preprocess(read_scan(record.file), grey)
        encoded, png = cv2.imencode(".png", np.rint(pixels).astype(np.uint8))
        assert encoded
        made = beside / record.scan
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(png.tobytes())
        return content(record)

    try:
        with ThreadPoolExecutor() as pool:
            originals = list(pool.map(copy, records))
        with (beside / MANIFEST).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, {**rows[0], ORIGINAL: ""}, lineterminator="\n")
            writer.writeheader()
            for row, original in zip(rows, originals, strict=True):
                writer.writerow({**row, ORIGINAL: original})
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target / MANIFEST


def check_copy(record: Record, scan: Scan, spec: InputSpec) -> None:
    """See to it that a scan, where it is a smaller copy, serves as well as what it was made of.

    Raises:
        ValueError: It is a copy of another size, or the input wants more than a size.
    """
    if not record.columns.get(ORIGINAL):
        return
    plain = InputSpec(spec.height, spec.width, spec.scaling)
    if spec != plain or scan.pixels.shape != (spec.height, spec.width):
        height, width = scan.pixels.shape
        raise ValueError(
            f"{record.file}: expected a copy of {spec.height} x {spec.width} pixels, for an input "
            f"that neither crops nor takes annotations away, found one of {height} x {width} for "
            f"{spec}; learn from the scans themselves, or copy them for this input"
        )

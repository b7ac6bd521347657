"""A copy of labelled scans at the size of a network's input, to be carried to another machine."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from fetal_model.dataset.manifest import MANIFEST, ORIGINAL, read_rows
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.store.versions import sha256


def write_smaller(folder: Path, target: Path, height: int, width: int) -> Path:
    """Copy a data folder with every scan resized as a network of that input would see it.

    Grey levels are rounded as they are for training, so that a network whose recipe neither crops
    to content nor takes annotations away learns and answers the same. Only what the manifest lists
    is copied, without masks.

    Args:
        folder: Has a `manifest.csv`.
        target: A new folder.
        height: Of the copies, pixels.
        width: Likewise.

    Returns:
        Path of the copy's manifest, which says in the column `original` what each scan was made
        of; it is written last.

    Raises:
        ValueError: There is no manifest, or the target is there already.
        ScanError: A scan cannot be read.
    """
    rows = read_rows(folder / MANIFEST)
    if target.exists():
        raise ValueError(f"{target}: expected a new folder, found one; choose another")
    grey = InputSpec(height, width, "0-255")

    def copy(row: dict[str, str]) -> dict[str, str]:
        source, made = folder / row["path"], target / row["path"]
        pixels, _ = preprocess(read_scan(source), grey)
        encoded, content = cv2.imencode(".png", np.rint(pixels).astype(np.uint8))
        assert encoded
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(content.tobytes())
        return {**row, ORIGINAL: sha256(source)}

    with ThreadPoolExecutor() as pool:
        copied = list(pool.map(copy, rows))
    with (target / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, copied[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(copied)
    return target / MANIFEST

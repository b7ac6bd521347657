"""Audit of the pictures: unreadable, twice there, near black, with burned-in text."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fetal_model.dataset.manifest import Record
from fetal_model.scan import ScanError, read_scan
from fetal_model.scan.annotations import find_annotations

HASH_SIDE = 16
"""The perceptual hash has this many bits squared."""
NEAR = 40
"""Bits that two pictures of one scan may differ in; different scans differ in more."""
BLACK = 0.1
"""Grey in [0, 1] above which a pixel shows something."""
LEAST_SHOWN = 0.02
"""Share of such pixels below which a picture is near black."""


@dataclass(frozen=True)
class Picture:
    """What the audit keeps of a picture.

    Attributes:
        record: Whose picture it is.
        digest: SHA-256 over its size and grey levels.
        bits: Perceptual hash, bool (HASH_SIDE ** 2,).
        shown: Share of its pixels brighter than `BLACK`.
        text: Whether a row of characters is written on it.
    """

    record: Record
    digest: str
    bits: NDArray[np.bool_]
    shown: float
    text: bool


def look(record: Record) -> Picture:
    """Read a scan once and measure it.

    Raises:
        ScanError: It cannot be read.
    """
    pixels = read_scan(record.file, name=record.scan).pixels
    grey = np.rint(pixels * 255).astype(np.uint8)
    digest = hashlib.sha256(f"{grey.shape}".encode() + grey.tobytes()).hexdigest()
    shown = float((pixels > BLACK).mean())
    text = bool(find_annotations(pixels).text.any())
    return Picture(record, digest, perceptual_hash(grey), shown, text)


def perceptual_hash(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Signs of the lowest frequencies of a picture, bool (HASH_SIDE ** 2,).

    The DCT hash of Zauner 2010, "Implementation and benchmarking of perceptual image hash
    functions", as `imagehash.phash` makes it.
    """
    return np.asarray(imagehash.phash(Image.fromarray(grey), HASH_SIDE).hash).ravel()


def examine_pictures(
    records: Sequence[Record], progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Read every picture and say what is wrong with them.

    Returns:
        `read`: how many could be read; `unreadable`: the others, each with the reason;
        `duplicates`: groups of scans with the same pixels; `near_duplicates`: pairs that differ in
        at most `NEAR` bits of their perceptual hash; `near_black`; `text`. Duplicates say whether
        their patients and labels are the same.
    """
    pictures, unreadable = [], []
    for number, record in enumerate(records, start=1):
        try:
            pictures.append(look(record))
        except ScanError as error:
            unreadable.append({"scan": record.scan, "error": str(error)})
        if progress is not None:
            progress(number, len(records))
    return {
        "read": len(pictures),
        "unreadable": unreadable,
        "duplicates": same_pixels(pictures),
        "near_duplicates": near_duplicates(pictures),
        "near_black": [p.record.scan for p in pictures if p.shown < LEAST_SHOWN],
        "text": [p.record.scan for p in pictures if p.text],
    }


def same_pixels(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Groups of scans that show exactly the same."""
    groups = defaultdict(list)
    for picture in pictures:
        groups[picture.digest].append(picture.record)
    return [_together(group) for group in groups.values() if len(group) > 1]


def near_duplicates(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Pairs of other pixels but almost the same look, the closest first.

    Near-black pictures are left out: they look alike without being so.
    """
    seen = [picture for picture in pictures if picture.shown >= LEAST_SHOWN]
    if not seen:
        return []
    # 64 bits at a time, or ten thousand scans would take an hour
    words = np.packbits([picture.bits for picture in seen], axis=1).view(np.uint64)
    pairs = []
    for first in range(len(seen) - 1):
        differing = np.bitwise_count(words[first + 1 :] ^ words[first]).sum(axis=1)
        for offset in np.flatnonzero(differing <= NEAR):
            second = first + 1 + int(offset)
            if seen[first].digest != seen[second].digest:
                pair = _together([seen[first].record, seen[second].record])
                pairs.append({**pair, "bits": int(differing[offset])})
    return sorted(pairs, key=lambda pair: pair["bits"])


def _together(records: Sequence[Record]) -> dict[str, Any]:
    patients = {record.group for record in records}
    known = all(record.patient for record in records)
    return {
        "scans": [record.scan for record in records],
        "labels": sorted({record.label for record in records}),
        "same_patient": len(patients) == 1 if known else None,
    }

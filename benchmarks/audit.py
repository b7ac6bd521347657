"""What the audit finds: in the first report's label file, and in simulated scans with known faults.

The label file is not part of the project; only counts are kept of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import write_result
from fetal_model.dataset.audit.examine import audit
from fetal_model.dataset.audit.leakage import read_other
from fetal_model.dataset.audit.pictures import NEAR, perceptual_hash
from fetal_model.dataset.manifest import (
    LABELS,
    read_real_scans,
    read_table,
    shared_folder,
)
from fetal_model.phantom import simulate
from fetal_model.phantom.screen import Annotations
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.annotations import find_annotations

PER_LABEL = 25
FIRST_SEED = 930_000
TEXT = Annotations(grey_bar=False, ticks=False, text=True, calipers=False, box=False)
Picture = NDArray[np.uint8]


def main() -> None:
    """Write `audit.json`."""
    pairs = [
        [simulate(label, FIRST_SEED + n, annotations=shown).image for shown in (False, TEXT)]
        for label in LABELS
        for n in range(PER_LABEL)
    ]
    plain, written = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    write_result(
        "audit.json",
        {
            "seed_labels": seed_labels(),
            "real_scans": real_scans(),
            "text": text(plain, written),
            "copies": copies(plain),
        },
    )


def seed_labels() -> dict[str, Any]:
    """Counts of what the audit finds in the label file, given the file names of its data base."""
    folder = shared_folder() / "seed_labels"
    records = read_table(folder / "image_label.csv")
    result = audit(records, others=read_other(folder / "fetal_planes_names.csv"))
    wrong = result["names"]["labels"]
    external = next(o for o in result["others"] if o["set"] == "in_seed_external40")
    changes = Counter(f"labelled {row['label']}, named {row['name']}" for row in wrong)
    return {
        "scans": result["data"]["scans"],
        "patients": result["data"]["patients"],
        "contradicting_labels": len(wrong),
        "contradictions": dict(changes.most_common()),
        "external_test": {
            "scans": external["scans"],
            "scans_in_training": len(external["shared_scans"]),
            "patients": external["patients"],
            "patients_in_training": len(external["shared_patients"]),
        },
    }


def real_scans() -> dict[str, Any]:
    """Real scans learned from that look almost like one that is tested on."""
    folder = shared_folder() / "real_scans"
    parts = {part: read_real_scans(folder, part) for part in ("train", "validation")}
    hashes = {
        part: np.stack([perceptual_hash(grey(read_scan(r.file))) for r in records])
        for part, records in parts.items()
    }
    pairs = []
    for number, bits in enumerate(hashes["validation"]):
        distances = (hashes["train"] != bits).reshape(len(parts["train"]), -1).sum(axis=1)
        pairs += [
            {
                "train": parts["train"][index].scan,
                "validation": parts["validation"][number].scan,
                "bits": int(distances[index]),
            }
            for index in np.flatnonzero(distances <= NEAR)
        ]
    return {part: len(records) for part, records in parts.items()} | {"pairs": pairs}


def grey(scan: Scan) -> Picture:
    """The whole scan in grey levels."""
    return np.rint(scan.pixels * 255).astype(np.uint8)


def text(plain: list[Picture], written: list[Picture]) -> dict[str, int]:
    """Scans in which text is found, of those with and of those without any annotation."""
    return {
        "with_text": len(written),
        "found": sum(map(has_text, written)),
        "without_annotation": len(plain),
        "found_wrongly": sum(map(has_text, plain)),
    }


def has_text(picture: Picture) -> bool:
    """Whether the audit finds text."""
    return bool(find_annotations(picture.astype(np.float32) / 255).text.any())


def copies(pictures: list[Picture]) -> dict[str, Any]:
    """Changed copies that are found near their original, and pairs of other scans that are too."""
    hashes = [perceptual_hash(picture) for picture in pictures]
    found = {
        name: sum(
            int((perceptual_hash(change(picture)) != bits).sum()) <= NEAR
            for picture, bits in zip(pictures, hashes, strict=True)
        )
        for name, change in CHANGES.items()
    }
    distances = [int((first != second).sum()) for first, second in combinations(hashes, 2)]
    return {
        "scans": len(pictures),
        "found": found,
        "pairs_of_other_scans": len(distances),
        "pairs_found_wrongly": sum(distance <= NEAR for distance in distances),
        "bits": {"of": hashes[0].size, "near": NEAR, "closest_other_scans": min(distances)},
    }


def _compress(picture: Picture) -> Picture:
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def _halve(picture: Picture) -> Picture:
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)


def _brighten(picture: Picture) -> Picture:
    return np.clip(picture * 1.15 + 8, 0, 255).astype(np.uint8)


def _trim(picture: Picture) -> Picture:
    """Without the outermost fiftieth of each side."""
    top, left = picture.shape[0] // 50, picture.shape[1] // 50
    return np.ascontiguousarray(picture[top:-top, left:-left])


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "JPEG of quality 50": _compress,
    "half the size": _halve,
    "brighter": _brighten,
    "trimmed by a fiftieth of each side": _trim,
}

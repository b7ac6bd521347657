"""Size and contrast of the speckle of real and simulated scans, without any network."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import write_rows
from fetal_model import anatomy
from fetal_model.dataset.manifest import read_real_scans, shared_folder
from fetal_model.phantom import simulate
from fetal_model.scan import read_scan

MOST = 60
FIRST_SEED = 940_000
WIDTH = 576
SIDE = 48
# Even tissue, neither black nor crossed by a bright edge.
_GREY, _DEVIATION = (45, 150), (4, 30)
Picture = NDArray[np.float32]


def main() -> None:
    """Write `grain.csv`: medians over scans, real and simulated, for each anatomy."""
    folder = shared_folder() / "real_scans"
    records = [r for part in ("train", "validation") for r in read_real_scans(folder, part)]
    rng = np.random.default_rng(0)
    rows = []
    for label in anatomy.KEYS:
        files = sorted(r.file for r in records if r.label == label)
        chosen = [files[i] for i in rng.permutation(len(files))[:MOST]]
        real = (np.asarray(read_scan(f).pixels * 255, np.float32) for f in chosen)
        made = (
            simulate(label, FIRST_SEED + n, quality="good", annotations=False).image
            for n in range(MOST)
        )
        for kind, pictures in (("real", real), ("simulated", made)):
            rows.append({"label": label, "kind": kind, **medians(pictures)})
    write_rows("grain.csv", rows)


def medians(pictures: Iterable[NDArray[np.generic]]) -> dict[str, str]:
    """Over the scans that have even tissue: widths at half height, pixels, and contrast."""
    found = [np.median(patches, axis=0) for p in pictures if (patches := grain(p))]
    across, along, contrast = np.median(found, axis=0)
    return {
        "scans": str(len(found)),
        "across_px": f"{across:.1f}",
        "along_px": f"{along:.1f}",
        "deviation_over_mean": f"{contrast:.2f}",
    }


def grain(picture: NDArray[np.generic]) -> list[tuple[float, float, float]]:
    """Width across and along the beam, and contrast, of each patch of even tissue.

    Args:
        picture: Grey levels 0 to 255, (height, width); brought to `WIDTH` columns.
    """
    scale = WIDTH / picture.shape[1]
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(picture.astype(np.float32), None, fx=scale, fy=scale, interpolation=shrink)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 6)
    height, width = grey.shape
    found = []
    for top in range(int(0.35 * height), int(0.75 * height) - SIDE, SIDE):
        for left in range(int(0.25 * width), int(0.75 * width) - SIDE, SIDE):
            place = (slice(top, top + SIDE), slice(left, left + SIDE))
            mean, deviation = float(grey[place].mean()), float(fine[place].std())
            if _GREY[0] < mean < _GREY[1] and _DEVIATION[0] < deviation < _DEVIATION[1]:
                likeness = autocorrelation(fine[place])
                found.append(
                    (half_width(likeness[0]), half_width(likeness[:, 0]), deviation / mean)
                )
    return found


def autocorrelation(patch: Picture) -> NDArray[np.float64]:
    """Of a patch with itself, shifted down and right, 1 at no shift."""
    power = np.abs(np.fft.fft2(patch - patch.mean())) ** 2
    likeness = np.fft.ifft2(power).real
    return likeness / likeness[0, 0]


def half_width(likeness: NDArray[np.float64]) -> float:
    """Full width at half height of one that falls from 1, samples."""
    below = int(np.argmax(likeness[: SIDE // 2] < 0.5))
    if below == 0:
        return float(SIDE)
    before, after = likeness[below - 1], likeness[below]
    return 2 * float(below - 1 + (before - 0.5) / (before - after))

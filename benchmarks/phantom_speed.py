"""Simulated scans a second and core, at 448 rows x 576 columns."""

from __future__ import annotations

import statistics
import time

import cv2

from benchmarks import write_result
from fetal_model.phantom import simulate
from fetal_model.phantom.planes import LABELS

SCANS = 40


def main() -> None:
    """Write `phantom-speed.json`: time of one thread of one process, by label."""
    cv2.setNumThreads(1)
    seconds = {}
    for label in LABELS:
        simulate(label, 1)
        taken = []
        for seed in range(SCANS):
            began = time.process_time()
            simulate(label, seed)
            taken.append(time.process_time() - began)
        seconds[label] = round(statistics.mean(taken), 4)
    rates = {label: round(1 / mean, 1) for label, mean in seconds.items()}
    write_result("phantom-speed.json", {"scans": SCANS, "per_second_and_core": rates})


if __name__ == "__main__":
    main()

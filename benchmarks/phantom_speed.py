"""Simulated scans a second and core, at 448 rows x 576 columns."""

from __future__ import annotations

import statistics
import time

import cv2
from threadpoolctl import threadpool_limits

from benchmarks import write_result
from fetal_model.phantom import simulate
from fetal_model.phantom.planes import LABELS

SCANS = 40


def main() -> None:
    """Write `phantom-speed.json`: time of one thread of one process, by label."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        rates = {label: round(1 / seconds(label), 1) for label in LABELS}
    write_result("phantom-speed.json", {"scans": SCANS, "per_second_and_core": rates})


def seconds(label: str) -> float:
    """Mean processor time of a scan."""
    simulate(label, 1)
    taken = []
    for seed in range(SCANS):
        began = time.process_time()
        simulate(label, seed)
        taken.append(time.process_time() - began)
    return statistics.mean(taken)


if __name__ == "__main__":
    main()

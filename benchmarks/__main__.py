"""Run the measurements named on the command line, or every one that can run here."""

import importlib
import sys

from fetal_model.dataset.manifest import shared_folder

ANYWHERE = (
    "speed",
    "heatmaps",
    "explanations",
    "annotations",
    "inputs",
    "many",
    "speckle",
    "phantom_speed",
    "sheets",
    "training_speed",
    "exports",
)
WITH_REAL_SCANS = (
    "published",
    "looks",
    "trials",
    "retrained",
    "realism",
    "grain",
    "audit",
    "not_ultrasound",
    "uncertainty",
    "deidentification",
)

if __name__ == "__main__":
    wanted = sys.argv[1:]
    if not wanted:
        present = (shared_folder() / "real_scans" / "manifest.csv").is_file()
        wanted = [*ANYWHERE, *(WITH_REAL_SCANS if present else ())]
        if not present:
            print(f"not run without the real scans: {', '.join(WITH_REAL_SCANS)}")
    for name in wanted:
        print(f"benchmarks.{name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()

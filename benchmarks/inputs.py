"""What becomes of every file of pydicom's test collection, and of odd files made in code?

Only the files that the pydicom package installs are opened; nothing is downloaded.
"""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pydicom.data

from benchmarks import write_rows
from benchmarks.odd_files import files
from fetal_model.scan import Clip, Scan, ScanError, open_all

COLLECTION = Path(pydicom.data.__file__).parent / "test_files"


def main() -> None:
    """Write `inputs.csv`, a row for each file or member of an archive, and print the counts."""
    warnings.simplefilter("ignore")
    rows = []
    for name, data in collection():
        rows += [{"from": "pydicom", **row} for row in outcomes(name, data)]
    for name, data in files():
        rows += [{"from": "made", **row} for row in outcomes(name, data)]
    write_rows("inputs.csv", rows)
    for (origin, outcome), count in sorted(
        Counter((r["from"], r["outcome"]) for r in rows).items()
    ):
        print(f"{origin}: {outcome} {count}")


def collection() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file that pydicom installs for its tests."""
    for path in sorted(COLLECTION.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py":
            yield path.relative_to(COLLECTION).as_posix(), path.read_bytes()


def outcomes(name: str, data: bytes) -> Iterator[dict[str, str]]:
    """A row for a file, or for each member of an archive."""
    try:
        for inner, opened in open_all([(name, data)]):
            yield {"file": inner, **outcome(opened)}
    except Exception:
        last = traceback.format_exc().strip().splitlines()[-1]
        yield {"file": name, "outcome": "traceback", "message": last}


def outcome(opened: Scan | Clip | ScanError) -> dict[str, str]:
    """What became of a file, and its message or what was read; every frame is decoded."""
    if isinstance(opened, ScanError):
        return {"outcome": "refused", "message": str(opened)}
    facts = opened.facts
    size = f"{facts.width} x {facts.height}"
    said = f"{facts.format} {facts.photometric}, {size}, {facts.bits} bits, {facts.levels}"
    if isinstance(opened, Scan):
        return {"outcome": "scan", "message": said}
    broken = sum(isinstance(each, ScanError) for each in opened.frames(range(len(opened))))
    said += f", {len(opened)} frames"
    return {"outcome": "clip", "message": said + (f", {broken} damaged" if broken else "")}


if __name__ == "__main__":
    main()

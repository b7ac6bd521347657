"""`docs/inputs.md`: what can be read, and what became of every file that was tried."""

from __future__ import annotations

from collections import Counter

from fetal_model.evaluation.results import missing, read_csv, read_json
from fetal_model.scan.limits import (
    INFLATED_ON_PAGE,
    LIMITS,
    MAX_ASPECT,
    MAX_BYTES,
    MAX_PIXELS,
    MIN_SIDE,
)
from fetal_model.settings import read_settings

_GIB, _MIB = 1024**3, 1024**2
_OUTCOMES = {
    "scan": "read as a scan",
    "clip": "opened as a clip",
    "refused": "refused in a sentence",
    "traceback": "failed otherwise",
}
_CASES = {
    "files": "PNG files, one after the other",
    "page": "PNG files on the page, which keeps them",
    "dicom": "frames of a DICOM clip",
    "mp4": "frames of an MP4 clip",
}
_COLLECTIONS = {
    "pydicom": "the test files that pydicom installs",
    "made": "odd files made in code, and members of odd ZIPs",
}


def inputs() -> str:
    """The text of `docs/inputs.md`."""
    sections = [
        ["# Scans that can be read", "", "Written by `make docs` from `docs/results/`."],
        formats(),
        limits(),
        many(),
        tried(),
    ]
    return "\n".join("\n".join([*section, ""]) for section in sections)


def formats() -> list[str]:
    """What is read and how."""
    return [
        "Content decides what a file is, never its name.",
        "",
        "| what | read as |",
        "|---|---|",
        "| PNG, JPEG, BMP, WebP | a scan; of several pictures in one PNG or JPEG the first; "
        "an animated WebP is refused |",
        "| TIFF | a scan, or with several pages a clip without times |",
        "| DICOM | a scan, or with several frames a clip: MONOCHROME1 and 2, RGB, YBR_FULL, "
        "YBR_FULL_422 and PALETTE COLOR of 8 to 16 bits; uncompressed, deflated, RLE, JPEG, "
        "lossless JPEG, JPEG-LS, JPEG 2000, HTJ2K, and a video within it |",
        "| MP4, AVI | a clip |",
        "| folder, ZIP, DICOMDIR | each file in it, by name; a bad one costs a message |",
        "",
        "The frames of a clip are decoded one at a time, those of a DICOM file from where it is. "
        "Videos are decoded by FFmpeg in a process of its own, lossless JPEG "
        "and JPEG-LS by GDCM in one. Where a DICOM file says which part of the picture is the "
        "ultrasound image, nothing outside it counts when a model asks for a crop; the size of "
        "its pixels is kept with the scan.",
    ]


def limits() -> list[str]:
    """How much may be read."""
    return [
        "## Limits",
        "",
        "| of | at most |",
        "|---|---|",
        f"| a still | {MAX_BYTES // _MIB} MiB |",
        f"| a picture | {MAX_PIXELS // 10**6} megapixels, sides {MAX_ASPECT} to 1; at least "
        f"{MIN_SIDE} x {MIN_SIDE} |",
        f"| a clip | {LIMITS.clip_bytes // _GIB} GiB, {LIMITS.frames:,} frames |",
        f"| a folder, ZIP or DICOMDIR | {LIMITS.files:,} files |",
        f"| a ZIP | {LIMITS.archive_bytes // _GIB} GiB packed, "
        f"{LIMITS.inflated_bytes // _GIB} GiB unpacked; no ZIP within it, no member of more than "
        f"{MAX_BYTES // _MIB} MiB that grows more than {LIMITS.ratio}-fold |",
        f"| a file on the first page | {read_settings().max_upload_bytes // _MIB} MiB |",
        f"| the first page | {read_settings().max_files} files; of all ZIPs "
        f"{INFLATED_ON_PAGE // _GIB} GiB unpacked |",
    ]


def many() -> list[str]:
    """What many files and a long clip cost."""
    lines = ["## Many files, long clips", ""]
    measured = read_json("many.json")
    if not measured:
        return [*lines, missing("many")]
    lines += [
        f"`{measured['version']}`, simulated scans; the memory of everything that the process "
        "imports is included.",
        "",
        "| what | n | seconds | a second | peak memory |",
        "|---|---|---|---|---|",
    ]
    return lines + [
        f"| {_CASES[case['case']]} | {case['n']} | {case['seconds']} | {case['per_second']} | "
        f"{case['peak_mib']} MiB |"
        for case in measured["cases"]
    ]


def tried() -> list[str]:
    """What became of every file."""
    lines = ["## What became of every file that was tried", ""]
    rows = read_csv("inputs.csv")
    if not rows:
        return [*lines, missing("inputs")]
    lines += [
        "One row of the [table](results/inputs.csv) a file; every frame of a clip was decoded.",
        "",
        f"| files | n | {' | '.join(_OUTCOMES.values())} |",
        "|---|---|" + "---|" * len(_OUTCOMES),
    ]
    for origin, words in _COLLECTIONS.items():
        counts = Counter(row["outcome"] for row in rows if row["from"] == origin)
        shown = " | ".join(str(counts[outcome]) for outcome in _OUTCOMES)
        lines.append(f"| {words} | {counts.total()} | {shown} |")
    made = [row for row in rows if row["from"] == "made"]
    lines += ["", "What is said of the odd ones:", "", "| file | |", "|---|---|"]
    return lines + [f"| `{row['file']}` | {_said(row)} |" for row in made]


def _said(row: dict[str, str]) -> str:
    message = row["message"].removeprefix(f"{row['file']}: ").replace("|", "\\|")
    return message if row["outcome"] == "refused" else f"{_OUTCOMES[row['outcome']]}: {message}"

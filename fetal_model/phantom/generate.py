"""A folder of simulated scans: pictures, truth, and the manifest that names every one of them."""

from __future__ import annotations

import csv
import hashlib
import io
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import KEYS
from fetal_model.phantom.cine import draw_cine, write_cine
from fetal_model.phantom.dicom import write_still
from fetal_model.phantom.plan import Order, Request, plan, plan_sweeps
from fetal_model.phantom.simulate import Phantom, simulate
from fetal_model.phantom.stage import Row, Stage, put, unfinished
from fetal_model.phantom.structures import CODES

COLUMNS = (
    "path",
    "mask",
    "structures",
    "label",
    "plane",
    "patient",
    "gestational_age_weeks",
    "machine",
    "quality",
    "offset",
    "annotations",
    "pathology",
    "mm_per_pixel",
    "seed",
)
CINE_COLUMNS = (
    "path",
    "truth",
    "label",
    "plane",
    "patient",
    "gestational_age_weeks",
    "machine",
    "frames",
    "seed",
)
MANIFEST, CINES, CODE_LIST = "manifest.csv", "cines.csv", "structures.csv"
_PARTS = ("images", "masks", "structures", "dicom", "cines", CODE_LIST, CINES, MANIFEST)
Job = tuple[Order, Request, str]


def _make(job: Job) -> tuple[Order, Row]:
    """Make what is ordered, write its files, return its manifest row."""
    order, request, folder = job
    return order, (_sweep if order.frames else _still)(order, request, Path(folder))


def _still(order: Order, request: Request, stage: Path) -> Row:
    patient = request.patient_of(order)
    scan = simulate(
        order.label, order.seed, patient, quality=request.quality_of(order),
        annotations=request.annotations, pathology=request.pathology_in(order),
    )  # fmt: skip
    row = _row(order, scan)
    for key, pixels in (
        ("path", scan.image),
        ("mask", scan.mask * np.uint8(255)),
        ("structures", scan.structures),
    ):
        put(stage, row[key], _png(pixels))
    if request.dicom:
        name = f"dicom/{order.name}.dcm"
        write_still(unfinished(stage, name), scan)
        unfinished(stage, name).replace(stage / name)
    return row


def _row(order: Order, scan: Phantom) -> Row:
    return {
        "path": f"images/{order.name}.png",
        "mask": f"masks/{order.name}.png",
        "structures": f"structures/{order.name}.png",
        "label": scan.label,
        "plane": scan.plane,
        "patient": scan.patient,
        "gestational_age_weeks": f"{scan.gestational_age_weeks:.1f}",
        "machine": scan.machine,
        "quality": scan.quality,
        "offset": f"{scan.scene.cut.offset:.3f}",
        "annotations": "on" if scan.scene.annotated else "off",
        "pathology": scan.pathology or "none",
        "mm_per_pixel": f"{scan.scene.view.mm_per_pixel:.4f}",
        "seed": str(scan.seed),
    }


def _sweep(order: Order, request: Request, stage: Path) -> Row:
    patient = request.patient_of(order)
    cine = draw_cine(
        order.label, order.seed, patient, plane=order.name, annotations=request.annotations,
        frames=order.frames,
    )  # fmt: skip
    name = order.name.replace(" ", "-")
    clip, truth = f"cines/{name}.dcm", f"cines/{name}.csv"
    write_cine(cine, unfinished(stage, clip), unfinished(stage, truth))
    for file in (clip, truth):
        unfinished(stage, file).replace(stage / file)
    return {
        "path": clip,
        "truth": truth,
        "label": order.label,
        "plane": order.name,
        "patient": patient.name,
        "gestational_age_weeks": f"{patient.gestational_age_weeks:.1f}",
        "machine": patient.machine,
        "frames": str(order.frames),
        "seed": str(order.seed),
    }


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def _table(columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _start_worker() -> None:
    """Each worker keeps to one core, and leaves an interruption to the process that started it."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _finished(jobs: list[Job], workers: int) -> Iterator[tuple[Order, Row]]:
    """Orders with their rows, as they are done."""
    if workers == 1:
        yield from map(_make, jobs)
        return
    # Spawned, not forked: the caller may be a threaded server with TensorFlow loaded.
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_start_worker) as pool:
        yield from pool.imap_unordered(_make, jobs)


RELEASE = 2
"""Of the simulator, raised by hand when its scans come to look different; versions name theirs."""


def simulator() -> str:
    """Hash of this simulator's code: scans of two simulators do not belong in one folder."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    return digest.hexdigest()[:16]


def write_phantoms(
    directory: str | os.PathLike[str], per_class: int | dict[str, int], seed: int,
    workers: int | None = None, progress: Callable[[int, int], None] | None = None, *,
    patients: int | None = None, annotations: bool | None = None,
    weeks: tuple[float, float] | None = None, cine: bool = False, dicom: bool = False,
    pathology: bool = False, quality: dict[str, float] | None = None,
) -> Path:  # fmt: skip
    """Write simulated scans as PNG with their truth and a manifest; same arguments, same bytes.

    Everything is written to a folder beside and moved when whole, the manifest last: a folder
    with a manifest is complete. A run that was interrupted goes on where it stopped when it is
    called again with the same arguments.

    Args:
        directory: A new or empty folder, or one that an interrupted run left.
        per_class: Scans of each of the four anatomies, or a count for each label; labels left out
            get none.
        seed: Whole number from 0; another seed gives other patients and other scans.
        workers: Processes; all cores when None. Does not change the bytes.
        progress: Called with (done, total) pictures when some are done, a sweep's frames at once.
        patients: How many share the scans; two or three scans each when None.
        annotations: Whether the screens are annotated; some are when None.
        weeks: Youngest and oldest gestational age, weeks; that of routine practice when None.
        cine: Also sweep the probe through each plane of the labels: `cines/`, `cines.csv`.
        dicom: Also write each scan as DICOM: `dicom/`.
        pathology: Let half of the scans that can show a pathology do so.
        quality: Share of the stills of each of `QUALITIES`; that of routine practice when None.

    Returns:
        Path of `manifest.csv`: columns `COLUMNS`, paths relative to the directory with `/`.

    Raises:
        ValueError: A count, seed or number that cannot be, or a directory in use or begun with
            other arguments.
        OSError: The directory cannot be written.
    """
    counts = per_class if isinstance(per_class, dict) else dict.fromkeys(KEYS, per_class)
    request = Request(
        counts, seed, patients, annotations, weeks, cine, dicom, pathology, quality
    )  # fmt: skip
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 1
    ):
        raise ValueError(
            f"expected workers to be a whole number from 1, received {workers!r}: give one, or "
            "None for all cores"
        )
    target = Path(directory)
    stage = Stage(target, {**request.as_json(), "simulator": simulator()}, _PARTS)
    stills = plan(counts, int(seed), patients)
    sweeps = plan_sweeps(request, stills) if cine else []
    for part in ("images", "masks", "structures", *["dicom"] * dicom, *["cines"] * cine):
        if not (target / part).exists():
            (stage.folder / part).mkdir(exist_ok=True)
    # The longest first, so that no core waits for another at the end.
    orders = [*sweeps, *stills]
    total = sum(max(1, order.frames) for order in orders)
    done = sum(max(1, order.frames) for order in orders if order.name in stage.rows)
    jobs = [(order, request, str(stage.folder)) for order in orders if order.name not in stage.rows]
    if done and progress is not None:
        progress(done, total)
    used = min(workers or os.cpu_count() or 1, len(jobs))
    for order, row in _finished(jobs, used) if jobs else ():
        stage.add(order.name, row)
        done += max(1, order.frames)
        if progress is not None:
            progress(done, total)
    names = ({"code": str(code), "name": name} for name, code in CODES.items())
    put(stage.folder, CODE_LIST, _table(("code", "name"), names))
    if cine:
        rows = (stage.rows[order.name] for order in sweeps)
        put(stage.folder, CINES, _table(CINE_COLUMNS, rows))
    put(stage.folder, MANIFEST, _table(COLUMNS, (stage.rows[order.name] for order in stills)))
    stage.finish()
    return target / MANIFEST

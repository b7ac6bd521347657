"""Labelled sets: take one, let every version answer about it with progress, and stop on request."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fetal_model import wording
from fetal_model.dataset.built_in import Order, built_in
from fetal_model.dataset.folders import Folder, FolderError, LabelledFile, label_files, read_zip
from fetal_model.deidentify.failure import failure
from fetal_model.evaluation.comparison import Report, judge, report
from fetal_model.evaluation.predictions import Prediction
from fetal_model.predictor import Predictor
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version, VersionError
from pages.parts.answers import predictor
from pages.parts.compare_report import show_report
from pages.parts.names import ask_hidden, called_by_path, is_hidden

MOST_ZIP_MB = 256
# What the session keeps: which comparison is running, how far one came that was stopped, what has
# been answered about the present set, the last finished report, and the unpacked ZIP.
RUNNING, STOPPED, JUDGED, REPORT, UNPACKED = (
    f"compare-{name}" for name in ("running", "stopped", "judged", "report", "unpacked")
)


@dataclass(frozen=True)
class Set:
    """A labelled set on the page, and what tells it from others."""

    identity: Hashable
    scans: tuple[Order | LabelledFile, ...]


@st.cache_resource(max_entries=400, show_spinner=False)
def simulated(order: Order) -> LabelledFile:
    """A scan of the built-in set, the same for all sessions."""
    return order.file()


def file_of(scan: Order | LabelledFile) -> LabelledFile:
    """The file of a scan of a set, simulated when it is first needed."""
    return simulated(scan) if isinstance(scan, Order) else scan


def show_simulated(versions: Sequence[Version]) -> None:
    """The built-in set."""
    each = st.slider("Simulated scans of each anatomy", 5, 50, 10, 5, key="compare-each")
    orders = built_in(each)
    patients = len({order.patient for order in orders})
    st.caption(
        f"{len(orders)} simulated scans of {patients} simulated patients, whom no recipe learns "
        "from. What a version does on simulated scans does not say what it does on real ones."
    )
    _compare(Set(("simulated", each), orders), versions)


def show_folder(versions: Sequence[Version]) -> None:
    """A folder or a ZIP of the reader."""
    ask_hidden("compare-folder-hide-names")
    dropped, zipped = st.columns(2, gap="medium")
    files = dropped.file_uploader(
        "A folder with the sub-folders brain, abdomen, femur, thorax (also cervix, other)",
        accept_multiple_files="directory",
        key="compare-folder",
        help="A scan's truth is the name of the folder in which it lies. Scans stay in memory and "
        "are kept nowhere.",
    )
    archive = zipped.file_uploader(
        "Or the same as a ZIP",
        type="zip",
        max_upload_size=MOST_ZIP_MB,
        key="compare-zip",
        help="For phones, where a folder cannot be chosen.",
    )
    if archive is None:
        st.session_state.pop(UNPACKED, None)
    if not files and archive is None:
        st.caption("Nothing is here yet. What you drop does not leave the machine.")
        return
    if files and archive is not None:
        st.caption("The ZIP is used; remove it to use the folder.")
    try:
        folder = _label(files) if archive is None else _unpack(archive)
    except FolderError as error:
        st.error(wording.plain(f"This cannot be used: {error}"))
        return
    for problem in folder.problems:
        st.warning(wording.plain(problem))
    counts = Counter(file.label for file in folder.files)
    found = ", ".join(f"{label} {n}" for label, n in counts.items())
    st.caption(f"{len(folder.files)} scans: {found}.")
    identity = tuple(file.file_id for file in ([archive] if archive else files))
    _compare(Set((*identity, is_hidden()), folder.files), versions)


def _label(files: Sequence[UploadedFile]) -> Folder:
    return label_files(((file.name, file.getvalue()) for file in files), called_by_path)


def _unpack(archive: UploadedFile) -> Folder:
    """Unpacked once while it is on the page."""
    held, wanted = st.session_state.get(UNPACKED), (archive.file_id, is_hidden())
    if held is None or held[0] != wanted:
        folder = read_zip(archive.getvalue(), called_by_path)
        held = st.session_state[UNPACKED] = (wanted, folder)
    unpacked: Folder = held[1]
    return unpacked


def _compare(labelled: Set, versions: Sequence[Version]) -> None:
    """Start, progress, stop, then the report, each for this set and these versions only."""
    state = st.session_state
    run = (labelled.identity, tuple(version.label for version in versions))
    running = state.get(RUNNING) == run
    bar = st.container(horizontal=True, vertical_alignment="center")
    bar.button(
        "Compare",
        type="primary",
        on_click=lambda: state.update({RUNNING: run}),
        disabled=running,
        key="compare-start",
    )
    if running:
        bar.button(
            "Stop comparing", on_click=lambda: state.update({RUNNING: None}), key="compare-stop"
        )
        try:
            state[REPORT] = (run, _judge(labelled, versions, run))
        except VersionError:
            state[RUNNING] = None
            raise
        state.update({RUNNING: None, STOPPED: None})
        st.rerun()
    total = len(labelled.scans)
    if state.get(REPORT, (None,))[0] == run:
        show_report(state[REPORT][1], [file_of(scan) for scan in labelled.scans])
    elif state.get(STOPPED) and state[STOPPED][0] == run:
        done = state[STOPPED][1]
        st.info(f"Stopped after {done} of {total} scans. Compare again to go on from there.")
    else:
        st.caption(f"Press Compare to let {len(versions)} versions answer about {total} scans.")


def _judge(labelled: Set, versions: Sequence[Version], run: Hashable) -> Report:
    """Let every version answer about every scan, from where an earlier run was stopped."""
    state, total = st.session_state, len(labelled.scans)
    if state.get(JUDGED, (None,))[0] != labelled.identity:
        state[JUDGED] = (labelled.identity, {})
    judged: dict[tuple[int, str], Prediction | str] = state[JUDGED][1]
    progress = st.progress(0.0, "The versions are made ready")
    engines = [predictor(version.label) for version in versions]
    for index, scan in enumerate(labelled.scans):
        # Here a press of Stop ends this run of the script.
        state[STOPPED] = (run, index)
        progress.progress(index / total, f"Scan {index + 1} of {total}")
        for engine in engines:
            if (index, engine.version.label) not in judged:
                judged[index, engine.version.label] = _answer(engine, file_of(scan))
    progress.progress(1.0, "Counting, with intervals")
    rows = {v.label: [judged[index, v.label] for index in range(total)] for v in versions}
    return report(rows)


def _answer(engine: Predictor, file: LabelledFile) -> Prediction | str:
    try:
        return judge(engine, file)
    except ScanError as error:
        return str(error)
    except Exception as error:
        # One file must never cost the others their place in the table.
        logging.getLogger(__name__).error("A scan could not be analysed: %s", failure(error))
        return f"{file.scan}: the analysis failed. Export the scan again."

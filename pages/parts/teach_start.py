"""The start screen of the quiz: which scans, how hard, and the number that a class can share."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.dataset.folders import Folder, FolderError, label_files, read_zip
from fetal_model.store.versions import Version, VersionError, find_version, list_versions
from pages.parts.names import ask_hidden, called_by_path
from pages.parts.teach_session import HIGHEST_NUMBER, Order, learning, place_order

SIMULATED, FOLDER, ZIP = "Simulated scans", "A folder of scans", "A ZIP file of scans"
SOURCES = {
    SIMULATED: "Made on this machine; the anatomy is outlined after each answer",
    FOLDER: "A sub-folder for each anatomy: brain, abdomen, femur, thorax",
    ZIP: "The same sub-folders, packed",
}
QUALITY_WORDS = {"good": "Good", "fair": "Fair", "poor": "Poor"}
STEPS = (
    "**Ten scans**, two or three of each anatomy, some of them hard.",
    "**You answer first:** which of the four it shows, and how sure you are. "
    "An answer cannot be changed later.",
    "**Then the truth:** the anatomy outlined, what makes the plane recognisable, and what the "
    "model made of it.",
    "**At the end:** your score by anatomy, whether you were as right as you were sure, and "
    "the missed ones again.",
)


def show_start() -> None:
    """Everything that is chosen before a quiz, then its start."""
    problem = learning().problem
    if problem:
        st.error(wording.plain(problem))
    left, right = st.columns([3, 2], gap="large")
    with right, st.container(gap="xsmall"):
        st.subheader("How it goes", anchor=False)
        for number, step in enumerate(STEPS, start=1):
            st.markdown(f"{number}. {step}")
        st.caption(
            "Nothing leaves this machine, and nothing is kept: close the page and it is gone."
        )
    with left:
        _choices()


def _choices() -> None:
    source = st.radio("Which scans", list(SOURCES), captions=list(SOURCES.values()))
    folder = None
    quality, annotations = "good", False
    if source == SIMULATED:
        quality = st.segmented_control(
            "Picture quality",
            list(QUALITY_WORDS),
            default="good",
            required=True,
            format_func=QUALITY_WORDS.__getitem__,
            help="The poorer, the harder. Three of the ten are one step poorer than this; with "
            "poor, all ten are poor.",
        )
        annotations = st.toggle(
            "Screen text on the scans",
            help="Scanners write settings onto the picture. On simulated scans this text says "
            "nothing about the anatomy.",
        )
    else:
        folder = _folder(source)
    number = st.number_input(
        "Number of the quiz",
        0,
        HIGHEST_NUMBER,
        value=learning().number,
        help="The same number and the same choices give everybody in a class the same ten scans"
        + ("." if source == SIMULATED else ", with the same files and the same model version."),
    )
    version, learned = _version()
    files = folder.files if folder else None
    order = Order(int(number), quality, annotations, version, learned, files)
    st.button(
        "Start the quiz",
        type="primary",
        on_click=place_order,
        args=(order,),
        disabled=source != SIMULATED and folder is None,
    )


def _folder(source: str) -> Folder | None:
    """What the teacher dropped; None as long as there is nothing to ask about."""
    st.caption(
        "Text burned into a scan can give the answer away. What a file is called is hidden until "
        "then."
    )
    ask_hidden("teach-hide-names")
    try:
        if source == FOLDER:
            files = st.file_uploader(
                "Folder with one sub-folder for each anatomy", accept_multiple_files="directory"
            )
            found = None
            if files:
                found = label_files(
                    ((file.name, file.getvalue()) for file in files), called_by_path
                )
        else:
            packed = st.file_uploader("ZIP with one sub-folder for each anatomy", type="zip")
            found = read_zip(packed.getvalue(), called_by_path) if packed else None
    except FolderError as error:
        st.error(wording.plain(f"This cannot be used: {error}"))
        return None
    if found:
        st.markdown(_counted(found))
        if found.problems:
            st.warning(wording.plain("\n\n".join(found.problems)))
    return found


def _counted(folder: Folder) -> str:
    from fetal_model.teaching.wording import counted

    return counted([file.label for file in folder.files])


def _version() -> tuple[str | None, str]:
    """The version that answers beside the learner, and what it learned from.

    Without any the quiz goes on alone.
    """
    try:
        versions: dict[str, Version] = {version.label: version for version in list_versions()}
        in_service = find_version().label
    except VersionError as error:
        st.warning(f"The quiz works, but no model answers beside you. {wording.plain(str(error))}")
        return None, ""
    label = st.selectbox(
        "Model that answers beside you",
        list(versions),
        index=list(versions).index(in_service),
        format_func=lambda label: f"{label} (in service)" if label == in_service else label,
    )
    if learned := wording.learned_from(versions[label]):
        st.caption(wording.plain(learned))
    return label, learned

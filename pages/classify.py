"""Drop scans, and see for each which anatomy it shows, where the model looked, how sure it is."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fetal_model import wording
from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.settings import read_settings
from fetal_model.store.versions import VersionError, find_version, list_versions
from pages import require_entrance
from pages.parts.asked import Asked, ask
from pages.parts.examples import CHOSEN, chosen, show_gallery

PER_PAGE = 8
CARD_HEIGHT = 640  # of a card that is still to come, in pixels
SETTINGS = read_settings()
MOST_FILES = SETTINGS.max_files
NO_NAMES = "<style>[data-testid='stFileChipName'] { visibility: hidden; }</style>"


def clear() -> None:
    from pages.parts.answers import forget

    forget()
    st.session_state[CHOSEN] = []
    st.session_state.round += 1  # a new key is the one way to empty an uploader


def alias(file: UploadedFile) -> str:
    """The pseudonym of a file, made once: all of the file goes into it."""
    known = st.session_state.setdefault("pseudonyms", {})
    if file.file_id not in known:
        known[file.file_id] = pseudonym(file.name, file.getvalue())
    return str(known[file.file_id])


def results(files: list[tuple[str, bytes, str]], asked: Asked, export: DeltaGenerator) -> None:
    """A card for each file in the order of the files, below a table when there are several.

    `export` is filled once every file has its answer.
    """
    # The page already stands while this brings in the inference engine.
    from fetal_model.charts import anatomy_borders
    from fetal_model.predictor_clip import ClipFinding
    from pages.parts.answers import Source
    from pages.parts.answers import answer as answer_about
    from pages.parts.card import show_card, show_error
    from pages.parts.clip_card import show_clip
    from pages.parts.export import entry, show_choices

    st.html(anatomy_borders())
    sources = [Source(*file) for file in files]
    ready = st.session_state.setdefault("ready", set())
    how = (asked.version.label, asked.keep)
    waiting = [source for source in sources if (source.identity, *how) not in ready]

    def reserve(height: int, wait: bool) -> DeltaGenerator:
        return st.skeleton(height=height) if wait else st.container()

    several = len(sources) > 1
    height = 38 + 35 * min(len(sources), 10)
    table = reserve(height, bool(waiting)) if several else None
    pages = -(-len(sources) // PER_PAGE)
    page = st.pagination(pages, key=f"page-{pages}") if pages > 1 else 1
    here = range((page - 1) * PER_PAGE, min(page * PER_PAGE, len(sources)))
    places = {index: reserve(CARD_HEIGHT, sources[index] in waiting) for index in here}
    # Pinned to the bottom, where it comes and goes without moving a card.
    progress = st.bottom.empty()
    rows, entries = [], []
    for index, source in enumerate(sources):
        if source in waiting:
            progress.progress(index / len(sources), f"Scan {index + 1} of {len(sources)}")
        answer = answer_about(source.name, source.data, *how)
        ready.add((source.identity, *how))
        if not isinstance(answer, str):
            answer = asked.promises.decide(answer)
        if isinstance(answer, ClipFinding):
            rows.append(wording.row(f"{source.name}, frame {answer.best}", answer.finding))
        else:
            rows.append(wording.row(source.name, answer))
        entries.append(entry(source, answer))
        if index in places:
            with places[index].container() if source in waiting else places[index]:
                if isinstance(answer, str):
                    show_error(answer)
                elif isinstance(answer, ClipFinding):
                    show_clip(source, answer, asked)
                else:
                    show_card(source, answer, asked)
    progress.empty()
    if table:
        with table.container() if waiting else table:
            st.dataframe(rows, height=height, hide_index=True, alt="Summary of all scans")
    show_choices(export, entries, asked.version)


require_entrance()
st.session_state.setdefault("round", 0)
bar = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
bar.title("Classify scans", anchor=False, width="content")
uploads = st.file_uploader(
    "Ultrasound scans and clips: PNG, JPEG, TIFF, BMP, WebP, DICOM, MP4 or AVI, any number at once",
    accept_multiple_files=True,
    key=f"uploads-{st.session_state.round}",
    max_upload_size=SETTINGS.max_bytes // 1024**2,
    help="What a file contains decides, not its name. Scans stay in memory and are kept nowhere.",
)
try:
    versions = {version.label: version for version in list_versions()}
    in_service = find_version().label
except VersionError as error:
    st.error(f"No model can answer yet. {error}")
    st.stop()

with st.sidebar:
    asked = ask(versions, in_service)

    hidden = st.toggle(
        "Hide file names",
        SETTINGS.hide_file_names,
        key="hide-names",
        help="A file's name may hold a patient's. Each scan then goes by a pseudonym, on this page "
        "and in what leaves it.",
    )

if hidden:
    st.html(NO_NAMES)
files = [
    (alias(file) if hidden else file.name, file.getvalue(), file.file_id)
    for file in uploads[:MOST_FILES]
] + chosen()
if files:
    actions = bar.container(horizontal=True, width="content")
    popover = actions.popover("Export", help="Take the answers about all scans away as a file.")
    export = popover.empty()
    export.caption("Ready when every scan has its answer.")
    actions.button("Clear", on_click=clear, help="Remove all scans from this page and from memory.")
if len(uploads) > MOST_FILES:
    st.warning(f"Shown are the first {MOST_FILES} of {len(uploads)} files; clear to see the rest.")
try:
    if files:
        results(files, asked, export)
    else:
        show_gallery(asked.version)
except VersionError as error:
    st.error(f"This version cannot answer. {error}")

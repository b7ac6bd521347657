"""Drop scans, and see for each which anatomy it shows, where the model looked, how sure it is."""

from __future__ import annotations

import streamlit as st

from fetal_model.settings import read_settings
from fetal_model.store.versions import VersionError, find_version, list_versions
from pages import require_entrance
from pages.parts.asked import ask
from pages.parts.examples import CHOSEN, chosen, show_gallery
from pages.parts.kept import forget_files
from pages.parts.names import ask_hidden

SETTINGS = read_settings()


def clear() -> None:
    from pages.parts.answers import forget

    forget()
    st.session_state[CHOSEN] = []
    st.session_state.round += 1  # a new key is the one way to empty an uploader


require_entrance()
st.session_state.setdefault("round", 0)
bar = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
bar.title("Classify scans", anchor=False, width="content")
uploads = st.file_uploader(
    "Ultrasound scans and clips (PNG, JPEG, TIFF, BMP, WebP, DICOM, MP4, AVI), folders and ZIPs",
    accept_multiple_files=True,
    key=f"uploads-{st.session_state.round}",
    max_upload_size=SETTINGS.max_upload_bytes // 1024**2,
    help="What a file contains decides, not its name. Scans stay in memory and are kept nowhere.",
)
folder = f"folder-{st.session_state.round}"
wanted = st.toggle("Browse for a folder", help="A folder can be dropped above as well.")
if wanted or st.session_state.get(folder):  # its files stay as long as there are any
    uploads += st.file_uploader(
        "A folder with all that is in it",
        accept_multiple_files="directory",
        key=folder,
        max_upload_size=SETTINGS.max_upload_bytes // 1024**2,
    )
try:
    versions = {version.label: version for version in list_versions()}
    in_service = find_version().label
except VersionError as error:
    st.error(f"No model can answer yet. {error}")
    st.stop()

with st.sidebar:
    asked = ask(versions, in_service)
    ask_hidden("hide-names")

if uploads or chosen():
    actions = bar.container(horizontal=True, width="content")
    popover = actions.popover("Export", help="Take the answers away as a file.")
    export = popover.empty()
    export.caption("Ready when no scan is waited for.")
    actions.button("Clear", on_click=clear, help="Remove all scans from this page and from memory.")
try:
    if uploads or chosen():
        # The page already stands while these bring in the inference engine.
        from pages.parts.answers import Source
        from pages.parts.arrived import arrived
        from pages.parts.batch import show_batch

        sources, left_out = arrived(uploads, SETTINGS.max_files)
        if left_out:
            st.warning(f"Only the first {SETTINGS.max_files} files are taken; clear for the rest.")
        sources += [Source(*example) for example in chosen()]
        if sources:
            show_batch(sources, asked, export)
        else:
            st.info("There is no scan in it.")
    else:
        forget_files()  # of files that were taken away one by one
        show_gallery(asked.version)
except VersionError as error:
    st.error(f"This version cannot answer. {error}")

"""Put two to four versions side by side, on dropped scans or on a labelled set."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.store.versions import VersionError, find_version, list_versions
from pages import require_entrance

FEWEST, MOST = 2, 4
SCANS, SIMULATED, FOLDER = "Scans of your own", "Simulated set", "Labelled folder"

require_entrance()
st.title("Compare versions", anchor=False)
try:
    versions = {version.label: version for version in list_versions()}
    in_service = find_version().label
except VersionError as error:
    st.error(f"No model can answer yet. {error}")
    st.stop()
if len(versions) < FEWEST:
    st.info(
        f"There is one version, {in_service}, and comparing needs two. Train another, for example "
        "with `python -m fetal_model train seed-cnn`."
    )
    st.stop()

# The one in service first, then the newest of the others.
others = [label for label in reversed(versions) if label != in_service]
labels = st.multiselect(
    "Versions, two to four",
    [in_service, *others],
    default=[in_service, others[0]],
    max_selections=MOST,
    format_func=lambda label: f"{label} (in service)" if label == in_service else label,
    help="Trained models; each answers about the same scans.",
)
kind = st.segmented_control(
    "Compare on",
    [SCANS, SIMULATED, FOLDER],
    default=SCANS,
    required=True,
    help="Scans of your own are shown side by side. The other two have a known truth, so that "
    "answers can be counted.",
)
for label in labels:
    if learned := wording.learned_from(versions[label]):
        st.caption(f"**{label}** · {wording.plain(learned)}")
if len(labels) < FEWEST:
    st.info(f"Choose at least {FEWEST} versions.")
    st.stop()

chosen = [versions[label] for label in labels]
try:
    if kind == SCANS:
        from pages.parts.compare_scans import show_scans

        show_scans(chosen)
    elif kind == SIMULATED:
        from pages.parts.compare_labelled import show_simulated

        show_simulated(chosen)
    else:
        from pages.parts.compare_labelled import show_folder

        show_folder(chosen)
except VersionError as error:
    st.error(f"A version cannot answer. {error}")

"""Look into a version: card, training, mistakes, layers, and what they make of a scan."""

from __future__ import annotations

import streamlit as st

from fetal_model.store.versions import VersionError, find_version, list_versions
from pages import require_entrance
from pages.parts.version_choice import choose_version

SECTIONS = ("Card", "Training", "Answers", "Doubt", "Mistakes", "Layers", "Feature maps")

require_entrance()
st.title("Models", anchor=False)
try:
    versions = {version.label: version for version in list_versions()}
    in_service = find_version().label
except VersionError as error:
    st.error(f"There is no model to look into. {error}")
    st.stop()

version = choose_version(
    versions,
    in_service,
    "Every version that was trained; the one in service answers on the first page.",
)
section = st.segmented_control(
    "Show",
    SECTIONS,
    default=SECTIONS[0],
    required=True,
    help="Card: what it is. Training: its curves. Answers: by truth, on held-out scans. Doubt: "
    "whether confidence means what it says. Mistakes: the most confident. Layers and feature "
    "maps: inside the network.",
)
try:
    if section in ("Card", "Training", "Answers"):
        from pages.parts import models_card

        {
            "Card": models_card.show_card,
            "Training": models_card.show_training,
            "Answers": models_card.show_answers,
        }[section](version)
    elif section == "Doubt":
        from pages.parts.models_doubt import show_doubt

        show_doubt(version)
    elif section == "Mistakes":
        from pages.parts.models_mistakes import show_mistakes

        show_mistakes(version)
    else:
        from pages.parts import models_network

        if section == "Layers":
            models_network.show_layers(version)
        else:
            models_network.show_feature_maps(version)
except VersionError as error:
    st.error(f"This version cannot be used. {error}")

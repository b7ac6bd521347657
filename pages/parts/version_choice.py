"""The one control that chooses a version."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.store.versions import Version


def choose_version(versions: dict[str, Version], in_service: str, meaning: str) -> Version:
    """Choose one; what it learned from stands below.

    Args:
        versions: By label.
        in_service: Label of the one that is chosen at first.
        meaning: What choosing one does, for the help.
    """
    label = st.selectbox(
        "Model version",
        list(versions),
        index=list(versions).index(in_service),
        format_func=lambda label: f"{label} (in service)" if label == in_service else label,
        help=meaning,
    )
    if learned := wording.learned_from(versions[label]):
        st.caption(wording.plain(learned))
    return versions[label]

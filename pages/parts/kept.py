"""What a session keeps about the files on its pages, and the one way to drop it."""

from __future__ import annotations

import streamlit as st

ANSWERS, ARCHIVES, PSEUDONYMS, STOPPED = "answers", "archives", "pseudonyms", "stopped"
"""Answers by file and version; what was in a ZIP; what files go by; for which of them a reader did
not wait."""


def forget_files() -> None:
    """Drop all of it; it holds files and their names."""
    for key in (ANSWERS, ARCHIVES, PSEUDONYMS, STOPPED):
        st.session_state.pop(key, None)

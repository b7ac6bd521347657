"""What files are called on a page: by their own names, or by pseudonyms."""

from __future__ import annotations

import streamlit as st

from fetal_model.deidentify.pseudonym import pseudonym
from fetal_model.settings import read_settings
from pages.parts.kept import PSEUDONYMS

_HIDDEN = "names-hidden"
_NO_NAMES = "<style>[data-testid='stFileChipName'] { visibility: hidden; }</style>"


def is_hidden() -> bool:
    """Whether files go by pseudonyms, as the reader last chose on any page."""
    return bool(st.session_state.get(_HIDDEN, read_settings().hide_file_names))


def ask_hidden(key: str) -> None:
    """The control; hides the names that uploaders show as well.

    Args:
        key: Of the control, another one on each page.
    """
    hidden = st.toggle(
        "Hide file names",
        is_hidden(),
        key=key,
        help="A file's name may hold a patient's. Each scan then goes by a pseudonym, on this page "
        "and in what leaves it.",
    )
    st.session_state[_HIDDEN] = hidden  # outlives the page, which the control does not
    if hidden:
        st.html(_NO_NAMES)


def called(name: str, data: bytes, identity: str) -> str:
    """What to call a file: as it is named, or its pseudonym, made once: all of it goes into it."""
    if not is_hidden():
        return name
    known: dict[str, str] = st.session_state.setdefault(PSEUDONYMS, {})
    if identity not in known:
        known[identity] = pseudonym(name, data)
    return known[identity]


def called_by_path(path: str, data: bytes) -> str:
    """As `called`, of a file that only its path and content tell from others."""
    return called(path, data, str(hash((path, data))))

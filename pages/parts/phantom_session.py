"""Which plane of which simulated patient the reader studies; kept in the session alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

_KEY = "phantom"


@dataclass(frozen=True)
class Study:
    """What is on the table: a plane, and the number of its patient from 1."""

    plane: str
    number: int = 1


def studying() -> Study | None:
    """What the reader has chosen; None in the gallery."""
    chosen: Study | None = st.session_state.get(_KEY)
    return chosen


def choose(plane: str) -> None:
    """Put a plane on the table."""
    st.session_state[_KEY] = Study(plane)


def another_patient() -> None:
    """The same plane of the next patient."""
    if chosen := studying():
        st.session_state[_KEY] = replace(chosen, number=chosen.number + 1)


def back() -> None:
    """Back to the gallery."""
    st.session_state[_KEY] = None

"""Pages of the app: widgets only. `app.py` decides which of them are reachable."""

import streamlit as st

_ENTERED = "entered"


def enter() -> None:
    """Called by `app.py` in every run, before its page."""
    st.session_state[_ENTERED] = True


def require_entrance() -> None:
    """First call of every page: nobody sees it unless `app.py` has run for them.

    Until `st.navigation` has run once in a server, Streamlit gives each file in `pages/` an address
    that opens it without `app.py`, and so without what that shows or checks.
    """
    if _ENTERED not in st.session_state:
        st.switch_page("app.py")

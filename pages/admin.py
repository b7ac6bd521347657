"""Retrain, watch the curves, put the better version into service, or take it back."""

from __future__ import annotations

import streamlit as st

from fetal_model.store.admin import SignedOut
from fetal_model.store.versions import VersionError
from pages import require_entrance
from pages.parts.admin_sign_in import show_said, sign_out, signed_in

require_entrance()
bar = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
bar.title("Administer", anchor=False, width="content")
if signed_in() is None:
    st.stop()
bar.button("Sign out", on_click=sign_out, help="Trainings go on.")
show_said()

# Only now: what follows brings charts and recipes with it.
from pages.parts.admin_service import show_comparison, show_history, show_service  # noqa: E402
from pages.parts.admin_start import show_start  # noqa: E402
from pages.parts.admin_trainings import show_trainings  # noqa: E402

try:
    try:
        show_service()
    except VersionError as error:
        st.error(f"No version is in service. {error}")
    show_trainings()
    show_start()
    try:
        show_comparison()
        show_history()
    except VersionError as error:
        st.error(f"Versions cannot be compared. {error}")
except SignedOut:
    st.rerun()

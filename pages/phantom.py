"""Simulated scans: every plane in a gallery, and a studio where the physics can be turned."""

from __future__ import annotations

import streamlit as st

from pages import require_entrance
from pages.parts.phantom_session import another_patient, back, studying

require_entrance()
bar = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
bar.title("Simulate", anchor=False, width="content")
chosen = studying()
if chosen is None:
    # The title already stands while this brings in the simulator.
    from pages.parts.phantom_gallery import show_gallery

    show_gallery()
else:
    with bar.container(horizontal=True, width="content"):
        st.button("All planes", on_click=back)
        st.button("Another patient", on_click=another_patient, help="Other anatomy and scanner.")
    from pages.parts.phantom_studio import show_studio

    show_studio(chosen)

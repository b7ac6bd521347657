"""Page setup and navigation; run with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from fetal_model.settings import SettingsError, read_settings
from pages import enter

PAGES = Path(__file__).with_name("pages")

st.set_page_config(page_title="Fetal Anatomy Lab", layout="wide")
try:
    read_settings()
except SettingsError as error:  # no page can be trusted to keep a limit that nobody can read
    st.error(str(error))
    st.stop()
st.html(PAGES / "style.css")
st.html(PAGES / "dark_by_default.html", unsafe_allow_javascript=True)
page = st.navigation(
    [
        st.Page(PAGES / "classify.py", title="Classify", default=True),
        st.Page(PAGES / "compare.py", title="Compare"),
        st.Page(PAGES / "teach.py", title="Teach"),
        st.Page(PAGES / "models.py", title="Models"),
        st.Page(PAGES / "phantom.py", title="Simulate"),
        st.Page(PAGES / "admin.py", title="Administer"),
    ]
)
# Pinned below every page, so that it is in view at any scroll position.
st.bottom.caption("Research and teaching only, not a medical device.", text_alignment="center")
enter()
page.run()

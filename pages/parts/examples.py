"""Simulated scans to try while the page is empty."""

from __future__ import annotations

import io

import streamlit as st
from PIL import Image

from fetal_model.anatomy import ANATOMIES, BY_KEY
from fetal_model.store.versions import Version

# Chosen by eye, for plain views that differ from each other; no model had a say.
EXAMPLE_SEEDS = {"brain": 22, "abdomen": 34, "femur": 44, "thorax": 53}
CHOSEN = "examples"
"""Where the session keeps the examples that the reader has chosen."""


def label(key: str) -> str:
    """The name of an example, such as `Femur (simulated)`."""
    return f"{BY_KEY[key].name} (simulated)"


def chosen() -> list[tuple[str, bytes, str]]:
    """Name, file and identity of each chosen example."""
    keys = st.session_state.get(CHOSEN, [])
    return [(label(key), example(key), f"example-{key}") for key in keys]


@st.cache_data(show_spinner=False)
def example(key: str) -> bytes:
    """A simulated scan as a PNG file, so that it takes the same way as any upload."""
    from fetal_model.phantom import simulate

    phantom = simulate(key, EXAMPLE_SEEDS[key], quality="good")
    file = io.BytesIO()
    Image.fromarray(phantom.image).save(file, format="PNG")
    return file.getvalue()


def _choose(key: str) -> None:
    if key not in st.session_state.setdefault(CHOSEN, []):  # a double click counts once
        st.session_state[CHOSEN].append(key)


def show_gallery(version: Version) -> None:
    """The empty state: four simulated scans to try."""
    st.markdown("Drop one scan or many above, or try a simulated one:")
    grid = st.grid(4, min_column_width=140, key="gallery")
    for anatomy in ANATOMIES:
        with grid.cell():
            place = st.skeleton(height=150)
            alt = f"Simulated scan of a fetal {anatomy.name.lower()}"
            place.image(example(anatomy.key), width="stretch", alt=alt)
            name = label(anatomy.key)
            st.button(name, on_click=_choose, args=(anatomy.key,), width="stretch")
    # While the reader looks for a scan, the engine is made ready for it.
    from pages.parts.answers import predictor

    predictor(version.label)

"""Every plane that can be simulated, as a small picture to choose."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fetal_model.phantom import render
from fetal_model.phantom.planes import PLANES
from fetal_model.phantom.studio import studio_scene
from fetal_model.wording_phantom import label_name, plane_name
from pages.parts.phantom_session import choose

SMALL = (288, 224)


@st.cache_data(show_spinner=False)
def thumbnail(plane: str) -> NDArray[np.uint8] | None:
    """A simulated scan of a plane, small; None where it could not be made."""
    try:
        image = render(studio_scene(plane, 1)).image
    except Exception:
        # One plane must never cost the reader the others.
        logging.getLogger(__name__).exception("%s could not be simulated", plane)
        return None
    return np.asarray(cv2.resize(image, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def show_gallery() -> None:
    """All planes; each picture comes when it is made, and nothing moves meanwhile."""
    st.markdown(
        "Simulated ultrasound: no picture here is of a patient. Choose a plane to turn the "
        "scanner's knobs on it and see what the physics does."
    )
    grid = st.grid(6, min_column_width=140, key="gallery")
    places = {}
    for plane in PLANES:
        with grid.cell():
            places[plane] = st.skeleton(height=150)
            st.button(
                plane_name(plane), key=f"plane-{plane}", on_click=choose, args=(plane,),
                width="stretch",
            )  # fmt: skip
            label = label_name(PLANES[plane].label)
            st.caption(f"{label} · simulated", text_alignment="center")
    for plane, place in places.items():
        picture = thumbnail(plane)
        if picture is None:
            place.error("Could not be simulated.")
        else:
            alt = f"Simulated scan: {plane_name(plane)}"
            place.image(picture, width="stretch", alt=alt)

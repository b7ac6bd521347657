"""The studio: one simulated scan, and sliders that redraw it as they move."""

from __future__ import annotations

import logging
from dataclasses import asdict

import streamlit as st

from fetal_model import wording
from fetal_model.phantom.regions import regions
from fetal_model.phantom.studio import Knobs, first_knobs, turned
from fetal_model.wording_phantom import ANNOTATIONS, KNOBS, about
from pages.parts.phantom_picture import show_picture
from pages.parts.phantom_session import Study

PICTURE_HEIGHT = 620  # of the picture that is still to come, in pixels


@st.fragment
def show_studio(study: Study) -> None:
    """The picture beside its knobs; a fragment, so that a slider redraws nothing else."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        place = st.skeleton(height=PICTURE_HEIGHT)
    with right:
        line = st.empty()
        knobs = _knobs(study)
        structures = st.container(gap="xsmall")
    try:
        phantom = turned(study.plane, study.number, knobs)
        found = regions(phantom.structures)
    except Exception:
        logging.getLogger(__name__).exception("%s could not be simulated", study)
        place.error(
            "This picture could not be simulated. Put the sliders back, or choose another plane."
        )
        return
    with structures:
        names = [region.name for region in found]
        chosen = st.pills(
            "Structures in this picture",
            names,
            key=f"structures-{study.plane}",
            help="Choose one to mark it. On the picture, point at it, tap it, or press Tab.",
        )
        if not names:
            st.caption("No named structure is left this far from the plane.")
    with place.container():
        show_picture(phantom, found, chosen)
    line.caption(wording.plain(about(study.plane, phantom.label, knobs.weeks, phantom.machine)))


def _knobs(study: Study) -> Knobs:
    """A slider for each knob, at first where the scan was drawn."""
    values = asdict(first_knobs(study.plane, study.number))
    identity = f"{study.plane}-{study.number}"
    for knob in KNOBS:
        with st.container(gap="xsmall"):  # the ends of the range are written below the slider
            start = min(max(values[knob.field], knob.low), knob.high)
            values[knob.field] = st.slider(
                knob.name, knob.low, knob.high, start, knob.step, format=knob.unit,
                key=f"{knob.field}-{identity}",
            )  # fmt: skip
            st.caption(knob.does)
    with st.container(gap=None):
        values["annotated"] = st.toggle("Annotations", key=f"annotated-{identity}")
        st.caption(ANNOTATIONS)
    return Knobs(**values)

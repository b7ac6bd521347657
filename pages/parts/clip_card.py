"""The card of a clip: what it shows over time, and one frame of it as any other scan."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.charts import CONFIG
from fetal_model.charts_clip import timeline_chart
from fetal_model.predictor_clip import ClipFinding, follow
from fetal_model.scan import ScanError
from pages.parts.answers import Source
from pages.parts.asked import Asked
from pages.parts.card import show_card


@st.fragment
def show_clip(source: Source, clip: ClipFinding, asked: Asked) -> None:
    """The card; a fragment, so that moving through the frames reruns no other scan.

    Args:
        source: The file.
        clip: The answer about it.
        asked: How it was asked for.
    """
    followed, frames = follow(clip)
    indices = [frame.index for frame in frames]
    faults = {
        frame.index: " ".join(frame.finding.faults)
        for frame in frames
        if not isinstance(frame.finding, ScanError) and frame.finding.faults
    }
    key = f"frame-{source.identity}-{asked.version.label}"
    with st.container(border=True, key=f"clip-{source.identity}"):
        with st.container(gap="xxsmall"):
            st.subheader(wording.clip_headline(clip, followed), anchor=False)
            st.caption(wording.plain(source.name))
        chart = st.empty()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            for anatomy, position in followed.best.items():
                if st.button(f"Best {anatomy} frame", key=f"{key}-{anatomy}"):
                    st.session_state[key] = indices[position]
        shown = (
            st.select_slider(
                "Frame",
                indices,
                clip.best,
                key=key,
                help="Arrow keys move from frame to frame.",
            )
            if len(indices) > 1
            else indices[0]
        )
        chart.plotly_chart(
            timeline_chart(followed, indices, shown, faults),
            config=CONFIG,
            key=f"timeline-{source.identity}-{asked.version.label}",
            alt="; ".join(
                f"best {anatomy} frame: {indices[position]}"
                for anatomy, position in followed.best.items()
            )
            or "No frame shows one of the four planes",
        )
    finding = frames[indices.index(shown)].finding
    assert not isinstance(finding, ScanError)
    show_card(source.at(shown), finding, asked)

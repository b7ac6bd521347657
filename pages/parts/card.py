"""The card of one scan: the picture with its overlay, the answer in words, then the numbers."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fetal_model import wording
from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.charts import CONFIG, probability_bars
from fetal_model.explain.overlay import fit_screen, legend_strip, overlay
from fetal_model.predictor import Finding
from pages.parts.answers import Source, explanation, picture, second_look, seen
from pages.parts.asked import Asked

GRAD_CAM = "Grad-CAM"


def show_error(message: str) -> None:
    """What stands in the place of a file that could not be read."""
    with st.container(border=True):
        st.error(wording.plain(message))


@st.fragment
def show_card(source: Source, finding: Finding, asked: Asked) -> None:
    """The card; a fragment, so that moving its slider reruns no other scan."""
    colour = "none" if finding.turned_away else finding.anatomy.key
    with st.container(border=True, key=f"card-{colour}-{source.identity}"):
        with st.container(gap="xxsmall"):
            st.subheader(wording.headline(finding), anchor=False)
            st.caption(wording.plain(source.name))
            if finding.rejected and not finding.faults:
                st.markdown(wording.nearest(finding))
            if members := asked.promises.members(finding):
                st.markdown(members)
            for reason in finding.reasons:
                st.markdown(wording.plain(reason))
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _picture(source, finding, asked)
        with right:
            _answer(source, finding, asked)


def _picture(source: Source, finding: Finding, asked: Asked) -> None:
    method, how = asked.method, (asked.version.label, asked.keep)
    display = picture(source.name, source.data, source.frame).display
    place = st.container(key=f"scan-{source.identity}")
    legend = st.container(gap="xxsmall")
    identity = f"{source.identity}-{asked.version.label}"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        on = st.toggle("Overlay", value=True, key=f"on-{identity}")
        opacity = st.slider(
            "Opacity of the overlay",
            0,
            100,
            60,
            5,
            format="Opacity %d%%",
            key=f"opacity-{identity}",
            disabled=not on,
            label_visibility="collapsed",
        )
    if st.toggle(
        "As the model saw it",
        key=f"seen-{identity}",
        help="The scan at the model's resolution, without what was taken away before it looked.",
    ):
        display = seen(source.name, source.data, source.frame, *how)
    key = st.segmented_control(
        "Anatomy that the overlay explains",
        KEYS,
        default=finding.anatomy.key,
        required=True,
        format_func=lambda key: BY_KEY[key].name,
        key=f"class-{identity}",
        disabled=not on,
        label_visibility="collapsed",
    )
    strength = opacity / 100 if on else 0.0
    with legend:
        st.image(
            legend_strip(strength), width="stretch", alt="Colours of the overlay, least to most"
        )
        st.caption(wording.legend(key, method, on))

    # Replaced in place, at the same size, so that nothing on the page ever moves.
    alt = f"{source.name}: {wording.headline(finding)}"
    show = partial(st.image, width="stretch", output_format="PNG", alt=alt)
    with place:
        if not on:
            show(display)
        elif method == GRAD_CAM:
            show(overlay(display, fit_screen(finding.heatmap(key)), strength))
        else:
            plain = show(display)
            with (
                legend,
                st.spinner(f"{method}: a few seconds; the first time, up to half a minute."),
            ):
                heat = explanation(source.name, source.data, source.frame, *how, method, key)
            laid = overlay(display, heat, strength)
            plain.image(laid, width="stretch", output_format="PNG", alt=alt)


def _answer(source: Source, finding: Finding, asked: Asked) -> None:
    version = asked.version
    st.plotly_chart(
        probability_bars(finding.probabilities, finding.standard_deviation),
        config=CONFIG,
        key=f"bars-{source.identity}-{version.label}",
        alt=wording.bars(finding),
    )
    st.markdown(wording.spread(finding))
    if st.button(
        "Second look",
        key=f"second-{source.identity}-{version.label}",
        help="Asks again about ten slightly changed views of the scan: ten times the work.",
    ):
        with st.spinner("Ten views of the scan"):
            views = second_look(source.name, source.data, source.frame, version.label, asked.keep)
        st.markdown(wording.second_look(views, finding))
    if version.metadata.get("simulated"):
        st.markdown(wording.plain(wording.learned_from(version)))
    st.markdown(wording.taken_away(finding))
    st.caption(f"Analysed in {wording.duration(finding.seconds)} by {version.label}.")
    st.caption(picture(source.name, source.data, source.frame).removed)
    with st.expander("Numbers and source"):
        for term, value, meaning in wording.numbers(finding):
            with st.container(gap=None):
                st.markdown(f"**{term}** · {value}")
                st.caption(meaning)
        with st.container(gap=None):
            st.markdown("**Source**")
            st.caption(
                wording.plain(wording.source(picture(source.name, source.data, source.frame).facts))
            )
        with st.container(gap=None):
            st.markdown(f"**What a good {finding.anatomy.name.lower()} plane shows**")
            st.caption(finding.anatomy.good_plane)

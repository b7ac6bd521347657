"""Dropped scans: for each, what every version answers, side by side under one anatomy picker."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fetal_model import wording
from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.charts import CONFIG, anatomy_borders, probability_bars
from fetal_model.explain.overlay import fit_screen, legend_strip, overlay
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version
from pages.parts.answers import Source, finding, forget, picture
from pages.parts.examples import CHOSEN, chosen, show_gallery
from pages.parts.names import ask_hidden, called

PER_PAGE = 4
MOST_FILES = 50
CARD_HEIGHT = 620  # of a scan that is still to come, in pixels
OWN = "own"
"""In the picker: every version's map of the anatomy that it answers itself."""
Answers = dict[str, Finding | str]
_ROUND = "compare-round"


def show_scans(versions: Sequence[Version]) -> None:
    """Take scans, and show what each of the versions makes of them."""
    st.session_state.setdefault(_ROUND, 0)
    uploads = st.file_uploader(
        "Ultrasound scans: PNG, JPEG, TIFF, BMP, WebP or single-frame DICOM, any number at once",
        accept_multiple_files=True,
        key=f"compare-uploads-{st.session_state[_ROUND]}",
        help="Scans stay in memory and are kept nowhere.",
    )
    ask_hidden("compare-hide-names")
    sources = [
        Source(called(file.name, file.getvalue(), file.file_id), file.getvalue(), file.file_id)
        for file in uploads[:MOST_FILES]
    ] + [Source(*example) for example in chosen()]
    if not sources:
        show_gallery(versions[0])
        return
    if len(uploads) > MOST_FILES:
        st.warning(f"Shown are the first {MOST_FILES} of {len(uploads)} files.")
    st.button("Clear", on_click=_clear, help="Remove all scans from the page and from memory.")
    st.html(anatomy_borders())
    pages = -(-len(sources) // PER_PAGE)
    page = st.pagination(pages, key=f"compare-page-{pages}") if pages > 1 else 1
    here = sources[(page - 1) * PER_PAGE : page * PER_PAGE]
    # The frame stands before the first answer, so that nothing jumps.
    place = st.skeleton(height=CARD_HEIGHT)
    answers = _answer(here, versions)
    with place.container():
        _side_by_side(here, answers, versions)


def _clear() -> None:
    forget()
    st.session_state[CHOSEN] = []
    st.session_state[_ROUND] += 1  # a new key is the one way to empty an uploader


def _answer(sources: Sequence[Source], versions: Sequence[Version]) -> list[Answers]:
    progress = st.bottom.empty()
    found = []
    for index, source in enumerate(sources):
        progress.progress(index / len(sources), f"Scan {index + 1} of {len(sources)}")
        found.append({v.label: finding(source.name, source.data, v.label) for v in versions})
    progress.empty()
    return found


@st.fragment
def _side_by_side(
    sources: Sequence[Source], answers: Sequence[Answers], versions: Sequence[Version]
) -> None:
    """A fragment, so that the picker reruns no answer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        key = st.segmented_control(
            "Anatomy that the overlays explain",
            [OWN, *KEYS],
            default=OWN,
            required=True,
            format_func=lambda key: "Each answer" if key == OWN else BY_KEY[key].name,
            key="compare-class",
            wrap=True,
        )
        opacity = st.slider(
            "Opacity of the overlays",
            0,
            100,
            60,
            5,
            format="%d%%",
            key="compare-opacity",
            help="0% shows the scans as they were read.",
        )
    for source, answer in zip(sources, answers, strict=True):
        st.subheader(wording.plain(source.name), anchor=False)
        said = answer[versions[0].label]
        if isinstance(said, str):  # every version reads the same file
            st.error(wording.plain(said))
            continue
        grid = st.grid(len(versions), min_column_width=220, gap="small")
        for version in versions:
            _column(grid.cell(), source, answer[version.label], version, key, opacity / 100)


def _column(
    cell: DeltaGenerator,
    source: Source,
    answer: Finding | str,
    version: Version,
    key: str,
    opacity: float,
) -> None:
    identity = f"{source.identity}-{version.label}"
    with cell:
        if isinstance(answer, str):
            st.markdown(f"**{version.label}**")
            st.error(wording.plain(answer))
            return
        colour = "none" if answer.turned_away else answer.anatomy.key
        explained = answer.anatomy.key if key == OWN else key
        with st.container(border=True, key=f"card-{colour}-{identity}", gap="xsmall"):
            st.caption(version.label)
            st.markdown(f"**{wording.headline(answer)}**")
            display = picture(source.name, source.data).display
            shown = overlay(display, fit_screen(answer.heatmap(explained)), opacity)
            with st.container(key=f"scan-{identity}"):
                st.image(
                    shown,
                    width="stretch",
                    output_format="PNG",
                    alt=f"{source.name} by {version.label}: {wording.headline(answer)}",
                )
            st.image(legend_strip(opacity), width="stretch", alt="Overlay, least to most")
            st.caption(wording.legend(explained, "Grad-CAM", opacity > 0))
            st.plotly_chart(
                probability_bars(answer.probabilities, answer.standard_deviation),
                config=CONFIG,
                key=f"compare-bars-{identity}",
                alt=wording.bars(answer),
            )
            if answer.rejected and not answer.faults:
                st.markdown(wording.nearest(answer))
            for reason in answer.reasons:
                st.markdown(wording.plain(reason))
            st.markdown(wording.spread(answer))
            st.caption(
                f"Predictive entropy {answer.predictive_entropy:.2f} nats · plane score "
                f"{answer.plane_score:.2f} · analysed in {wording.duration(answer.seconds)}"
            )

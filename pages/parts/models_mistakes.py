"""The most confident mistakes of a version, with the scan where it is to be had."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.anatomy import BY_KEY
from fetal_model.evaluation.mistakes import confident_mistakes, find_scan
from fetal_model.evaluation.predictions import Prediction
from fetal_model.scan import ScanError
from fetal_model.store.versions import Version
from pages.parts.answers import picture, predictor
from pages.parts.compare_report import name_of
from pages.parts.models_card import held_out

PER_PAGE = 8


def show_mistakes(version: Version) -> None:
    """Worst first, in pages."""
    rows = held_out(version)
    if not rows:
        return
    mistakes = confident_mistakes(rows)
    simulated = sum(row.simulated for row in rows)
    st.subheader(
        f"{len(mistakes)} mistakes on {len(rows) - simulated} real and {simulated} simulated "
        "held-out scans",
        anchor=False,
    )
    if not mistakes:
        st.caption("Every answer on the held-out scans is right.")
        return
    st.caption(
        "Wrong answers about the four planes, and other planes that were accepted. Worst first: "
        "what was accepted without a person, then what a person is asked to look at, the more "
        "probable first. Simulated scans are simulated again from the recipe."
    )
    pages = -(-len(mistakes) // PER_PAGE)
    page = st.pagination(pages, key=f"mistakes-{version.label}-{pages}") if pages > 1 else 1
    shown = mistakes[(page - 1) * PER_PAGE : page * PER_PAGE]
    grid = st.grid(4, min_column_width=230)
    cells = [grid.cell() for _ in shown]
    places = []
    for cell, row in zip(cells, shown, strict=True):
        with cell:
            places.append(st.skeleton(height=180))
            _describe(row)
    for index, (place, row) in enumerate(zip(places, shown, strict=True)):
        data = scan_of(row, version.label)
        with place.container(key=f"scan-mistake-{index}"):
            if data is None:
                st.caption("The picture is not on this machine.")
                continue
            try:
                display = picture(row.scan, data).display
            except ScanError as error:
                st.caption(wording.plain(str(error)))
                continue
            alt = f"{row.scan}, which shows {name_of(row.label).lower()}"
            st.image(display, width="stretch", output_format="PNG", alt=alt)


@st.cache_resource(max_entries=100, show_spinner=False)
def scan_of(row: Prediction, label: str) -> bytes | None:
    """The file of a mistake, found or simulated once."""
    return find_scan(row, predictor(label))


def _describe(row: Prediction) -> None:
    answer = f"{BY_KEY[row.answer].name} · {wording.percent(max(row.probabilities))}"
    kind = "simulated" if row.simulated else row.source
    with st.container(gap=None):
        st.markdown(f"**{answer} · {row.decision}**")
        st.markdown(f"Truth: {name_of(row.label)} ({wording.plain(kind)})")
        st.caption(wording.plain(row.scan.rsplit("/", 1)[-1]))

"""The wait while the scans of a quiz are drawn: progress, and a way out."""

from __future__ import annotations

import streamlit as st

from fetal_model.predictor import Finding
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.versions import VersionError
from fetal_model.teaching.draw import draw_labelled, draw_simulated
from fetal_model.teaching.quiz import Quiz
from pages.parts.answers import finding, predictor
from pages.parts.teach_session import Order, begin, cancel, fail


def draw(order: Order) -> None:
    """Draw the quiz that was asked for, put it on the table, and run the page anew."""
    verb = "Simulating" if order.files is None else "Looking through the folder:"
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"{verb} scans")
        # A click ends this run at its next sign of progress.
        st.button("Cancel", on_click=cancel)

    def progress(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{verb} scan {done} of {total}")

    version, notes = order.version, []
    try:
        if version:
            predictor(version)
    except VersionError as error:
        notes.append(f"The quiz goes on without the model's answers. {error}")
        version = None

    def analyse(name: str, data: bytes) -> Finding | str | None:
        if version:
            return finding(name, data, version)
        try:
            read_scan(data, name)
        except ScanError as error:
            return str(error)
        return None

    try:
        if order.files is None:
            drawn = draw_simulated(order.seed, order.quality, order.annotations, progress)
        else:
            drawn = draw_labelled(order.files, order.seed, analyse, progress)
    except ValueError as error:
        fail(f"No quiz can be made of this folder: {error}")
    else:
        begin(Quiz(drawn.questions), version, (*notes, *drawn.unread))
    st.rerun()

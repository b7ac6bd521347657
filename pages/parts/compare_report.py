"""A comparison on a labelled set: figures, confusion matrices, and where versions disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from fetal_model import wording
from fetal_model.anatomy import BY_KEY
from fetal_model.charts import CONFIG, confusion_matrix
from fetal_model.dataset.folders import LabelledFile
from fetal_model.evaluation.comparison import Disagreement, Report, is_right
from fetal_model.evaluation.predictions import Prediction
from pages.parts.answers import picture

PER_PAGE = 6


def show_report(report: Report, files: Sequence[LabelledFile]) -> None:
    """Everything of a report.

    Args:
        report: As `comparison.report` returns it.
        files: The whole set, in its order.
    """
    for problem in report.problems:
        st.error(wording.plain(problem))
    if not report.scans:
        st.info("None of these files could be read, so there is nothing to compare.")
        return
    kind = "simulated scans" if report.simulated else "scans"
    st.subheader(f"Figures on {len(report.scans)} {kind}", anchor=False)
    st.table(report.table, hide_index=True, alt="Figures of each version with 95% intervals")
    st.caption(
        "In brackets the 95% interval: Clopper-Pearson for shares of scans, a bootstrap over "
        "patients for balanced accuracy. Scans without a known patient count as a patient each."
    )
    st.subheader(f"Answers by truth, n = {len(report.scans)} {kind}", anchor=False)
    grid = st.grid(min(len(report.versions), 2), min_column_width=300, gap="medium")
    for label in report.versions:
        with grid.cell():
            st.markdown(f"**{label}**")
            st.plotly_chart(
                confusion_matrix(report.matrices[label]),
                config=CONFIG,
                key=f"compare-matrix-{label}",
                alt=f"Confusion matrix of {label}: {in_words(report.matrices[label])}",
            )
    st.subheader(
        f"Where they disagree: {len(report.disputed)} of {len(report.scans)} {kind}", anchor=False
    )
    if not report.disputed:
        st.caption("The versions give the same answer and the same decision about every scan.")
        return
    st.caption(
        "Worst first: scans where a version accepted a wrong answer, then the rest, the widest "
        "disagreement of probabilities first."
    )
    pages = -(-len(report.disputed) // PER_PAGE)
    page = st.pagination(pages, key=f"compare-disputed-{pages}") if pages > 1 else 1
    grid = st.grid(2, min_column_width=420)
    for disputed in report.disputed[(page - 1) * PER_PAGE : page * PER_PAGE]:
        with grid.cell():
            _show_disputed(disputed, report.versions, files[report.scans[disputed.index]])


def in_words(matrix: Mapping[str, Mapping[str, int]]) -> str:
    """A confusion matrix for those who cannot see it."""
    return "; ".join(
        f"{label} answered " + ", ".join(f"{key} {count}" for key, count in counts.items() if count)
        for label, counts in matrix.items()
    )


def name_of(label: str) -> str:
    """A truth as a reader knows it, such as `Femur` or `Cervix`."""
    return BY_KEY[label].name if label in BY_KEY else label.capitalize()


def verdict(prediction: Prediction) -> str:
    """An answer in one line and whether it is right."""
    answer = BY_KEY[prediction.answer].name
    share = wording.percent(max(prediction.probabilities))
    right = "right" if is_right(prediction) else "wrong"
    if not prediction.in_plane:
        right = "wrong" if prediction.decision == "accepted" else "right to look again"
    return f"{answer} · {share} · {prediction.decision} · {right}"


def _show_disputed(disputed: Disagreement, versions: Sequence[str], file: LabelledFile) -> None:
    with st.container(border=True):
        left, right = st.columns([1, 1], gap="small")
        with left, st.container(key=f"scan-disputed-{disputed.index}"):
            st.image(
                picture(file.scan, file.data).display,
                width="stretch",
                output_format="PNG",
                alt=f"{file.scan}, which shows {name_of(file.label).lower()}",
            )
        with right:
            simulated = " (simulated)" if file.simulated else ""
            st.markdown(f"**Truth: {name_of(file.label)}**{simulated}")
            st.caption(wording.plain(file.scan))
            for label, prediction in zip(versions, disputed.predictions, strict=True):
                with st.container(gap=None):
                    st.caption(label)
                    st.markdown(verdict(prediction))
            st.caption(f"Jensen-Shannon divergence {disputed.divergence:.2f} nats")

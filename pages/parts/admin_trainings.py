"""Trainings as they run, wait and end; looks again while one is under way."""

from __future__ import annotations

import streamlit as st

from fetal_model import administration, wording, wording_training
from fetal_model.charts import CONFIG
from fetal_model.charts_training import MEASURES, live_curve
from fetal_model.store.admin import SignedOut
from fetal_model.training.jobs import Job
from fetal_model.training.jobs_pace import share_done
from pages.parts.admin_sign_in import act, proof_now

LATEST = 3  # ended trainings that are shown unfolded
LOOK_AGAIN = 2.0  # seconds
_SEEN = "admin_trainings_seen"
# Streamlit fades what a rerun has not come to yet; every other second that would be a flicker.
_STEADY = """<style>
[class*="st-key-training-"] :is([data-stale="true"], details, summary) {
  opacity: 1 !important; transition: none !important;
}
</style>"""


def show_trainings() -> None:
    """The section with every training."""
    jobs = administration.trainings(proof_now())
    under_way = any(job.status in ("queued", "running") for job in jobs)
    st.session_state[_SEEN] = _signature(jobs)
    st.subheader("Training", anchor=False)
    st.html(_STEADY)
    # A fragment, so that a look at the progress does not rerun the rest of the page.
    st.fragment(_look, run_every=LOOK_AGAIN if under_way else None)()


def _signature(jobs: list[Job]) -> list[tuple[int, str]]:
    return [(job.number, job.status) for job in jobs]


def _look() -> None:
    try:
        jobs = administration.trainings(proof_now())
    except SignedOut:
        st.rerun()
    if _signature(jobs) != st.session_state.get(_SEEN):
        st.rerun()  # the other sections know of new versions, and this one of other buttons
    if not jobs:
        st.caption("None yet. Start one below; it goes on when this page or the app is closed.")
    for job in jobs:
        if job.status == "running":
            _show_running(job)
    waiting = sorted((j for j in jobs if j.status == "queued"), key=lambda j: (j.since, j.number))
    for place, job in enumerate(waiting, start=1):
        _show_waiting(job, place)
    over = [job for job in jobs if job.status not in ("running", "queued")]
    for job in over[:LATEST]:
        _show_ended(job)
    if len(over) > LATEST:
        with st.expander(f"Earlier trainings ({len(over) - LATEST})"):
            for job in over[LATEST:]:
                _show_ended(job)


def _show_running(job: Job) -> None:
    with st.container(border=True, key=f"training-{job.number}"):
        st.markdown(f"**{wording.plain(wording_training.title(job))}**")
        st.progress(share_done(job.progress), wording_training.stage(job))
        _show_curves(job)
        st.caption(wording_training.settings(job))
        with st.popover("Cancel", disabled=job.cancelling, key=f"cancel-{job.number}"):
            st.write("What it has learned is kept, and a restart goes on from there.")
            st.button(
                "Cancel this training",
                key=f"cancel-sure-{job.number}",
                on_click=act,
                args=(
                    f"Training {job.number} is being cancelled.",
                    administration.cancel,
                    job.number,
                ),
            )
        with st.expander("Log"):
            _show_log(job)


def _show_waiting(job: Job, place: int) -> None:
    with st.container(border=True, key=f"training-{job.number}"):
        behind = "next in line" if place == 1 else f"number {place} in line"
        st.markdown(f"**{wording.plain(wording_training.title(job))}** · waits, {behind}")
        st.caption(wording_training.settings(job))
        st.button(
            "Take out of the line",
            key=f"cancel-sure-{job.number}",
            disabled=job.cancelling,
            on_click=act,
            args=(f"Training {job.number} was taken out.", administration.cancel, job.number),
        )


def _show_ended(job: Job) -> None:
    with st.container(border=True, key=f"training-{job.number}"):
        st.markdown(f"**{wording.plain(wording_training.title(job))}**")
        text = wording.plain(wording_training.ended(job))
        (st.error if job.status == "failed" else st.markdown)(text)
        st.caption(wording_training.settings(job))
        if job.status in ("failed", "cancelled"):
            st.button(
                "Restart",
                key=f"restart-{job.number}",
                on_click=act,
                args=(f"Training {job.number} goes on.", administration.restart, job.number),
            )
        with st.expander("Curves and log"):
            if job.progress.get("history"):
                _show_curves(job)
            _show_log(job)


def _show_curves(job: Job) -> None:
    for column, (title, measure) in zip(st.columns(len(MEASURES)), MEASURES.items(), strict=True):
        with column.container(gap="xxsmall"):
            st.caption(title)
            st.plotly_chart(
                live_curve(measure, job.progress),
                config=CONFIG,
                key=f"curve-{job.number}-{measure}",
                alt=wording_training.curve(title, job.progress),
            )


def _show_log(job: Job) -> None:
    st.code(job.log() or "Nothing yet.", language=None, height=260, wrap_lines=True)

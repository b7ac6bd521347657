"""Choose a recipe, change it within bounds, see how long it takes, start."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fetal_model import administration, wording, wording_training
from fetal_model.training import jobs_pace, jobs_plan
from fetal_model.training.jobs_plan import Changes
from fetal_model.training.recipe import load_recipe
from pages.parts.admin_sign_in import act, proof_now

AS_GIVEN, OTHER_NUMBER, FOLDER = (
    "Simulated scans, as many as the recipe says",
    "Another number of simulated scans",
    "A folder of scans",
)


def show_start() -> None:
    """The section that starts a training."""
    st.subheader("Start a training", anchor=False)
    names = jobs_plan.recipe_names()
    name = st.selectbox(
        "Recipe",
        names,
        index=names.index("seed-cnn"),
        help="A network, its data, and how it learns.",
    )
    recipe = load_recipe(name)
    st.caption(recipe.description)
    changes = _changes(name)
    if changes is None:
        st.caption("Name the folder to go on.")
        return
    planned = jobs_plan.plan(name, changes)
    absent = jobs_plan.missing(planned)
    counted = planned.data.folder and not absent
    found = jobs_plan.scans_of(Path(planned.data.folder)) if counted else None
    st.caption(wording.plain(wording_training.data(planned, found)))
    if absent:
        st.warning(wording.plain(absent))
    else:
        _show_estimate(name, changes)
    st.button(
        "Start training",
        type="primary",
        disabled=bool(absent),
        on_click=act,
        args=("The training was queued; it is above.", administration.start, name, changes),
        help="It runs in a process of its own and goes on when this page or the app is closed.",
    )


def _changes(name: str) -> Changes | None:
    """What is asked for, None until the data folder is named."""
    recipe = load_recipe(name)
    given = recipe.training
    first, second, third = st.columns(3)
    epochs = first.number_input(
        "Epochs", *jobs_plan.EPOCHS, given.epochs, key=f"epochs-{name}",
        help="How many times it sees every scan.",
    )  # fmt: skip
    batch_size = second.number_input(
        "Scans in a batch", *jobs_plan.BATCH_SIZE, given.batch_size, key=f"batch-{name}",
        help="How many scans it looks at before each small change.",
    )  # fmt: skip
    learning_rate = third.number_input(
        "Learning rate", *jobs_plan.LEARNING_RATE, given.learning_rate, step=0.0001,
        format="%.6f", key=f"rate-{name}", help="How large each small change is.",
    )  # fmt: skip
    phantoms, folder = None, ""
    source = st.radio(
        "Learns from", (AS_GIVEN, OTHER_NUMBER, FOLDER), key=f"source-{name}", horizontal=True
    )
    if source == OTHER_NUMBER:
        phantoms = st.number_input(
            "Simulated scans of each anatomy", *jobs_plan.PHANTOMS, 50, key=f"phantoms-{name}"
        )
    elif source == FOLDER:
        folder = st.text_input(
            "Data folder",
            key=f"folder-{name}",
            placeholder="/data/scans",
            help="On the machine that runs the app. It holds a sub-folder for each anatomy "
            "(brain, abdomen, femur, thorax; also cervix, other), or a manifest.csv with the "
            "columns path, label and, where known, patient.",
        )
        if not folder.strip():
            return None
    return Changes(epochs, learning_rate, batch_size, phantoms, folder.strip())


def _show_estimate(name: str, changes: Changes) -> None:
    estimate = administration.estimate(proof_now(), name, changes)
    if estimate is not None:
        st.markdown(f"Takes about **{wording_training.span(estimate.seconds)}**.")
        st.caption(estimate.basis)
        return
    if jobs_pace.measuring():
        st.fragment(_wait, run_every=1.0)()
        return
    st.markdown("How long it takes was never measured for this network on this machine.")
    if "Error" in jobs_pace.measurement_log():
        last = jobs_pace.measurement_log().strip().splitlines()[-1]
        st.error(f"The last measurement failed: {last}")
    busy = any(job.status == "running" for job in administration.trainings(proof_now()))
    st.button(
        "Measure now",
        on_click=act,
        args=("A short measurement has begun.", administration.measure, name, changes),
        disabled=busy,
        help="Trains a few steps on a few simulated scans, less than a minute on most machines. "
        "Not while a training runs: each would slow the other.",
    )


def _wait() -> None:
    if not jobs_pace.measuring():
        st.rerun()
    st.progress(0.0, "Measuring a few steps on a few simulated scans; less than a minute.")

"""Choose a recipe, change it within bounds, see how long it takes, start."""

from __future__ import annotations

import streamlit as st

from fetal_model import administration, wording_training
from fetal_model.training import jobs_pace, jobs_plan
from fetal_model.training.jobs_plan import Changes
from fetal_model.training.recipe import load_recipe
from pages.parts.admin_sign_in import act, proof_now


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
    planned = jobs_plan.plan(name, changes)
    st.caption(wording_training.data(planned))
    absent = jobs_plan.missing(planned)
    if absent:
        st.warning(absent)
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


def _changes(name: str) -> Changes:
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
    own = st.toggle(
        "As many simulated scans as the recipe says",
        value=True,
        key=f"own-{name}",
        help="Switch off to choose another number, the same for each anatomy.",
    )
    phantoms = None
    if not own:
        phantoms = st.number_input(
            "Simulated scans of each anatomy", *jobs_plan.PHANTOMS, 50, key=f"phantoms-{name}"
        )
    return Changes(epochs, learning_rate, batch_size, phantoms)


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

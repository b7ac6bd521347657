"""What a version's files say about it: its card, its training, its answers on held-out scans."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fetal_model.charts import CONFIG, confusion_matrix, training_curves
from fetal_model.evaluation.metrics import confusion
from fetal_model.evaluation.predictions import Prediction, read_predictions
from fetal_model.store.versions import CARD, PREDICTIONS, Version
from pages.parts.compare_report import in_words

MEASURES = {
    "loss": ("Loss", "What training lowers, on the scans of the epoch."),
    "accuracy": ("Accuracy", "Share of scans answered rightly, forced to four anatomies."),
    "cross_entropy": ("Cross-entropy", "Mean surprise at the truth, in nats; chooses the epoch."),
    "learning_rate": ("Learning rate", "How far each step moves the weights."),
}
"""Names and meanings of the columns of a training history, in the order they are shown."""


def show_card(version: Version) -> None:
    """`CARD.md` as it is in the version's folder."""
    path = version.path / CARD
    if not path.is_file():
        st.info(f"{version.label} has no {CARD} in its folder; `make docs` writes it.")
        return
    # The card's own title stands above already, and its sections are smaller than the page's.
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(lines[1:] if lines and lines[0].startswith("# ") else lines)
    with st.container(key="card-of-version"):
        st.markdown(text.replace("\n## ", "\n#### "))


def show_training(version: Version) -> None:
    """Every measure of the history, training beside validation."""
    history: dict[str, list[float]] = version.metadata.get("history", {})
    names = [name for name in history if not name.startswith("val_")]
    if not names:
        st.info(f"{version.label} keeps no training history.")
        return
    names.sort(key=lambda name: (name not in MEASURES, [*MEASURES, name].index(name)))
    scans = version.metadata.get("scans", {})
    epochs = len(history[names[0]])
    st.caption(
        f"{epochs} {'epoch' if epochs == 1 else 'epochs'}"
        + (
            f", n = {scans['train']} scans to learn from and {scans['validation']} to validate on"
            if scans
            else ""
        )
        + ". Training scans are changed at random in every epoch and seen with dropout, so that "
        "their curve may look worse than that of validation."
    )
    grid = st.grid(2, min_column_width=320, gap="medium")
    for name in names:
        title, meaning = MEASURES.get(name, (name, ""))
        validation = history.get(f"val_{name}", [])
        with grid.cell():
            st.markdown(f"**{title}**", help=meaning or None)
            last = f"{title}, epoch {epochs}: training {history[name][-1]:.4g}"
            if validation:
                last += f", validation {validation[-1]:.4g}"
            st.plotly_chart(
                training_curves(history[name], validation),
                config=CONFIG,
                key=f"curve-{version.label}-{name}",
                alt=last,
            )


def held_out(version: Version) -> Sequence[Prediction]:
    """Its predictions on scans it never learned from; says so and is empty where there are none."""
    path = version.path / PREDICTIONS
    if not path.is_file():
        st.info(f"{version.label} has no {PREDICTIONS} in its folder; training writes it.")
        return []
    try:
        return read_predictions(path)
    except ValueError as error:
        st.error(f"{PREDICTIONS} cannot be read: {error}. Restore the version folder.")
        return []


def show_answers(version: Version) -> None:
    """A confusion matrix for its real and one for its simulated test scans."""
    rows = held_out(version)
    grid = st.grid(2, min_column_width=320, gap="medium")
    for simulated, title in ((False, "Real scans"), (True, "Simulated scans")):
        chosen = [row for row in rows if row.simulated is simulated]
        if not chosen:
            continue
        matrix = confusion(chosen)
        with grid.cell():
            st.markdown(f"**{title}, n = {len(chosen)}**")
            st.plotly_chart(
                confusion_matrix(matrix),
                config=CONFIG,
                key=f"matrix-{version.label}-{simulated}",
                alt=f"Confusion matrix, {title.lower()}: {in_words(matrix)}",
            )
    if rows:
        st.caption(
            ("Scans" if version.metadata.get("leaky") else "Scans that training never saw")
            + ", each forced to one of the four anatomies, whether accepted or not; a cell is "
            "shaded by its share of the row."
        )

"""Whether a version knows when it does not know, from its answers on held-out scans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from fetal_model.anatomy import KEYS
from fetal_model.charts import CONFIG
from fetal_model.charts_doubt import reliability_diagram, risk_curve
from fetal_model.evaluation.predictions import Prediction
from fetal_model.evaluation.reliability import calibration_error, reliability
from fetal_model.evaluation.selective import COVERAGES, accuracy_at, risk_coverage
from fetal_model.store.versions import Version
from pages.parts.models_card import held_out

FEWEST_IN_BIN = 20


def show_doubt(version: Version) -> None:
    """Risk over coverage and reliability, for its real and for its simulated test scans."""
    rows = [row for row in held_out(version) if row.in_plane]
    for simulated, title in ((False, "Real scans"), (True, "Simulated scans")):
        chosen = [row for row in rows if row.simulated is simulated]
        if chosen:
            _show(version, chosen, title)
    if rows:
        unseen = "" if version.metadata.get("leaky") else " that training never saw"
        st.caption(
            f"Scans of the four planes{unseen}, whatever the plane score says; in brackets and as "
            "whiskers 95% intervals. Rejection of other planes is on the card."
        )


def _show(version: Version, rows: Sequence[Prediction], title: str) -> None:
    shares = np.array([row.probabilities for row in rows])
    truth = np.array([KEYS.index(row.label) for row in rows], dtype=np.int64)
    wrong = shares.argmax(axis=1) != truth
    doubt = 1 - shares.max(axis=1)
    coverage, risk = risk_coverage(doubt, wrong)
    bins = reliability(shares, truth, max(1, min(10, len(rows) // FEWEST_IN_BIN)))
    st.markdown(f"**{title}, n = {len(rows)}, {int(wrong.sum())} answered wrongly**")
    grid = st.grid(2, min_column_width=320, gap="medium")
    kept = ", ".join(f"{share:.0%}: {accuracy_at(doubt, wrong, share)}" for share in COVERAGES)
    with grid.cell():
        st.plotly_chart(
            risk_curve(coverage, risk),
            config=CONFIG,
            key=f"risk-{version.label}-{title}",
            alt=f"Wrong answers among the surest scans, {title.lower()}: {risk[-1]:.1%} of all",
        )
        st.caption(f"Right among the surest {kept}.")
    with grid.cell():
        st.plotly_chart(
            reliability_diagram(bins),
            config=CONFIG,
            key=f"reliability-{version.label}-{title}",
            alt="; ".join(f"confidence {one.confidence:.0%}: {one.right}" for one in bins),
        )
        error = calibration_error(shares, truth, [row.group for row in rows], len(bins))
        st.caption(f"Expected calibration error {error}, {len(bins)} bins of equal mass.")

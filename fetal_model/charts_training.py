"""The curves of a training while it runs, on the template of `charts`."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from fetal_model.charts import ACCENT, CURVE, TEMPLATE

MEASURES = {"Loss": "loss", "Accuracy": "accuracy", "Learning rate": "learning_rate"}
"""Title of each curve, and its name in the training history."""
_PLACE = {"loss": 1, "accuracy": 2, "learning_rate": 3}
_MARKED = 60  # epochs


def live_curve(measure: str, progress: dict[str, Any], height: int = 210) -> go.Figure:
    """One measure over the epochs: while they last, and on the validation scans as they end.

    Args:
        measure: A value of `MEASURES`.
        progress: `progress.json` of a training; see `jobs_worker.Report`.
        height: In pixels.
    """
    figure = go.Figure(layout={"template": TEMPLATE, "height": height, "showlegend": True})
    trace = [(point[0], point[_PLACE[measure]]) for point in progress.get("trace", [])]
    history = progress.get("history", [])
    held_out = [(e["epoch"], e[f"val_{measure}"]) for e in history if f"val_{measure}" in e]
    # Told apart by dash and marker as well, never by colour alone; many markers hide their line.
    marked = "lines+markers" if progress.get("epochs", 1) <= _MARKED else "lines"
    for name, points, style in (
        ("Training", trace, {"line": {"color": CURVE, "dash": "dot"}, "mode": "lines"}),
        ("Validation", held_out, {"line": {"color": ACCENT}, "mode": marked}),
    ):
        if points:
            figure.add_scatter(
                x=[x for x, _ in points],
                y=[y for _, y in points],
                name=name,
                hovertemplate=f"{name}, epoch %{{x:.1f}}: %{{y:.4g}}<extra></extra>",
                **style,
            )
    # The whole run from the start, so that the curve grows into the chart and nothing jumps.
    figure.update_xaxes(range=[0, progress.get("epochs", 1)], title="Epoch", tickfont_size=12)
    figure.update_yaxes(
        rangemode="tozero", tickfont_size=12, showgrid=True, gridcolor="rgba(140,140,140,0.25)"
    )
    if measure == "accuracy":
        figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": None},
        margin_t=28,
    )
    return figure

"""A clip over time, on the template of `charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from fetal_model.anatomy import ANATOMIES, BY_KEY
from fetal_model.charts import CURVE, TEMPLATE

if TYPE_CHECKING:
    from fetal_model.inference.timeline import Timeline

_DASHES = ("solid", "dash", "dashdot", "longdash")


def timeline_chart(
    followed: Timeline,
    indices: Sequence[int],
    shown: int,
    faults: Mapping[int, str],
    height: int = 230,
) -> go.Figure:
    """Smoothed probabilities and plane score over the frames, the frame in view marked.

    Args:
        followed: Of the frames that have an answer.
        indices: Number of each of them in the clip, ascending.
        shown: Number of the frame in view.
        faults: What is wrong with the picture, by number of the frame; crosses at the bottom.
        height: In pixels.
    """
    figure = go.Figure(layout={"template": TEMPLATE, "height": height, "showlegend": True})
    figure.add_scatter(
        x=list(indices), y=list(followed.plane_scores), name="Plane score", mode="lines",
        line={"color": CURVE, "dash": "dot"},
        hovertemplate="Frame %{x}, plane score: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    # told apart by dash as well, never by colour alone
    for number, (entry, dash) in enumerate(zip(ANATOMIES, _DASHES, strict=True)):
        figure.add_scatter(
            x=list(indices), y=list(followed.probabilities[:, number]), name=entry.name,
            mode="lines", line={"color": entry.colour, "dash": dash},
            hovertemplate=f"Frame %{{x}}, {entry.name.lower()}: %{{y:.0%}}<extra></extra>",
        )  # fmt: skip
    if faults:
        figure.add_scatter(
            x=list(faults), y=[0.0] * len(faults), name="Poor picture", mode="markers",
            marker={"color": CURVE, "size": 8, "symbol": "x-thin", "line_width": 1.5,
                    "line_color": CURVE},
            text=list(faults.values()), hovertemplate="Frame %{x}: %{text}<extra></extra>",
            cliponaxis=False,
        )  # fmt: skip
    for key, position in followed.best.items():
        figure.add_scatter(
            x=[indices[position]], y=[1.0], mode="markers", showlegend=False,
            marker={"color": BY_KEY[key].colour, "size": 10, "symbol": "triangle-down"},
            hovertemplate=f"Best frame of the {key}: %{{x}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=shown, line={"color": CURVE, "width": 1.5})
    figure.update_xaxes(title="Frame", tickfont_size=12)
    figure.update_yaxes(
        range=[0, 1.06], tickformat=".0%", tickfont_size=12, showgrid=True,
        gridcolor="rgba(140,140,140,0.25)",
    )  # fmt: skip
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": None},
        margin_t=28,
    )
    return figure

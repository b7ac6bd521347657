"""Plotly figures, on one template that suits light and dark; nothing is computed here."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fetal_model.anatomy import ANATOMIES, KEYS
from fetal_model.wording import percent

RIM, LINE = "#1A1A1A", "#EDEDED"
TEMPLATE = go.layout.Template(
    layout=go.Layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        xaxis={"gridcolor": "rgba(140,140,140,0.25)", "zeroline": False, "fixedrange": True},
        yaxis={"showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True},
        dragmode=False,
        showlegend=False,
    )
)
CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""For `st.plotly_chart`: a finger that scrolls the page must not zoom the chart."""


def probability_bars(
    probabilities: NDArray[np.float64],
    standard_deviation: NDArray[np.float64] | None = None,
    height: int = 190,
) -> go.Figure:
    """One horizontal bar for each anatomy, in the order and the colours of `anatomy.ANATOMIES`.

    Args:
        probabilities: In [0, 1], shape (4,).
        standard_deviation: Over dropout samples, shape (4,), drawn as whiskers that end at 0 and 1;
            None for no whiskers.
        height: In pixels.

    Raises:
        ValueError: Another number of values.
    """
    for values in (probabilities, standard_deviation):
        if values is not None and values.shape != (len(KEYS),):
            raise ValueError(
                f"probability_bars: expected {len(KEYS)} values, received shape {values.shape}"
            )
    points = 100 * np.asarray(probabilities, dtype=np.float64)
    bars = go.Bar(
        x=points,
        y=[anatomy.name for anatomy in ANATOMIES],
        orientation="h",
        marker={"color": [anatomy.colour for anatomy in ANATOMIES], "line": {"width": 0}},
        width=0.62,
        hovertemplate="%{y}: %{x:.1f}%<extra></extra>",
    )
    figure = go.Figure(bars, layout={"template": TEMPLATE, "height": height})
    if standard_deviation is not None:
        spread = 100 * np.asarray(standard_deviation, dtype=np.float64)
        ends = {"array": np.minimum(spread, 100 - points), "arrayminus": np.minimum(spread, points)}
        # A light line with a dark rim, so that it is seen on every bar and on both themes.
        for colour, thickness in ((RIM, 5), (LINE, 2)):
            figure.add_scatter(
                x=points,
                y=[anatomy.name for anatomy in ANATOMIES],
                mode="markers",
                marker={"opacity": 0},
                hoverinfo="skip",
                error_x={
                    "type": "data",
                    "symmetric": False,
                    **ends,
                    "color": colour,
                    "thickness": thickness,
                    "width": 6,
                },
            )
    figure.update_xaxes(
        range=[0, 100.5], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], title=None
    )
    figure.update_xaxes(tickfont_size=12)
    # The numbers stand in a column of their own, where no whisker can cross them.
    figure.update_yaxes(autorange="reversed", title=None, tickfont_size=14)
    for anatomy, value in zip(ANATOMIES, probabilities, strict=True):
        figure.add_annotation(
            x=1.0,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=anatomy.name,
            text=percent(float(value)),
            showarrow=False,
            font_size=14,
        )
    figure.update_layout(margin_r=56)
    return figure


def anatomy_borders() -> str:
    """CSS that gives a container whose key starts with `card-<anatomy>` that anatomy's colour."""
    rules = [
        f'[class*="st-key-card-{anatomy.key}"] {{ border-left: 4px solid {anatomy.colour}; }}'
        for anatomy in ANATOMIES
    ]
    return f"<style>{' '.join(rules)}</style>"

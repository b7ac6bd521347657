"""Plotly figures, on one template that suits light and dark; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fetal_model.anatomy import ANATOMIES, KEYS
from fetal_model.wording import percent

RIM, LINE = "#1A1A1A", "#EDEDED"
ACCENT, CURVE = "#4C9BE8", "#8C8C8C"
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


def confusion_matrix(counts: Mapping[str, Mapping[str, int]], height: int = 0) -> go.Figure:
    """Scans by truth (rows) and answer (columns), shaded by their share of the row.

    Args:
        counts: As `metrics.confusion` returns it; its rows may hold labels beside the four.
        height: In pixels; by default by the number of rows.
    """
    labels = list(counts)
    cells = np.array([[counts[label][key] for key in KEYS] for label in labels])
    totals = cells.sum(axis=1, keepdims=True)
    shares = np.divide(cells, totals, out=np.zeros(cells.shape), where=totals > 0)
    names = {anatomy.key: anatomy.name for anatomy in ANATOMIES}
    shown = [names.get(label, label.capitalize()) for label in labels]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[anatomy.name for anatomy in ANATOMIES],
            y=[f"{name}<br>n = {n}" for name, n in zip(shown, totals[:, 0], strict=True)],
            text=cells,
            customdata=np.broadcast_to(np.array(shown)[:, np.newaxis], cells.shape),
            hovertemplate="%{customdata}, answered %{x}: %{text}<extra></extra>",
            colorscale=[[0, "rgba(127,127,127,0.06)"], [1, "rgba(76,155,232,0.6)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
        ),
        layout={"template": TEMPLATE, "height": height or 60 + 52 * max(len(labels), 2)},
    )
    # Not the cells' own text, whose colour Plotly chooses without knowing the theme behind them.
    for row, column in np.ndindex(*cells.shape):
        figure.add_annotation(
            x=column, y=row, text=str(cells[row, column]), showarrow=False, font_size=14
        )
    figure.update_xaxes(side="top", title="Answer", tickfont_size=12, showgrid=False)
    figure.update_yaxes(autorange="reversed", title="Truth", tickfont_size=12)
    return figure


def training_curves(
    training: Sequence[float], validation: Sequence[float] = (), height: int = 240
) -> go.Figure:
    """One measure over the epochs, on the scans learned from and on those held out.

    Args:
        training: One value for each epoch, the first being epoch 1.
        validation: The same on the validation scans; empty for none.
        height: In pixels.
    """
    figure = go.Figure(layout={"template": TEMPLATE, "height": height, "showlegend": True})
    # The four anatomies own their colours, so the two lines differ in grey, in dash and in marker.
    for name, values, style in (
        ("Training", training, {"line": {"color": CURVE, "dash": "dot"}, "mode": "lines"}),
        ("Validation", validation, {"line": {"color": ACCENT}, "mode": "lines+markers"}),
    ):
        if len(values):
            figure.add_scatter(
                x=list(range(1, len(values) + 1)),
                y=list(values),
                name=name,
                hovertemplate=f"{name}, epoch %{{x}}: %{{y:.4f}}<extra></extra>",
                **style,
            )
    epochs = max(len(training), len(validation), 1)
    figure.update_xaxes(title="Epoch", tickfont_size=12, dtick=max(1, -(-epochs // 10)))
    figure.update_xaxes(range=[0.8, max(epochs, 2) + 0.2])
    figure.update_yaxes(tickfont_size=12, showgrid=True, gridcolor="rgba(140,140,140,0.25)")
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": None},
        margin_t=28,
    )
    return figure


def unit_bars(values: NDArray[np.float32], height: int = 240) -> go.Figure:
    """The activation of each unit of a layer, in their order.

    Args:
        values: Shape (units,).
        height: In pixels.
    """
    bars = go.Bar(
        x=list(range(1, len(values) + 1)),
        y=values,
        marker={"color": ACCENT, "line": {"width": 0}},
        hovertemplate="Unit %{x}: %{y:.3f}<extra></extra>",
    )
    figure = go.Figure(bars, layout={"template": TEMPLATE, "height": height})
    figure.update_xaxes(title="Unit", tickfont_size=12, showgrid=False)
    figure.update_yaxes(title="Activation", tickfont_size=12, showgrid=True)
    return figure


def anatomy_borders() -> str:
    """CSS that gives a container whose key starts with `card-<anatomy>` that anatomy's colour."""
    rules = [
        f'[class*="st-key-card-{anatomy.key}"] {{ border-left: 4px solid {anatomy.colour}; }}'
        for anatomy in ANATOMIES
    ]
    return f"<style>{' '.join(rules)}</style>"


def learner_calibration(
    said: Sequence[float],
    right: Sequence[int],
    asked: Sequence[int],
    intervals: Sequence[tuple[float, float]],
    height: int = 300,
) -> go.Figure:
    """A learner's confidence against the share of right answers, with 95% intervals.

    Args:
        said: Confidence in [0, 1], one for each level that was used.
        right: Right answers at that level.
        asked: Answers at that level, written beside the point; each at least 1.
        intervals: Low and high end of the share of right answers, in [0, 1].
        height: In pixels.

    Raises:
        ValueError: Lengths differ.
    """
    lengths = {len(values) for values in (said, right, asked, intervals)}
    if len(lengths) != 1:
        raise ValueError(
            "learner_calibration: expected as many values of each kind, received lengths "
            f"{len(said)}, {len(right)}, {len(asked)} and {len(intervals)}"
        )
    x = [100 * value for value in said]
    y = [100 * count / n for count, n in zip(right, asked, strict=True)]
    grey = "rgb(140,140,140)"
    figure = go.Figure(layout={"template": TEMPLATE, "height": height})
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"dash": "dot", "color": grey, "width": 1.5},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"size": 11, "color": grey, "line": {"width": 0}},
        cliponaxis=False,
        customdata=[f"{count} of {n}" for count, n in zip(right, asked, strict=True)],
        hovertemplate="%{x:.0f}% sure: %{customdata} right<extra></extra>",
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * high - share for (_, high), share in zip(intervals, y, strict=True)],
            "arrayminus": [share - 100 * low for (low, _), share in zip(intervals, y, strict=True)],
            "color": grey,
            "thickness": 1.5,
            "width": 6,
        },
    )
    for at, share, count, n in zip(x, y, right, asked, strict=True):
        # Beside the point and clear of its whisker; the last level has no room on its right.
        side = "right" if at > 90 else "left"
        figure.add_annotation(
            x=at,
            y=share,
            text=f"{count}/{n}",
            xanchor=side,
            xshift=-9 if side == "right" else 9,
            showarrow=False,
            font_size=13,
        )
    shares = [0, 25, 50, 75, 100]
    ticks = {
        "tickvals": shares,
        "ticktext": [f"{share}%" for share in shares],
        "tickfont_size": 12,
        "title_font_size": 13,
    }
    figure.update_xaxes(range=[0, 104], title_text="You said", **ticks)
    figure.update_layout(margin_r=14)  # or a narrow chart drops the last tick
    figure.update_yaxes(
        range=[-4, 104],
        title_text="You were right",
        showgrid=True,
        gridcolor="rgba(140,140,140,0.25)",
        **ticks,
    )
    return figure

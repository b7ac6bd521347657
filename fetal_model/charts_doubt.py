"""Whether confidence means what it says, on the template of `charts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from fetal_model.charts import ACCENT, CURVE, TEMPLATE

if TYPE_CHECKING:
    from fetal_model.evaluation.reliability import Bin
    from fetal_model.evaluation.resampling import Floats


def risk_curve(coverage: Floats, risk: Floats, height: int = 260) -> go.Figure:
    """Wrong answers among the surest scans, over the share of scans that is answered.

    Args:
        coverage: Share of scans answered, in (0, 1], rising, shape (n,).
        risk: Share of those that is wrong, in [0, 1], shape (n,).
        height: In pixels.
    """
    figure = go.Figure(
        go.Scatter(
            x=list(coverage),
            y=list(risk),
            mode="lines",
            line={"color": ACCENT, "shape": "hv"},
            hovertemplate="Surest %{x:.0%} answered: %{y:.1%} wrong<extra></extra>",
        ),
        layout={"template": TEMPLATE, "height": height},
    )
    figure.update_xaxes(
        title="Surest scans answered",
        tickformat=".0%",
        range=[0, 1.02],
        dtick=0.25,
        tickfont_size=12,
    )
    top = max(float(risk.max()), 0.01)
    figure.update_yaxes(
        title="Wrong among them", tickformat=".1%", range=[0, 1.15 * top], tickfont_size=12,
        showgrid=True, gridcolor="rgba(140,140,140,0.25)",
    )  # fmt: skip
    return figure


def reliability_diagram(bins: Sequence[Bin], height: int = 260) -> go.Figure:
    """Share of right answers over the confidence they were given with, with exact 95% intervals.

    Args:
        bins: Of `evaluation.reliability.reliability`.
        height: In pixels.
    """
    figure = go.Figure(layout={"template": TEMPLATE, "height": height})
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": CURVE, "dash": "dot"}, hoverinfo="skip"
    )
    ends = [one.right.interval for one in bins]
    shares = [one.right.count / one.right.n for one in bins]
    figure.add_scatter(
        x=[one.confidence for one in bins],
        y=shares,
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        error_y={
            "array": [high - share for share, (_, high) in zip(shares, ends, strict=True)],
            "arrayminus": [share - low for share, (low, _) in zip(shares, ends, strict=True)],
            "color": ACCENT,
            "thickness": 1.5,
        },
        customdata=[[one.right.count, one.right.n] for one in bins],
        hovertemplate="Confidence %{x:.1%}: %{customdata[0]} of %{customdata[1]} right"
        "<extra></extra>",
    )
    lowest = min([one.low for one in bins] + [low for low, _ in ends])
    for axis, title in ((figure.update_xaxes, "Confidence"), (figure.update_yaxes, "Right")):
        axis(
            title=title, tickformat=".0%", range=[max(0.0, lowest - 0.05), 1.02], tickfont_size=12,
            showgrid=True, gridcolor="rgba(140,140,140,0.25)",
        )  # fmt: skip
    return figure

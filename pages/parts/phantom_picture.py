"""A simulated scan with its structures laid over it: named on hover, by touch and by keyboard."""

from __future__ import annotations

from html import escape

import streamlit as st

from fetal_model.phantom import Phantom
from fetal_model.phantom.regions import Region
from fetal_model.wording_phantom import listed, plane_name


def show_picture(phantom: Phantom, found: tuple[Region, ...], chosen: str | None) -> None:
    """Draw the picture; `chosen` is the structure that stays marked."""
    names = [region.name for region in found]
    alt = f"Simulated scan, {plane_name(phantom.plane)} plane, showing {listed(names)}"
    with st.container(key="scan-studio", gap=None):
        st.image(phantom.image, width="stretch", output_format="JPEG", alt=alt)
        st.html(_overlay(found, chosen))


def _overlay(found: tuple[Region, ...], chosen: str | None) -> str:
    """One element for each structure, cut to its shape; its name follows it."""
    parts = []
    for region in found:
        name, marked = escape(region.name), " marked" if region.name == chosen else ""
        # Names stay within the picture, whatever the edge their structure lies at.
        x, y = (100 * min(max(share, 0.1), 0.9) for share in region.middle)
        parts.append(
            f'<div class="structure{marked}" tabindex="0" role="img" aria-label="{name}" '
            f'style="clip-path: polygon(evenodd, {_shape(region)})"></div>'
            f'<span class="name" aria-hidden="true" style="left: {x:.1f}%; top: {y:.1f}%">'
            f"{name}</span>"
        )
    return f'<div class="structures">{"".join(parts)}<b>Simulated</b></div>'


def _shape(region: Region) -> str:
    """All loops in one polygon: from the first point to every loop, round it, and back."""
    start = region.loops[0][0]
    points = [point for loop in region.loops for point in (*loop, loop[0], start)]
    return ", ".join(f"{100 * x:.1f}% {100 * y:.1f}%" for x, y in points)

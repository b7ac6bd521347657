"""Inside the network: its layers with their parameters, and the feature maps of one for a scan.

The network itself is loaded on demand, because that brings TensorFlow with it.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fetal_model import wording
from fetal_model.anatomy import KEYS
from fetal_model.charts import CONFIG, unit_bars
from fetal_model.explain.feature_maps import (
    Layer,
    feature_maps,
    list_layers,
    most_varied,
    picture,
)  # fmt: skip
from fetal_model.scan import ScanError, read_scan
from fetal_model.store.versions import Version
from pages.parts.answers import picture as scan_picture
from pages.parts.examples import example, label
from pages.parts.names import ask_hidden, called

PER_PAGE = 12
OWN_FILE = "A file of your own"
LOADED = "models-loaded"
"""Labels of the networks that the reader has asked for in this session."""


def show_layers(version: Version) -> None:
    """A table of every layer from the scan to the answer."""
    layers = _network(version)
    if not layers:
        return
    total, moved = (sum(getattr(layer, n) for layer in layers) for n in ("parameters", "trainable"))
    st.subheader(f"{len(layers)} layers, {total:,} parameters", anchor=False)
    st.caption(
        f"{moved:,} can be moved by training; the other {total - moved:,} are statistics of batch "
        "normalisation or frozen. A shape is rows x columns x channels, or units."
    )
    st.dataframe(
        [
            {
                "Layer": layer.name,
                "Output": layer.dimensions,
                "Parameters": layer.parameters,
                "Trainable": layer.trainable,
                "Kind": layer.kind,
            }
            for layer in layers
        ],
        hide_index=True,
        height=38 + 35 * min(len(layers), 40),
        alt="Layers of the network with output shape and parameters",
    )


def show_feature_maps(version: Version) -> None:
    """Maps of one layer for one scan, those that vary most first."""
    layers = {layer.name: layer for layer in _network(version)}
    if not layers:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        names = list(layers)[1:]  # the first is the scan itself
        chosen = st.selectbox(
            "Layer",
            names,
            # where the trunk ends, and Grad-CAM looks
            index=names.index("features") if "features" in names else 0,
            format_func=lambda name: f"{name} · {layers[name].kind} · {layers[name].dimensions}",
            help="From the scan to the answer.",
            key=f"layer-{version.label}",
        )
        scan = _choose_scan()
    if scan is None:
        return
    name, data = scan
    try:
        shown = scan_picture(name, data).display
    except ScanError as error:
        st.error(wording.plain(str(error)))
        return
    with right, st.container(key="scan-of-maps"):
        st.image(shown, width=360, output_format="PNG", alt=f"The scan {name}")
    place = st.skeleton(height=400)
    values = maps_of(name, data, version.label, version, chosen)
    with place.container():
        if values.ndim == 1:
            _show_units(values, chosen)
        else:
            _show_maps(values, chosen, f"{version.label}-{chosen}")


@st.cache_resource(scope="session", max_entries=8, show_spinner=False)
def maps_of(
    name: str, data: bytes, label: str, _version: Version, layer: str
) -> NDArray[np.float32]:
    """What a layer makes of a scan, (channels, rows, columns) or (units,)."""
    return feature_maps(_version, read_scan(data, name), layer)


@st.cache_resource(max_entries=8, show_spinner=False)
def layers_of(label: str, _version: Version) -> tuple[Layer, ...]:
    """The layers of a version, loaded once."""
    return list_layers(_version)


def number(value: float) -> str:
    """An activation, short: such as `-5,812` or `0.37`."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _network(version: Version) -> tuple[Layer, ...]:
    """The layers once the reader has asked for them, before that a button and nothing."""
    loaded: set[str] = st.session_state.setdefault(LOADED, set())
    if version.label not in loaded:
        st.caption("This loads the network itself: some seconds, the first time up to a minute.")
        st.button("Load the network", type="primary", on_click=loaded.add, args=(version.label,))
        return ()
    with st.spinner("The network is loaded", show_time=True):
        return layers_of(version.label, version)


def _choose_scan() -> tuple[str, bytes] | None:
    choice = st.selectbox(
        "Scan",
        [*KEYS, OWN_FILE],
        format_func=lambda key: OWN_FILE if key == OWN_FILE else label(key),
        key="maps-scan",
    )
    if choice != OWN_FILE:
        return label(choice), example(choice)
    file = st.file_uploader(
        "PNG, JPEG, TIFF, BMP or single-frame DICOM",
        key="maps-upload",
        help="The scan stays in memory and is kept nowhere.",
    )
    ask_hidden("maps-hide-names")
    if file is None:
        return None
    return called(file.name, file.getvalue(), file.file_id), file.getvalue()


def _show_units(values: NDArray[np.float32], layer: str) -> None:
    st.subheader(f"{layer}: {len(values)} units", anchor=False)
    st.plotly_chart(
        unit_bars(values),
        config=CONFIG,
        key=f"units-{layer}",
        alt=f"Activation of each unit of {layer}, {values.min():.2f} to {values.max():.2f}",
    )


def _show_maps(values: NDArray[np.float32], layer: str, key: str) -> None:
    channels, rows, columns = values.shape
    st.subheader(
        f"{layer}: {channels} {'map' if channels == 1 else 'maps'} of {rows} x {columns}",
        anchor=False,
    )
    st.caption(
        "Those that vary most first; each is coloured from its own least value (dark) to its most "
        "(yellow), which stand below it."
    )
    order = most_varied(values)
    pages = -(-channels // PER_PAGE)
    page = st.pagination(pages, key=f"maps-{key}-{pages}") if pages > 1 else 1
    grid = st.grid(6, min_column_width=150, key="scan-maps")
    for channel in order[(page - 1) * PER_PAGE : page * PER_PAGE]:
        with grid.cell():
            low, high = map(number, (values[channel].min(), values[channel].max()))
            alt = f"Feature map {channel + 1} of {layer}"
            st.image(picture(values[channel]), width="stretch", output_format="PNG", alt=alt)
            st.caption(f"Channel {channel + 1} · {low} to {high}")

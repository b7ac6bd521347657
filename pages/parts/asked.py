"""The sidebar of the first page: which version answers, what it sees, keeps and explains."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fetal_model.store.versions import Version
from pages.parts.promises import Promises, ask_promises
from pages.parts.version_choice import choose_version

METHODS = {
    "Grad-CAM": "At once",
    "Grad-CAM++": "At once",
    "LayerCAM": "At once; the same as Grad-CAM++ where no max pooling follows the features",
    "Score-CAM": "A second for each scan",
    "Occlusion": "Some seconds for each scan",
    "SmoothGrad": "Some seconds for each scan; the first loads TensorFlow",
}


@dataclass(frozen=True)
class Asked:
    """How scans shall be answered.

    Attributes:
        version: That answers.
        keep: Whether it is shown what is written on a scan.
        promises: What its answers keep.
        method: How they are explained.
    """

    version: Version
    keep: bool
    promises: Promises
    method: str


def ask(versions: dict[str, Version], in_service: str) -> Asked:
    """The controls.

    Args:
        versions: By label.
        in_service: Label of the one that answers unless another is chosen.
    """
    version = choose_version(
        versions,
        in_service,
        "Which trained model answers; the one in service is the recommended one.",
    )
    takes = version.metadata["input"].get("annotations") == "taken away"
    taken = st.toggle(
        "Take writing away first",
        value=takes,
        disabled=not takes,
        key=f"writing-{takes}",
        help="Text, calipers and bars could tell a model what it should see for itself. They are "
        "filled or blackened before it looks, where the version was made for that.",
    )
    with st.expander("What its answers keep"):
        promises = ask_promises(version)
    method = st.radio(
        "How to explain",
        list(METHODS),
        captions=list(METHODS.values()),
        help="Ways to estimate which parts of a scan speak for an anatomy.",
    )
    return Asked(version, not taken, promises, method)

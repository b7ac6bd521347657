"""The sidebar of the first page: which version answers, what it sees, keeps and explains."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fetal_model import wording
from fetal_model.store.versions import Version
from pages.parts.promises import Promises, ask_promises

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
    label = st.selectbox(
        "Model version",
        list(versions),
        index=list(versions).index(in_service),
        format_func=lambda label: f"{label} (in service)" if label == in_service else label,
        help="Which trained model answers; the one in service is the recommended one.",
    )
    version = versions[label]
    if learned := wording.learned_from(version):
        st.caption(wording.plain(learned))
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

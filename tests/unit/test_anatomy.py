"""The label set: order, codes, and colours that colour-blind readers can tell apart."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from fetal_model.anatomy import ANATOMIES, BY_KEY, KEYS

OKABE_ITO = {
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000",
}  # fmt: skip

# Viénot, Brettel and Mollon 1999, Color Research and Application 24:243, equations for linear RGB.
TO_LMS = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.03, 0.184, 1.467]])
LOSSES = {
    "protanopia": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "deuteranopia": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}


def linear(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def seen(colour: str, loss: str) -> np.ndarray:
    """sRGB in [0, 1] as a dichromat sees it."""
    turned = np.linalg.inv(TO_LMS) @ LOSSES[loss] @ TO_LMS @ linear(colour)
    return np.clip(turned, 0, 1) ** (1 / 2.2)


def test_order_is_the_one_that_every_file_uses() -> None:
    assert KEYS == ("brain", "abdomen", "femur", "thorax")
    assert [BY_KEY[key] for key in KEYS] == list(ANATOMIES)


@pytest.mark.parametrize(
    ("key", "snomed"),
    [
        ("brain", "12738006"),
        ("abdomen", "818981001"),
        ("femur", "71341001"),
        ("thorax", "816094009"),
    ],
)
def test_codes_are_those_of_the_dictionary(key: str, snomed: str) -> None:
    entry = BY_KEY[key]
    assert entry.snomed == snomed == getattr(codes.SCT, key.capitalize()).value
    assert getattr(codes.SCT, key.capitalize()).meaning == entry.name


def test_colours_are_okabe_ito_and_differ() -> None:
    colours = [entry.colour for entry in ANATOMIES]
    assert len(set(colours)) == 4
    assert set(colours) <= OKABE_ITO


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("first", "second"), combinations(KEYS, 2))
def test_colours_stay_apart_without_red_or_green_cones(loss: str, first: str, second: str) -> None:
    distance = np.abs(seen(BY_KEY[first].colour, loss) - seen(BY_KEY[second].colour, loss)).max()
    assert distance > 0.15


@pytest.mark.parametrize("entry", ANATOMIES, ids=KEYS)
def test_good_plane_is_one_sentence(entry: object) -> None:
    sentence = entry.good_plane  # type: ignore[attr-defined]
    assert re.fullmatch(r"[A-Z][^.]{30,}\.", sentence)

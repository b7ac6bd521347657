"""Checks of the picture itself: scans pass as they are, and what is spoilt is named."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fetal_model.phantom import simulate
from fetal_model.scan import Scan, read_scan
from fetal_model.scan.quality import find_faults, measure_quality

KINDS = ("brain", "abdomen", "femur", "thorax", "cervix")


def scan_of(picture: NDArray[np.uint8]) -> Scan:
    """A picture as it comes from a PNG; colour in OpenCV's order."""
    return read_scan(cv2.imencode(".png", picture)[1].tobytes(), name="picture")


def faults_of(picture: NDArray[np.uint8]) -> str:
    scan = scan_of(picture)
    return " ".join(find_faults(scan, measure_quality(scan)))


@pytest.fixture(scope="module")
def phantoms() -> list[NDArray[np.uint8]]:
    """Simulated scans of good and of poor quality."""
    return [
        simulate(kind, seed, quality=("good", "poor")[seed % 2]).image
        for seed, kind in enumerate(KINDS, start=800)
    ]


@pytest.fixture(scope="module")
def phantom(phantoms: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The first of them."""
    return phantoms[0]


def test_scans_pass_mirrored_doubled_turned_a_little_and_compressed(
    phantoms: list[NDArray[np.uint8]],
) -> None:
    for picture in phantoms:
        rows, columns = picture.shape
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), 8, 1)
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        for seen in (
            picture,
            picture[:, ::-1],
            cv2.resize(picture, None, fx=2, fy=2),
            cv2.warpAffine(picture, turn, (columns, rows)),
            cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE),
            cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR),
        ):
            assert faults_of(np.ascontiguousarray(seen)) == ""


def spoilt(picture: NDArray[np.uint8], how: str) -> NDArray[np.uint8]:
    """One thing wrong with a scan."""
    if how == "coloured":
        return cv2.applyColorMap(picture, cv2.COLORMAP_JET)
    small = np.zeros((1200, 1500), np.uint8)
    small[:150, :200] = cv2.resize(picture, (200, 150), interpolation=cv2.INTER_AREA)
    # a scan in the window of a dark program
    window = np.full((900, 700), 20, np.uint8)
    window[:448, :576] = picture
    return {
        "window": window,
        "dark": picture // 5,
        "no black": picture // 3 * 2 + 60,
        "gain": cv2.multiply(picture, 4),
        "small": small,
        "blurred": cv2.GaussianBlur(picture, (0, 0), 8),
        "turned": np.ascontiguousarray(picture.T),
    }[how]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("dark", "The picture is almost black"),
        ("coloured", "of the picture is in colour; scans are grey."),
        ("no black", "Hardly anything is black"),
        ("gain", "of the picture is nearly white: the gain is too high"),
        ("small", "of the picture shows tissue"),
        ("blurred", "The picture is blurred"),
        ("window", "of the picture has one and the same grey"),
        ("turned", "Its grain is not that of ultrasound"),
    ],
)
def test_what_is_spoilt_is_named(how: str, reason: str, phantom: NDArray[np.uint8]) -> None:
    assert reason in faults_of(spoilt(phantom, how))


def stranger(name: str) -> NDArray[np.uint8]:
    """Pictures that are no scan."""
    rng = np.random.default_rng(0)
    normal = rng.normal(0, 1, (400, 500))
    black = np.zeros((400, 500), np.uint8)
    lines = black.copy()
    for top in range(30, 400, 24):
        cv2.putText(lines, "The head was seen at week 20.", (20, top), 0, 0.7, 255, 1)
    shapes = black.copy()
    cv2.ellipse(shapes, (250, 200), (180, 140), 0, 0, 360, 90, -1)
    cv2.ellipse(shapes, (220, 180), (50, 60), 20, 0, 360, 160, -1)
    return {
        "black": black,
        "grey": black + 90,
        "noise": np.clip(128 + 40 * normal, 0, 255).astype(np.uint8),
        "dark noise": np.clip(60 * normal, 0, 255).astype(np.uint8),
        "blobs": np.clip(900 * cv2.GaussianBlur(normal, (0, 0), 3), 0, 255).astype(np.uint8),
        "document": 255 - lines,
        "letters": lines,
        "drawing": shapes,
    }[name]


@pytest.mark.parametrize(
    "name",
    ["black", "grey", "noise", "dark noise", "blobs", "document", "letters", "drawing"],
)
def test_what_is_no_scan_is_turned_away(name: str) -> None:
    assert faults_of(stranger(name))


def test_grain_is_finer_along_the_beam() -> None:
    normal = np.random.default_rng(1).normal(0, 1, (400, 500)).astype(np.float32)

    def grain(down: float, across: float) -> float:
        grey = 0.4 + 0.5 * cv2.GaussianBlur(normal, (0, 0), sigmaX=across, sigmaY=down)
        return measure_quality(Scan.from_array(np.clip(grey, 0, 1), "grain")).grain

    # two pixels apart a Gaussian of the width s correlates as exp(-1 / s^2)
    assert grain(0.8, 2.0) > 0.4
    assert grain(2.0, 0.8) == pytest.approx(-grain(0.8, 2.0), abs=0.05)
    assert grain(1.5, 1.5) == pytest.approx(0, abs=0.03)


def test_what_the_file_states_counts(phantom: NDArray[np.uint8]) -> None:
    scan = scan_of(phantom)
    quality = measure_quality(scan)
    for modality, expected in (
        ("US", ()),
        ("OT", ()),
        ("MR", ("The file says that it is no ultrasound (modality MR).",)),
    ):
        stated = replace(scan, facts=replace(scan.facts, modality=modality))
        assert find_faults(stated, quality) == expected


@pytest.mark.parametrize("shape", [(32, 32), (32, 320), (320, 32)])
def test_the_smallest_pictures_that_can_be_read_get_an_answer(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    assert faults_of(rng.integers(0, 256, shape).astype(np.uint8))

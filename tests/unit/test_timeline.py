"""Which anatomy a clip shows over time, and the best frame of each, on sweeps made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.inference.timeline import Timeline, smooth_over_time, timeline

RATE = 25.0


def sure(index: int, share: float = 0.97) -> list[float]:
    row = [(1 - share) / 3] * 4
    row[index] = share
    return row


def follow(rows: list[list[float]], planes: list[float], **options: object) -> Timeline:
    settings = {"plane_score": 0.5, "confidence": 0.8} | options
    times = np.arange(len(rows)) / RATE
    return timeline(np.array(rows), np.array(planes), times, **settings)  # type: ignore[arg-type]


def test_a_sweep_through_one_plane_shows_it_in_the_middle_and_nothing_before_and_after() -> None:
    planes = [*np.linspace(0, 1, 20), *np.linspace(1, 0, 20)]
    found = follow([sure(2)] * 40, planes)
    shown = [index for index, key in enumerate(found.anatomies) if key is not None]
    assert set(found.anatomies) == {None, "femur"}
    assert shown == list(range(shown[0], shown[-1] + 1))
    assert shown[0] in range(8, 13)
    assert found.best == {"femur": 19}


def test_one_spoiled_frame_does_not_break_a_plane() -> None:
    rows, planes = [sure(0)] * 15, [0.9] * 15
    rows[7], planes[7] = sure(3, 0.6), 0.2
    assert set(follow(rows, planes).anatomies) == {"brain"}
    raw = follow(rows, planes, smoothing=0.0)
    assert raw.anatomies[7] is None
    assert raw.anatomies.count("brain") == 14


def test_one_lucky_frame_does_not_make_a_plane() -> None:
    planes = [0.05] * 15
    planes[7] = 1.0
    found = follow([sure(1)] * 15, planes)
    assert set(found.anatomies) == {None}
    assert found.best == {}


def test_two_anatomies_each_have_their_best_frame() -> None:
    rows = [sure(0)] * 20 + [sure(3)] * 20
    planes = [0.8] * 40
    planes[4], planes[33] = 0.95, 0.99
    found = follow(rows, planes)
    assert found.best == {"brain": 4, "thorax": 33}
    between = found.anatomies[15:25]
    assert None in between  # neither, where one goes over into the other
    assert found.anatomies[0] == "brain"
    assert found.anatomies[-1] == "thorax"


def test_quality_decides_between_frames_that_are_alike() -> None:
    quality = np.full(10, 0.5)
    quality[6] = 0.9
    assert follow([sure(2)] * 10, [0.9] * 10, quality=quality).best == {"femur": 6}
    quality[6] = 0.0
    assert follow([sure(2)] * 10, [0.9] * 10, quality=quality).best == {"femur": 0}


def test_unsure_between_two_is_no_plane() -> None:
    found = follow([[0.5, 0.5, 0.0, 0.0]] * 6, [0.99] * 6)
    assert set(found.anatomies) == {None}


def test_smoothing_keeps_sums_and_knows_time_and_not_position() -> None:
    rng = np.random.default_rng(3)
    values = rng.dirichlet(np.ones(4), 30)
    times = np.cumsum(rng.uniform(0.01, 0.5, 30))
    smooth = smooth_over_time(values, times, 0.3)
    assert np.allclose(smooth.sum(axis=1), 1)
    expected = [
        np.average(values, axis=0, weights=np.exp(-0.5 * ((times - now) / 0.3) ** 2))
        for now in times
    ]
    assert np.allclose(smooth, expected, atol=1e-9)
    # frames a minute apart say nothing about each other
    assert np.array_equal(smooth_over_time(values, np.arange(30) * 60.0, 0.3), values)
    assert np.allclose(smooth_over_time(np.ones((5, 2)), np.arange(5.0), 1.0), 1)


def test_a_clip_of_one_frame_and_of_none() -> None:
    assert follow([sure(1)], [0.9]).anatomies == ("abdomen",)
    nothing = timeline(np.zeros((0, 4)), np.zeros(0), np.zeros(0), plane_score=0.5, confidence=0.5)
    assert (nothing.anatomies, nothing.best) == ((), {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plane_scores": np.ones(4)}, r"plane_scores of shape \(3,\)"),
        ({"probabilities": np.ones((3, 3))}, r"probabilities of shape \(3, 4\)"),
        ({"seconds": np.array([0.0, 1.0, 1.0])}, "seconds that ascend"),
        ({"seconds": np.array([0.0, np.nan, 1.0])}, "all finite"),
        ({"quality": np.ones(2)}, "quality of shape"),
        ({"smoothing": -1.0}, "smoothing of 0 or more"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], said: str) -> None:
    given = {
        "probabilities": np.array([sure(0)] * 3),
        "plane_scores": np.ones(3),
        "seconds": np.arange(3.0),
    }
    with pytest.raises(ValueError, match=said):
        timeline(**(given | change), plane_score=0.5, confidence=0.5)  # type: ignore[arg-type]


def test_the_order_is_that_of_the_anatomies() -> None:
    for index, key in enumerate(KEYS):
        assert set(follow([sure(index)] * 3, [0.9] * 3).anatomies) == {key}

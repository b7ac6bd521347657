"""The bars show the numbers they were given, in the order and colours of the anatomies."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.anatomy import ANATOMIES
from fetal_model.charts import (
    anatomy_borders,
    confusion_matrix,
    probability_bars,
    training_curves,
    unit_bars,
)
from fetal_model.charts_clip import timeline_chart
from fetal_model.inference.timeline import timeline

PROBABILITIES = np.array([0.02, 0.9, 0.078, 0.002])
SPREAD = np.array([0.05, 0.2, 0.03, 0.001])


def test_one_bar_for_each_anatomy_in_order_and_colour() -> None:
    figure = probability_bars(PROBABILITIES)
    (bars,) = figure.data
    assert bars.orientation == "h"
    assert list(bars.y) == ["Brain", "Abdomen", "Femur", "Thorax"]
    assert list(bars.marker.color) == [anatomy.colour for anatomy in ANATOMIES]
    assert np.allclose(bars.x, [2, 90, 7.8, 0.2])
    # Plotly draws the first category at the bottom unless told otherwise
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.range[0] == 0


def test_numbers_beside_the_bars() -> None:
    notes = probability_bars(PROBABILITIES).layout.annotations
    assert [(note.y, note.text) for note in notes] == [
        ("Brain", "2%"),
        ("Abdomen", "90%"),
        ("Femur", "8%"),
        ("Thorax", "<1%"),
    ]


def test_whiskers_are_one_standard_deviation_and_stay_between_0_and_100() -> None:
    figure = probability_bars(PROBABILITIES, SPREAD)
    whiskers = [trace for trace in figure.data if trace.error_x.array is not None]
    assert whiskers
    for trace in whiskers:
        assert np.allclose(trace.x, [2, 90, 7.8, 0.2])
        assert list(trace.y) == ["Brain", "Abdomen", "Femur", "Thorax"]
        assert np.allclose(trace.error_x.array, [5, 10, 3, 0.1])
        assert np.allclose(trace.error_x.arrayminus, [2, 20, 3, 0.1])


def test_without_dropout_there_are_no_whiskers() -> None:
    assert all(trace.error_x.array is None for trace in probability_bars(PROBABILITIES).data)


def test_background_is_left_to_the_theme() -> None:
    layout = probability_bars(PROBABILITIES).layout.template.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


@pytest.mark.parametrize("spread", [None, np.ones(3)])
def test_another_number_of_values_is_refused(spread: np.ndarray | None) -> None:
    with pytest.raises(ValueError, match=r"expected 4 values, received shape \(3,\)"):
        probability_bars(np.ones(3) / 3 if spread is None else PROBABILITIES, spread)


def test_every_anatomy_has_its_border() -> None:
    css = anatomy_borders()
    for anatomy in ANATOMIES:
        assert f'st-key-card-{anatomy.key}"] {{ border-left: 4px solid {anatomy.colour}' in css


COUNTS = {
    "brain": {"brain": 8, "abdomen": 0, "femur": 2, "thorax": 0},
    "femur": {"brain": 0, "abdomen": 1, "femur": 3, "thorax": 0},
    "cervix": {"brain": 0, "abdomen": 0, "femur": 0, "thorax": 5},
}


def test_confusion_matrix_shows_counts_with_n_and_shades_by_share_of_the_row() -> None:
    figure = confusion_matrix(COUNTS)
    (cells,) = figure.data
    assert list(cells.x) == ["Brain", "Abdomen", "Femur", "Thorax"]
    assert list(cells.y) == ["Brain<br>n = 10", "Femur<br>n = 4", "Cervix<br>n = 5"]
    assert np.allclose(cells.z, [[0.8, 0, 0.2, 0], [0, 0.25, 0.75, 0], [0, 0, 0, 1]])
    assert (cells.zmin, cells.zmax) == (0, 1)
    written = {(note.y, note.x): note.text for note in figure.layout.annotations}
    assert len(written) == 12
    assert (written[0, 0], written[0, 2], written[1, 2], written[2, 3]) == ("8", "2", "3", "5")
    # truth downwards in the order given
    assert figure.layout.yaxis.autorange == "reversed"


def test_training_curves_are_told_apart_without_colour() -> None:
    training, validation = training_curves([3.0, 2.0, 1.5], [3.5, 2.5, 2.4]).data
    assert list(training.x) == list(validation.x) == [1, 2, 3]
    assert list(training.y) == [3.0, 2.0, 1.5]
    assert list(validation.y) == [3.5, 2.5, 2.4]
    assert (training.name, validation.name) == ("Training", "Validation")
    assert training.line.dash != validation.line.dash
    assert {training.line.color, validation.line.color}.isdisjoint(a.colour for a in ANATOMIES)
    assert len(training_curves([0.001, 0.001]).data) == 1


def test_unit_bars_keep_the_order_of_the_units() -> None:
    (bars,) = unit_bars(np.array([0.5, -1, 2], np.float32)).data
    assert list(bars.x) == [1, 2, 3]
    assert np.allclose(bars.y, [0.5, -1, 2])


def test_doubt_is_drawn_as_it_was_measured() -> None:
    from fetal_model.charts_doubt import reliability_diagram, risk_curve
    from fetal_model.evaluation.metrics import Proportion
    from fetal_model.evaluation.reliability import Bin

    curve = risk_curve(np.array([0.5, 1.0]), np.array([0.0, 0.2])).data[0]
    assert (list(curve.x), list(curve.y)) == ([0.5, 1.0], [0.0, 0.2])
    right = Proportion(9, 10)
    points = reliability_diagram([Bin(0.6, 0.9, 0.8, right)]).data[1]
    low, high = right.interval
    assert (list(points.x), list(points.y)) == ([0.8], [0.9])
    assert points.y[0] + points.error_y.array[0] == pytest.approx(high)
    assert points.y[0] - points.error_y.arrayminus[0] == pytest.approx(low)


def test_a_timeline_marks_the_frame_in_view_and_poor_pictures() -> None:
    scores = np.array([0.9, 0.9, 0.2])
    probabilities = np.array([[0.1, 0.1, 0.7, 0.1]] * 3)
    followed = timeline(
        probabilities, scores, np.array([0.0, 1.0, 2.0]),
        plane_score=0.5, confidence=0.5, smoothing=0.0,
    )  # fmt: skip
    figure = timeline_chart(followed, [3, 7, 9], 7, {9: "The picture is blurred."})
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces["Femur"].x) == [3, 7, 9]
    assert list(traces["Poor picture"].x) == [9]
    assert traces["Poor picture"].text == ("The picture is blurred.",)
    assert figure.layout.shapes[0].x0 == 7
    names = [trace.name for trace in timeline_chart(followed, [3, 7, 9], 7, {}).data]
    assert "Poor picture" not in names

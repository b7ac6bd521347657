"""The card says what the files say, and what they cannot know it says as well."""

from __future__ import annotations

from typing import Any

import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import metrics
from fetal_model.evaluation.card import DISCLAIMER, card
from fetal_model.evaluation.predictions import Prediction
from fetal_model.phantom import RELEASE


def metadata(**changes: Any) -> dict[str, Any]:
    return {
        "name": "net",
        "description": "A network for a test.",
        "training_data": "Learned from 1234 simulated scans.",
        "input": {"height": 224, "width": 288, "scaling": "standardise", "crop": "none"},
        "outputs": {"names": list(KEYS), "temperature": 1.23456},
        "thresholds": {"confidence": 0.87654, "plane_score": 0.43219},
        "scans": {"train": 1111, "validation": 123, "own_test": 4, "real_test": 8},
        "parameters": 1234567,
        "recipe": {"architecture": "seed_cnn", "options": {}},
        "data_fingerprint": "0123456789abcdef" * 4,
        "licence": "Apache-2.0",
        "sources": ["Simulated scans of somewhere", "Weights of someone"],
    } | changes


def row(scan: str, label: str, answer: str, **changes: Any) -> Prediction:
    shares = tuple(0.7 if key == answer else 0.1 for key in KEYS)
    fixed = {
        "patient": scan, "source": "hc18", "part": "validation", "fold": "",
        "plane_score": 0.9, "decision": "accepted", "simulated": False,
    }  # fmt: skip
    return Prediction(scan=scan, label=label, probabilities=shares, **(fixed | changes))


REAL = [
    row("1", "brain", "brain"),
    row("2", "brain", "femur", decision="look again"),
    row("3", "femur", "femur", source="fetal_planes", patient=""),
    row("4", "thorax", "thorax", source="fetal_planes"),
]
# the bootstrap of an area under a curve takes seconds: only where it is looked at
WITH_OTHERS = [*REAL[:3], row("4", "other", "brain", source="fetal_planes", plane_score=0.2)]
SIMULATED = [row(f"s{i}", key, key, source="phantom", simulated=True) for i, key in enumerate(KEYS)]


def test_head_states_what_the_metadata_states() -> None:
    text = card(metadata(), REAL)
    for line in (
        "# net",
        f"A network for a test. {DISCLAIMER}",
        "| Training data | Learned from 1234 simulated scans. |",
        "| Scans | 1111 for training, 123 to choose the epoch |",
        "| Network | seed_cnn, 1,234,567 parameters |",
        "| Input | 224 rows x 288 columns, grey, standardise, annotations kept |",
        "| Temperature | 1.235 |",
        "| Accepted from | confidence 0.877, plane score 0.432 |",
        "| Data fingerprint | `0123456789abcdef` |",
        "| Licence | Apache-2.0 |",
        "- Simulated scans of somewhere",
        "- Weights of someone",
    ):
        assert line in text.split("\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "not offered: no dropout layer"),
        ({"dropout": 0}, "not offered: no dropout layer"),
        ({"dropout": 0.5}, "offered: the head has dropout 0.5"),
    ],
)
def test_dropout_is_claimed_only_where_there_is_one(options: dict[str, Any], said: str) -> None:
    recipe = {"architecture": "seed_cnn", "options": options}
    text = card(metadata(recipe=recipe), REAL)
    assert f"| Monte Carlo dropout | {said} |" in text.split("\n")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (KEYS, "highest probability: the network has no output for other planes"),
        ((*KEYS, "kidneys"), "share of the four planes among all outputs"),
    ],
)
def test_plane_score_is_said_to_be_what_it_is(names: tuple[str, ...], said: str) -> None:
    outputs = {"names": list(names), "temperature": 1.0}
    assert f"| Plane score | {said} |" in card(metadata(outputs=outputs), REAL).split("\n")


def test_figures_are_those_of_metrics() -> None:
    lines = card(metadata(), WITH_OTHERS).split("\n")
    area = metrics.plane_auroc(WITH_OTHERS)
    for line in (
        "| accuracy, forced to four | 2/3 = 0.667 (0.094 to 0.992) |",
        f"| balanced accuracy | {metrics.balanced_accuracy(WITH_OTHERS)} |",
        "| brain, right | 1/2 = 0.500 (0.013 to 0.987) |",
        "| femur, right | 1/1 = 1.000 (0.025 to 1.000) |",
        "| source fetal_planes, right | 1/1 = 1.000 (0.025 to 1.000) |",
        "| source hc18, right | 1/2 = 0.500 (0.013 to 0.987) |",
        f"| AUROC of the plane score, four planes against others | {area} |",
        "| other planes accepted | 1/1 = 1.000 (0.025 to 1.000) |",
        "| four planes accepted | 2/3 = 0.667 (0.094 to 0.992) |",
        "| accepted four planes, right | 2/2 = 1.000 (0.158 to 1.000) |",
        "| truth | Brain | Abdomen | Femur | Thorax |",
        "| brain | 1 | 0 | 1 | 0 |",
        "| femur | 0 | 0 | 1 | 0 |",
        "| other | 1 | 0 | 0 | 0 |",
    ):
        assert line in lines
    assert not any(line.startswith("| thorax, right") for line in lines)


def test_real_and_simulated_are_never_mixed() -> None:
    both = card(metadata(), [*SIMULATED, *REAL])
    assert both.index("## Real scans") < both.index("## Simulated scans")
    assert "| accuracy, forced to four | 3/4" in both
    assert "| accuracy, forced to four | 4/4" in both
    assert "## Real scans" not in card(metadata(), SIMULATED)
    assert "## Simulated scans" not in card(metadata(), REAL)
    assert "AUROC" not in both


def test_unknown_overlap_is_said_and_counted() -> None:
    assert "overlap unknown (1 of 4)." in card(metadata(), REAL)
    assert "overlap unknown" not in card(metadata(), SIMULATED)


def test_what_was_fitted_on_is_said() -> None:
    crossed = [row(str(i), "brain", "brain", fold=str(i % 2)) for i in range(4)]
    assert "fitted on the other" in card(metadata(), crossed)
    assert "Nothing was fitted on these scans." in card(metadata(), REAL)


def test_figures_on_scans_of_an_earlier_simulator_say_so() -> None:
    said = f"Scans of release 1 of the simulator. Those of release {RELEASE}"
    assert said in card(metadata(), SIMULATED)
    assert "of the simulator." not in card(metadata(simulator_release=RELEASE), SIMULATED)
    assert "of the simulator." not in card(metadata(), REAL)


def test_a_leaky_split_is_said_first_and_beside_its_figures() -> None:
    own = [row(f"s{i}", key, key, part="test", simulated=True) for i, key in enumerate(KEYS)]
    real, simulated = card(metadata(leaky=True), [*REAL, *own]).split("## Simulated scans")
    assert real.split("\n")[2].startswith("**Its split was leaky")
    assert "Leaky split: training may have seen these patients" in simulated
    assert "never saw" not in simulated
    assert "Patients that training never saw" in real
    assert "eaky" not in card(metadata(leaky=False), [*REAL, *own])

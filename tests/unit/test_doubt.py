"""Figures of doubt from planted answers whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import doubt
from fetal_model.evaluation.doubt import METHODS, Table, detection, rejection, sets, write_figures
from fetal_model.evaluation.doubt_answers import Answer, read_answers, write_answers
from fetal_model.evaluation.predictions import Prediction, write_predictions

FOLDS = 5


def answer(number: int, surest: float, wrong: bool = False, simulated: bool = True) -> Answer:
    """Of one scan, two a patient; another anatomy leads where it is wrong."""
    truth = number % len(KEYS)
    shares = np.full(len(KEYS), (1 - surest) / (len(KEYS) - 1))
    shares[(truth + wrong) % len(KEYS)] = surest
    patient = number // 2
    return Answer(
        f"scan-{number}",
        KEYS[truth],
        f"patient-{patient}",
        patient % FOLDS,
        simulated,
        tuple(map(float, shares)),
    )


@pytest.fixture(scope="module")
def knows() -> list[Answer]:
    """Forty answers of eighty are wrong, and all of these are less sure than any right one."""
    return [answer(n, 0.4 + 0.001 * n if n % 2 else 0.8 + 0.001 * n, n % 2 == 1) for n in range(80)]


@pytest.fixture(scope="module")
def blind() -> list[Answer]:
    """The same answers, each as sure as every other."""
    return [answer(n, 0.7, n % 2 == 1) for n in range(80)]


def test_answers_are_read_as_they_were_written(tmp_path: Path, knows: list[Answer]) -> None:
    of_other_plane = Answer("other", "cervix", "other", -1, False, (0.25,) * 4, (0.5, 0.125))
    write_answers("some method", [*knows, of_other_plane], tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == "predictions-some-method.csv.gz"
    first = file.read_bytes()
    *read, other = read_answers("some method", tmp_path)
    assert other == of_other_plane
    assert [one.scan for one in read] == [one.scan for one in knows]
    for one, known in zip(read, knows, strict=True):
        assert one.probabilities == pytest.approx(known.probabilities, abs=1e-6)
        assert (one.label, one.group, one.fold) == (known.label, known.group, known.fold)
        assert (one.simulated, one.sampled) == (True, ())
    write_answers("some method", [*knows, of_other_plane], tmp_path)
    assert file.read_bytes() == first


def test_a_method_that_knows_its_errors_is_told_from_one_that_does_not(
    knows: list[Answer], blind: list[Answer]
) -> None:
    rows = detection({"softmax": Table.of(blind), "dropout": Table.of(knows)})
    found = {(row["method"], row["measure"]): row for row in rows}
    base, better = found["softmax", "confidence"], found["dropout", "confidence"]
    assert base["wrong"] == better["wrong"] == 40
    assert base["auroc"].startswith("0.500")
    assert base["more_than_base"].startswith("0.000 (0.000 to 0.000)")
    assert better["auroc"].startswith("1.000 (1.000 to 1.000)")
    assert better["more_than_base"].startswith("0.500 (0.500 to 0.500)")
    assert better["right_at_0.8"].startswith("40/64")


def test_measures_of_several_answers_are_asked_of_methods_that_draw_them(
    knows: list[Answer],
) -> None:
    drawn = [replace(one, sampled=(0.1 * (n % 2), 0.2)) for n, one in enumerate(knows)]
    rows = detection({"softmax": Table.of(knows), "ensemble": Table.of(drawn)})
    measures = [(row["method"], row["measure"]) for row in rows]
    assert ("softmax", "mutual information") not in measures
    found = {pair: row["auroc"] for pair, row in zip(measures, rows, strict=True)}
    assert found["ensemble", "mutual information"].startswith("1.000")
    assert found["ensemble", "variation ratio"].startswith("0.500")


def test_other_planes_take_no_part_in_finding_errors(knows: list[Answer]) -> None:
    other = Answer("other", "cervix", "other", -1, True, (0.97, 0.01, 0.01, 0.01))
    assert len(Table.of([*knows, other]).labels) == len(knows)


def test_sets_hold_the_truth_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    table = Table.of([answer(n, float(rng.uniform(0.3, 0.99))) for n in range(2000)])
    for row in sets(table, KEYS):
        for share in row["holds"].values():
            count, n = map(int, share.split(" ")[0].split("/"))
            assert count / n == pytest.approx(row["coverage"], abs=0.03)


def published(folder: Path, scores: dict[str, float]) -> Path:
    """Answers of the published network, which matter for their plane score alone."""
    rows = [
        Prediction(name, "brain", "", "s", "validation", "", (0.25,) * 4, score, "accepted", False)
        for name, score in scores.items()
    ]
    write_predictions(folder / "published.csv", rows)
    return folder / "published.csv"


def test_scores_that_part_the_planes_lose_none(tmp_path: Path) -> None:
    rows = [("brain", 1.0, 0.0), ("femur", 0.9, 1.0), ("cervix", 0.1, 0.0), ("other", 0.2, 1.0)]
    text = "scan,label,group,plane_mass,neighbours\n" + "".join(
        f"s{n},{label},g{n},{first},{second}\n" for n, (label, first, second) in enumerate(rows)
    )
    (tmp_path / "rejection.csv").write_text(text)
    theirs = published(tmp_path, {"s3": 0.5, "s2": 0.5, "s1": 0.5, "s0": 0.5})
    base, parts, chance = rejection(tmp_path, theirs)
    assert base["score"] == "published plane mass"
    assert base["more_than_published"].startswith("0.000 (0.000 to 0.000)")
    assert parts["score"] == "plane mass"
    assert parts["auroc"].startswith("1.000")
    assert parts["more_than_published"].startswith("0.500")
    assert parts["lost"].startswith("0/2")
    assert chance["auroc"].startswith("0.500")
    assert chance["lost"].startswith("2/2")


def test_every_figure_is_made_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From planted files; that the committed figures are those of the committed files, CI sees."""
    for method in {**METHODS, "temperature": 1, "vector scaling": 1}:
        made = [answer(n, 0.5 + 0.002 * n, wrong=n % 9 == 4, simulated=n < 120) for n in range(240)]
        drawn = method in METHODS and method != "softmax"
        sampled = (0.1, 0.2) if drawn else ()
        write_answers(method, [replace(one, sampled=sampled) for one in made], tmp_path)
    (tmp_path / "rejection.csv").write_text("scan,label,group,energy\na,brain,a,1\nb,other,b,0\n")
    theirs = published(tmp_path, {"a": 0.9, "b": 0.1})
    (tmp_path / "about.json").write_text('{"version": "x/1", "folds": 5, "networks": 5}')
    write_figures(tmp_path, theirs)
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["version"] == "x/1"
    assert [found[kind]["n"] for kind in ("simulated", "real")] == [120, 120]
    rows = found["simulated"]["detection"]
    assert len(rows) == 3 + 5 * (len(METHODS) - 1)
    assert rows[0]["wrong"] == 13
    assert [row["way"] for row in found["real"]["calibration"]] == [
        "softmax", "temperature", "vector scaling",
    ]  # fmt: skip
    assert list(found["real"]["sets"][0]["holds"]) == ["brain", "thorax"]
    assert [row["score"] for row in found["rejection"]] == ["published plane mass", "energy"]


def test_without_a_wrong_answer_there_is_nothing_to_find() -> None:
    (row, *_) = detection({"softmax": Table.of([answer(n, 0.8) for n in range(20)])})
    assert row["wrong"] == 0
    assert row["auroc"] is None
    assert row["more_than_base"] is None


def test_every_method_that_is_measured_is_one_that_can_be_asked() -> None:
    from fetal_model.uncertainty import methods

    assert set(METHODS) <= set(methods.METHODS)
    for name, passes in METHODS.items():
        assert methods.METHODS[name].trunk_passes(5) == passes
    assert doubt.BASE[0] in METHODS

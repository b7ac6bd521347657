"""Which scans a recipe takes and how it splits them; a split that leaks has to say so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.training.data import gather, phantom_path, share, some
from fetal_model.training.recipe import load_recipe
from fetal_model.training.recipe_tables import Data

COUNTS = {"brain": 200, "abdomen": 120, "femur": 100, "thorax": 80}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Five hundred scans, three a patient in the order of their names."""
    labels = [key for key, count in COUNTS.items() for _ in range(count)]
    return [
        Record(f"{label}-{n:03d}", Path(), label, f"P{n * 7 % 167}", "made", "", simulated=True)
        for n, label in enumerate(labels)
    ]


def data(**fields: Any) -> Data:
    return Data(phantoms=dict.fromkeys(KEYS, 10), phantom_seed=4, **fields)


def patients(records: list[Record]) -> set[str]:
    return {record.patient for record in records}


@pytest.mark.parametrize("size", [40, 101, 333, 500])
def test_a_part_has_the_proportions_of_the_whole(size: int, records: list[Record]) -> None:
    taken = some(records, size, seed=0)
    assert len(taken) == len({record.scan for record in taken}) == size
    for key, count in Counter(record.label for record in taken).items():
        assert abs(count - COUNTS[key] * size / 500) < 1


def test_a_part_is_of_few_patients_and_within_a_larger_one(records: list[Record]) -> None:
    small, large = some(records, 100, seed=0), some(records, 200, seed=0)
    assert {r.scan for r in small} < {r.scan for r in large}
    assert len(patients(small)) < 80  # of 167; scan by scan it would be nine in ten of 100
    assert {r.scan for r in some(records, 100, seed=1)} != {r.scan for r in small}


def test_more_than_there_are_is_refused(records: list[Record]) -> None:
    with pytest.raises(ValueError, match="at most the 500 scans there are, received 501"):
        some(records, 501, seed=0)


@pytest.mark.parametrize("kind", ["sequential", "image"])
def test_a_split_that_leaks_is_refused_until_the_recipe_says_so(
    kind: str, records: list[Record]
) -> None:
    with pytest.raises(ValueError, match=r"found 167 patients whose scans.*leaky split"):
        share(records, data(split=kind))
    parts = share(records[::-1], data(split=kind, leaky=True))  # paths decide, not the order
    assert [len(part) for part in parts] == [400, 50, 50]
    assert sorted(r.scan for part in parts for r in part) == sorted(r.scan for r in records)
    for part, portion in zip(parts, (0.8, 0.1, 0.1), strict=True):
        counts = Counter(record.label for record in part)
        assert counts == {key: portion * count for key, count in COUNTS.items()}
    assert patients(parts[0]) & patients(parts[2])
    in_order = max(r.scan for r in parts[0] if r.label == "brain") < min(
        r.scan for r in parts[1] if r.label == "brain"
    )
    assert in_order is (kind == "sequential")


def test_no_leak_is_known_where_no_patient_is(records: list[Record]) -> None:
    unknown = [Record(r.scan, r.file, r.label, "", r.source, "", True) for r in records]
    assert len(share(unknown, data(split="image"))[0]) == 400


def test_the_split_by_patient_leaks_nothing(records: list[Record]) -> None:
    train, validation, test = share(records, data())
    assert not patients(train) & patients(test)
    assert not patients(train) & patients(validation)


def test_the_official_split_is_the_publishers_and_phantoms_have_none() -> None:
    published = [
        Record(
            f"{label}-{n}", Path(), label, f"P{n // 2}", "fetal_planes", "", simulated=False,
            columns={"part": "train" if n < 30 else "test"},
        )
        for label in (*KEYS, "cervix", "other") for n in range(40)
    ]  # fmt: skip
    asked = Data(folder="there", other_planes=True, split="official")
    train, validation, test = share(published, asked)
    assert {record.scan for record in test} == {
        record.scan for record in published if record.columns["part"] == "test"
    }
    for part in (train, validation, test):
        assert set(Counter(record.label for record in part)) == {*KEYS, "cervix", "other"}
    made = [replace(record, columns={}) for record in published]
    recipe = load_recipe("fetal-planes")
    assert recipe.data.split == "official"
    train, validation, test = share(made, recipe.data)
    assert len(train) + len(validation) + len(test) == len(made)
    for one, two in ((train, validation), (train, test), (validation, test)):
        assert patients(one)
        assert not patients(one) & patients(two)


def test_scans_of_other_planes_have_a_place_and_outputs_of_their_own() -> None:
    from fetal_model.training.train import outputs_of

    recipe = load_recipe("seed-cnn-other-planes")
    assert "-556-339-300-451-200-400-" in phantom_path(recipe.data, Path()).name
    outputs = outputs_of(recipe)
    assert outputs.names == (*KEYS, "cervix", "other")
    assert outputs.can_reject
    for wrong, said in (
        ({"phantoms": {**recipe.data.phantoms}}, "other_planes = true"),
        ({"phantoms": dict.fromkeys(KEYS, 10), "other_planes": True}, "cervix"),
        ({**recipe.data.model_dump(), "labelled": 5}, "expects no labelled"),
    ):
        with pytest.raises(ValueError, match=said):
            Data.model_validate(wrong)


def test_a_scan_of_another_plane_is_the_target_of_its_own_output(records: list[Record]) -> None:
    from fetal_model.training.fit import _targets
    from fetal_model.training.train import outputs_of

    recipe = load_recipe("seed-cnn-other-planes")
    outputs = outputs_of(recipe)
    shown = [replace(records[0], label=label) for label in ("thorax", "cervix", "brain", "other")]
    marked = _targets(recipe, shown, outputs).argmax(axis=1)
    assert [outputs.names[index] for index in marked] == ["thorax", "cervix", "brain", "other"]
    assert _targets(recipe, shown, outputs).sum() == 4
    assert _targets(recipe, [], outputs).shape == (0, 6)


def test_absent_real_scans_are_said_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))
    with pytest.raises(ValueError, match=r"real scans: expected .* set FETAL_SHARED"):
        gather(data(real_scans=True), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()

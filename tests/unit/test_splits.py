"""Splits: no patient on two sides, labels shared out, the same again for the same seed."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.splits import folds, split, split_by_patient


def cohort(patients: int = 120, seed: int = 0) -> list[Record]:
    """Patients with one to five scans each, of any label, in two subsets of one database."""
    rng = np.random.default_rng(seed)
    records = []
    for patient in range(patients):
        for number in range(rng.integers(1, 6)):
            scan = f"{patient}-{number}.png"
            source = str(rng.choice(["fetal_planes", "fetal_planes_alzubaidi"]))
            label = str(rng.choice(KEYS))
            records.append(Record(scan, Path(scan), label, f"P{patient}", source, "", False))
    return records


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_on_two_sides(seed: int) -> None:
    records = cohort()
    parts = split_by_patient(records, seed)
    patients = [{record.patient for record in part} for part in parts]
    assert not patients[0] & patients[1]
    assert not patients[0] & patients[2]
    assert not patients[1] & patients[2]
    assert sorted(r.scan for part in parts for r in part) == sorted(r.scan for r in records)


def test_shares_are_about_80_10_10_for_every_label() -> None:
    train, validation, test = split_by_patient(cohort(400), 0)
    for part, share in ((train, 0.8), (validation, 0.1), (test, 0.1)):
        counts = Counter(record.label for record in part)
        total = Counter(record.label for record in train + validation + test)
        for key in KEYS:
            assert counts[key] / total[key] == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize("count", [2, 5, 10])
def test_folds_hold_whole_patients(count: int) -> None:
    records = cohort()
    numbers = folds(records, count, seed=3)
    assert set(numbers) == set(range(count))
    where = defaultdict(set)
    for record, number in zip(records, numbers, strict=True):
        where[record.patient].add(number)
    assert {len(found) for found in where.values()} == {1}


def test_scans_without_a_patient_stand_alone() -> None:
    records = [
        Record(f"{n}.png", Path(f"{n}.png"), KEYS[n % 4], "", "focus", "", False) for n in range(40)
    ]
    numbers = folds(records, 5, seed=0)
    assert Counter(numbers.tolist()) == dict.fromkeys(range(5), 8)


def test_same_seed_same_split_other_seed_another() -> None:
    records = cohort()
    assert np.array_equal(folds(records, 5, seed=1), folds(records, 5, seed=1))
    assert not np.array_equal(folds(records, 5, seed=1), folds(records, 5, seed=2))


def test_more_folds_than_patients_are_refused() -> None:
    records = [record for record in cohort() if record.patient in ("P1", "P2", "P3")]
    with pytest.raises(ValueError, match="expected at least 4 patients, found 3"):
        folds(records, 4, seed=0)


def known(record: Record, **columns: str) -> Record:
    return replace(record, columns=columns)


def test_by_patient_is_the_split_that_versions_were_made_with() -> None:
    records = cohort()
    made = split(records, "patient", 3)
    assert made.take(records) == split_by_patient(records, 3)
    assert (made.leaky, made.note) == (False, "")
    # as committed versions were trained
    digest = hashlib.sha256("\n".join(r.scan for r in made.take(records)[0]).encode())
    assert digest.hexdigest()[:16] == "f77493239c701485"


@pytest.mark.parametrize("how", ["image", "sequential"])
def test_a_split_by_image_needs_leaky_where_patients_are_known(how: str) -> None:
    records = cohort()
    with pytest.raises(ValueError, match="found 120 patients"):
        split(records, how, 0)
    made = split(records, how, 0, leaky=True)
    assert made.leaky
    assert made.note.startswith("Leaky: ")
    assert " of 120 patients have scans in two or more parts" in made.note
    sizes = [len(scans) for scans in made.parts.values()]
    assert sizes == pytest.approx(np.array([0.8, 0.1, 0.1]) * len(records), abs=3)


@pytest.mark.parametrize("how", ["image", "sequential"])
def test_without_patients_it_is_allowed_and_overlap_unknown(how: str) -> None:
    records = [replace(record, patient="") for record in cohort()]
    made = split(records, how, 0)
    assert not made.leaky
    assert "unknown" in made.note
    with pytest.raises(ValueError, match="no patients"):
        split(records, how, 0, leaky=True)


def test_sequential_keeps_the_order_of_each_label() -> None:
    records = [replace(record, patient="") for record in cohort()]
    parts = split(records, "sequential", 0).take(records)
    for key in KEYS:
        own = [record for record in records if record.label == key]
        assert [r for part in parts for r in part if r.label == key] == own
    assert split(records, "image", 0).take(records) != parts


def test_official_keeps_the_published_test_and_validates_within_training() -> None:
    records = [
        known(r, part="test" if int(r.patient[1:]) % 3 == 0 else "train") for r in cohort()
    ]  # fmt: skip
    train, validation, test = split(records, "official", 0).take(records)
    assert {r.columns["part"] for r in test} == {"test"}
    assert {r.columns["part"] for r in train + validation} == {"train"}
    assert len(test) + len(train) + len(validation) == len(records)
    assert not {r.patient for r in train} & {r.patient for r in validation}
    assert len(validation) / len(train + validation) == pytest.approx(0.1, abs=0.04)


def test_an_official_split_that_divides_a_patient_is_refused_unless_leaky() -> None:
    records = [known(r, part="test" if n % 2 else "train") for n, r in enumerate(cohort())]
    with pytest.raises(ValueError, match="have scans in two or more parts"):
        split(records, "official", 0)
    assert split(records, "official", 0, leaky=True).leaky
    with pytest.raises(ValueError, match="expected a part out of train, validation, test"):
        split(cohort(), "official", 0)


def test_by_machine_no_machine_and_no_patient_is_on_two_sides() -> None:
    rng = np.random.default_rng(2)
    usual = {f"P{n}": str(rng.choice(["A", "B", "C"])) for n in range(120)}
    records = [
        known(r, machine="A" if rng.random() < 0.1 else usual[r.patient]) for r in cohort()
    ]  # fmt: skip
    made = split(records, "machine", 0)
    assert list(made.parts) == ["A", "B", "C", "left out"]
    train, validation, test = made.take(records, "B")
    assert {r.columns["machine"] for r in test} == {"B"}
    assert {r.columns["machine"] for r in train + validation} == {"A", "C"}
    sides = [{r.patient for r in part} for part in (train, validation, test)]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    assert len(train + validation + test) + len(made.parts["left out"]) == len(records)


def test_folds_are_parts_to_hold_out() -> None:
    records = cohort()
    made = split(records, "10-fold", 1)
    assert list(made.parts) == [f"fold {n}" for n in range(1, 11)]
    tested = [r.scan for part in made.parts for r in made.take(records, part)[2]]
    assert sorted(tested) == sorted(r.scan for r in records)
    for held_out in ("", "fold 11"):
        with pytest.raises(ValueError, match="expected one of fold 1"):
            made.take(records, held_out)
    with pytest.raises(ValueError, match="expected no part"):
        split(records, "patient", 1).take(records, "fold 1")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("colour", "expected one of patient, official"),
        ("1-fold", "at least 2 folds"),
        ("machine", "it has none"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(how: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        split(cohort(), how, 0)


def test_a_column_must_say_something_of_every_scan() -> None:
    first, *rest = cohort()
    with pytest.raises(ValueError, match="found 1 and 1 scans without"):
        split([first, *(known(r, operator="O1") for r in rest)], "operator", 0)


def test_scans_of_other_data_are_refused() -> None:
    records = cohort()
    with pytest.raises(ValueError, match="again"):
        split([*records, records[0]], "patient", 0)
    made = split(records[5:], "patient", 0)
    with pytest.raises(ValueError, match="found 5 in none"):
        made.take(records)

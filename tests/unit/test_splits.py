"""Splits: no patient on two sides, labels shared out, the same again for the same seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.splits import folds, split_by_patient


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

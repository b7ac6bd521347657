"""Splits: which scans learn, choose and judge. Every scan of a patient stays on one side, unless a
leak is asked for; then the split says so. Its file is in `split_file`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from fetal_model.dataset.manifest import Record

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
LEFT_OUT = "left out"
"""Part of scans that would put a patient on two sides."""
RULES = ("patient", "official", "sequential", "image", "N-fold", "machine", "operator")
BY_IMAGE = ("image", "sequential")
"""Rules that know no patients."""
MAY_LEAK = (*BY_IMAGE, "official")
LEAKY = "Leaky"


def folds(records: Sequence[Record], count: int, seed: int) -> NDArray[np.int64]:
    """Fold number of each record, shape (n,): grouped by patient, stratified by label.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    labels = [record.label for record in records]
    return fold_numbers(labels, [record.group for record in records], count, seed)


def fold_numbers(
    labels: Sequence[str], groups: Sequence[str], count: int, seed: int
) -> NDArray[np.int64]:
    """The same of scans that are known by their labels and groups alone.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    if len(set(groups)) < count:
        raise ValueError(f"folds: expected at least {count} patients, found {len(set(groups))}")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    numbers = np.empty(len(labels), dtype=np.int64)
    for number, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
        numbers[held_out] = number
    return numbers


def split_by_patient(
    records: Sequence[Record], seed: int
) -> tuple[list[Record], list[Record], list[Record]]:
    """About 80/10/10 of the records for training, validation and test, no patient in two."""
    numbers = folds(records, 10, seed)
    train = [r for r, n in zip(records, numbers, strict=True) if n > 1]
    validation = [r for r, n in zip(records, numbers, strict=True) if n == 0]
    test = [r for r, n in zip(records, numbers, strict=True) if n == 1]
    return train, validation, test


@dataclass(frozen=True)
class Split:
    """Which part each scan is in.

    Attributes:
        how: The rule, see `split`.
        seed: Of the rule.
        leaky: Whether scans of a known patient may be in two parts: figures from it flatter.
        note: One sentence to show beside every figure, empty where patients are kept together.
        parts: Scans by part, in the order of the data: `train`, `validation` and `test`, or one
            part for each fold, machine or operator.
    """

    how: str
    seed: int
    leaky: bool
    note: str
    parts: dict[str, tuple[str, ...]]

    def take(
        self, records: Sequence[Record], held_out: str = ""
    ) -> tuple[list[Record], list[Record], list[Record]]:
        """The records for training, validation and test, each in the order of `records`.

        Args:
            records: Those the split was made for.
            held_out: Which fold, machine or operator to test on; a tenth of the others' patients
                validates. Empty for splits that name the three parts themselves.

        Raises:
            ValueError: The split has no such part, or a record is in none of its parts.
        """
        where = {scan: part for part, scans in self.parts.items() for scan in scans}
        unknown = [record.scan for record in records if record.scan not in where]
        if unknown:
            raise ValueError(
                f"split: expected every scan in one of its parts, found {len(unknown)} in none "
                f"(first {unknown[0]!r}); make the split again for these scans"
            )
        choices = [part for part in self.parts if part != LEFT_OUT]
        if TRAIN in self.parts and not held_out:
            train, validation, test = (
                [r for r in records if where[r.scan] == part] for part in PARTS
            )
            return train, validation, test
        if held_out not in choices or TRAIN in self.parts:
            wanted = "no part" if TRAIN in self.parts else f"one of {', '.join(choices)}"
            raise ValueError(f"held out: expected {wanted}, received {held_out!r}")
        test = [r for r in records if where[r.scan] == held_out]
        rest = [r for r in records if where[r.scan] not in (held_out, LEFT_OUT)]
        validates = folds(rest, 10, self.seed) == 0
        return (
            [r for r, chosen in zip(rest, validates, strict=True) if not chosen],
            [r for r, chosen in zip(rest, validates, strict=True) if chosen],
            test,
        )


def split(records: Sequence[Record], how: str, seed: int, leaky: bool = False) -> Split:
    """Share out scans by a rule.

    Args:
        records: The scans; no path twice.
        how: `patient`: about 80/10/10, grouped by patient and stratified by label. `official`: the
            part that the publisher gave each scan, with a tenth of its training patients to
            validate. `sequential`: the first 80% of each label, then 10%, then 10%, in the order of
            the data. `image`: the same at random. `5-fold`, or another number: grouped and
            stratified folds. The name of a column, such as `machine` or `operator`: a part for
            each of its values; a patient with scans of several values stays with the most
            frequent, the other scans are left out.
        seed: Of what is drawn.
        leaky: Allow `image` and `sequential` although patients are known, and `official` although
            it divides some.

    Raises:
        ValueError: The rule is unknown, the scans do not have what it needs, or it would put scans
            of a known patient on two sides and `leaky` was not asked for.
    """
    twice = [scan for scan, count in Counter(r.scan for r in records).items() if count > 1]
    if twice:
        raise ValueError(f"split: expected every scan once, found {twice[0]!r} again")
    known = any(record.patient for record in records)
    if how in BY_IMAGE and known and not leaky:
        raise ValueError(
            f"split by {how}: expected scans without patients, found {_patients(records)} patients "
            "whose scans it would put on both sides; split by patient, or ask for a leaky split "
            "(a recipe by leaky = true), whose figures flatter"
        )
    if leaky and (how not in MAY_LEAK or not known):
        raise ValueError(
            f"leaky: expected a split by {' or '.join(MAY_LEAK)} of scans with patients, received "
            f"{how}{'' if known else ' and no patients'}; leave it out"
        )
    names = _names(records, how, seed)
    note = _note(records, names, leaky)
    if note.startswith(LEAKY) and not leaky:
        raise ValueError(f"split {how}: {note} Split by patient, or ask for a leaky split.")
    order = PARTS if TRAIN in names else [*sorted({*names} - {LEFT_OUT}, key=_natural), LEFT_OUT]
    pairs = list(zip(records, names, strict=True))
    parts = {part: tuple(r.scan for r, name in pairs if name == part) for part in order}
    parts = {part: scans for part, scans in parts.items() if scans or part in PARTS}
    return Split(how, seed, leaky, note, parts)


def _names(records: Sequence[Record], how: str, seed: int) -> list[str]:
    """Part of each record."""
    if how == "patient":
        three = split_by_patient(records, seed)
        of = {r.scan: part for part, some in zip(PARTS, three, strict=True) for r in some}
        return [of[record.scan] for record in records]
    if how == "official":
        return _official(records, seed)
    if how in BY_IMAGE:
        order = np.arange(len(records))
        if how == "image":
            order = np.random.default_rng(seed).permutation(order)
        return _eighty_ten_ten([record.label for record in records], order)
    if count := re.fullmatch(r"(\d+)-fold", how):
        if int(count[1]) < 2:
            raise ValueError(f"split: expected at least 2 folds, received {how}")
        return [f"fold {number + 1}" for number in folds(records, int(count[1]), seed)]
    if not any(how in record.columns for record in records):
        columns = sorted({column for record in records for column in record.columns})
        raise ValueError(
            f"split: expected one of {', '.join(RULES)}, or a column of the data "
            f"({', '.join(columns) or 'it has none'}), received {how!r}"
        )
    return _by_column(records, how)


def _eighty_ten_ten(labels: Sequence[str], order: NDArray[np.int64]) -> list[str]:
    """Cut each label's scans, taken in this order, into three parts."""
    names = np.full(len(labels), TRAIN, dtype=object)
    for label in set(labels):
        own = [index for index in order if labels[index] == label]
        end, tenth = len(own), round(len(own) / 10)
        names[own[end - 2 * tenth : end - tenth]] = VALIDATION
        names[own[end - tenth :]] = TEST
    if set(names) != set(PARTS):
        raise ValueError(
            f"split: expected a label with at least 6 scans, found {len(labels)} scans of "
            f"{len(set(labels))} labels"
        )
    return [str(name) for name in names]


def _official(records: Sequence[Record], seed: int) -> list[str]:
    names = [record.columns.get("part", "") or record.part for record in records]
    wrong = sorted(set(names) - set(PARTS))
    if wrong or not {TRAIN, TEST} <= set(names):
        raise ValueError(
            f"split official: expected a part out of {', '.join(PARTS)} for every scan, found "
            f"{', '.join(repr(name) for name in wrong or sorted(set(names)))}"
        )
    if VALIDATION not in names:
        learned = [r for r, name in zip(records, names, strict=True) if name == TRAIN]
        tenth = folds(learned, 10, seed) == 0
        chosen = {r.scan for r, validates in zip(learned, tenth, strict=True) if validates}
        names = [
            VALIDATION if r.scan in chosen else name
            for r, name in zip(records, names, strict=True)
        ]  # fmt: skip
    return names


def _by_column(records: Sequence[Record], column: str) -> list[str]:
    values = [record.columns.get(column, "") for record in records]
    empty = values.count("")
    if empty or len(set(values)) < 2:
        raise ValueError(
            f"split by {column}: expected two or more values and one for every scan, found "
            f"{len(set(values) - {''})} and {empty} scans without"
        )
    seen: dict[str, Counter[str]] = {}
    for record, value in zip(records, values, strict=True):
        seen.setdefault(record.group, Counter())[value] += 1
    home = {group: min(seen[group], key=lambda v: (-seen[group][v], v)) for group in seen}
    return [
        value if home[record.group] == value else LEFT_OUT
        for record, value in zip(records, values, strict=True)
    ]


def _note(records: Sequence[Record], names: Sequence[str], leaky: bool) -> str:
    if not any(record.patient for record in records):
        return "Patients are not known: whether one is in two parts is unknown."
    sides: dict[str, set[str]] = {}
    for record, name in zip(records, names, strict=True):
        if record.patient and name != LEFT_OUT:
            sides.setdefault(record.group, set()).add(name)
    shared = sum(len(parts) > 1 for parts in sides.values())
    if leaky or shared:
        return (
            f"{LEAKY}: {shared} of {len(sides)} patients have scans in two or more parts; figures "
            "from it flatter."
        )
    without = sum(not record.patient for record in records)
    if without:
        return f"{without} scans have no patient: whether one is in two parts is unknown."
    return ""


def _patients(records: Sequence[Record]) -> int:
    return len({record.group for record in records if record.patient})


def _natural(name: str) -> tuple[str | int, ...]:
    """`fold 2` before `fold 10`."""
    pieces = re.split(r"(\d+)", name)
    return tuple(int(piece) if n % 2 else piece for n, piece in enumerate(pieces))

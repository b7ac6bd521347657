"""The built-in set is the same every time, of patients that no recipe learns from."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.dataset.built_in import SEED, built_in, orders
from fetal_model.phantom import write_phantoms
from fetal_model.scan import read_scan
from fetal_model.training.recipe import RECIPES, load_recipe


def test_as_many_of_each_anatomy_in_their_order() -> None:
    labels = [order.label for order in built_in(6)]
    assert labels == [key for key in KEYS for _ in range(6)]
    patients = Counter(order.patient for order in built_in(6))
    assert 1 < max(patients.values()) <= 3


def test_no_recipe_has_its_seed() -> None:
    seeds = [load_recipe(path.stem).data.phantom_seed for path in RECIPES.glob("*.toml")]
    assert seeds
    assert SEED not in seeds


def test_a_scan_is_what_the_phantom_command_writes(tmp_path: Path) -> None:
    counts = dict.fromkeys(KEYS, 1)
    write_phantoms(tmp_path / "set", counts, 11, workers=1)
    with (tmp_path / "set" / "manifest.csv").open(encoding="utf-8") as file:
        rows = {Path(row["path"]).stem: row for row in csv.DictReader(file)}
    for order in orders(counts, 11):
        row, made = rows[order.name], order.file()
        written = cv2.imread(str(tmp_path / "set" / row["path"]), cv2.IMREAD_GRAYSCALE)
        again = np.rint(255 * read_scan(made.data).pixels).astype(np.uint8)
        assert np.array_equal(again, written)
        assert (made.label, made.patient) == (row["label"], row["patient"])
        assert made.simulated


def test_none_of_each_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, received 0"):
        built_in(0)

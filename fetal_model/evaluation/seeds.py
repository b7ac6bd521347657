"""Figures of a recipe over its seeds and its test patients, and its difference to another recipe.

Seeds and patients are crossed: every seed is tested on the same patients. Both are drawn with
replacement, each on its own (the pigeonhole bootstrap, Owen 2007, Annals of Applied Statistics
1:386). Of S seeds S - 1 are drawn, so that their variance is not underestimated (Rao and Wu 1988,
JASA 83:231); of one seed, nothing is known about the spread between seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.resampling import Floats
from fetal_model.evaluation.runs import Answers

RESAMPLES = 10_000
"""Enough for a p-value that is corrected for some twenty rows."""
_CELLS = len(KEYS) ** 2


def confusions(answers: Sequence[Answers], patients: Sequence[str], stream: int = 0) -> Floats:
    """Confusion matrices of resampled seeds and patients.

    The draws depend on the numbers of seeds and patients only, so that two recipes with the same
    of both are drawn alike, which makes their difference a paired one.

    Args:
        answers: Of one recipe, by seed.
        patients: Each once; all that the answers are about are among them.
        stream: Patients of two sets are drawn independently if it differs; seeds never are.

    Returns:
        Shape (1 + RESAMPLES, 16), truth by answer; the first row is that of the sample as it is.
    """
    number = {patient: index for index, patient in enumerate(patients)}
    of_seed, of_patient = _draws(len(answers), len(patients), stream)
    totals = np.zeros((1 + RESAMPLES, _CELLS))
    for index, said in enumerate(answers):
        cells = np.zeros((len(patients), _CELLS))
        np.add.at(cells, (np.array([number[p] for p in said.patients]), said.cells), 1)
        totals += of_seed[:, index, np.newaxis] * (of_patient @ cells)
    return totals


def accuracy(tables: Floats) -> Floats:
    """Share of right answers of confusion matrices, shape (n,)."""
    return tables[:, :: len(KEYS) + 1].sum(axis=1) / tables.sum(axis=1)


def p_value(differences: Floats) -> float:
    """Two-sided, of resampled differences: how often their sign is not that of most of them."""
    beyond = min(np.sum(differences <= 0), np.sum(differences >= 0))
    return float(min(1.0, 2 * (1 + beyond) / (1 + len(differences))))


@lru_cache(maxsize=8)
def _draws(seeds: int, patients: int, stream: int) -> tuple[Floats, Floats]:
    """How often each seed and each patient is drawn, first the sample as it is."""
    drawn = []
    for rng, count, size in (
        (np.random.default_rng(0), max(1, seeds - 1), seeds),
        (np.random.default_rng([1, stream]), patients, patients),
    ):
        times = rng.multinomial(count, np.full(size, 1 / size), RESAMPLES)
        drawn.append(np.vstack([np.ones(size), times]).astype(np.float64))
    return drawn[0], drawn[1]

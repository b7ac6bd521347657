"""Figures of a recipe over its seeds and its test patients, and its difference to another recipe.

Two things vary: which patients are tested, and which seed a network was trained from. Patients are
drawn with replacement (`resampling`). Three seeds are too few to be drawn: of three that agree by
chance every resample agrees. Their spread is taken from all recipes together, as in an analysis of
variance, and added to each resample as Student's t (Fisher 1925, Statistical Methods for Research
Workers, chapter 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import t

from fetal_model.anatomy import KEYS
from fetal_model.evaluation.resampling import Floats
from fetal_model.evaluation.runs import Answers

RESAMPLES = 10_000
"""Enough for a p-value that is corrected for some twenty rows."""
_CELLS = len(KEYS) ** 2


@dataclass(frozen=True)
class Spread:
    """How much a figure varies from seed to seed.

    Attributes:
        deviation: Standard deviation of one run, 0 where no recipe has two.
        freedom: Degrees of freedom that it was estimated with.
    """

    deviation: float
    freedom: int

    def blur(self, drawn: Floats, share: float) -> Floats:
        """Add the seeds' part to what resampled patients give.

        Args:
            drawn: Shape (1 + RESAMPLES,), the first of the sample as it is, which stays.
            share: Variance of the figure in variances of one run: 1/S for a mean over S seeds,
                2/S for a difference of two.
        """
        if not self.freedom:
            return drawn
        noise = t.rvs(self.freedom, size=len(drawn) - 1, random_state=np.random.default_rng(2))
        return drawn + self.deviation * np.sqrt(share) * np.concatenate([[0.0], noise])


def spread(values: Mapping[tuple[str, int], float], paired: bool = False) -> Spread:
    """Estimate the spread between seeds, the same for every recipe.

    Args:
        values: A figure of each recipe and seed.
        paired: Whether what a seed does to all recipes alike is left out, as it is in a difference
            between two recipes of the same seed.

    >>> spread({("a", 0): 0.8, ("a", 1): 0.9, ("b", 0): 0.5, ("b", 1): 0.6}).freedom
    2
    >>> spread({("a", 0): 0.8, ("a", 1): 0.9, ("b", 0): 0.5, ("b", 1): 0.6}, paired=True).freedom
    1
    """
    recipes, seeds = (sorted(set(part)) for part in zip(*values, strict=True))
    columns = [[recipe == known for known in recipes] for recipe, _ in values]
    if paired:
        alike = [[seed == known for known in seeds] for _, seed in values]
        columns = [[*one, *other] for one, other in zip(columns, alike, strict=True)]
    design, figures = np.array(columns, dtype=np.float64), np.array(list(values.values()))
    fitted, _, rank, _ = np.linalg.lstsq(design, figures, rcond=None)
    freedom = len(figures) - int(rank)
    if not freedom:
        return Spread(0.0, 0)
    return Spread(float(np.sqrt(np.sum((figures - design @ fitted) ** 2) / freedom)), freedom)


def confusions(answers: Sequence[Answers], patients: Sequence[str], stream: int = 0) -> Floats:
    """Confusion matrices of resampled patients, all seeds together.

    The draws depend on the number of patients only, so that two recipes tested on the same ones
    are drawn alike, which makes their difference a paired one.

    Args:
        answers: Of one recipe, by seed.
        patients: Each once; all that the answers are about are among them.
        stream: Patients of two sets are drawn independently if it differs.

    Returns:
        Shape (1 + RESAMPLES, 16), truth by answer; the first row is that of the sample as it is.
    """
    number = {patient: index for index, patient in enumerate(patients)}
    cells = np.zeros((len(patients), _CELLS))
    for said in answers:
        np.add.at(cells, (np.array([number[p] for p in said.patients]), said.cells), 1)
    return _draws(len(patients), stream) @ cells


def accuracy(tables: Floats) -> Floats:
    """Share of right answers of confusion matrices, shape (n,)."""
    return tables[:, :: len(KEYS) + 1].sum(axis=1) / tables.sum(axis=1)


def p_value(differences: Floats) -> float:
    """Two-sided, of resampled differences: how often their sign is not that of most of them."""
    beyond = min(np.sum(differences <= 0), np.sum(differences >= 0))
    return float(min(1.0, 2 * (1 + beyond) / (1 + len(differences))))


@lru_cache(maxsize=4)
def _draws(patients: int, stream: int) -> Floats:
    """How often each patient is drawn, first the sample as it is."""
    rng = np.random.default_rng([1, stream])
    times = rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES)
    return np.vstack([np.ones(patients), times])

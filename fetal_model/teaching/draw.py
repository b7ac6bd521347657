"""Drawing the scans of a quiz: as many of each anatomy as can be, some of them hard.

The same source, settings and quiz number give the same quiz, so that a class can take it together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fetal_model.anatomy import KEYS
from fetal_model.dataset.folders import LabelledFile
from fetal_model.phantom import QUALITIES, simulate
from fetal_model.teaching.quiz import LENGTH, Question

if TYPE_CHECKING:
    from fetal_model.predictor import Finding

HARD = 3
"""Hard ones among the questions of a full quiz."""
POOL = 6
"""Scans of an anatomy that are looked at for each quiz from a folder."""

Progress = Callable[[int, int], None]
"""Called with (done, total) after every scan."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Attributes:
        questions: In the order in which they are asked.
        unread: A sentence for each file that was drawn but could not be read, and so replaced.
    """

    questions: tuple[Question, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A readable scan, and how probable the model finds its true anatomy; None without a model."""

    scan: LabelledFile
    likely: float | None


def share_out(
    available: Mapping[str, int], wanted: int, rng: np.random.Generator
) -> dict[str, int]:
    """Share a number out over the anatomies as evenly as what is available allows.

    >>> counts = share_out({"brain": 9, "femur": 1}, 5, np.random.default_rng(0))
    >>> counts["brain"], counts["femur"]
    (4, 1)
    """
    counts = dict.fromkeys(available, 0)
    # Who gets one more is drawn, or the last questions of a quiz could be told by counting.
    turns = [str(key) for key in rng.permutation(sorted(available))]
    while sum(counts.values()) < min(wanted, sum(available.values())):
        for key in turns:
            if counts[key] < available[key] and sum(counts.values()) < wanted:
                counts[key] += 1
    return counts


def draw_simulated(
    seed: int, quality: str, annotations: bool, progress: Progress | None = None
) -> Drawn:
    """Ten simulated scans; the hard ones are one step poorer in quality than the others.

    Args:
        seed: The number of the quiz, a whole number from 0.
        quality: Of the scans, one of `phantom.QUALITIES`; below the last there is no harder one.
        annotations: Whether the scanner's screen text may stand on a scan; it never tells which
            anatomy is shown.
        progress: Called after every scan.

    Raises:
        ValueError: There is no such quality or seed.
    """
    if quality not in QUALITIES:
        raise ValueError(f"quality: expected one of {', '.join(QUALITIES)}, received {quality!r}")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 10]))
    counts = share_out(dict.fromkeys(KEYS, LENGTH), LENGTH, rng)
    labels = rng.permutation([key for key, count in counts.items() for _ in range(count)])
    poorer = QUALITIES[min(QUALITIES.index(quality) + 1, len(QUALITIES) - 1)]
    hard = set(rng.permutation(LENGTH)[:HARD].tolist()) if poorer != quality else set()
    questions = []
    for index, label in enumerate(map(str, labels)):
        scan_seed = int(np.random.SeedSequence([seed, 11, index]).generate_state(1)[0])
        chosen = poorer if index in hard else quality
        phantom = simulate(
            label, scan_seed, quality=chosen, annotations=None if annotations else False
        )
        questions.append(
            Question(
                label=label,
                name=f"Simulated {label}",
                data=cv2.imencode(".png", phantom.image)[1].tobytes(),
                identity=f"simulated-{label}-{scan_seed}-{chosen}-{annotations}",
                mask=phantom.mask,
                simulated=True,
                about=(
                    f"Simulated scan of {chosen} quality, "
                    f"{phantom.gestational_age_weeks:.0f} weeks."
                ),
                plane=phantom.plane,
                hard=index in hard,
            )
        )
        if progress:
            progress(len(questions), LENGTH)
    return Drawn(tuple(questions))


def draw_labelled(
    scans: Sequence[LabelledFile],
    seed: int,
    analyse: Callable[[str, bytes], Finding | str | None],
    progress: Progress | None = None,
) -> Drawn:
    """Ten scans of a teacher's folder, or as many as there are, some hard for the model.

    Up to `POOL` scans of each anatomy are drawn and analysed; the hard ones are those whose true
    anatomy the model finds least probable. So the version of the model is part of what makes the
    same quiz.

    Args:
        scans: Files with their labels; those of none of the four anatomies are left out.
        seed: The number of the quiz, a whole number from 0.
        analyse: The finding about a file by name and bytes, or a sentence on why it cannot be
            read; None for a scan that can be read while no model answers: then none is hard.
        progress: Called after every file.

    Raises:
        ValueError: Readable scans of less than two anatomies.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 12]))
    # By what is in them, however they are called and in whatever order the browser sent them.
    ordered = sorted(
        scans, key=lambda scan: (scan.label, hashlib.sha256(scan.data).digest(), scan.scan)
    )
    shuffled = [ordered[index] for index in rng.permutation(len(ordered))]
    total = sum(min(POOL, sum(scan.label == key for scan in ordered)) for key in KEYS)
    pools: dict[str, list[_Candidate]] = {}
    unread: list[str] = []
    for key in KEYS:
        for scan in (scan for scan in shuffled if scan.label == key):
            if len(pools.get(key, [])) == POOL:
                break
            answer = analyse(scan.scan, scan.data)
            if isinstance(answer, str):
                unread.append(answer)
            else:
                likely = None if answer is None else float(answer.probabilities[KEYS.index(key)])
                pools.setdefault(key, []).append(_Candidate(scan, likely))
            if progress:  # for an unreadable file as well: the caller may want to stop
                progress(sum(map(len, pools.values())), total)
    if len(pools) < 2:
        found = f"readable scans of {len(pools)}" + (f" ({next(iter(pools))})" if pools else "")
        raise ValueError(
            f"expected scans of at least two anatomies, found {found}. Add a sub-folder for "
            "another anatomy, such as brain, abdomen, femur or thorax."
        )
    return Drawn(tuple(_choose(pools, rng)), tuple(unread))


def _choose(pools: Mapping[str, list[_Candidate]], rng: np.random.Generator) -> Iterator[Question]:
    counts = share_out({key: len(pool) for key, pool in pools.items()}, LENGTH, rng)
    analysed = all(one.likely is not None for pool in pools.values() for one in pool)
    hard = share_out(counts, HARD * sum(counts.values()) // LENGTH if analysed else 0, rng)
    chosen: list[tuple[LabelledFile, bool]] = []
    for key, pool in pools.items():
        # A stable sort: among equals the order stays the one that was drawn.
        hardest = sorted(pool, key=lambda one: one.likely or 0.0)[: hard[key]]
        rest = [one for one in pool if one not in hardest][: counts[key] - hard[key]]
        chosen += [(one.scan, True) for one in hardest] + [(one.scan, False) for one in rest]
    for index in map(int, rng.permutation(len(chosen))):
        scan, is_hard = chosen[index]
        yield Question(
            label=scan.label,
            name=scan.scan,
            data=scan.data,
            identity=f"folder-{index}-{hashlib.sha256(scan.data).hexdigest()[:16]}",
            hard=is_hard,
        )

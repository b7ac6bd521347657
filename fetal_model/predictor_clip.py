"""The answer about a clip: one about each of some frames, and the best of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fetal_model.inference.timeline import SECONDS, Timeline, timeline
from fetal_model.predictor import DROPOUT_SAMPLES, Finding, Predictor
from fetal_model.scan import Clip, Scan, ScanError
from fetal_model.scan.clip import spread
from fetal_model.uncertainty.decision import Thresholds

FRAMES = 40
"""Frames of a clip that are analysed unless another number is asked for."""


@dataclass(frozen=True, eq=False)
class FrameFinding:
    """What is known about one frame.

    Attributes:
        index: Number of the frame, from 0.
        seconds: When it begins, None where the clip does not say.
        finding: The answer, or why the frame could not be decoded.
    """

    index: int
    seconds: float | None
    finding: Finding | ScanError


@dataclass(frozen=True, eq=False)
class ClipFinding:
    """The answer about a clip.

    Attributes:
        frames: The frames that were analysed, in their order.
        best: Number of the best frame: the one with the highest plane score x probability of those
            accepted, or where none is, of all.
        scan: That frame.
        finding: The answer about it.
    """

    frames: tuple[FrameFinding, ...]
    best: int
    scan: Scan
    finding: Finding

    @property
    def thresholds(self) -> Thresholds:
        """That decided about every frame."""
        return self.finding.thresholds

    def under(self, thresholds: Thresholds) -> ClipFinding:
        """The same answers, decided by other thresholds; the best frame stays the same."""
        frames = tuple(
            frame
            if isinstance(frame.finding, ScanError)
            else replace(frame, finding=frame.finding.under(thresholds))
            for frame in self.frames
        )
        return replace(self, frames=frames, finding=self.finding.under(thresholds))


def analyse_clip(
    predictor: Predictor,
    clip: Clip,
    most: int = FRAMES,
    samples: int = DROPOUT_SAMPLES,
    told: Callable[[int, int], None] | None = None,
) -> ClipFinding:
    """Answer about a clip, with one frame in memory at a time besides the best.

    Args:
        predictor: The version.
        clip: The clip.
        most: At most this many frames are analysed, evenly spaced, the first and last among them.
        samples: Dropout samples of each.
        told: Called with (done, total) frames before each.

    Raises:
        ScanError: If none of them can be decoded.
        ValueError: If `most` is not 1 or more.
    """
    if most < 1:
        raise ValueError(f"most: expected 1 or more frames, received {most}")
    frames: list[FrameFinding] = []
    best: tuple[tuple[bool, float], Scan, Finding] | None = None
    error: ScanError | None = None
    indices = spread(len(clip), most)
    for done, (index, made) in enumerate(zip(indices, clip.frames(indices), strict=True)):
        if told is not None:
            told(done, len(indices))
        at = clip.seconds[index] if clip.seconds is not None else None
        if isinstance(made, ScanError):
            error = error or made
            frames.append(FrameFinding(index, at, made))
            continue
        finding = predictor.analyse(made, samples)
        frames.append(FrameFinding(index, at, finding))
        worth = finding.plane_score * float(finding.probabilities.max())
        rank = finding.decision == "accepted", worth
        if best is None or rank > best[0]:
            best = rank, made, finding
    if best is None:
        assert error is not None
        raise error
    _, scan, finding = best
    return ClipFinding(tuple(frames), scan.facts.frame, scan, finding)


def follow(clip: ClipFinding) -> tuple[Timeline, list[FrameFinding]]:
    """What a clip shows over time, as far as its frames have an answer.

    A frame with a fault of the picture is never the best of an anatomy. Where the clip does not
    say when its frames begin, nothing is smoothed.

    Returns:
        The timeline, and the frames it is about.
    """
    frames = [frame for frame in clip.frames if not isinstance(frame.finding, ScanError)]
    findings = [f.finding for f in frames if not isinstance(f.finding, ScanError)]
    timed = all(frame.seconds is not None for frame in frames)
    followed = timeline(
        np.array([finding.probabilities for finding in findings]),
        np.array([finding.plane_score for finding in findings]),
        np.array([frame.seconds if timed else frame.index for frame in frames], float),
        plane_score=clip.finding.thresholds.plane_score,
        confidence=clip.finding.thresholds.confidence,
        quality=np.array([0.0 if finding.faults else 1.0 for finding in findings]),
        smoothing=SECONDS if timed else 0.0,
    )
    return followed, frames

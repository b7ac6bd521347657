"""The answer about a clip: one about each of some frames, and the best of them."""

from __future__ import annotations

from dataclasses import dataclass

from fetal_model.predictor import DROPOUT_SAMPLES, Finding, Predictor
from fetal_model.scan import Clip, Scan, ScanError
from fetal_model.scan.clip import spread

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
        best: Number of the best frame: the most probable of those accepted, or where none is, of
            all.
        scan: That frame.
        finding: The answer about it.
    """

    frames: tuple[FrameFinding, ...]
    best: int
    scan: Scan
    finding: Finding


def analyse_clip(
    predictor: Predictor, clip: Clip, most: int = FRAMES, samples: int = DROPOUT_SAMPLES
) -> ClipFinding:
    """Answer about a clip, with one frame in memory at a time besides the best.

    Args:
        predictor: The version.
        clip: The clip.
        most: At most this many frames are analysed, evenly spaced, the first and last among them.
        samples: Dropout samples of each.

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
    for index, made in zip(indices, clip.frames(indices), strict=True):
        at = clip.seconds[index] if clip.seconds is not None else None
        if isinstance(made, ScanError):
            error = error or made
            frames.append(FrameFinding(index, at, made))
            continue
        finding = predictor.analyse(made, samples)
        frames.append(FrameFinding(index, at, finding))
        rank = finding.decision == "accepted", float(finding.probabilities.max())
        if best is None or rank > best[0]:
            best = rank, made, finding
    if best is None:
        assert error is not None
        raise error
    _, scan, finding = best
    return ClipFinding(tuple(frames), scan.facts.frame, scan, finding)

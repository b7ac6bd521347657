"""A `Finding` in a reader's words: headline, sentences, and every number with its meaning.

Nothing is computed or decided here.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fetal_model.anatomy import ANATOMIES, BY_KEY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fetal_model.inference.timeline import Timeline
    from fetal_model.predictor import Finding
    from fetal_model.predictor_clip import ClipFinding
    from fetal_model.scan import Facts
    from fetal_model.store.versions import Version

NONE_OF_THESE = "None of these planes"
NO_SCAN = "Not a usable ultrasound scan"
LEAKY = (
    "Its split was leaky: scans of one patient were learned from and tested on, so figures on "
    "scans of its own data flatter."
)
SIMULATED_ONLY = "This version learned from simulated scans only."


def percent(probability: float) -> str:
    """A probability as whole percent, without claiming certainty.

    >>> percent(0.97), percent(0.9996), percent(0.0003)
    ('97%', '>99%', '<1%')
    """
    if probability >= 0.995:
        return ">99%"
    return "<1%" if probability < 0.005 else f"{probability:.0%}"


def headline(finding: Finding) -> str:
    """The answer in one line, such as `Femur · 97% · accepted`."""
    if finding.faults:
        return NO_SCAN
    if finding.rejected:
        return NONE_OF_THESE
    return f"{finding.anatomy.name} · {percent(finding.probabilities.max())} · {finding.decision}"


def clip_headline(clip: ClipFinding, followed: Timeline) -> str:
    """What a clip shows, and how much of it was looked at.

    Args:
        clip: The answer.
        followed: Of `predictor_clip.follow`.
    """
    names = [BY_KEY[key].name for key in followed.best]
    count = clip.scan.facts.frames
    looked = len(clip.frames)
    every = f"all {count} frames" if looked == count else f"{looked} of {count} frames"
    return f"{' · '.join(names) or NONE_OF_THESE} · {every} looked at"


def nearest(finding: Finding) -> str:
    """The sentence below the headline of a scan that was turned away."""
    return f"Nearest of the four: {finding.anatomy.name}. Look again."


def spread(finding: Finding) -> str:
    """How far the dropout samples agree about the leading anatomy, in one sentence."""
    if finding.standard_deviation is None:
        return "This model has no dropout layer, so no Monte Carlo spread."
    leading = finding.standard_deviation[int(finding.probabilities.argmax())]
    points = max(1, math.ceil(100 * leading - 1e-9))
    unit = "point" if points == 1 else "points"
    agree = "agree within" if points <= 10 else "differ by"
    return (
        f"{finding.samples} dropout samples {agree} {points} {unit} on "
        f"{finding.anatomy.name.lower()} (one standard deviation)."
    )


def second_look(views: NDArray[np.float64], finding: Finding) -> str:
    """How far slightly changed views of the scan agree with the answer.

    Args:
        views: Probabilities of the four under each view, shape (views, 4).
        finding: The answer to the scan as it is.
    """
    first = int(finding.probabilities.argmax())
    agree = int((views.argmax(axis=1) == first).sum())
    mean = views.mean(axis=0)
    best = ANATOMIES[int(mean.argmax())].name.lower()
    return (
        f"{agree} of {len(views)} views (mirrored, turned, shifted, brighter, darker) say "
        f"{finding.anatomy.name.lower()}; on average {best}, {percent(float(mean.max()))}, and "
        f"between {percent(float(views[:, first].min()))} and "
        f"{percent(float(views[:, first].max()))} for {finding.anatomy.name.lower()}."
    )


def taken_away(finding: Finding) -> str:
    """How much of the picture was hidden from the model as it was drawn over."""
    if finding.taken_away is None:
        return "The model saw everything that is written and drawn on the scan."
    if finding.taken_away == 0:
        return "Nothing was found written or drawn over the tissue; the model saw all of it."
    return (
        f"{percent(finding.taken_away)} of the picture was found to be drawn over; that was filled "
        "from around it or blackened before the model looked, as was all outside the picture."
    )


def duration(seconds: float) -> str:
    """A time that a reader can grasp.

    >>> duration(0.0478), duration(2.31)
    ('48 ms', '2.3 s')
    """
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def bars(finding: Finding) -> str:
    """The probabilities as text, for those who cannot see the chart."""
    return "; ".join(
        f"{anatomy.name} {percent(value)}"
        for anatomy, value in zip(ANATOMIES, finding.probabilities, strict=True)
    )


def row(name: str, answer: Finding | str | None) -> dict[str, str]:
    """One row of the summary table: an answer, the message in its place, or None without one."""
    if answer is None:
        cells = ("", "", "not looked at", "", "")
    elif isinstance(answer, str):
        cells = ("", "", "not read", answer, "")
    else:
        anatomy = f"none (nearest: {answer.anatomy.name})" if answer.rejected else None
        anatomy = "no usable scan" if answer.faults else anatomy
        cells = (
            anatomy or answer.anatomy.name,
            percent(answer.probabilities.max()),
            answer.decision,
            " ".join(answer.reasons),
            f"{answer.seconds:.2f}",
        )
    columns = ("File", "Anatomy", "Probability", "Decision", "Reason", "Seconds")
    return dict(zip(columns, (name, *cells), strict=True))


def numbers(finding: Finding) -> list[tuple[str, str, str]]:
    """Each number as term, value with unit, and one line on what it means."""
    thresholds, best = finding.thresholds, finding.probabilities.max()
    ceiling = math.log(len(ANATOMIES))
    rows = [
        (
            "Plane score",
            f"{finding.plane_score:.3f} (accepted from {thresholds.plane_score:.2f})",
            "How surely the scan shows one of the four planes at all; 1 is most sure.",
        ),
        (
            "Probability",
            f"{best:.3f} (accepted from {thresholds.confidence:.2f})",
            "Calibrated, of the leading anatomy, given that it is one of the four.",
        ),
        (
            "Predictive entropy",
            f"{finding.predictive_entropy:.3f} nats",
            f"Total doubt: 0 is certain, {ceiling:.2f} is no preference among the four.",
        ),
    ]
    if finding.mutual_information is not None and finding.standard_deviation is not None:
        each = ", ".join(
            f"{anatomy.name.lower()} {100 * value:.1f}"
            for anatomy, value in zip(ANATOMIES, finding.standard_deviation, strict=True)
        )
        rows += [
            (
                "Mutual information",
                f"{finding.mutual_information:.3f} nats",
                "The part of the doubt that comes from the model itself: how much its dropout "
                "samples disagree.",
            ),
            (
                "Standard deviation",
                f"{each} points (n = {finding.samples} samples)",
                "Spread of each probability over the dropout samples; the whiskers of the bars.",
            ),
        ]
    return rows


def source(facts: Facts) -> str:
    """What was read, in one line."""
    parts = [
        facts.format,
        f"{facts.width} x {facts.height} pixels",
        f"{facts.bits} bits",
        facts.photometric,
        f"grey levels: {facts.levels}",
    ]
    if facts.frames > 1:
        which = "first" if facts.frame == 0 else f"number {facts.frame + 1}"
        parts.append(f"{which} of {facts.frames} frames")
    if facts.orientation > 1:
        parts.append("turned upright")
    return " · ".join(parts)


def learned_from(version: Version) -> str:
    """What the version was trained on, empty when its metadata does not say."""
    stated = str(version.metadata.get("training_data", ""))
    stated = stated or (SIMULATED_ONLY if version.metadata.get("simulated") else "")
    return f"{stated} {LEAKY}".strip() if version.metadata.get("leaky") else stated


def legend(key: str, method: str, shown: bool) -> str:
    """What the overlay on a scan shows, and for which anatomy."""
    if not shown:
        return "Overlay off: the scan alone."
    name = BY_KEY[key].name.lower()
    return f"Where the picture speaks for {name} ({method}): clear is nothing, yellow is most."


def plain(text: str) -> str:
    """Text for a place that reads Markdown, so that a file's name cannot format the page.

    >>> print(plain("scan_1*[2].png"))
    scan\\_1\\*\\[2\\].png
    """
    return re.sub(r"([\\`*_\[\]<>$~:#|!])", r"\\\1", text)

"""What every export is made of: a file under the name it is shown by, its answer, its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fetal_model.predictor import Finding
from fetal_model.predictor_clip import ClipFinding
from fetal_model.scan import Scan
from fetal_model.store.versions import Version

PROGRAM = "Fetal Anatomy Lab"
DISCLAIMER = "Research and teaching only, not a medical device."
_LONGEST_STEM = 150  # bytes; a file system allows 255 for a name, and more is added to this


@dataclass(frozen=True)
class Named:
    """A conformal set.

    Attributes:
        coverage: Share of scans whose set holds the truth.
        anatomies: Keys of the anatomies in it; None for a scan that was turned away.
    """

    coverage: float
    anatomies: tuple[str, ...] | None


@dataclass(frozen=True)
class Entry:
    """One file and what was answered about it.

    Attributes:
        name: What to call it in every export: its path, its name or a pseudonym.
        answer: The finding, or the sentence that says why there is none.
        scan: Reads the picture again; called only by exports that show it, so that many scans
            need not be in memory at once.
        file: The bytes that were dropped; called only by exports that refer to a DICOM instance.
        clip: All frames of a clip; `answer` and `scan` are then those of its best one.
        named: The anatomies of its conformal set, where one was asked for.
    """

    name: str
    answer: Finding | str
    scan: Callable[[], Scan]
    file: Callable[[], bytes]
    clip: ClipFinding | None = None
    named: Named | None = None

    def stem(self, number: int) -> str:
        """A file name without ending, that sorts by `number` and is short enough for any system.

        >>> Entry("a/femur.png", "not read", lambda: None, bytes).stem(7)
        '0007-femur'
        """
        # what is not Unicode, or only half a character after the cut, is left out
        stem = Path(self.name).stem.encode("utf-8", "ignore")[:_LONGEST_STEM]
        return f"{number:04d}-{stem.decode('utf-8', 'ignore')}"


def settings(finding: Finding) -> dict[str, int | str | float]:
    """Everything an answer depends on beyond the file and the version.

    Returns:
        `dropout_samples`, 0 without dropout; `annotations`: `kept` when the model saw what is
        written and drawn on the scan, else `taken away`; `accepted_from`, a confidence.
    """
    return {
        "dropout_samples": finding.samples,
        "annotations": "kept" if finding.taken_away is None else "taken away",
        "accepted_from": finding.thresholds.confidence,
    }


def in_words(finding: Finding) -> str:
    """The settings in one line.

    Example:
        `30 dropout samples, annotations taken away, accepted from 0.5`
    """
    chosen = settings(finding)
    return (
        f"{chosen['dropout_samples']} dropout samples, annotations {chosen['annotations']}, "
        f"accepted from {chosen['accepted_from']:g}"
    )


def provenance(finding: Finding, version: Version) -> str:
    """Where an answer comes from, in one line, for exports that have no fields for it."""
    return f"{version.label}, SHA-256 {version.hash}, {in_words(finding)}. {DISCLAIMER}"

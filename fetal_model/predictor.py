"""The one door to an answer about a scan: `Predictor.load(version).analyse(scan)`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import ANATOMIES, KEYS, Anatomy
from fetal_model.explain.grad_cam import grad_cam
from fetal_model.inference.head import Head
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.scan import Scan
from fetal_model.scan.annotations import find_annotations
from fetal_model.scan.preprocess import InputSpec, place, preprocess
from fetal_model.scan.quality import find_faults, measure_quality
from fetal_model.scan.types import Region
from fetal_model.store.versions import HEAD, TRUNK, WEIGHTS, Version, find_version
from fetal_model.uncertainty.decision import Decision, Thresholds, decide, is_rejected
from fetal_model.uncertainty.dropout import sample_dropout
from fetal_model.uncertainty.measures import entropy
from fetal_model.uncertainty.methods import mask_source

DROPOUT_SAMPLES = 30
_BESIDE = ThreadPoolExecutor(thread_name_prefix="quality")


@dataclass(frozen=True)
class Finding:
    """The answer about one scan.

    Attributes:
        probabilities: Calibrated probability of each anatomy given that it is one of the four, in
            the order of `anatomy.KEYS`, shape (4,), sums to 1.
        mean: Mean of the same over dropout samples, shape (4,), or None without dropout.
        standard_deviation: Over dropout samples, shape (4,), or None without dropout.
        predictive_entropy: Entropy of `mean`, or of `probabilities` without dropout, in nats.
        mutual_information: Of answer and dropout mask, in nats, or None without dropout.
        samples: Number of dropout samples, 0 without dropout.
        plane_score: Higher: more surely one of the four planes, in [0, 1].
        rejected: Whether it counts as none of the four planes.
        faults: Why the picture is not taken for a usable ultrasound scan, empty when it is.
        thresholds: That decided.
        decision: `accepted` or `look again`.
        reasons: Sentences that say why to look again, empty when accepted.
        grad_cams: Grad-CAM of each anatomy on the feature grid, float32 in [0, 1], shape
            (4, rows, columns).
        region: Part of the scan that the model saw.
        taken_away: Share of the fan, in [0, 1], that the model did not see as it was drawn over;
            None where annotations were kept.
        shape: Height and width of the scan in pixels.
        version: `name/number` of the model.
        seconds: Time the analysis took.
    """

    probabilities: NDArray[np.float64]
    mean: NDArray[np.float64] | None
    standard_deviation: NDArray[np.float64] | None
    predictive_entropy: float
    mutual_information: float | None
    samples: int
    plane_score: float
    rejected: bool
    faults: tuple[str, ...]
    thresholds: Thresholds
    decision: Decision
    reasons: tuple[str, ...]
    grad_cams: NDArray[np.float32]
    region: Region
    taken_away: float | None
    shape: tuple[int, int]
    version: str
    seconds: float

    @property
    def anatomy(self) -> Anatomy:
        """The most probable of the four, also when rejected."""
        return ANATOMIES[int(self.probabilities.argmax())]

    @property
    def turned_away(self) -> bool:
        """Whether it counts as none of the four planes, or as no usable scan at all."""
        return self.rejected or bool(self.faults)

    def under(self, thresholds: Thresholds) -> Finding:
        """The same answer, decided by other thresholds."""
        decision, reasons = decide(self.probabilities, self.plane_score, thresholds, self.faults)
        rejected = is_rejected(self.plane_score, thresholds)
        return replace(
            self, thresholds=thresholds, decision=decision, reasons=reasons, rejected=rejected
        )

    def heatmap(self, key: str | None = None) -> NDArray[np.float32]:
        """Grad-CAM of an anatomy, by default the most probable, on the uncropped scan.

        Returns:
            float32 in [0, 1] of shape (height, width), 0 where the model did not look.
        """
        index = KEYS.index(key or self.anatomy.key)
        return place(self.grad_cams[index], self.region, self.shape)


class Predictor:
    """One model version, ready to answer.

    Args:
        version: The version folder; its files are checked by hash.
    """

    def __init__(self, version: Version) -> None:
        metadata = version.metadata
        self.version = version
        self.input = InputSpec.from_dict(metadata["input"])
        self.outputs = Outputs.from_dict(metadata["outputs"])
        self.thresholds = Thresholds(**metadata["thresholds"])
        self.head = Head.load(version.file(HEAD))
        self.trunk = Trunk(version.file(TRUNK))

    @classmethod
    def load(cls, version: str | None = None, root: Path = WEIGHTS) -> Predictor:
        """Load `name/number`, the newest `name`, or without argument the version in service.

        Raises:
            VersionError: There is none, or its files have changed.
        """
        return cls(find_version(version, root))

    @property
    def offers_dropout(self) -> bool:
        """Whether Monte Carlo dropout is part of the answer."""
        return self.head.has_dropout

    def keeping_annotations(self) -> Predictor:
        """The same version, which also sees what is written and drawn on a scan."""
        other = copy(self)
        other.input = replace(self.input, annotations="kept")
        return other

    def accepting_from(self, confidence: float) -> Predictor:
        """The same version, which accepts from another confidence."""
        other = copy(self)
        other.thresholds = replace(self.thresholds, confidence=confidence)
        return other

    def analyse(self, scan: Scan, samples: int = DROPOUT_SAMPLES) -> Finding:
        """Answer about one scan, with one pass of the trunk.

        The dropout masks are seeded by the features, so the same scan gets the same answer.

        Args:
            scan: As `read_scan` returns it.
            samples: Number of dropout samples.
        """
        started = time.perf_counter()
        # beside the rest, which leaves a core idle for as long
        quality = _BESIDE.submit(measure_quality, scan)
        takes_away = self.input.annotations == "taken away"
        found = find_annotations(scan.pixels) if takes_away else None
        batch, region = preprocess(scan, self.input, found)
        features = self.trunk(batch[np.newaxis])[0]
        pooled = self.head.pool(features)
        logits = self.head.logits(pooled)
        probabilities = self.outputs.probabilities(logits)
        drawn = None
        if self.offers_dropout:
            drawn = sample_dropout(self.head, self.outputs, pooled, samples, mask_source(features))
        plane_score = float(self.outputs.plane_score(logits))
        faults = find_faults(scan, quality.result())
        decision, reasons = decide(probabilities, plane_score, self.thresholds, faults)
        cams = [grad_cam(features, self.head, self.outputs, i) for i in range(len(KEYS))]
        return Finding(
            probabilities=probabilities,
            mean=drawn.mean if drawn else None,
            standard_deviation=drawn.standard_deviation if drawn else None,
            predictive_entropy=drawn.predictive_entropy if drawn else entropy(probabilities),
            mutual_information=drawn.mutual_information if drawn else None,
            samples=drawn.samples if drawn else 0,
            plane_score=plane_score,
            rejected=is_rejected(plane_score, self.thresholds),
            faults=faults,
            thresholds=self.thresholds,
            decision=decision,
            reasons=reasons,
            grad_cams=np.stack(cams),
            region=region,
            taken_away=found.removed if found else None,
            shape=scan.pixels.shape,
            version=self.version.label,
            seconds=time.perf_counter() - started,
        )

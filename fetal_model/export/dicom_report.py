"""A DICOM Structured Report about one instance, after PS3.16 TID 1500 (Measurement Report).

One measurement group (TID 1501) holds the probability of each anatomy with its standard deviation,
the plane score, the decision and its reasons. The subject is the fetus, not the patient.
"""

from __future__ import annotations

from datetime import datetime

from highdicom import UID
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SubjectContext,
    SubjectContextFetus,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from fetal_model import wording
from fetal_model.anatomy import ANATOMIES, Anatomy
from fetal_model.export.dicom_source import MANUFACTURER, UTF8
from fetal_model.export.entry import DISCLAIMER, PROGRAM, settings
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version

SCHEME = "99FETALANATOMY"
_DECISIONS = {
    "accepted": CodedConcept("accepted", SCHEME, "Accepted"),
    "look again": CodedConcept("look-again", SCHEME, "Look again"),
}
_SERIES_NUMBER = 9901


def structured_report(
    source: Dataset,
    finding: Finding,
    version: Version,
    when: datetime,
    frame: int | None = None,
) -> ComprehensiveSR:
    """An unverified, preliminary report that refers to the instance it is about.

    Args:
        source: Of `dicom_source.source_instance`.
        finding: The answer about it.
        version: The version that answered.
        when: When the report is made, in local time.
        frame: Number of the frame it is about, from 0; None for a still.
    """
    report = MeasurementReport(
        observation_context=_context(version),
        procedure_reported=codes.SCT.UltrasoundScanObstetric,
        imaging_measurements=[_group(source, finding, version, frame)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return ComprehensiveSR(
        evidence=[source],
        content=report,
        series_instance_uid=UID(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=PROGRAM,
        software_versions=version.label,
        series_description="Fetal plane, research only",
        content_date=when.date(),
        content_time=when.time(),
        is_complete=True,
        specific_character_set=UTF8,
        coding_schemes=[CodingSchemeIdentificationItem(SCHEME, name=PROGRAM)],
    )


def _context(version: Version) -> ObservationContext:
    # The same model is the same observer in every report.
    observer = DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=[version.label, version.hash]),
        name=PROGRAM,
        manufacturer_name=MANUFACTURER,
        model_name=version.label,
    )
    return ObservationContext(
        observer_device_context=ObserverContext(codes.DCM.Device, observer),
        subject_context=SubjectContext(
            CodedConcept.from_code(codes.DCM.Fetus), SubjectContextFetus("not identified")
        ),
    )


def _group(
    source: Dataset, finding: Finding, version: Version, frame: int | None
) -> MeasurementsAndQualitativeEvaluations:
    chosen = [f"{key}={value}" for key, value in settings(finding).items()]
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=UID(), identifier="Fetal plane"),
        algorithm_id=AlgorithmIdentification(
            name=f"{PROGRAM} {version.name}",
            version=str(version.number),
            parameters=[f"version_hash={version.hash}", *chosen],
        ),
        finding_sites=None if finding.turned_away else [_site(finding.anatomy)],
        measurements=_measurements(finding),
        qualitative_evaluations=[
            QualitativeEvaluation(
                CodedConcept("decision", SCHEME, "Decision"), _DECISIONS[finding.decision]
            )
        ],
        source_images=[
            SourceImageForMeasurementGroup(
                source.SOPClassUID,
                source.SOPInstanceUID,
                referenced_frame_numbers=None if frame is None else [frame + 1],
            )
        ],
    )
    texts = [*finding.reasons, wording.learned_from(version), DISCLAIMER]
    group[0].ContentSequence.extend(
        TextContentItem(codes.DCM.Comment, text, RelationshipTypeValues.CONTAINS)
        for text in texts
        if text
    )
    return group


def _measurements(finding: Finding) -> list[Measurement]:
    measurements = [
        Measurement(
            codes.DCM.CertaintyOfFinding,
            100 * float(value),
            codes.UCUM.Percent,
            derivation=derivation,
            finding_sites=[_site(anatomy)],
        )
        for values, derivation in (
            (finding.probabilities, None),
            (finding.standard_deviation, codes.SCT.StandardDeviation),
        )
        if values is not None
        for anatomy, value in zip(ANATOMIES, values, strict=True)
    ]
    name = CodedConcept("plane-score", SCHEME, "Plane score")
    return [*measurements, Measurement(name, finding.plane_score, codes.UCUM.NoUnits)]


def _site(anatomy: Anatomy) -> FindingSite:
    return FindingSite(CodedConcept(anatomy.snomed, "SCT", anatomy.name))

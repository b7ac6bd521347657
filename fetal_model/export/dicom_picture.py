"""The overlay as a DICOM Secondary Capture that names the instance it was made from."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from highdicom import UID
from highdicom.sc import SCImage
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.valuerep import DA, TM

from fetal_model.export.dicom_source import MANUFACTURER, UTF8
from fetal_model.export.entry import PROGRAM, provenance
from fetal_model.export.overlays import METHOD
from fetal_model.predictor import Finding
from fetal_model.store.versions import Version

_SERIES_NUMBER = 9902


def secondary_capture(
    source: Dataset,
    picture: NDArray[np.uint8],
    finding: Finding,
    version: Version,
    when: datetime,
    frame: int | None = None,
) -> SCImage:
    """An uncompressed colour picture in the study of its source.

    Args:
        source: Of `dicom_source.source_instance`.
        picture: RGB, uint8 of shape (height, width, 3), of `overlays.overlay_picture`.
        finding: What the overlay explains.
        version: The version that answered.
        when: When it is made, in local time.
        frame: Number of the frame that it shows, from 0; None for a still.
    """
    made = SCImage.from_ref_dataset(
        source,
        pixel_array=picture,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),  # highdicom asks for one; replaced below
        series_instance_uid=UID(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=PROGRAM,
        software_versions=version.label,
        series_description=f"{METHOD} overlay, research only",
        content_date=when.date(),
        content_time=when.time(),
        specific_character_set=UTF8,
    )
    made.PatientOrientation = source.PatientOrientation
    made.Laterality = ""  # asked for by paired parts, such as a femur, and not known
    made.ConversionType = "WSD"  # a workstation made it
    made.DateOfSecondaryCapture = DA(when.date())
    made.TimeOfSecondaryCapture = TM(when.time())
    # What is burned into the source is in its overlay too.
    made.BurnedInAnnotation = source.BurnedInAnnotation or "YES"
    if source.LossyImageCompression:
        made.LossyImageCompression = source.LossyImageCompression
    made.DerivationDescription = f"{METHOD} of {finding.anatomy.key} over the source image"
    made.SourceImageSequence = [_reference(source, frame)]
    made.ImageComments = provenance(finding, version)
    return made


def _reference(source: Dataset, frame: int | None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.SOPClassUID
    item.ReferencedSOPInstanceUID = source.SOPInstanceUID
    if frame is not None:
        item.ReferencedFrameNumber = frame + 1
    purpose = Dataset()
    code = codes.DCM.SourceImageForImageProcessingOperation
    purpose.CodeValue = code.value
    purpose.CodingSchemeDesignator = code.scheme_designator
    purpose.CodeMeaning = code.meaning
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item

"""Simulated scans as DICOM: ultrasound stills and clips that say that they are simulated.

After DICOM PS3.3 A.6 (Ultrasound Image), A.7 (Ultrasound Multi-frame Image) and C.8.5.5 (US Region
Calibration). There is no patient but the simulated one, and no date.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from fetal_model.phantom.probe import HEIGHT, WIDTH
from fetal_model.phantom.scene import Scene
from fetal_model.phantom.simulate import Phantom

SIMULATED = "SIMULATED"
_FRAME_TIME = 0x00181063
_CENTIMETRES = 3
_TWO_DIMENSIONAL, _TISSUE = 1, 1


def write_still(path: Path, phantom: Phantom) -> None:
    """Write a scan as Ultrasound Image Storage, uncompressed, 8-bit grey."""
    dataset = _header(phantom.scene, UltrasoundImageStorage)
    dataset.PixelData = phantom.image.tobytes()
    dataset["PixelData"].VR = "OB"
    dcmwrite(path, dataset, enforce_file_format=True)


def write_clip(
    path: Path, scene: Scene, frames: Iterable[NDArray[np.uint8]], count: int, rate_hz: float
) -> None:
    """Write a clip as Ultrasound Multi-frame Image Storage, uncompressed, 8-bit grey.

    Frames go to the file one by one, so that memory holds one at a time.

    Args:
        path: Where to.
        scene: Of the first frame: gives patient, scanner and view.
        frames: uint8 (HEIGHT, WIDTH) each.
        count: How many frames there are.
        rate_hz: Frames a second.

    Raises:
        ValueError: Another number of frames, or frames of another form.
    """
    dataset = _header(scene, UltrasoundMultiFrameImageStorage)
    dataset.NumberOfFrames = count
    dataset.FrameIncrementPointer = _FRAME_TIME
    dataset.FrameTime = f"{1000 / rate_hz:.6g}"
    dataset.CineRate = dataset.RecommendedDisplayFrameRate = round(rate_hz)
    with path.open("wb") as file:
        dcmwrite(file, dataset, enforce_file_format=True)
        # Pixel Data is the last element: its header, then every frame as it comes.
        file.write(struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, count * HEIGHT * WIDTH))
        written = 0
        for frame in frames:
            if frame.shape != (HEIGHT, WIDTH) or frame.dtype != np.uint8:
                raise ValueError(
                    f"expected frames of uint8 {(HEIGHT, WIDTH)}, received {frame.dtype} "
                    f"{frame.shape}: render them from scenes"
                )
            file.write(frame.tobytes())
            written += 1
    if written != count:
        raise ValueError(f"expected {count} frames, received {written}: give as many as announced")


def _header(scene: Scene, sop_class: str) -> Dataset:
    """Everything but the pixels; identifiers follow from the scene, so they are always the same."""
    patient = scene.patient
    study = repr(patient)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[sop_class, repr(scene)])
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[study])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[study, sop_class])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SyntheticData = "YES"
    dataset.PatientName = f"{SIMULATED.capitalize()}^{patient.name}"
    dataset.PatientID = patient.name
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate = dataset.StudyTime = ""
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = f"{SIMULATED}, not a patient"
    dataset.Modality = "US"
    dataset.SeriesNumber, dataset.InstanceNumber = "1", str(scene.seed % 10**9)
    dataset.Manufacturer = "Fetal Anatomy Lab (simulated)"
    dataset.ManufacturerModelName = patient.machine
    dataset.ImageComments = (
        f"{SIMULATED}, not a patient: {scene.cut.plane}, "
        f"{patient.gestational_age_weeks:.1f} weeks, offset {scene.cut.offset:.2f}"
    )
    # 0001 is two-dimensional imaging; the third value, the kind of examination, is not known.
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "0001"]
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PatientOrientation = ""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = HEIGHT, WIDTH
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.UltrasoundColorDataPresent = 0
    dataset.SequenceOfUltrasoundRegions = [_region(scene)]
    return dataset


def _region(scene: Scene) -> Dataset:
    """The whole picture is one region of square pixels; its origin is the probe's face."""
    column, row = scene.view.to_pixel(0.0, 0.0)
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = _TWO_DIMENSIONAL, _TISSUE
    region.RegionFlags = 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = WIDTH - 1, HEIGHT - 1
    region.ReferencePixelX0, region.ReferencePixelY0 = round(column), round(row)
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = _CENTIMETRES
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    region.PhysicalDeltaX = region.PhysicalDeltaY = scene.view.mm_per_pixel / 10.0
    region.TransducerFrequency = round(scene.settings.frequency_mhz * 1000)
    return region

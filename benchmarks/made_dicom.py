"""DICOM made in code, with known pixels in any transfer syntax: for measurements and tests."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import gdcm
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    UltrasoundImageStorage,
    generate_uid,
)

_INSTANCE = generate_uid(entropy_srcs=["made in code"])
ROWS, COLUMNS = 48, 64
RAMP = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) * 255 // (ROWS * COLUMNS - 1)).astype(
    np.uint8
)
COLOUR = np.stack([RAMP, RAMP // 2, 255 - RAMP], axis=-1)


def make(pixels: np.ndarray, photometric: str = "MONOCHROME2", **elements: object) -> Dataset:
    """A minimal ultrasound image; keyword arguments set or replace elements."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UltrasoundImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = _INSTANCE
    dataset.Modality = "US"
    dataset.PatientName = "Doe^Jane"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def to_bytes(dataset: Dataset, **options: object) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, **({"enforce_file_format": True} | options))
    return stream.getvalue()


def transcoded(dataset: Dataset, syntax: UID, folder: Path) -> bytes:
    """Let GDCM or pydicom write the data set in another transfer syntax."""
    if syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        dataset.file_meta.TransferSyntaxUID = syntax
        return to_bytes(dataset)
    if syntax == ExplicitVRBigEndian:
        words = np.frombuffer(dataset.PixelData, f"<u{dataset.BitsAllocated // 8}")
        dataset.PixelData = words.astype(words.dtype.newbyteorder(">")).tobytes()
        dataset["PixelData"].VR = "OW" if dataset.BitsAllocated == 16 else "OB"
        dataset.file_meta.TransferSyntaxUID = syntax
        return to_bytes(dataset)
    plain, coded = folder / "plain.dcm", folder / "coded.dcm"
    plain.write_bytes(to_bytes(dataset))
    source = gdcm.ImageReader()
    source.SetFileName(str(plain))
    assert source.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(source.GetImage())
    assert change.Change()
    target = gdcm.ImageWriter()
    target.SetFileName(str(coded))
    target.SetFile(source.GetFile())
    target.SetImage(change.GetOutput())
    assert target.Write()
    assert dcmread(coded).file_meta.TransferSyntaxUID == syntax
    return coded.read_bytes()

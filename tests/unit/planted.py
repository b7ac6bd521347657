"""Files with a patient planted wherever a file can hold one, and the search for what is left."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, config
from pydicom.datadict import DicomDictionary
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

NAMES = ("Quastelbaum", "Zéphyrine", "QUASTELBAUM")
DATES = ("19870412", "1987-04-12", "12.04.1987")
NUMBERS = ("70351264", "MRN-55021")
TOKENS = (*NAMES, *DATES, *NUMBERS)
FILE_NAME = "Quastelbaum_Zéphyrine_19870412_MRN-55021"
_TEXT = f"{NAMES[0]} {NAMES[1]} {DATES[0]} {DATES[1]} {NUMBERS[0]} {NUMBERS[1]}"
_BY_VR = {
    "PN": f"{NAMES[0]}^{NAMES[1]}", "DA": DATES[0], "DT": f"{DATES[0]}101530",
    "TM": NUMBERS[0], "AS": NUMBERS[0], "IS": NUMBERS[0], "DS": NUMBERS[0], "CS": NAMES[2],
    "AE": NAMES[0], "UI": NAMES[0], "UR": f"https://example.org/{NAMES[0]}",
    **dict.fromkeys(("LO", "LT", "SH", "ST", "UC", "UT"), _TEXT),
    **dict.fromkeys(("OB", "OW", "OB or OW", "UN"), _TEXT.encode()),
}  # fmt: skip
NEEDED = frozenset(
    {"PhotometricInterpretation", "NumberOfFrames", "PixelData", "SpecificCharacterSet",
     "SOPClassUID", "WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"}
)  # fmt: skip
"""What a picture cannot be read without; planted in only when nothing has to be read."""


def encodings(token: str) -> set[bytes]:
    """The bytes that a token can be."""
    return {token.encode(name) for name in ("latin-1", "utf-8", "utf-16-le", "utf-16-be")}


def left(data: bytes, tokens: Iterable[str] = TOKENS) -> list[str]:
    """Which tokens stand in some bytes."""
    return [token for token in tokens if any(form in data for form in encodings(token))]


def dicom(pixels: NDArray[np.uint8], readable: bool) -> tuple[bytes, int]:
    """A DICOM file with a patient in every element that can hold text, and how many those are."""
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        dataset = Dataset()
        planted = _fill(dataset, readable)
        planted += _private(dataset)
        picture(dataset, pixels)
        planted += _meta(dataset)
        file = BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue(), planted
    finally:
        config.settings.writing_validation_mode = before


def _fill(dataset: Dataset, readable: bool) -> int:
    planted = 0
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if tag >> 16 in (0, 2) or (readable and keyword in NEEDED):
            continue
        if keyword == "PixelData" or keyword.endswith(("LUTData", "LookupTableData")):
            continue  # not text: what stands there is a picture's greys and colours
        if tag >> 16 == 0xFFFE or (readable and tag >> 16 == 0x0028):
            continue
        if vr == "SQ":
            deep = tag % 5 == 0
            dataset.add_new(tag, "SQ", Sequence([_item(2 if deep else 0)]))
            planted += 25 if deep else 5
        elif vr in _BY_VR:
            dataset.add_new(tag, vr[:2], _BY_VR[vr])
            planted += 1
    for group in (0x5000, 0x6002, 0x601E):
        dataset.add_new((group, 0x0022 if group == 0x5000 else 0x1500), "LO", _TEXT)
        planted += 1
    dataset.add_new(0xFFFCFFFC, "OB", _TEXT.encode())
    dataset.SpecificCharacterSet = "ISO_IR 192"
    return planted + 1


def _item(depth: int) -> Dataset:
    item = Dataset()
    item.PatientName, item.StudyDate, item.PatientID = _BY_VR["PN"], DATES[0], NUMBERS[0]
    item.private_block(0x0009, _TEXT, create=True).add_new(1, "LO", _TEXT)
    if depth:
        item.RequestAttributesSequence = Sequence([_item(depth - 1)])
        item.ContentSequence = Sequence([_item(0)])
    return item


def _private(dataset: Dataset) -> int:
    for group in (0x0009, 0x0011, 0x7FE1):
        block = dataset.private_block(group, f"{NAMES[0]} {group}", create=True)
        for offset, vr in enumerate(("LO", "PN", "UN", "DA", "UT")):
            block.add_new(offset, vr, _BY_VR[vr])
        block.add_new(9, "SQ", Sequence([_item(0)]))
    return 3 * 11


def _meta(dataset: Dataset) -> int:
    meta = dataset.file_meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, "1.2.3"
    for keyword in ("SourceApplicationEntityTitle", "SendingApplicationEntityTitle"):
        setattr(meta, keyword, NAMES[0])
    meta.ImplementationVersionName = NAMES[0]
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = "1.2.3", _TEXT.encode()
    dataset.preamble = _TEXT.encode("utf-8").ljust(128, b"\0")
    return 5


def picture(dataset: Dataset, pixels: NDArray[np.uint8]) -> None:
    """Put 8-bit greys into a data set."""
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.add_new("PixelData", "OB", pixels.tobytes())


def _exif() -> Image.Exif:
    exif = Image.Exif()
    for tag in (270, 271, 272, 305, 315, 33432):
        exif[tag] = _TEXT
    exif[306] = f"{DATES[1].replace('-', ':')} 10:15:30"
    exif[0x9C9B] = _TEXT.encode("utf-16-le")  # XPTitle
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + _TEXT.encode("utf-16-le")
    exif.get_ifd(0x8825)[29] = DATES[0]
    return exif


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG with a patient in each kind of chunk that can hold text."""
    text = PngInfo()
    text.add_text("Author", _TEXT)
    text.add_text("Comment", _TEXT, zip=True)
    text.add_itxt("Description", _TEXT)
    text.add_itxt("XML:com.adobe.xmp", f"<x>{_TEXT}</x>")
    text.add(b"teXt", _TEXT.encode())
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=text, exif=_exif(), dpi=(72, 72))
    return file.getvalue() + _TEXT.encode()


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG with a patient in EXIF, XMP, the comment and after the picture."""
    file = BytesIO()
    Image.fromarray(pixels).save(
        file, "JPEG", quality=95, exif=_exif(), comment=_TEXT.encode(), xmp=_TEXT.encode()
    )
    return file.getvalue() + _TEXT.encode("utf-16-le")


def tiff(pixels: NDArray[np.uint8]) -> bytes:
    """A TIFF with a patient in every describing tag, and in a second page."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (269, 270, 271, 272, 285, 305, 315, 316, 333, 337, 33432, 65000):
        tags.tagtype[tag] = 2
        tags[tag] = _TEXT
    tags[306] = f"{DATES[1]} 10:15:30"
    tags.tagtype[700] = tags.tagtype[33723] = 7
    tags[700] = tags[33723] = _TEXT.encode()
    file = BytesIO()
    second = Image.fromarray(pixels)
    Image.fromarray(pixels).save(file, "TIFF", tiffinfo=tags, save_all=True, append_images=[second])
    return file.getvalue()


def corners(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A scan with a patient written into its corners, and where."""
    height, width = image.shape
    lines = (
        (NAMES[0], (6, 20)), (DATES[2], (width - 130, 20)),
        (NUMBERS[0], (6, height - 12)), (NUMBERS[1], (width - 130, height - 12)),
    )  # fmt: skip
    written = image.copy()
    for text, place in lines:
        cv2.putText(written, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 230, 1, cv2.LINE_AA)
    return written, written != image

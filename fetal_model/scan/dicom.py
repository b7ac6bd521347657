"""DICOM pixels through pydicom: from a data set of one frame to grey levels and colours.

How a file is opened is `dicom_file`'s, which decoder reads which transfer syntax `dicom_decode`'s,
how greys are mapped `dicom_grey`'s.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut

from fetal_model.scan.dicom_codes import MODALITIES
from fetal_model.scan.dicom_decode import decode_frame
from fetal_model.scan.dicom_file import DicomFile, open_dicom
from fetal_model.scan.dicom_grey import stored_to_grey
from fetal_model.scan.dicom_header import PictureSize, picture_size
from fetal_model.scan.dicom_regions import ultrasound_region
from fetal_model.scan.levels import colour_to_grey, scale_to_white, white_level
from fetal_model.scan.types import Facts, Scan, ScanError, grey_to_display

_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_STILL = "Export a single still image from it"


def read_dicom(data: bytes, name: str) -> Scan:
    """Read a DICOM file with one frame of 8 to 16 bits.

    Args:
        data: The file, with or without the 128-byte preamble.
        name: What to call the scan.

    Raises:
        ScanError: If there is no picture, more than one, or one that is not supported.
        Exception: Whatever pydicom raises for damaged bytes; `read_scan` words it.
    """
    file = open_dicom(lambda: BytesIO(data), name)
    size = picture_size(file, name)
    if size.frames > 1:
        raise ScanError.of(
            name,
            expected="a single frame",
            found=f"a clip of {size.frames} frames",
            advice="Open it as a clip, or export a single still image from it",
        )
    return frame_to_scan(file.frame(0, 1), file, size, name)


def frame_to_scan(
    dataset: Dataset, file: DicomFile, size: PictureSize, name: str, frame: int = 0
) -> Scan:
    """Decode one frame.

    Greys are mapped by `dicom_grey.stored_to_grey`, then MONOCHROME1 is inverted. Colour comes as
    RGB from the decoder, YBR included; palette colours are looked up here.

    Args:
        dataset: Of that frame alone.
        file: The file it is from.
        size: What `picture_size` found.
        name: What to call the scan.
        frame: Which of the file's frames it is, from 0.

    Raises:
        ScanError: If the pixels are not supported or cannot be decoded.
        Exception: Whatever pydicom raises for damaged bytes.
    """
    rows, columns, bits = size.rows, size.columns, size.bits
    stored, photometric = decode_frame(dataset, file.syntax, name)
    source = str(dataset.PhotometricInterpretation)
    if photometric in _MONOCHROME and stored.shape == (rows, columns):
        pixels, levels = stored_to_grey(dataset, stored, bits, size.brightest)
        if photometric == "MONOCHROME1":
            pixels = np.float32(1.0) - pixels
            levels += ", inverted"
        display = grey_to_display(pixels)
    elif photometric == "PALETTE COLOR" and stored.shape == (rows, columns):
        # A fourth channel would be opacity, which an ultrasound palette has no use for.
        colours = apply_color_lut(stored, dataset)[:, :, :3]
        if colours.max() > 255:
            # 16-bit entries are 8-bit ones shifted (FF00) or repeated (FFFF): the top byte is both.
            colours = colours >> 8
        display, levels = _colour(colours, 8)
        pixels = colour_to_grey(display)
    elif photometric == "RGB" and stored.shape == (rows, columns, 3):
        display, levels = _colour(stored, bits, size.brightest)
        pixels = colour_to_grey(display)
    else:
        raise ScanError.of(
            name,
            expected="MONOCHROME, RGB, YBR_FULL or PALETTE COLOR pixels",
            found=f"{source} with {stored.ndim} dimensions",
            advice=_STILL,
        )
    facts = replace(dicom_facts(dataset, file, size), levels=levels, frame=frame)
    return Scan(pixels, display, name, facts)


def dicom_facts(dataset: Dataset, file: DicomFile, size: PictureSize) -> Facts:
    """What a DICOM header says about its pictures."""
    region, mm_per_pixel = ultrasound_region(dataset, size.rows, size.columns)
    return Facts(
        "DICOM",
        size.columns,
        size.rows,
        str(dataset.get("PhotometricInterpretation")),
        size.bits,
        "0 to 255",
        frames=size.frames,
        transfer_syntax=str(file.syntax),
        modality=_modality(dataset),
        region=region,
        mm_per_pixel=mm_per_pixel,
    )


def _colour(
    colours: NDArray[np.integer], bits: int, brightest: int = 0
) -> tuple[NDArray[np.uint8], str]:
    """Bring colours (rows, columns, 3) of up to 16 bits to 8."""
    white = white_level(max(int(colours.max()), brightest), bits)
    if white == 255:
        return colours.astype(np.uint8), "0 to 255"
    return np.rint(scale_to_white(colours, white) * 255).astype(np.uint8), f"0 to {white}"


def _modality(dataset: Dataset) -> str | None:
    code = str(dataset.get("Modality") or "")
    return code if code in MODALITIES else None

"""Single-frame DICOM through pydicom: from a data set to grey levels and colours.

Which decoder reads which transfer syntax is `dicom_decode`'s, how greys are mapped `dicom_grey`'s.
"""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, config, dcmread
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from fetal_model.scan.dicom_codes import MODALITIES
from fetal_model.scan.dicom_decode import decode_frame
from fetal_model.scan.dicom_grey import stored_to_grey
from fetal_model.scan.levels import colour_to_grey, scale_to_white, white_level
from fetal_model.scan.limits import MAX_INFLATED_BYTES, check_size
from fetal_model.scan.types import Facts, Scan, ScanError, grey_to_display

# Scanners break value rules in elements that are of no interest here, and pydicom's warning about
# it quotes the value, which may be a name.
config.settings.reading_validation_mode = config.IGNORE

_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_CHUNK = 1024**2
_STILL = "Export a single still image from it"


def read_dicom(data: bytes, name: str) -> Scan:
    """Read a DICOM file with one frame of 8 to 16 bits.

    Greys are mapped by `dicom_grey.stored_to_grey`, then MONOCHROME1 is inverted. Colour comes as
    RGB from the decoder, YBR included; palette colours are looked up here.

    Args:
        data: The file, with or without the 128-byte preamble.
        name: What to call the scan.

    Raises:
        ScanError: If there is no picture, more than one, or one that is not supported.
        Exception: Whatever pydicom raises for damaged bytes; `read_scan` words it.
    """
    dataset = _parse(data, name)
    syntax = _transfer_syntax(dataset, name)
    rows, columns, bits = _check_picture(dataset, name)
    stored, photometric = decode_frame(dataset, data, syntax, name)
    source = str(dataset.PhotometricInterpretation)
    if photometric in _MONOCHROME and stored.shape == (rows, columns):
        pixels, levels = stored_to_grey(dataset, stored, bits)
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
        display, levels = _colour(stored, bits)
        pixels = colour_to_grey(display)
    else:
        raise ScanError.of(
            name,
            expected="MONOCHROME, RGB, YBR_FULL or PALETTE COLOR pixels",
            found=f"{source} with {stored.ndim} dimensions",
            advice=_STILL,
        )
    facts = Facts(
        "DICOM",
        columns,
        rows,
        source,
        bits,
        levels,
        transfer_syntax=str(syntax),
        modality=_modality(dataset),
    )
    return Scan(pixels, display, name, facts)


def _parse(data: bytes, name: str) -> Dataset:
    stream = BytesIO(data)
    read_preamble(stream, force=True)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        _check_inflated(stream.read(), name)
    return dcmread(BytesIO(data), force=True)


def _check_inflated(deflated: bytes, name: str) -> None:
    """Refuse what pydicom, which inflates without a limit, would make gigabytes of."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    while deflated and not inflater.eof:
        size += len(inflater.decompress(deflated, _CHUNK))
        deflated = inflater.unconsumed_tail
        if size > MAX_INFLATED_BYTES:
            raise ScanError.of(
                name,
                expected=f"at most {MAX_INFLATED_BYTES // 1024**2} MiB once inflated",
                found="more than that",
                advice=_STILL,
            )


def _transfer_syntax(dataset: Dataset, name: str) -> UID:
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax:
        return UID(syntax)
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        raise ScanError.of(
            name,
            expected="a stated Transfer Syntax",
            found="compressed pixels without one",
            advice="Export the file again with its File Meta Information",
        )
    # Without compression only the encoding matters, which pydicom found out while it parsed.
    implicit, little = dataset.original_encoding
    plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else plain


def _check_picture(dataset: Dataset, name: str) -> tuple[int, int, int]:
    """Return rows, columns and bits stored, or say why there is no picture to decode."""
    sop_class = _sop_class(dataset)
    if "PixelData" not in dataset:
        raise ScanError.of(
            name,
            expected="a DICOM image",
            found=f"{sop_class} without integer pixel data",
            advice="Choose the image that it belongs to",
        )
    allocated = _whole_number(dataset, "BitsAllocated", name)
    bits = _whole_number(dataset, "BitsStored", name, default=allocated)
    if allocated not in (8, 16) or not 1 <= bits <= allocated:
        raise ScanError.of(
            name,
            expected="8 to 16 bits per sample",
            found=f"{bits} in {sop_class}",
            advice="Choose an ultrasound image",
        )
    frames = _whole_number(dataset, "NumberOfFrames", name, default=1)
    if frames > 1:
        raise ScanError.of(
            name,
            expected="a single frame",
            found=f"a clip of {frames} frames",
            advice="Clips are not read yet; export a single still image from it",
        )
    rows = _whole_number(dataset, "Rows", name)
    columns = _whole_number(dataset, "Columns", name)
    check_size(name, columns, rows)
    return rows, columns, bits


def _colour(colours: NDArray[np.integer], bits: int) -> tuple[NDArray[np.uint8], str]:
    """Bring colours (rows, columns, 3) of up to 16 bits to 8."""
    white = white_level(int(colours.max()), bits)
    if white == 255:
        return colours.astype(np.uint8), "0 to 255"
    return np.rint(scale_to_white(colours, white) * 255).astype(np.uint8), f"0 to {white}"


def _whole_number(dataset: Dataset, keyword: str, name: str, default: int | None = None) -> int:
    try:
        value = dataset.get(keyword)
        return default if value in (None, "") and default is not None else int(value)
    except (TypeError, ValueError, OverflowError):
        raise ScanError.of(
            name,
            expected=f"a whole number for {keyword}",
            found="something else or nothing",
            advice="Export it again",
        ) from None


def _modality(dataset: Dataset) -> str | None:
    code = str(dataset.get("Modality") or "")
    return code if code in MODALITIES else None


def _sop_class(dataset: Dataset) -> str:
    # A DICOMDIR names its class in the File Meta Information only.
    uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    # Only a name that the standard defines is quoted: an unknown one is the file's own text.
    known = isinstance(uid, UID) and uid.name != str(uid)
    return str(uid.name) if known else "a DICOM data set of unknown kind"

"""One compressed or plain DICOM frame to an array, by the decoder that is safe for its syntax.

pylibjpeg-libjpeg is left out because it is GPLv3. The one gap this leaves is JPEG with 12 bits per
sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from fetal_model.scan.codestream import codestream_size
from fetal_model.scan.gdcm_apart import decode_with_gdcm
from fetal_model.scan.types import ScanError

# One decoder per syntax. pydicom would ask GDCM first, which can end the process, and for RLE
# pylibjpeg-rle, whose panics on damaged frames no `except Exception` catches.
_DECODERS: dict[str, str] = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
    RLELossless: "pydicom",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "gdcm",
    JPEGLSNearLossless: "gdcm",
}


def decode_frame(dataset: Dataset, syntax: UID, name: str) -> tuple[NDArray[np.integer], str]:
    """Decode a data set's one frame, with the one decoder that is trusted with its syntax.

    Args:
        dataset: The data set, with Rows and Columns checked against the limits.
        syntax: Its transfer syntax.
        name: What to call the scan.

    Returns:
        Integer array of shape (rows, columns) or (rows, columns, 3), and the Photometric
        Interpretation its values have now, after any conversion from YBR to RGB.

    Raises:
        ScanError: If the frame states another size, or no decoder reads it.
    """
    _check_codestream(dataset, syntax, name)
    try:
        if _DECODERS.get(syntax) == "gdcm":
            return decode_with_gdcm(dataset)
        # pydicom turns YBR into RGB by itself, and its answer says so. Doing it again here is
        # what turns skin green.
        stored, meaning = get_decoder(syntax).as_array(
            dataset, index=0, decoding_plugin=_DECODERS.get(syntax, "")
        )
    except (NotImplementedError, RuntimeError):
        # NotImplementedError: an unknown syntax; RuntimeError: the decoder refused the frame. What
        # they say may quote the header.
        kind = "an unknown transfer syntax" if syntax.name == str(syntax) else syntax.name
        raise ScanError.of(
            name,
            expected="pixels that can be decoded",
            found=f"{kind}, {dataset.get('BitsStored')} bits, damaged or of a kind that no "
            "installed decoder reads",
            advice="Export it uncompressed or as JPEG 2000",
        ) from None
    return stored, str(meaning["photometric_interpretation"])


def _check_codestream(dataset: Dataset, syntax: UID, name: str) -> None:
    if syntax not in _DECODERS or syntax == RLELossless:
        return
    size = codestream_size(get_frame(dataset.PixelData, 0, number_of_frames=1))
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if size != (rows, columns):
        raise ScanError.of(
            name,
            expected=f"{columns} x {rows} pixels, as its header says",
            found="a compressed picture of " + (f"{size[1]} x {size[0]}" if size else "no size"),
            advice="Export it again",
        )

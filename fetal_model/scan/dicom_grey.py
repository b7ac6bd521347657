"""Stored DICOM greys to grey levels: modality transform, VOI lookup table, window.

Inversion and colour are left to `dicom`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from fetal_model.scan.levels import scale_to_white, white_level


def stored_to_grey(
    dataset: Dataset, stored: NDArray[np.integer], bits: int, brightest: int = 0
) -> tuple[NDArray[np.float32], str]:
    """Map stored greys to grey levels in [0, 1], and say how.

    Values pass the modality transform, then the file's VOI lookup table or its first window.
    Without either, unsigned values are divided by the value of white (`levels.white_level`), so
    that an ultrasound scanner's greys stay as it drew them, and signed ones are spread from their
    minimum to their maximum.

    Args:
        dataset: The data set that the values belong to.
        stored: Integer array of shape (rows, columns).
        bits: Bits Stored.
        brightest: Largest stored value that is known of other frames of the same clip.

    Returns:
        float32 array of shape (rows, columns) in [0, 1], and the mapping in words.
    """
    table = bool(dataset.get("ModalityLUTSequence"))
    slope, intercept = _rescale(dataset)
    if table:
        values = apply_modality_lut(stored, dataset).astype(np.float32)
    else:
        values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)

    if dataset.get("VOILUTSequence"):
        shown = apply_voi(np.rint(values).astype(np.int32), dataset)
        depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        return scale_to_white(shown, 2**depth - 1), "lookup table of the file"
    window = _window(dataset)
    if window is not None:
        centre, width, function = window
        return _through_window(values, *window), f"window {centre:g} / {width:g} ({function})"
    if table or dataset.get("PixelRepresentation") == 1:
        low, high = float(values.min()), float(values.max())
    else:
        white = white_level(max(int(stored.max()), brightest), bits)
        ends = (intercept, white * slope + intercept)
        low, high = min(ends), max(ends)
    return scale_to_white(values - np.float32(low), max(high - low, 1e-6)), f"{low:g} to {high:g}"


def _through_window(
    values: NDArray[np.float32], centre: float, width: float, function: str
) -> NDArray[np.float32]:
    """Apply a window as DICOM PS3.3 C.11.2.1.2 defines it, to [0, 1]."""
    if function == "SIGMOID":
        # Below -80 the exponential overflows float32; the answer is 0 long before.
        return 1 / (1 + np.exp(-np.clip(4 * (values - centre) / width, -80, 80)))
    if function == "LINEAR":  # off by half a value at each end, by definition
        centre, width = centre - 0.5, max(width - 1, 1e-6)
    return scale_to_white(values - np.float32(centre - width / 2), width)


def _rescale(dataset: Dataset) -> tuple[float, float]:
    slope, intercept = _number(dataset, "RescaleSlope"), _number(dataset, "RescaleIntercept")
    return (slope or 1.0), (intercept or 0.0)  # a slope of 0 would leave no picture


def _window(dataset: Dataset) -> tuple[float, float, str] | None:
    """Return centre, width and function of the first window, or None without a valid one."""
    centre, width = _number(dataset, "WindowCenter"), _number(dataset, "WindowWidth")
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    if centre is None or width is None or width < (1 if function == "LINEAR" else 1e-6):
        return None
    return centre, width, function


def _number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first finite value of an optional element; None for anything else."""
    try:
        value = dataset.get(keyword)
        first = value[0] if isinstance(value, (list, tuple)) or hasattr(value, "append") else value
        number = float(first)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return number if np.isfinite(number) else None

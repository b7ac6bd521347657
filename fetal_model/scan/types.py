"""What reading a file yields: a `Scan` with its `Facts`, or a `ScanError`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class ScanError(ValueError):
    """A file that cannot be read as a scan; the message can be shown to the user as it is.

    It names the file, what was expected, what was found and what to do, and quotes nothing from
    inside the file, where a patient's name may stand.
    """

    @classmethod
    def of(cls, name: str, *, expected: str, found: str, advice: str) -> ScanError:
        """Word the message the one way all of them have.

        Example:
            >>> print(ScanError.of("a.gif", expected="a PNG", found="a GIF", advice="Export it"))
            a.gif: expected a PNG, found a GIF. Export it.
        """
        return cls(f"{name}: expected {expected}, found {found}. {advice}.")


def damaged(name: str, kind: str) -> ScanError:
    """What is said of a file or a frame that a decoder fails on."""
    return ScanError.of(
        name,
        expected=f"a complete {kind} file",
        found="a damaged or unusual one that cannot be decoded",
        advice="Copy or export it again",
    )


@dataclass(frozen=True)
class Region:
    """A rectangle in pixels of the original scan; bottom and right are outside it.

    Raises:
        ValueError: If it is empty or begins before the scan does.
    """

    top: int
    left: int
    bottom: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise ValueError(
                f"Region: expected 0 <= top < bottom and 0 <= left < right, received {self}."
            )

    @property
    def height(self) -> int:
        """Rows of the rectangle."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns of the rectangle."""
        return self.right - self.left


@dataclass(frozen=True)
class Facts:
    """Where the pixels of a scan come from; nothing here identifies a patient.

    Attributes:
        format: "PNG", "JPEG", "TIFF", "BMP", "WEBP", "DICOM", "MP4", "AVI", or "array" for pixels
            made in memory.
        width: Columns of the scan as it is shown, after any rotation.
        height: Rows of the scan as it is shown, after any rotation.
        photometric: How the file stores a pixel: Pillow's mode ("L", "P", "I;16", ...) or the
            DICOM Photometric Interpretation ("MONOCHROME2", "YBR_FULL_422", ...), or the codec of
            a video ("h264", ...).
        bits: Bits per sample that the file declares.
        levels: How stored values became grey levels, e.g. "0 to 255" or "window 40 / 400".
        frames: Pictures in the file; counting the pages of a still stops at 1,000.
        frame: Which of them this is, from 0.
        orientation: EXIF orientation that was undone, 1 to 8; 1 means none.
        transfer_syntax: DICOM Transfer Syntax UID, None for the other formats.
        modality: DICOM Modality ("US", ...), None when the file states none.
        region: Where the two-dimensional ultrasound picture is, as the file states it (DICOM
            Sequence of Ultrasound Regions); None when it states none.
        mm_per_pixel: Size of a pixel of that picture, down and across, in mm; None when the file
            states none.
    """

    format: str
    width: int
    height: int
    photometric: str
    bits: int
    levels: str
    frames: int = 1
    frame: int = 0
    orientation: int = 1
    transfer_syntax: str | None = None
    modality: str | None = None
    region: Region | None = None
    mm_per_pixel: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Scan:
    """One still scan, as a model and as a reader see it.

    Attributes:
        pixels: float32 array of shape (height, width), greyscale in [0, 1], read-only.
        display: uint8 array of shape (height, width, 3), RGB, the colour original in the same
            geometry, read-only.
        name: What to call the scan on a page and in a message.
        facts: Where the pixels come from.

    Raises:
        ValueError: If shapes, types or values are not these.
    """

    pixels: NDArray[np.float32]
    display: NDArray[np.uint8]
    name: str
    facts: Facts

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or not self.pixels.size:
            raise ValueError(
                "Scan.pixels: expected float32 of shape (height, width), "
                f"received {self.pixels.dtype} of shape {self.pixels.shape}."
            )
        expected = (*self.pixels.shape, 3)
        if self.display.shape != expected or self.display.dtype != np.uint8:
            raise ValueError(
                f"Scan.display: expected uint8 of shape {expected}, "
                f"received {self.display.dtype} of shape {self.display.shape}."
            )
        _check_range(self.pixels)
        region = self.facts.region
        if region and (region.bottom > expected[0] or region.right > expected[1]):
            raise ValueError(f"Scan.facts: expected a region within {expected}, received {region}.")
        for field in ("pixels", "display"):
            # A view, so that the array of whoever built the scan stays as writable as it was.
            view = np.ascontiguousarray(getattr(self, field)).view()
            view.setflags(write=False)
            object.__setattr__(self, field, view)

    @classmethod
    def from_array(cls, pixels: NDArray[np.floating], name: str) -> Scan:
        """Wrap greyscale values that were made in memory, such as a phantom.

        Args:
            pixels: Float array of shape (height, width) in [0, 1].
            name: What to call the scan.

        Raises:
            ValueError: If the shape or the range is another.

        Example:
            >>> Scan.from_array(np.zeros((40, 50)), "black").facts.format
            'array'
        """
        grey = np.asarray(pixels, dtype=np.float32)
        if grey.ndim != 2 or not grey.size:
            raise ValueError(f"Scan: expected shape (height, width), received {grey.shape}.")
        _check_range(grey)
        height, width = grey.shape
        facts = Facts("array", width, height, "L", 32, "0 to 1")
        return cls(grey, grey_to_display(grey), name, facts)


def grey_to_display(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn float greys (height, width) in [0, 1] into uint8 RGB (height, width, 3)."""
    grey = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _check_range(pixels: NDArray[np.float32]) -> None:
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0.0 and high <= 1.0):  # written so that NaN fails it as well
        raise ValueError(f"Scan.pixels: expected values in [0, 1], received {low} to {high}.")

"""A TIFF of several pages as a clip: frames in order, without times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fetal_model.scan.clip import Clip
from fetal_model.scan.raster import read_raster
from fetal_model.scan.types import Scan, ScanError, damaged


def open_pages(data: bytes, name: str, pages: int) -> Clip:
    """Be ready to decode the pages of a TIFF; the first is decoded to see that it can be.

    Args:
        data: The file.
        name: What to call the clip.
        pages: How many pages it has.

    Raises:
        ScanError: If the first page cannot be read.
    """

    def frames(indices: Sequence[int]) -> Iterator[Scan | ScanError]:
        for index in indices:
            yield _page(data, name, index, pages)

    (first,) = frames([0])
    if isinstance(first, ScanError):
        raise first
    return Clip(name, replace(first.facts, frame=0), None, frames)


def _page(data: bytes, name: str, index: int, pages: int) -> Scan | ScanError:
    try:
        return read_raster(data, name, "TIFF", index, pages)
    except ScanError as error:
        return error
    except Exception:  # decoders fail in every way there is
        return damaged(name, "TIFF")

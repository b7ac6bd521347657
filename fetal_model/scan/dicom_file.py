"""A DICOM file opened: its header in memory, its pixels left where they are until asked for."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from pydicom import Dataset, config, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames, get_frame
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from fetal_model.scan.dicom_inflate import inflate
from fetal_model.scan.limits import MAX_BYTES
from fetal_model.scan.types import ScanError

# Scanners break value rules in elements that are of no interest here, and pydicom's warning about
# it quotes the value, which may be a name.
config.settings.reading_validation_mode = config.IGNORE

_PIXELS = 0x7FE00010
_UNDEFINED = 0xFFFFFFFF
_OF_THE_WHOLE_CLIP = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


@dataclass(frozen=True, eq=False)
class DicomFile:
    """A DICOM file whose pixels are read frame by frame.

    Attributes:
        header: All of the data set before its pixels.
        syntax: Its transfer syntax; pixels of a deflated file are no longer deflated.
        open: Opens the data set from its beginning.
        offset: Where the value of Pixel Data begins, in bytes; None without Pixel Data.
        length: Bytes of that value; None when it is encapsulated.
        pixels_vr: Value representation of Pixel Data.
    """

    header: Dataset
    syntax: UID
    open: Callable[[], BinaryIO]
    offset: int | None
    length: int | None
    pixels_vr: str

    def expected_length(self) -> int:
        """Bytes that the header's uncompressed pixels take."""
        return int(get_expected_length(self.header, unit="bytes"))

    def frame(self, index: int, count: int) -> Dataset:
        """A data set of one frame, ready to decode, out of `count`."""
        return next(iter(self.frames([index], count)))

    def frames(self, indices: Sequence[int], count: int) -> Iterator[Dataset]:
        """Read frames one at a time; the bytes of one are in memory at any time.

        Args:
            indices: Which, from 0, ascending.
            count: How many frames the header states.

        Raises:
            Exception: Whatever pydicom raises where frames cannot be told apart.
        """
        if self.offset is None:
            raise ValueError("there are no pixels")
        with self.open() as stream:
            stream.seek(self.offset)
            if self.length is not None:
                size = self.length if count == 1 else self.expected_length() // count
                for index in indices:
                    stream.seek(self.offset + index * size)
                    # A file that was cut ends early; the decoder says so.
                    yield self._alone(stream.read(size), compressed=False)
            elif len(indices) == 1:
                raw = get_frame(stream, indices[0], number_of_frames=count, **self._offsets())
                yield self._alone(raw, compressed=True)
            else:
                wanted = set(indices)
                every = generate_frames(stream, number_of_frames=count, **self._offsets())
                for index, raw in enumerate(itertools.islice(every, indices[-1] + 1)):
                    if index in wanted:
                        yield self._alone(raw, compressed=True)

    def _alone(self, raw: bytes, compressed: bool) -> Dataset:
        single = Dataset()
        single.update(self.header)
        for keyword in _OF_THE_WHOLE_CLIP:
            single.pop(keyword, None)
        single.set_original_encoding(*self.header.original_encoding)
        single.file_meta = FileMetaDataset()
        single.file_meta.TransferSyntaxUID = self.syntax
        # A new element: setting the value of the old one would change the header's.
        single.add_new("NumberOfFrames", "IS", 1)
        single.PixelData = encapsulate([raw]) if compressed else raw
        single["PixelData"].VR = self.pixels_vr
        single["PixelData"].is_undefined_length = compressed
        return single

    def _offsets(self) -> dict[str, Any]:
        offsets, lengths = (self.header.get(keyword) for keyword in _OF_THE_WHOLE_CLIP)
        return {"extended_offsets": (offsets, lengths)} if offsets and lengths else {}


def open_dicom(open_: Callable[[], BinaryIO], name: str) -> DicomFile:
    """Read a DICOM file up to its pixels.

    Args:
        open_: Opens the file, with or without the 128-byte preamble and File Meta Information.
        name: What to call the scan.

    Raises:
        ScanError: If it inflates to too much, or its transfer syntax cannot be told.
        Exception: Whatever pydicom raises for damaged bytes.
    """
    with open_() as stream:
        read_preamble(stream, force=True)
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
        syntax = meta.get("TransferSyntaxUID")
        if syntax == DeflatedExplicitVRLittleEndian:
            inflated = inflate(stream, name)
            open_ = lambda: BytesIO(inflated)  # noqa: E731
    with open_() as stream:
        if syntax == DeflatedExplicitVRLittleEndian:
            header = read_dataset(stream, False, True, stop_when=_at_pixels)
            header.set_original_encoding(False, True)
        else:
            # What is this large is of no interest here, and left in the file.
            header = dcmread(stream, stop_before_pixels=True, force=True, defer_size=MAX_BYTES)
        header.file_meta = FileMetaDataset(meta)
        implicit, little = header.original_encoding
        offset, length, vr = _pixels(stream, implicit, little)
    if syntax:
        stated = UID(syntax)
    elif offset is not None and length is None:
        raise ScanError.of(
            name,
            expected="a stated Transfer Syntax",
            found="compressed pixels without one",
            advice="Export the file again with its File Meta Information",
        )
    else:
        # Without compression only the encoding matters, which pydicom found out while it parsed.
        plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        stated = ImplicitVRLittleEndian if implicit else plain
    return DicomFile(header, stated, open_, offset, length, vr)


def _at_pixels(tag: int, vr: str | None, length: int) -> bool:
    return tag in (0x7FE00008, 0x7FE00009, _PIXELS)


def _pixels(
    stream: BinaryIO, implicit: bool | None, little: bool | None
) -> tuple[int | None, int | None, str]:
    """Offset, length and value representation of Pixel Data, of which the stream is in front."""
    order = "<" if little else ">"
    start = stream.read(8)
    if len(start) < 8:
        return None, None, ""
    if implicit:
        group, element, length = struct.unpack(f"{order}HHL", start)
        vr = "OW"
    else:
        group, element, code, length = struct.unpack(f"{order}HH2sH", start)
        vr = code.decode("latin-1")
        if vr in ("OB", "OW", "UN"):
            (length,) = struct.unpack(f"{order}L", stream.read(4))
    if group << 16 | element != _PIXELS:
        return None, None, ""
    return stream.tell(), None if length == _UNDEFINED else length, vr

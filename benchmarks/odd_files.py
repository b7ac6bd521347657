"""Odd DICOM files, clips and archives, made in code; with `odd_pictures` all that is tried."""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
    RTDoseStorage,
    TwelveLeadECGWaveformStorage,
)

from benchmarks.made_dicom import make, to_bytes, transcoded
from benchmarks.odd_pictures import HEIGHT, WIDTH, Made, pictures, textured

FRAMES = 5
_RATE = 20


def files() -> Iterator[Made]:
    """Every odd file: name and bytes, the same at every call."""
    yield from pictures()
    yield from dicoms()
    yield from clips()
    yield from archives()


def frames(count: int = FRAMES) -> np.ndarray:
    """Greys of a clip, uint8 (count, HEIGHT, WIDTH)."""
    return np.stack([textured(seed) for seed in range(count)])


def dicoms() -> Iterator[Made]:
    """DICOM files: ones to read, and ones that hold no picture or claim too much."""
    grey = textured()
    colour = np.stack([grey, grey // 2, 255 - grey], axis=-1)
    plain = to_bytes(make(grey))
    yield "grey.dcm", plain
    yield "inverted.dcm", to_bytes(make(grey, "MONOCHROME1"))
    yield "twelve-bit.dcm", to_bytes(make(grey.astype(np.uint16) * 16, BitsStored=12, HighBit=11))
    yield "colour.dcm", to_bytes(make(colour, "RGB"))
    yield "luma-chroma.dcm", to_bytes(make(colour, "YBR_FULL"))
    yield "without-header.dcm", plain[132:]
    yield "window-without-width.dcm", to_bytes(make(grey, WindowCenter=100, WindowWidth=0))
    for name, syntax in (
        ("rle", RLELossless), ("jpeg-2000", JPEG2000Lossless), ("jpeg-ls", JPEGLSLossless),
        ("jpeg-lossless", JPEGLosslessSV1), ("jpeg", JPEGBaseline8Bit),
        ("deflated", DeflatedExplicitVRLittleEndian),
    ):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            yield f"{name}.dcm", transcoded(make(grey), syntax, Path(folder))
    yield "one-pixel.dcm", to_bytes(make(grey[:1, :1]))
    yield "forged-size.dcm", to_bytes(make(grey, Rows=60_000, Columns=60_000))
    yield "cut-in-pixels.dcm", plain[: -grey.size // 2]
    yield "cut-in-header.dcm", plain[:300]
    yield "dose.dcm", to_bytes(make(grey.astype(np.uint32), SOPClassUID=RTDoseStorage))
    for name, sop_class in (
        ("report", BasicTextSRStorage), ("ecg", TwelveLeadECGWaveformStorage),
        ("document", EncapsulatedPDFStorage), ("directory", MediaStorageDirectoryStorage),
    ):  # fmt: skip
        yield f"{name}.dcm", to_bytes(_without_pixels(sop_class))
    dataset = make(grey)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    honest = to_bytes(dataset)
    start = 144 + int(np.frombuffer(honest[140:144], "<u4")[0])
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1024**2)) for _ in range(200)) + packer.flush()
    yield "deflated-bomb.dcm", honest[:start] + bomb


def clips() -> Iterator[Made]:
    """Clips: DICOM, MP4 and AVI."""
    plain = _clip()
    yield "clip.dcm", to_bytes(plain)
    yield "cut-clip.dcm", to_bytes(plain)[: -2 * HEIGHT * WIDTH]
    yield "promises-900-frames.dcm", to_bytes(_clip(NumberOfFrames=900))
    yield "promises-a-million-frames.dcm", to_bytes(_clip(NumberOfFrames=1_000_000))
    with tempfile.TemporaryDirectory() as folder:
        yield "rle-clip.dcm", transcoded(plain, RLELossless, Path(folder))
    yield "jpeg-clip.dcm", to_bytes(_jpeg_clip(frames()))
    broken = _jpeg_clip(frames(), broken=2)
    yield "jpeg-clip-with-a-broken-frame.dcm", to_bytes(broken)
    mp4, avi = video("mp4", "mp4v"), video("avi", "MJPG")
    yield "sweep.mp4", mp4
    yield "sweep.avi", avi
    yield "cut.mp4", mp4[: len(mp4) // 2]
    yield "cut.avi", avi[: len(avi) // 2]
    size = avi.index(b"strf") + 12
    yield "forged-size.avi", avi[:size] + struct.pack("<ii", 2**28, 2**28) + avi[size + 8 :]
    yield "only-a-header.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64)


def archives() -> Iterator[Made]:
    """ZIPs and what is taken for one."""
    grey = to_bytes(make(textured()))
    yield "two.zip", packed({"a/still.dcm": grey, "b/clip.dcm": to_bytes(_clip())})
    yield "nested.zip", packed({"inner.zip": packed({"a.dcm": grey})})
    yield "leads-out.zip", packed({"../../a.dcm": grey})
    yield "bomb.zip", packed({"a.png": bytes(80 * 1024**2)})
    yield "cut.zip", packed({"a.dcm": grey})[:500]
    yield "letter.docx", packed({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<d/>"})
    locked = bytearray(packed({"a.dcm": grey}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    yield "locked.zip", bytes(locked)


def video(ending: str, codec: str) -> bytes:
    """A video as OpenCV writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video.{ending}"
        code = cv2.VideoWriter_fourcc(*codec)
        writer = cv2.VideoWriter(str(path), code, _RATE, (WIDTH, HEIGHT))
        for frame in frames():
            writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
        writer.release()
        return path.read_bytes()


def packed(content: dict[str, bytes]) -> bytes:
    """A ZIP; its members have no date, so that it is the same every time."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return stream.getvalue()


def _clip(**elements: object) -> Dataset:
    made = frames()
    elements = {"NumberOfFrames": len(made), "FrameTime": str(1000 / _RATE)} | elements
    return make(made[0], PixelData=made.tobytes(), **elements)


def _jpeg_clip(greys: np.ndarray, broken: int | None = None) -> Dataset:
    codes = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in greys]
    if broken is not None:
        codes[broken] = codes[broken][:100]
    dataset = make(greys[0], NumberOfFrames=len(codes), PixelData=encapsulate(codes))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset["PixelData"].is_undefined_length = True
    return dataset


def _without_pixels(sop_class: str) -> Dataset:
    dataset = make(textured())
    del dataset.PixelData
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop_class
    return dataset

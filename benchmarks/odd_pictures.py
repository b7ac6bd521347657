"""Odd picture files, made in code: what a reader meets in the wild, each for one reason."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 96, 128

Made = tuple[str, bytes]


def textured(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Greys uint8 (height, width) that no codec makes trivial."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.linspace(0, 120, height), np.linspace(0, 80, width))
    return (ramp + rng.uniform(0, 50, (height, width))).astype(np.uint8)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture file."""
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def pictures() -> Iterator[Made]:
    """Every odd PNG, JPEG, TIFF, BMP and WebP, and what is none of these; name and bytes."""
    yield from _pngs()
    yield from _jpegs()
    yield from _tiffs()
    yield from _others()


def _pngs() -> Iterator[Made]:
    grey = Image.fromarray(textured())
    png = encoded(grey, "PNG")
    yield "grey.png", png
    yield "png-called.dcm", png
    yield "interlaced.png", _interlaced(textured())
    yield "sixteen-bit.png", encoded(Image.fromarray(textured().astype(np.uint16) * 257), "PNG")
    yield "one-bit.png", encoded(grey.convert("1"), "PNG")
    yield "palette.png", encoded(grey.convert("P"), "PNG", transparency=3)
    yield "transparent.png", encoded(grey.convert("RGBA"), "PNG")
    more = [Image.fromarray(textured(seed)) for seed in (1, 2)]
    yield "animated.png", encoded(grey, "PNG", save_all=True, append_images=more)
    yield "one-pixel.png", encoded(Image.new("L", (1, 1)), "PNG")
    yield "too-small.png", encoded(Image.new("L", (31, 200)), "PNG")
    yield "forty-to-one.png", encoded(Image.fromarray(textured(0, 40, 1600)), "PNG")
    yield "bomb-144-megapixels.png", _blank_png(12_000, 12_000)
    yield "bomb-210-megapixels.png", _blank_png(30_000, 7_000)
    yield "cut.png", png[: len(png) // 2]
    yield "wrong-checksum.png", png[:60] + bytes([png[60] ^ 255]) + png[61:]
    yield "black.png", encoded(Image.new("L", (WIDTH, HEIGHT)), "PNG")


def _jpegs() -> Iterator[Made]:
    grey = Image.fromarray(textured())
    jpeg = encoded(grey, "JPEG", quality=90)
    yield "grey.jpg", jpeg
    yield "progressive.jpg", encoded(grey, "JPEG", progressive=True)
    yield "cmyk.jpg", encoded(grey.convert("CMYK"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "lying-down.jpg", encoded(grey, "JPEG", exif=exif)
    more = [Image.fromarray(textured(seed)) for seed in (1, 2)]
    yield "several.mpo", encoded(grey, "MPO", save_all=True, append_images=more)
    yield "cut.jpg", jpeg[: len(jpeg) // 2]
    size = jpeg.index(b"\xff\xc0") + 5
    yield "forged-size.jpg", jpeg[:size] + struct.pack(">HH", 60_000, 60_000) + jpeg[size + 4 :]


def _tiffs() -> Iterator[Made]:
    values = textured().astype(np.float32) / 255
    yield "float.tif", encoded(Image.fromarray(values), "TIFF")
    for name, value in (("nan", np.nan), ("infinite", np.inf), ("three", 3.0)):
        odd = values.copy()
        odd[5, 5] = value
        yield f"float-{name}.tif", encoded(Image.fromarray(odd), "TIFF")
    below = textured().astype(np.int32) - 50
    yield "negative.tif", encoded(Image.fromarray(below), "TIFF")
    grey = Image.fromarray(textured())
    lzw = encoded(grey, "TIFF", compression="tiff_lzw")
    yield "lzw.tif", lzw
    yield "cut.tif", lzw[: len(lzw) // 2]
    yield "cmyk.tif", encoded(grey.convert("CMYK"), "TIFF")
    yield "lab.tif", encoded(Image.new("LAB", (WIDTH, HEIGHT)), "TIFF")
    more = [Image.fromarray(textured(seed)) for seed in range(1, 5)]
    yield "five-pages.tif", encoded(grey, "TIFF", save_all=True, append_images=more)
    yield "big-tiff-header.tif", b"II+\0\x08\0\0\0" + b"\xff" * 60


def _others() -> Iterator[Made]:
    grey = Image.fromarray(textured())
    bmp = encoded(grey, "BMP")
    yield "grey.bmp", bmp
    yield "cut.bmp", bmp[: len(bmp) // 2]
    yield "forged-size.bmp", bmp[:18] + struct.pack("<ii", 2**30, 2**30) + bmp[26:]
    webp = encoded(grey, "WEBP", quality=90)
    yield "lossy.webp", webp
    yield "lossless.webp", encoded(grey, "WEBP", lossless=True)
    more = [Image.fromarray(textured(seed)) for seed in (1, 2)]
    yield "animated.webp", encoded(grey, "WEBP", save_all=True, append_images=more)
    yield "cut.webp", webp[: len(webp) // 2]
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x3f" * 2
    yield "forged-size.webp", b"RIFF" + struct.pack("<I", 300) + b"WEBP" + canvas + webp[12:]
    yield "still.gif", encoded(grey, "GIF")
    yield "document.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
    yield "locked.pdf", b"%PDF-1.7\ntrailer << /Encrypt 5 0 R /ID [<00> <00>] >>\n%%EOF\n"
    yield "photograph.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>\n'
    yield "note.png", b"Patient: Jane Doe\n"
    yield "noise.bin", np.random.default_rng(3).bytes(5000)
    yield "zeros.bin", bytes(5000)
    yield "empty.png", b""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, interlace: int, packed: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _blank_png(width: int, height: int) -> bytes:
    """A complete black PNG of any size, made row by row."""
    packer = zlib.compressobj(9)
    row = b"\0" * (width + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return _png(width, height, 0, body)


def _interlaced(values: np.ndarray) -> bytes:
    """A PNG in the seven passes of Adam7, which Pillow does not write."""
    passes = (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
        (1, 0, 2, 1),
    )  # fmt: skip
    rows = [
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in values[top::down, left::right]
    ]
    return _png(values.shape[1], values.shape[0], 1, zlib.compress(b"".join(rows)))

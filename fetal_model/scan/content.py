"""What a file is, told from its first bytes; names and extensions lie."""

from __future__ import annotations

RASTER_FORMATS: tuple[str, ...] = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
VIDEO_FORMATS: tuple[str, ...] = ("MP4", "AVI")
ARCHIVE = "ZIP"
STILLS = "PNG, JPEG, TIFF, BMP, WebP or DICOM"
"""What a still may be, for messages."""
SCANS = f"{STILLS}, or an MP4 or AVI clip"
"""What a scan may be, for messages."""

_RASTER_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
)
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
# Known only so that a message can say what was dropped on the page.
_REFUSED_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"PK", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypheic", "an HEIC photograph"),
    (4, b"ftypheix", "an HEIC photograph"),
    (4, b"ftypmif1", "an HEIC or AVIF photograph"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "an MP4 or QuickTime video"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture outside DICOM"),
)
# A DICOM data set without the 128-byte preamble opens with group 0002 or 0008, in either order.
_BARE_DICOM = (b"\x02\0", b"\x08\0", b"\0\x02", b"\0\x08")
# ISO media that holds pictures, not a clip.
_STILL_BRANDS = (b"heic", b"heix", b"mif1", b"avif")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # with members, and without


def recognise(data: bytes) -> str | None:
    """Return one of `RASTER_FORMATS` or `VIDEO_FORMATS`, `ARCHIVE`, "DICOM", or None.

    The DICOM mark is looked for first, because its preamble may hold another format's header.

    Args:
        data: The file, or its first 512 bytes at least.
    """
    if data[128:132] == b"DICM":
        return "DICOM"
    for signature, name in _RASTER_SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"AVI "):
        return "WEBP" if data[8:12] == b"WEBP" else "AVI"
    if data[4:8] == b"ftyp" and data[8:12] not in _STILL_BRANDS:
        return "MP4"
    if data.startswith(_ZIP):
        return ARCHIVE
    return "DICOM" if data[:2] in _BARE_DICOM else None


def describe(data: bytes) -> str:
    """Say in words what a file is that cannot be read where it was given.

    Example:
        >>> describe(b"%PDF-1.7")
        'a PDF document'
    """
    for offset, signature, words in _REFUSED_SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return words
    head = data[:512]
    # A multi-byte character may be cut by the slice; "ignore" drops that tail only because every
    # other byte still has to be printable.
    text = head.decode("utf-8", errors="ignore")
    if len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c in "\t\r\n" for c in text):
        return "text"
    return "a file of another kind"

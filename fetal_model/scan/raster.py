"""PNG, JPEG, TIFF, BMP and WebP through Pillow; DICOM is not, even with a JPEG inside."""

from __future__ import annotations

import logging
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageOps

from fetal_model.scan.content import RASTER_FORMATS
from fetal_model.scan.levels import colour_to_grey, scale_to_white
from fetal_model.scan.limits import MAX_FRAMES_COUNTED, MAX_PIXELS, check_size
from fetal_model.scan.png import check_png
from fetal_model.scan.raster_grey import floats_to_grey, integers_to_grey, sixteen_bit_to_grey
from fetal_model.scan.types import Facts, Scan, ScanError, grey_to_display
from fetal_model.scan.webp import check_webp

# At DEBUG Pillow logs what stands in a file's EXIF and TIFF tags, which may be a name.
logging.getLogger("PIL").setLevel(logging.INFO)

_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_COLOUR = frozenset({"P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"})
_MODE_BITS = {"1": 1, "I": 32, "F": 32} | dict.fromkeys(_SIXTEEN_BIT, 16)
_TIFF_BITS_PER_SAMPLE = 258
_TIFF_PHOTOMETRIC = 262
_TIFF_WHITE_IS_ZERO = 0


def read_raster(data: bytes, name: str, kind: str, page: int = 0, pages: int = 0) -> Scan:
    """Read one picture of a PNG, JPEG, TIFF, BMP or WebP file.

    Transparency is laid on black, the ground of a scan. CMYK is converted without a colour
    profile. EXIF orientation is undone. Colour with 16 bits per channel is read with 8.

    Args:
        data: The file.
        name: What to call the scan.
        kind: What the content was recognised as; named in messages.
        page: Which page of a TIFF, from 0; of other files the first picture is read.
        pages: How many there are, if they were counted already.

    Raises:
        ScanError: If the picture is too small, too big, an animated WebP, or of a kind without a
            defined grey.
        Exception: Whatever Pillow raises for damaged bytes; `read_scan` words it.
    """
    if kind == "WEBP":
        check_webp(data, name)
    elif kind == "PNG":
        check_png(data, name)
    with _open(data, name, page) as opened:
        mode = opened.mode
        bits = _declared_bits(opened, data)
        white_is_zero = _is_white_zero(opened)
        orientation = _orientation(opened)
        opened.load()
        image = _upright(opened)
        if mode in _SIXTEEN_BIT:
            pixels, levels = sixteen_bit_to_grey(image, bits, white_is_zero)
        elif mode == "I":
            pixels, levels = integers_to_grey(image, name)
        elif mode == "F":
            pixels, levels = floats_to_grey(image, name)
        elif mode in ("1", "L") and "transparency" not in image.info:
            pixels, levels = scale_to_white(np.asarray(image.convert("L")), 255), "0 to 255"
        elif mode in ("1", "L") or mode in _COLOUR:
            pixels, levels = None, "0 to 255"
            display = np.asarray(_on_black(image))
        else:
            raise ScanError.of(
                name,
                expected="greyscale or RGB colour",
                found=f"{kind} pixels in {mode}",
                advice="Export the scan as an 8-bit PNG",
            )
    if pixels is None:
        pixels = colour_to_grey(display)
    else:
        display = grey_to_display(pixels)
    height, width = pixels.shape
    pages = pages or count_pages(data)
    facts = Facts(kind, width, height, mode, bits, levels, pages, page, orientation)
    return Scan(pixels, display, name, facts)


def _open(data: bytes, name: str, page: int) -> Image.Image:
    """Read the header, and check the size before the decoder is given a byte.

    Pillow refuses a picture of more than 179 megapixels, but only warns about one of 89 or more,
    and a warning is turned into an error for a whole process or not at all.
    """
    try:
        image = Image.open(BytesIO(data), formats=RASTER_FORMATS)
        if page:
            image.seek(page)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ScanError.of(
            name,
            expected=f"at most {MAX_PIXELS // 10**6} megapixels",
            found="far more",
            advice="Export the scan at the size of the scanner's screen",
        ) from error
    check_size(name, *image.size)
    return image


def _on_black(image: Image.Image) -> Image.Image:
    """Return an RGB picture with every transparent part laid on black."""
    if image.mode in ("La", "RGBa"):  # premultiplied: Pillow converts these by one way only
        image = image.convert(image.mode.upper())
    if not image.mode.endswith("A") and "transparency" not in image.info:
        return image.convert("RGB")
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image.convert("RGBA")).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Undo the EXIF orientation; a broken EXIF block does not cost the scan that carries it."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _orientation(image: Image.Image) -> int:
    # Asked before loading: Pillow rotates a TIFF while it loads, and forgets the tag.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _declared_bits(image: Image.Image, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]  # IHDR always comes first; Pillow keeps only what it decodes to
    tags = getattr(image, "tag_v2", None)
    if tags is not None and _TIFF_BITS_PER_SAMPLE in tags:
        return max(tags[_TIFF_BITS_PER_SAMPLE])
    return _MODE_BITS.get(image.mode, 8)


def _is_white_zero(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(_TIFF_PHOTOMETRIC) == _TIFF_WHITE_IS_ZERO


def count_pages(data: bytes) -> int:
    """Count the pictures in a file, up to a limit; a damaged later one ends the count.

    Example:
        >>> stream = BytesIO()
        >>> pages = [Image.new("L", (40, 40)) for _ in range(3)]
        >>> pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
        >>> count_pages(stream.getvalue())
        3
    """
    with Image.open(BytesIO(data), formats=RASTER_FORMATS) as image:
        if image.format != "TIFF":
            return int(getattr(image, "n_frames", 1))
        if not getattr(image, "is_animated", False):
            return 1
        for frame in range(1, MAX_FRAMES_COUNTED):
            try:
                image.seek(frame)
            except Exception:
                return frame
        return MAX_FRAMES_COUNTED

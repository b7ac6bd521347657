"""Every file of pydicom's installed test collection: read as pydicom reads it, or refused in words.

The files come from other people's scanners and toolkits. Only what the package installs is used;
nothing is downloaded.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_windowing

from fetal_model.scan import Clip, Scan, ScanError, open_scan, read_scan

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
FILES = {
    path.relative_to(FOLDER).as_posix(): path
    for path in sorted(FOLDER.rglob("*"))
    if path.is_file()
}

# What must be read. Every other file is refused, each with a message.
READ = {
    "693_J2KI.dcm",
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "GDCMJ2K_TextGBR.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG2000.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_expb.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_dcmtk_+eb+cy+n2.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_dcmtk_+eb+cy+s2.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jls_lossy_sample.dcm",
    "SC_rgb_jpeg.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_dcmd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "image_dfl.dcm",
}
# The refusals that say something about the readers; the rest hold no picture or a tiny one.
REFUSED = {
    "JPGExtended.dcm": "JPEG Extended (Process 2 and 4), 12 bits",
    "JPEG-lossy.dcm": "JPEG Extended (Process 2 and 4), 12 bits",
    "JPEG2000-embedded-sequence-delimiter.dcm": "a compressed picture of 3722445056 x 1024",
    "MR_truncated.dcm": "a damaged or unusual one",
    "SC_rgb_rle_2frame.dcm": "a clip of 2 frames",
    "examples_ybr_color.dcm": "a clip of 30 frames",
    "SC_rgb_rle_32bit.dcm": "32 in Secondary Capture Image Storage",
    "liver_1frame.dcm": "1 in Segmentation Storage",
    "rtdose.dcm": "32 in RT Dose Storage",
    "rtplan.dcm": "RT Plan Storage without integer pixel data",
    "waveform_ecg.dcm": "12-lead ECG Waveform Storage without integer pixel data",
    "test-SR.dcm": "Comprehensive SR Storage without integer pixel data",
    "dicomdirtests/DICOMDIR": "Media Storage Directory Storage without integer pixel data",
    "SC_rgb_small_odd.dcm": "3 x 3",
    "badVR.dcm": "32 in RT Dose Storage",
    "zipMR.gz": "a gzip archive",
    "README.txt": "text",
}


# What `open_scan` opens as a clip, and how many frames it has.
CLIPS = {
    "SC_rgb_rle_16bit_2frame.dcm": 2,
    "SC_rgb_rle_2frame.dcm": 2,
    "examples_ybr_color.dcm": 30,
}


def expected_grey(dataset: Dataset) -> np.ndarray:
    """Greys in [0, 1] by pydicom's own functions, independent of the reader's arithmetic."""
    stored = dataset.pixel_array
    values = apply_modality_lut(stored, dataset).astype(float)
    low, high = float(values.min()), float(values.max())
    if "WindowWidth" in dataset:
        values = apply_windowing(values, dataset)
        bits = dataset.BitsStored
        low, high = (
            (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            if dataset.PixelRepresentation
            else (0, 2**bits - 1)
        )
        slope, intercept = dataset.get("RescaleSlope", 1), dataset.get("RescaleIntercept", 0)
        low, high = low * slope + intercept, high * slope + intercept
    elif not dataset.PixelRepresentation:
        low, high = 0, 2**dataset.BitsStored - 1
    return (values - low) / (high - low)


def expected_colour(dataset: Dataset) -> np.ndarray:
    """RGB in 8 bits by pydicom's own functions."""
    colours = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return apply_color_lut(colours, dataset) >> 8
    return colours if colours.dtype == np.uint8 else np.rint(colours / 257).astype(np.uint8)


def test_the_collection_is_there() -> None:
    assert READ | REFUSED.keys() | CLIPS.keys() <= FILES.keys()


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_opened_as_the_still_or_the_clip_that_it_is(name: str) -> None:
    try:
        opened = open_scan(FILES[name])
    except ScanError as error:
        assert name not in READ | CLIPS.keys()
        assert str(error).startswith(f"{FILES[name].name}: expected ")
        return
    if name in READ:
        assert isinstance(opened, Scan)
        still = read_scan(FILES[name])
        assert np.array_equal(opened.pixels, still.pixels)
        assert opened.facts == still.facts
        return
    assert isinstance(opened, Clip)
    assert len(opened) == CLIPS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = dcmread(FILES[name]).pixel_array
    if expected.dtype == np.uint16:
        expected = np.rint(expected / 257)
    for frame, scan in zip(expected, opened, strict=True):
        assert np.array_equal(scan.display, frame)


@pytest.mark.parametrize("name", sorted(FILES))
def test_file_is_read_as_pydicom_reads_it_or_refused_in_words(name: str) -> None:
    path = FILES[name]
    if name not in READ:
        with pytest.raises(ScanError) as caught:
            read_scan(path)
        message = str(caught.value)
        assert message.startswith(f"{path.name}: expected ")
        assert ", found " in message
        assert message.endswith(".")
        assert REFUSED.get(name, "") in message
        return

    scan = read_scan(path)
    assert scan.name == path.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path)
        assert scan.pixels.shape == (dataset.Rows, dataset.Columns)
        assert scan.facts.transfer_syntax == dataset.file_meta.TransferSyntaxUID
        if dataset.PhotometricInterpretation.startswith("MONOCHROME"):
            assert np.abs(scan.pixels - expected_grey(dataset)).max() < 1e-5
            assert np.abs(scan.display[..., 0] / 255 - scan.pixels).max() < 0.5001 / 255
        else:
            colours = expected_colour(dataset)
            assert np.array_equal(scan.display, colours)
            luma = colours @ np.array([0.299, 0.587, 0.114])
            assert np.abs(scan.pixels * 255 - luma).max() < 0.51
    assert len(np.unique(scan.pixels)) > 2  # a picture, not a blank

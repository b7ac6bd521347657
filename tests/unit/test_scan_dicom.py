"""DICOM pixels of every kind an ultrasound scanner writes, made here with known values."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders import base as decoders
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    MPEG4HP41,
    UID,
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    RTDoseStorage,
)

from benchmarks.made_dicom import COLOUR, COLUMNS, RAMP, ROWS, make, to_bytes, transcoded
from fetal_model.scan import Scan, ScanError, dicom_decode, dicom_inflate, gdcm_apart, read_scan


def read(dataset: Dataset) -> Scan:
    return read_scan(to_bytes(dataset), name="us.dcm")


def lookup_table(values: list[int], first: int, bits: int) -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [len(values), first, bits]
    table.LUTData = np.array(values, "<u2").tobytes()
    return table


def grey(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) / np.float32(255)


def test_eight_bit_grey() -> None:
    scan = read(make(RAMP))
    assert np.array_equal(scan.pixels, grey(RAMP))
    assert np.array_equal(scan.display, np.stack([RAMP] * 3, axis=-1))
    facts = scan.facts
    assert (facts.format, facts.width, facts.height, facts.bits) == ("DICOM", COLUMNS, ROWS, 8)
    assert (facts.photometric, facts.modality, facts.frames) == ("MONOCHROME2", "US", 1)
    assert facts.transfer_syntax == ExplicitVRLittleEndian
    assert "Doe" not in repr(facts)


def test_monochrome1_is_inverted() -> None:
    scan = read(make(RAMP, "MONOCHROME1"))
    assert np.allclose(scan.pixels, 1 - RAMP / 255, atol=1e-6)
    assert scan.facts.levels == "0 to 255, inverted"


@pytest.mark.parametrize(
    ("stored_bits", "highest", "white"),
    [(10, 1000, 1023), (12, 4000, 4095), (16, 60_000, 65535), (16, 4000, 4095), (12, 250, 255)],
)
def test_more_than_eight_bits_without_a_window(stored_bits: int, highest: int, white: int) -> None:
    values = np.linspace(0, highest, RAMP.size).reshape(RAMP.shape).astype(np.uint16)
    scan = read(make(values, BitsStored=stored_bits, HighBit=stored_bits - 1))
    assert np.allclose(scan.pixels, values / white, atol=1e-6)


def test_signed_values_spread_from_minimum_to_maximum() -> None:
    values = RAMP.astype(np.int16) * 4 - 500
    scan = read(make(values))
    assert np.allclose(scan.pixels, RAMP / 255, atol=1e-6)
    assert scan.facts.levels == "-500 to 520"


def test_rescale_with_a_negative_slope_turns_the_greys_round() -> None:
    scan = read(make(RAMP, RescaleSlope=-2, RescaleIntercept=100))
    assert np.allclose(scan.pixels, 1 - RAMP / 255, atol=1e-6)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window(function: str) -> None:
    scan = read(make(RAMP, WindowCenter=[100, 9], WindowWidth=[80, 9], VOILUTFunction=function))
    x = RAMP.astype(float)
    expected = {
        "LINEAR": np.clip((x - 99.5) / 79 + 0.5, 0, 1),
        "LINEAR_EXACT": np.clip((x - 100) / 80 + 0.5, 0, 1),
        "SIGMOID": 1 / (1 + np.exp(-4 * (x - 100) / 80)),
    }[function]
    assert np.allclose(scan.pixels, expected, atol=1e-5)
    assert scan.facts.levels == f"window 100 / 80 ({function})"


@pytest.mark.parametrize("width", [0, -5, ""])
def test_a_window_without_width_is_no_window(width: object) -> None:
    scan = read(make(RAMP, WindowCenter=100, WindowWidth=width))
    assert np.array_equal(scan.pixels, grey(RAMP))


def test_lookup_tables() -> None:
    values = [255 - value for value in range(256)]
    voi = read(make(RAMP, VOILUTSequence=[lookup_table(values, 0, 8)]))
    assert np.array_equal(voi.pixels, grey(255 - RAMP))
    modality = lookup_table(values, 0, 8)
    modality.ModalityLUTType = "US"
    table = read(make(RAMP, ModalityLUTSequence=[modality]))
    assert np.allclose(table.pixels, 1 - RAMP / 255, atol=1e-6)


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb(planar: int) -> None:
    stored = COLOUR if planar == 0 else COLOUR.transpose(2, 0, 1)
    scan = read(make(COLOUR, "RGB", PlanarConfiguration=planar, PixelData=stored.tobytes()))
    assert np.array_equal(scan.display, COLOUR)
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(scan.pixels * 255 - luma).max() <= 0.51


def test_rgb_of_16_bits() -> None:
    scan = read(make(COLOUR.astype(np.uint16) * 257, "RGB"))
    assert np.array_equal(scan.display, COLOUR)


def test_uncompressed_ybr_is_converted_once() -> None:
    # Skin: red above green above blue. Converted twice, green would lead.
    skin = np.array([200, 140, 120], float)
    y = skin @ [0.299, 0.587, 0.114]
    ybr = np.array([y, (skin[2] - y) / 1.772 + 128, (skin[0] - y) / 1.402 + 128])
    stored = np.broadcast_to(np.rint(ybr).astype(np.uint8), COLOUR.shape)
    scan = read(make(np.ascontiguousarray(stored), "YBR_FULL"))
    assert np.abs(scan.display.astype(int) - skin).max() <= 2
    assert scan.facts.photometric == "YBR_FULL"


def test_jpeg_ybr_is_converted_once() -> None:
    stream = BytesIO()
    Image.new("RGB", (COLUMNS, ROWS), (200, 140, 120)).save(stream, "JPEG", quality=95)
    dataset = make(COLOUR, "YBR_FULL_422", PixelData=encapsulate([stream.getvalue()]))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset["PixelData"].is_undefined_length = True
    scan = read(dataset)
    assert np.abs(scan.display.astype(int) - [200, 140, 120]).max() <= 2
    assert scan.facts.transfer_syntax == JPEGBaseline8Bit


@pytest.mark.parametrize(("bits", "factor"), [(8, 1), (16, 1), (16, 256), (16, 257)])
def test_palette(bits: int, factor: int) -> None:
    """16-bit tables hold 8-bit colours plain, in the top byte, or in both bytes."""
    red = np.arange(256)[::-1] * factor
    dataset = make(RAMP, "PALETTE COLOR")
    kind = np.uint8 if bits == 8 else np.uint16
    for channel, values in (("Red", red), ("Green", red // 2 // factor * factor), ("Blue", red)):
        setattr(dataset, f"{channel}PaletteColorLookupTableDescriptor", [256, 0, bits])
        setattr(dataset, f"{channel}PaletteColorLookupTableData", values.astype(kind).tobytes())
    scan = read(dataset)
    assert np.array_equal(scan.display[..., 0], 255 - RAMP)
    assert np.array_equal(scan.display[..., 1], (255 - RAMP) // 2)


def test_files_without_preamble_or_meta_information(tmp_path: Path) -> None:
    whole = to_bytes(make(RAMP))
    assert np.array_equal(read_scan(whole[132:]).pixels, grey(RAMP))
    for implicit, little in ((True, True), (False, True), (False, False)):
        dataset = make(RAMP)
        del dataset.file_meta
        data = to_bytes(
            dataset, enforce_file_format=False, implicit_vr=implicit, little_endian=little
        )
        path = tmp_path / "no-extension"
        path.write_bytes(data)
        assert np.array_equal(read_scan(path).pixels, grey(RAMP))


PLAIN = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
}
LOSSLESS = {JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless}
LOSSY_TO_16_BITS = {JPEGLSNearLossless, JPEG2000}
JPEG_8_BIT = {JPEGBaseline8Bit, JPEGExtended12Bit}
# pylibjpeg-openjpeg decodes these; nothing installed encodes them, so availability is all that
# can be shown here.
NOT_ENCODABLE_HERE = {HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K}


@pytest.mark.parametrize("syntax", sorted(PLAIN | LOSSLESS | LOSSY_TO_16_BITS | JPEG_8_BIT))
def test_transfer_syntax_at_8_bits(syntax: UID, tmp_path: Path) -> None:
    scan = read_scan(transcoded(make(RAMP), syntax, tmp_path))
    tolerance = 0 if syntax in PLAIN | LOSSLESS else 3 / 255
    assert np.abs(scan.pixels - grey(RAMP)).max() <= tolerance
    assert scan.facts.transfer_syntax == syntax


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("syntax", sorted(PLAIN | LOSSLESS | LOSSY_TO_16_BITS))
def test_transfer_syntax_at_12_and_16_bits(syntax: UID, bits: int, tmp_path: Path) -> None:
    white = 2**bits - 1
    values = (RAMP / 255 * white).astype(np.uint16)
    dataset = make(values, BitsStored=bits, HighBit=bits - 1)
    scan = read_scan(transcoded(dataset, syntax, tmp_path))
    tolerance = 1e-6 if syntax in PLAIN | LOSSLESS else 3 / 255
    assert np.abs(scan.pixels - values / white).max() <= tolerance


@pytest.mark.parametrize("syntax", sorted(LOSSLESS))
def test_transfer_syntax_in_colour(syntax: UID, tmp_path: Path) -> None:
    scan = read_scan(transcoded(make(COLOUR, "RGB"), syntax, tmp_path))
    assert np.array_equal(scan.display, COLOUR)


def test_no_decoder_is_missing_without_the_gpl_one() -> None:
    """Every syntax that pydicom has a decoder for is decoded without pylibjpeg-libjpeg (GPLv3)."""
    available = {
        syntax
        for syntax in decoders._PIXEL_DATA_DECODERS
        if decoders.get_decoder(syntax).is_available
    }
    assert available == set(decoders._PIXEL_DATA_DECODERS)
    assert available == PLAIN | LOSSLESS | LOSSY_TO_16_BITS | JPEG_8_BIT | NOT_ENCODABLE_HERE
    with pytest.raises(ImportError):
        import libjpeg  # noqa: F401


def test_jpeg_of_12_bits_is_the_one_gap(tmp_path: Path) -> None:
    dataset = make(RAMP.astype(np.uint16) * 16, BitsStored=12, HighBit=11)
    data = transcoded(dataset, JPEGExtended12Bit, tmp_path)
    with pytest.raises(ScanError, match=r"found JPEG Extended .* 12 bits, damaged or of a kind"):
        read_scan(data)


def text_report() -> Dataset:
    dataset = make(RAMP)
    del dataset.PixelData
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = BasicTextSRStorage
    return dataset


def dose() -> Dataset:
    return make(RAMP.astype(np.uint32), SOPClassUID=RTDoseStorage)


def huge() -> Dataset:
    return make(RAMP, Rows=60_000, Columns=60_000)


def clip() -> Dataset:
    return make(RAMP, NumberOfFrames=30, PixelData=RAMP.tobytes() * 30)


def partial_ybr() -> Dataset:
    return make(COLOUR, "YBR_PARTIAL_422", PixelData=COLOUR.tobytes())


def video() -> Dataset:
    dataset = make(COLOUR, "YBR_PARTIAL_420", PixelData=encapsulate([b"\0\0\0\x01" * 20]))
    dataset.file_meta.TransferSyntaxUID = MPEG4HP41
    dataset["PixelData"].is_undefined_length = True
    return dataset


def missing_rows() -> Dataset:
    dataset = make(RAMP)
    del dataset.Rows
    return dataset


def frames_in_words() -> Dataset:
    dataset = make(RAMP)
    dataset.add_new("NumberOfFrames", "LO", "a few")  # written as it is, read back as a number
    return dataset


def short() -> Dataset:
    return make(RAMP, PixelData=RAMP.tobytes()[:-100])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (text_report, "expected a DICOM image, found Basic Text SR Storage without"),
        (dose, "expected 8 to 16 bits per sample, found 32 in RT Dose Storage"),
        (huge, "expected at most 40 megapixels, found 60000 x 60000"),
        (clip, "expected a single frame, found a clip of 30 frames"),
        (partial_ybr, "expected MONOCHROME, RGB, YBR_FULL or PALETTE COLOR pixels"),
        (video, "expected pixels that can be decoded, found MPEG-4"),
        (missing_rows, "expected a whole number for Rows"),
        (frames_in_words, "expected a whole number for NumberOfFrames, found something else"),
        (short, "expected a complete DICOM file, found a damaged"),
    ],
)
def test_refusals_say_what_was_found(build: object, message: str) -> None:
    with pytest.raises(ScanError) as caught:
        read(build())  # type: ignore[operator]
    assert str(caught.value).startswith("us.dcm: ")
    assert message in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_size_is_checked_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_decode, "get_decoder", lambda syntax: pytest.fail("decoded"))
    with pytest.raises(ScanError, match="60000 x 60000"):
        read(huge())


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless])
def test_a_codestream_larger_than_its_header_says_is_not_decoded(
    syntax: UID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = np.zeros((2000, 3000), np.uint8)
    path = tmp_path / "lie.dcm"
    path.write_bytes(transcoded(make(big), syntax, tmp_path))
    dataset = dcmread(path)
    dataset.Rows, dataset.Columns = ROWS, COLUMNS
    monkeypatch.setattr(dicom_decode, "get_decoder", lambda syntax: pytest.fail("decoded"))
    with pytest.raises(
        ScanError, match=r"expected 64 x 48 .* found a compressed .* of 3000 x 2000"
    ):
        read(dataset)


def test_a_deflated_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make(RAMP)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    honest = to_bytes(dataset)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = packer.compress(bytes(8 * 1024**2)) + packer.flush()
    (length,) = np.frombuffer(honest[140:144], "<u4")
    monkeypatch.setattr(dicom_inflate, "MAX_INFLATED_BYTES", 4 * 1024**2)
    assert read_scan(honest).pixels.shape == RAMP.shape
    with pytest.raises(ScanError, match="expected at most 4 MiB once inflated"):
        read_scan(honest[: 144 + int(length)] + bomb)


@pytest.mark.parametrize(
    ("syntax", "times"), [(JPEGLosslessSV1, 4), (JPEG2000Lossless, 40), (RLELossless, 40)]
)
def test_many_threads_agree(syntax: UID, times: int, tmp_path: Path) -> None:
    data = transcoded(make(RAMP), syntax, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        scans = list(pool.map(read_scan, [data] * times))
    assert all(np.array_equal(scan.pixels, grey(RAMP)) for scan in scans)


def test_gdcm_is_never_called_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the process on damaged frames, so pydicom must not fall back on it either."""
    from pydicom.pixels.decoders import gdcm as plugin

    files = [
        transcoded(make(RAMP), syntax, tmp_path)
        for syntax in sorted(LOSSLESS | LOSSY_TO_16_BITS | JPEG_8_BIT)
    ]
    monkeypatch.setattr(plugin, "_decode_frame", lambda *args: pytest.fail("called here"))
    for syntax in decoders._PIXEL_DATA_DECODERS:
        available = decoders.get_decoder(syntax)._available
        monkeypatch.setitem(available, "gdcm", lambda *args: pytest.fail("called here"))
    for data in files:
        assert read_scan(data).pixels.shape == RAMP.shape


def test_a_frame_that_kills_gdcm_costs_that_file_a_message(tmp_path: Path) -> None:
    data = transcoded(make(RAMP), JPEGLosslessSV1, tmp_path)
    table = data.index(b"\xff\xc4")
    # A Huffman table with more codes than there can be: GDCM throws what nothing catches.
    broken = data[: table + 5] + b"\xff" * 16 + data[table + 21 :]
    with pytest.raises(ScanError, match=r"JPEG Lossless.*damaged or of a kind"):
        read_scan(broken)


def test_a_decoder_that_dies_or_answers_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = transcoded(make(RAMP), JPEGLSLossless, tmp_path)
    for body in ("import os; os.abort()", "print('RGB'); print('nonsense')", "while True: pass"):
        child = tmp_path / "child.py"
        child.write_text(body)
        monkeypatch.setattr(gdcm_apart, "__file__", str(child))
        monkeypatch.setattr(gdcm_apart, "_TIMEOUT_SECONDS", 2.0)
        with pytest.raises(ScanError, match=r"JPEG-LS.*damaged or of a kind"):
            read_scan(data)


@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_raise_nothing_but_scan_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for syntax in (ExplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit, JPEG2000Lossless):
        data = transcoded(make(RAMP), syntax, tmp_path)
        for _ in range(60):
            broken = bytearray(data)
            for position in rng.integers(132, min(len(broken), 1200), 6):
                broken[position] = rng.integers(256)
            try:
                read_scan(bytes(broken), name="broken")
            except ScanError as error:
                assert str(error).startswith("broken: expected ")

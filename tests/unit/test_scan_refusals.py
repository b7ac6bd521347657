"""What is refused, when, and in which words; and what a `Scan` guarantees about itself."""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from fetal_model.scan import Facts, Scan, ScanError, read_scan
from fetal_model.scan.limits import MAX_BYTES, MAX_PIXELS


def encode(kind: str, size: tuple[int, int] = (64, 48), mode: str = "L") -> bytes:
    rng = np.random.default_rng(3)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    stream = BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(stream, kind)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def blank_png(width: int, height: int) -> bytes:
    """A complete black PNG of any size, made row by row so that the test stays small."""
    packer = zlib.compressobj(9)
    row = b"\0" * (width + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.fixture
def decoding_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any attempt to decode a picture visible."""

    def decode(self: ImageFile.ImageFile) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encode("GIF"), "a GIF picture"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        (b"\x1aE\xdf\xa3" + b"\0" * 40, "a Matroska or WebM video"),
        (b"8BPS\0\x01" + b"\0" * 200, "a Photoshop document"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (b"PK\x03\x04" + b"\0" * 100, "a ZIP archive"),
        (b"\0\0\0\x18ftypmp42", "an MP4 or QuickTime video"),
        (b"Patient: Jane Doe\n", "text"),
        ("Grüße aus der Praxis\n".encode() * 40, "text"),
        (bytes(range(255, 100, -1)), "a file of another kind"),
        (b"\0", "a file of another kind"),
    ],
)
def test_only_listed_formats_are_opened(
    data: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("opened"))
    with pytest.raises(ScanError) as caught:
        read_scan(data, name="drop.png")
    message = str(caught.value)
    assert message.startswith(
        "drop.png: expected PNG, JPEG, TIFF, BMP, WebP or DICOM, found " + words
    )
    assert "Jane" not in message


def test_pillow_itself_is_held_to_the_list() -> None:
    # TIFF signature, GIF for the rest: Pillow must not try its other plugins.
    with pytest.raises(ScanError, match="expected a complete TIFF file"):
        read_scan(b"II*\0" + encode("GIF"))


def test_empty() -> None:
    with pytest.raises(ScanError, match=r"^a\.png: expected a scan, found an empty file\. "):
        read_scan(b"", name="a.png")


def test_bomb_is_refused_before_it_is_decoded(decoding_fails: None) -> None:
    data = blank_png(12_000, 12_000)
    assert len(data) < 200_000
    with pytest.raises(ScanError, match=r"found 12000 x 12000 \(144 megapixels\)"):
        read_scan(data, name="bomb.png")


def test_bomb_beyond_what_pillow_opens(decoding_fails: None) -> None:
    with pytest.raises(
        ScanError, match=r"huge\.png: expected at most 40 megapixels, found far more"
    ):
        read_scan(blank_png(30_000, 7_000), name="huge.png")


def test_bomb_takes_no_memory() -> None:
    """The peak of this process must not move by the 144 MB a decoder would take."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs /proc")

    def peak() -> int:
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

    data = blank_png(12_000, 12_000)
    Path("/proc/self/clear_refs").write_text("5")  # start the peak anew
    before = peak()
    with pytest.raises(ScanError):
        read_scan(data)
    assert peak() - before < 20_000  # kB


def test_size_limits_are_exact() -> None:
    side = int(MAX_PIXELS**0.5)
    with pytest.raises(ScanError, match="at most 40 megapixels"):
        read_scan(blank_png(side + 1, side + 1))
    with pytest.raises(ScanError, match="expected at least 32 x 32 pixels, found 31 x 32"):
        read_scan(blank_png(31, 32))
    assert read_scan(blank_png(32, 32)).pixels.shape == (32, 32)
    with pytest.raises(ScanError, match="expected sides of at most 10 to 1, found 400 x 39"):
        read_scan(blank_png(400, 39))
    assert read_scan(blank_png(400, 40)).pixels.shape == (40, 400)


def test_too_many_bytes_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.tiff"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)  # sparse: no disk is used
    monkeypatch.setattr(Path, "open", lambda *args, **options: pytest.fail("opened"))
    with pytest.raises(ScanError, match=r"big\.tiff: expected at most 64 MiB"):
        read_scan(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated(kind: str, share: float) -> None:
    data = encode(kind, mode="RGB")
    with pytest.raises(ScanError, match=rf"^cut: expected a complete {kind} file, found a damaged"):
        read_scan(data[: int(len(data) * share)], name="cut")


def test_a_png_with_one_wrong_bit_in_its_pixels_is_damaged() -> None:
    data = encode("PNG")
    start = data.index(b"IDAT") + 4
    for position in (start + 9, start + 500, len(data) - 20):
        broken = bytearray(data)
        broken[position] ^= 4
        with pytest.raises(ScanError, match="expected a complete PNG file, found a damaged"):
            read_scan(bytes(broken))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_damaged_bytes_raise_nothing_but_scan_errors(kind: str) -> None:
    data = encode(kind, mode="RGB")
    rng = np.random.default_rng(11)
    for _ in range(150):
        broken = bytearray(data)
        for position in rng.integers(4, min(len(broken), 600), 6):
            broken[position] = rng.integers(256)
        try:
            scan = read_scan(bytes(broken), name="broken")
        except ScanError as error:
            assert str(error).startswith("broken: expected ")
        else:
            assert scan.pixels.size <= MAX_PIXELS


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match=r"none\.png: expected a file, found no such file"):
        read_scan(tmp_path / "none.png")
    with pytest.raises(ScanError, match="found a folder or device"):
        read_scan(tmp_path)
    with pytest.raises(ScanError, match="found a folder or device"):
        read_scan("/dev/zero")
    with pytest.raises(ScanError):
        read_scan("a\0b")
    with pytest.raises(TypeError, match="received int"):
        read_scan(3)  # type: ignore[arg-type]


def test_endless_chain_of_tiff_pages_is_counted_to_a_limit() -> None:
    data = bytearray(encode("TIFF"))
    (offset,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, offset)
    end = offset + 2 + 12 * entries
    page = bytes(data[offset:end])
    struct.pack_into("<I", data, end, len(data))
    for _ in range(5000):
        data += page + struct.pack("<I", len(data) + len(page) + 4)
    assert read_scan(bytes(data)).facts.frames == 1000


def test_error_survives_a_process_boundary() -> None:
    error = ScanError.of("a", expected="b", found="c", advice="Do d")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, ScanError)
    assert str(again) == "a: expected b, found c. Do d."


def test_many_threads_agree() -> None:
    data = encode("JPEG", (300, 200), "RGB")
    with ThreadPoolExecutor(4) as pool:
        scans = list(pool.map(read_scan, [data] * 16))
    assert all(np.array_equal(scan.display, scans[0].display) for scan in scans)


def test_scan_cannot_be_changed() -> None:
    scan = read_scan(encode("PNG"))
    for array in (scan.pixels, scan.display):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0
    with pytest.raises(AttributeError):
        scan.name = "other"  # type: ignore[misc]


def test_scan_from_array_leaves_the_array_writable() -> None:
    made = np.full((40, 50), 0.5, np.float32)
    scan = Scan.from_array(made, "phantom")
    made[0, 0] = 0.25
    assert scan.facts == Facts("array", 50, 40, "L", 32, "0 to 1")
    assert np.unique(scan.display[1:]).tolist() == [128]
    assert not scan.pixels.flags.writeable


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((4, 4), 1.5), "received 1.5 to 1.5"),
        (np.full((4, 4), np.nan), "received nan"),
        (np.zeros((4, 4, 3)), r"received \(4, 4, 3\)"),
    ],
)
def test_scan_refuses_what_is_no_scan(pixels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scan.from_array(pixels, "wrong")


def test_scan_refuses_a_display_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"Scan\.display: expected uint8 of shape \(4, 4, 3\)"):
        Scan(
            np.zeros((4, 4), np.float32),
            np.zeros((4, 5, 3), np.uint8),
            "wrong",
            Facts("array", 4, 4, "L", 8, "0 to 255"),
        )

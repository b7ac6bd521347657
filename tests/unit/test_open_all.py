"""Folders, ZIPs and DICOMDIRs: every file in order, each by its name, each bad one in words."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pydicom.data
import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from benchmarks.made_dicom import RAMP, make, to_bytes
from fetal_model.scan import Clip, Scan, ScanError, batch, open_all, open_scan, read_scan
from fetal_model.scan.archive import members
from fetal_model.scan.limits import Limits
from fetal_model.scan.source import Source

PNG = cv2.imencode(".png", RAMP)[1].tobytes()
DICOM = to_bytes(make(RAMP))
CLIP = to_bytes(make(RAMP, NumberOfFrames=3, PixelData=RAMP.tobytes() * 3))
COLLECTION = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


def packed(content: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


def kinds(opened: Iterator[tuple[str, Scan | Clip | ScanError]]) -> dict[str, str]:
    """Name and kind of everything, and that messages begin with the name."""
    found = {}
    for name, made in opened:
        found[name] = type(made).__name__
        if isinstance(made, ScanError):
            assert str(made).startswith(f"{name}: expected ")
            assert str(made).endswith(".")
            assert str(made).count(name) == 1
        else:
            assert made.name == name
    return found


def messages(data: bytes, **limits: int) -> dict[str, str]:
    opened = open_all([("a.zip", data)], Limits(**limits))
    return {name: str(made) for name, made in opened}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "export"
    (where / "b" / "deep").mkdir(parents=True)
    (where / ".hidden").mkdir()
    for name, data in {
        "z.png": PNG, "a.txt": b"hello", "b/still.dcm": DICOM, "b/deep/clip": CLIP,
        "b/more.zip": packed({"in/clip.dcm": CLIP, "in/a.png": PNG}), ".DS_Store": b"\0\0\0\1",
        ".hidden/a.png": PNG,
    }.items():  # fmt: skip
        (where / name).write_bytes(data)
    return where


def test_a_folder_gives_its_files_and_those_below_by_name(folder: Path) -> None:
    found = kinds(open_all([folder]))
    assert list(found.items()) == [
        (f"{folder}/a.txt", "ScanError"),
        (f"{folder}/z.png", "Scan"),
        (f"{folder}/b/more.zip/in/a.png", "Scan"),
        (f"{folder}/b/more.zip/in/clip.dcm", "Clip"),
        (f"{folder}/b/still.dcm", "Scan"),
        (f"{folder}/b/deep/clip", "Clip"),
    ]


def test_sources_come_in_their_order_and_only_when_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_all([folder / "z.png", ("given.dcm", DICOM), "absent", folder])
    assert next(opened)[0] == str(folder / "z.png")
    assert [next(opened)[0] for _ in range(2)] == ["given.dcm", "absent"]
    monkeypatch.setattr(batch, "open_source", lambda *args: pytest.fail("opened too early"))
    opened.close()


def test_a_zip_gives_its_members_by_name_and_bad_ones_in_words() -> None:
    data = packed({"b/clip": CLIP, "a.png": PNG, "note.txt": b"hello", "cut.png": PNG[:200],
                   "__MACOSX/a.png": b"", "empty.dcm": b"", "b/.hidden": b"x"})  # fmt: skip
    assert kinds(open_all([("a.zip", data)])) == {
        "a.zip/a.png": "Scan", "a.zip/b/clip": "Clip", "a.zip/cut.png": "ScanError",
        "a.zip/empty.dcm": "ScanError", "a.zip/note.txt": "ScanError",
    }  # fmt: skip


def test_what_is_in_a_zip_is_what_is_in_the_file() -> None:
    ((_, made),) = open_all([("a.zip", packed({"us.dcm": CLIP}))])
    assert isinstance(made, Clip)
    assert np.array_equal(made.frame(2).pixels, read_scan(DICOM).pixels)


def test_a_zip_in_a_zip_is_refused_and_the_rest_is_read() -> None:
    found = messages(packed({"a.png": PNG, "inner.zip": packed({"b.png": PNG})}))
    assert "found another ZIP. Unpack it" in found["a.zip/inner.zip"]
    assert len(found) == 2


def test_names_that_lead_out_and_links_are_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("../../evil.png", "/etc/evil.png", "c:evil.png", "a\\..\\evil.png"):
            archive.writestr(name, PNG)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.png", PNG)
    found = messages(stream.getvalue())
    assert sum("a name that leads out of it" in text for text in found.values()) == 4
    assert "found a link or device" in found["a.zip/link.png"]
    assert len(found) == 6


def test_a_member_without_a_name() -> None:
    data = bytearray(packed({"x": PNG}))
    for mark, offset in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        # its one letter becomes a byte of what may follow a name
        struct.pack_into("<HH", data, data.index(mark) + offset, 0, 1)
    assert kinds(open_all([("a.zip", bytes(data))])) == {"a.zip/": "Scan"}


def test_members_with_a_password_or_an_unusual_packing() -> None:
    data = bytearray(packed({"a.png": PNG}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + offset
        data[at] |= 1
    assert "found one that needs a password" in messages(bytes(data))["a.zip/a.png"]
    odd = packed({"a.png": PNG}, zipfile.ZIP_LZMA)
    assert "unusual kind of compression" in messages(odd)["a.zip/a.png"]


def test_bombs_are_refused_before_they_are_inflated() -> None:
    bomb = packed({"bomb.png": bytes(80 * 1024**2), "good.png": PNG})
    found = messages(bomb)
    assert "found one that grows more than 100-fold" in found["a.zip/bomb.png"]
    assert "good.png" in list(found)[1]
    many = packed({f"{index}.png": PNG for index in range(9)}, zipfile.ZIP_STORED)
    found = messages(many, inflated_bytes=4 * len(PNG))
    assert len(found) == 5
    assert "more; this is the first file beyond it" in found["a.zip/4.png"]
    assert "found one of 9" in messages(many, files=8)["a.zip"]
    assert "expected at most 0 MiB" in messages(many, archive_bytes=100)["a.zip"]
    assert "found more than 0 MiB" in messages(many, clip_bytes=100)["a.zip/0.png"]


def test_a_member_that_lies_about_its_size_is_damaged() -> None:
    data = bytearray(packed({"a.png": PNG}))
    (size,) = struct.unpack_from("<L", data, data.index(b"PK\x01\x02") + 24)
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, size - 50)
    assert "expected a complete packed file" in messages(bytes(data))["a.zip/a.png"]


def test_a_list_of_members_that_would_fill_the_memory_is_not_read() -> None:
    data = bytearray(packed({"a.png": PNG}))
    struct.pack_into("<L", data, data.rindex(b"PK\x05\x06") + 12, 2**31)
    assert "found a far longer list" in messages(bytes(data))["a.zip"]


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_zip_that_was_cut(share: float) -> None:
    data = packed({"a.png": PNG})
    assert "expected a complete ZIP file" in messages(data[: int(share * len(data))])["a.zip"]


def test_an_office_document_and_an_empty_zip() -> None:
    assert "an office document" in messages(packed({"[Content_Types].xml": b"<a/>"}))["a.zip"]
    assert "found one of 0" in messages(packed({}))["a.zip"]


def test_one_file_opener_names_a_zip() -> None:
    with pytest.raises(ScanError, match="found a ZIP archive or an office document"):
        open_scan(packed({"a.png": PNG}), "a.zip")


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DICOMDIR with two stills and a clip beside it, written by pydicom."""
    files = FileSet()
    for number, data in enumerate((DICOM, CLIP, to_bytes(make(RAMP)))):
        dataset = dcmread(BytesIO(data))
        dataset.PatientID = dataset.PatientName = "P1"
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20200101", "1200", "1"
        dataset.AccessionNumber = ""
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.4"
        dataset.SeriesNumber, dataset.InstanceNumber = 1, number
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.5.{number}"
        files.add(dataset)
    where = tmp_path_factory.mktemp("disc")
    files.write(where)
    return where


def test_a_dicomdir_gives_the_files_that_it_lists(disc: Path, tmp_path: Path) -> None:
    found = kinds(open_all([disc / "DICOMDIR"]))
    assert sorted(found.values()) == ["Clip", "Scan", "Scan"]
    assert all(Path(name).is_file() and Path(name).is_relative_to(disc) for name in found)
    inside = kinds(open_all([disc]))
    assert sorted(inside) == sorted(found)  # the folder that holds it: each file once
    renamed = shutil.copytree(disc, tmp_path / "copied")
    (renamed / "DICOMDIR").rename(renamed / "list.bin")
    assert len(kinds(open_all([renamed / "list.bin"]))) == 3


def test_a_disc_copied_in_lower_case(disc: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lower"
    for path in disc.rglob("*"):
        if path.is_file():
            target = copy / str(path.relative_to(disc)).lower()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert sorted(kinds(open_all([copy / "dicomdir"])).values()) == ["Clip", "Scan", "Scan"]


def test_files_that_a_dicomdir_lists_and_are_not_there(disc: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(disc, tmp_path / "disc")
    gone = next(path for path in sorted(copy.rglob("*")) if path.is_file() and path.name[0] == "I")
    gone.unlink()
    for source in (copy / "DICOMDIR", copy):
        found = {name: str(made) for name, made in open_all([source])}
        assert len(found) == 3
        assert "expected the file that the DICOMDIR lists, found none there" in found[str(gone)]


def test_a_dicomdir_in_a_zip(disc: Path) -> None:
    content = {
        str(path.relative_to(disc)): path.read_bytes()
        for path in sorted(disc.rglob("*"))
        if path.is_file()
    }
    found = kinds(open_all([("disc.zip", packed(content))]))
    assert sorted(found.values()) == ["Clip", "Scan", "Scan"]
    gone = sorted(content)[-1]
    del content[gone]
    found = kinds(open_all([("disc.zip", packed(content))]))
    assert found[f"disc.zip/{gone}"] == "ScanError"
    assert len(found) == 3


def test_a_dicomdir_alone_and_a_broken_one(disc: Path) -> None:
    data = (disc / "DICOMDIR").read_bytes()
    ((_, alone),) = open_all([("DICOMDIR", data)])
    assert "found the DICOMDIR alone. Choose the folder" in str(alone)


def test_a_dicomdir_does_not_lead_out_of_its_folder(disc: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.dcm").write_bytes(DICOM)
    copy = shutil.copytree(disc, tmp_path / "disc")
    (copy / "linked").symlink_to(tmp_path)
    dataset = dcmread(copy / "DICOMDIR")
    listed = [item for item in dataset.DirectoryRecordSequence if "ReferencedFileID" in item]
    for item, out in zip(
        listed, (["..", "secret.dcm"], ["linked", "secret.dcm"], ["/etc", "A" * 300]), strict=True
    ):
        item.ReferencedFileID = out
    dataset.save_as(copy / "DICOMDIR")
    found = list(open_all([copy / "DICOMDIR"]))
    assert len(found) == 3
    assert all("found none there" in str(made) for _, made in found)


def test_the_collection_of_pydicom_is_read_in_words() -> None:
    found = list(open_all([COLLECTION / "DICOMDIR"]))
    assert len(found) > 25
    for name, made in found:
        if not isinstance(made, ScanError):
            continue
        assert str(made).startswith(f"{name}: expected ")


def test_folders_that_hold_nothing_or_too_much(tmp_path: Path) -> None:
    ((name, made),) = open_all([tmp_path])
    assert str(made) == f"{name}: expected scans in the folder, found none. Choose another folder."
    for index in range(5):
        (tmp_path / f"{index}.png").write_bytes(PNG)
    found = list(open_all([tmp_path], Limits(files=3)))
    assert len(found) == 4
    assert "expected at most 3 files at once" in str(found[-1][1])


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ((_, made),) = open_all([tmp_path])
    assert "found a folder or device" in str(made)


def test_names_that_no_file_can_have() -> None:
    for source in ("a" * 5000, "a\0b"):
        ((name, made),) = open_all([source])
        assert name == source
        assert str(made).startswith(f"{source}: expected a file")


def test_a_folder_that_the_system_keeps_closed_is_not_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def closed(path: str | Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "no", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", closed)  # the tests may run as root, whom nothing stops
    found = {name: str(made) for name, made in open_all([folder])}
    assert "found one that the system refuses" in found[f"{folder}/b/deep"]
    assert f"{folder}/b/still.dcm" in found


def test_members_are_inflated_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({f"{index}.png": PNG for index in range(3)})
    found = members(Source.of(data, "a.zip"), Limits())
    name, content, names = next(found)
    assert (name, content) == ("a.zip/0.png", PNG)
    assert list(names) == [f"a.zip/{index}.png" for index in range(3)]
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("inflated too early"))
    found.close()

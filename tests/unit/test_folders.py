"""A folder or ZIP becomes labelled scans; what does not fit is said, and costs only itself."""

from __future__ import annotations

import io
import zipfile

import pytest

from fetal_model.dataset import folders
from fetal_model.dataset.folders import FolderError, LabelledFile, label_files, read_zip


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_the_innermost_folder_is_the_truth_in_any_case() -> None:
    found = label_files(
        [("set/thorax/b.png", b"1"), ("set/Brain/a.png", b"2"), ("set\\OTHER\\c.dcm", b"3")]
    )
    assert found.files == (
        LabelledFile("set/Brain/a.png", "brain", b"2"),
        LabelledFile("set/thorax/b.png", "thorax", b"1"),
        LabelledFile("set/OTHER/c.dcm", "other", b"3"),
    )
    assert found.problems == ()
    assert not any(file.simulated for file in found.files)


def test_an_unknown_folder_is_named_with_what_is_expected_and_costs_only_itself() -> None:
    found = label_files(
        [("s/femur/1.png", b""), ("s/kidney/2.png", b""), ("s/kidney/3.png", b""), ("4.png", b"")]
    )
    assert [file.scan for file in found.files] == ["s/femur/1.png"]
    kidney, loose = found.problems
    assert "folder 'kidney'" in kidney
    assert "left out 2 files" in kidney
    assert "brain, abdomen, femur, thorax, cervix, other" in kidney
    assert "files in no sub-folder" in loose
    assert "left out 1 file." in loose


def test_files_can_be_called_otherwise_and_keep_their_order() -> None:
    def call(path: str, data: bytes) -> str:
        return f"{9 - len(data)}-{len(path)}"

    files = {"brain/doe.png": b"1", "brain/roe.png": b"22", "doe/1.png": b""}
    found = label_files(files.items(), call)
    assert [file.scan for file in found.files] == ["8-13", "7-13"]
    assert "doe" not in str(found.problems)
    assert read_zip(zipped(files), call) == found


def test_a_file_too_large_is_called_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_BYTES", 3)
    packed = zipped({"brain/doe.png": b"1234", "brain/roe.png": b"1"})
    found = read_zip(packed, lambda path, data: f"scan-{len(path)}")
    assert [file.scan for file in found.files] == ["scan-13"]
    assert found.problems[0].startswith("scan-13: expected at most")


def test_what_systems_leave_behind_is_passed_over_in_silence() -> None:
    found = label_files(
        [
            ("femur/1.png", b""),
            ("femur/.DS_Store", b""),
            ("femur/Thumbs.db", b""),
            ("__MACOSX/femur/._1.png", b""),
        ]
    )
    assert [file.scan for file in found.files] == ["femur/1.png"]
    assert found.problems == ()


@pytest.mark.parametrize("files", [[], [("kidney/1.png", b"x")], [("1.png", b"x")]])
def test_nothing_labelled_is_refused_with_advice(files: list[tuple[str, bytes]]) -> None:
    with pytest.raises(FolderError, match=r"expected scans in sub-folders .* found none") as caught:
        label_files(files)
    assert "Sort the scans into such folders" in str(caught.value)
    if files and "/" in files[0][0]:
        assert "'kidney'" in str(caught.value)


def test_too_many_scans_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_SCANS", 2)
    with pytest.raises(FolderError, match=r"at most 2 scans .* found 3"):
        label_files([(f"femur/{i}.png", b"") for i in range(3)])


def test_a_zip_is_a_folder() -> None:
    members = {"set/femur/1.png": b"one", "set/brain/2.png": b"two", "set/femur/": b""}
    assert read_zip(zipped(members)) == label_files(
        [("set/femur/1.png", b"one"), ("set/brain/2.png", b"two")]
    )


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folders, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    bomb = zipped({"femur/1.png": bytes(2_000_000)})
    assert len(bomb) < 10_000
    with pytest.raises(FolderError, match=r"found 1 of 2 MiB"):
        read_zip(bomb)


def test_one_member_that_is_too_large_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_BYTES", 1000)
    found = read_zip(zipped({"femur/1.png": b"small", "femur/2.png": bytes(1001)}))
    assert [file.scan for file in found.files] == ["femur/1.png"]
    assert "femur/2.png: expected at most" in found.problems[0]


def _locked() -> bytes:
    data = bytearray(zipped({"femur/1.png": b"x" * 50}))
    data[6] |= 1  # the flag of encryption, in the member and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _damaged() -> bytes:
    data = bytearray(zipped({"femur/1.png": bytes(range(256)) * 20}))
    data[50] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize("data", [b"", b"no zip at all", _locked(), _damaged()])
def test_a_zip_that_cannot_be_read_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(FolderError, match="expected a ZIP without a password"):
        read_zip(data)

"""Version folders: newest by number, checked by hash, published whole or not at all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fetal_model.store.versions import (
    HEAD,
    METADATA,
    Version,
    VersionError,
    find_version,
    list_versions,
    publish,
    serving,
    set_serving,
    sha256,
)


def add(root: Path, name: str, content: bytes = b"weights") -> Version:
    def fill(folder: Path) -> None:
        (folder / HEAD).write_bytes(content)
        metadata = {"name": name, "files": {HEAD: sha256(folder / HEAD)}}
        (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")

    return publish(name, fill, root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eleven versions of `net`, two of `net-wide`."""
    for _ in range(11):
        add(tmp_path, "net")
    for _ in range(2):
        add(tmp_path, "net-wide")
    return tmp_path


def test_versions_count_up_by_number_not_by_letter(root: Path) -> None:
    assert [v.label for v in list_versions(root)] == [
        *(f"net/{number}" for number in range(1, 12)),
        "net-wide/1",
        "net-wide/2",
    ]
    assert add(root, "net").label == "net/12"


@pytest.mark.parametrize(
    ("wanted", "label"),
    [("net", "net/11"), ("net/9", "net/9"), ("net/10", "net/10"), ("net-wide", "net-wide/2")],
)
def test_a_version_is_found_by_name_or_label(wanted: str, label: str, root: Path) -> None:
    assert find_version(wanted, root).label == label


@pytest.mark.parametrize("wanted", ["ne", "net/12", "net/", "/1", "net/1/", "../net/1", "NET", ""])
def test_what_does_not_exist_is_refused_and_what_exists_named(wanted: str, root: Path) -> None:
    with pytest.raises(VersionError, match=r"expected one of net/1, .*net-wide/2, received"):
        find_version(wanted, root)


def test_without_a_name_the_one_in_service_answers(root: Path) -> None:
    with pytest.raises(VersionError, match=r"serving\.json: expected the version in service"):
        find_version(None, root)
    set_serving("net-wide/1", root)
    assert find_version(None, root).label == serving(root) == "net-wide/1"
    set_serving("net", root)
    assert json.loads((root / "serving.json").read_text()) == {"version": "net/11"}
    add(root, "net")
    assert find_version(None, root).label == "net/11"  # until a person decides otherwise


def test_what_does_not_exist_cannot_serve(root: Path) -> None:
    set_serving("net/3", root)
    with pytest.raises(VersionError, match="received 'net/99'"):
        set_serving("net/99", root)
    assert serving(root) == "net/3"


def test_a_file_is_checked_by_hash(tmp_path: Path) -> None:
    version = add(tmp_path, "net", b"abc")
    assert version.file(HEAD) == tmp_path / "net" / "1" / HEAD
    assert version.metadata["files"][HEAD] == hashlib.sha256(b"abc").hexdigest()
    version.file(HEAD).write_bytes(b"abd")
    with pytest.raises(VersionError, match=r"net/1: head\.npz should have SHA-256 ba7816bf"):
        version.file(HEAD)


def test_a_missing_or_unlisted_file_is_refused(tmp_path: Path) -> None:
    version = add(tmp_path, "net")
    (version.path / "trunk.onnx").write_bytes(b"smuggled in")
    with pytest.raises(VersionError, match=r"expected trunk\.onnx"):
        version.file("trunk.onnx")
    (version.path / HEAD).unlink()
    with pytest.raises(VersionError, match=r"expected head\.npz"):
        version.file(HEAD)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [0, 2])
def test_a_failure_leaves_nothing(before: int, error: type[BaseException], tmp_path: Path) -> None:
    for _ in range(before):
        add(tmp_path, "net")
    present = sorted(tmp_path.rglob("*"))

    def fill(folder: Path) -> None:
        (folder / HEAD).write_bytes(b"half")
        (folder / "deeper").mkdir()
        (folder / "deeper" / "file").write_bytes(b"half")
        raise error("disk full")

    with pytest.raises(error, match="disk full"):
        publish("net", fill, tmp_path)
    assert sorted(tmp_path.rglob("*")) == present
    assert add(tmp_path, "net").number == before + 1


def test_a_version_is_invisible_until_it_is_whole(tmp_path: Path) -> None:
    add(tmp_path, "net")
    seen = []

    def fill(folder: Path) -> None:
        (folder / METADATA).write_text('{"files": {}}', encoding="utf-8")
        seen.append([v.label for v in list_versions(tmp_path)])

    publish("net", fill, tmp_path)
    assert seen == [["net/1"]]
    assert [v.label for v in list_versions(tmp_path)] == ["net/1", "net/2"]


@pytest.mark.parametrize(
    "name", ["a/b", "../net", "", "-", "Net", "net.", "a b", "a\\b", "net\n", "nét"]
)
def test_a_name_that_could_leave_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected lower-case letters, digits, hyphens"):
        add(tmp_path, name)
    assert not list(tmp_path.iterdir())

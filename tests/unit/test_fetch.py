"""Fetching a data set from a server that breaks off, ignores ranges, corrupts, refuses or lies."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fetal_model.cli import app
from fetal_model.dataset.fetal_planes import TABLE
from fetal_model.dataset.fetch import FETAL_PLANES, Published, fetch
from fetal_model.dataset.manifest import read_folder
from fetal_model.dataset.unpack import check_space, unpack


@dataclass
class Server:
    """A file on a local HTTP server, and how it misbehaves.

    Attributes:
        content: The file.
        faults: How each next request goes wrong; none left: it goes right.
        asked: The Range header of every request so far.
        ranges: Whether it knows ranges.
    """

    content: bytes
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    ranges: bool = True
    url: str = ""


@pytest.fixture
def server(archive: bytes) -> Iterator[Server]:
    state = Server(archive)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.asked.append(asked)
            fault = state.faults.pop(0) if state.faults else ""
            if fault.isdecimal():
                self.send_error(int(fault))
                return
            whole = state.content
            first = int(re.findall(r"\d+", asked)[0]) if asked and state.ranges else 0
            if first >= len(whole):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(whole)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = bytearray(whole[first:])
            if fault == "corrupt":
                body[len(body) // 2] ^= 1
            told = len(body) + {"too long": 100, "too short": -100}.get(fault, 0)
            if first:
                self.send_response(206)
                begin = first + 7 if fault == "other range" else first
                self.send_header("Content-Range", f"bytes {begin}-{len(whole) - 1}/{len(whole)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(told))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "break off" else body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}/archive.zip"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def archive(fetal_planes: Path) -> bytes:
    """The small published folder as a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for path in sorted(fetal_planes.rglob("*")):
            opened.write(path, path.relative_to(fetal_planes))
    return packed.getvalue()


@pytest.fixture
def published(server: Server) -> Published:
    md5 = hashlib.md5(server.content, usedforsecurity=False).hexdigest()
    return replace(FETAL_PLANES, url=server.url, md5=md5)


def get(published: Published, target: Path) -> list[tuple[int, int]]:
    steps: list[tuple[int, int]] = []
    fetch(published, target, lambda done, total: steps.append((done, total)), pause=0)
    return steps


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def same(made: Path, original: Path) -> bool:
    files = [path.relative_to(original) for path in original.rglob("*") if path.is_file()]
    return all((made / file).read_bytes() == (original / file).read_bytes() for file in files)


def test_a_good_server(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    steps = get(published, tmp_path / "new" / "here")
    assert same(tmp_path / "new" / "here", fetal_planes)
    assert len(read_folder(tmp_path / "new" / "here")) == 18
    assert left(tmp_path / "new") == ["here"]
    assert steps[-1] == (len(server.content), len(server.content))
    get(published, tmp_path / "new" / "here")
    assert len(server.asked) == 1


def test_a_download_that_breaks_off_goes_on(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    server.faults = ["break off", "break off", "503", "break off"]
    steps = get(published, tmp_path / "here")
    assert same(tmp_path / "here", fetal_planes)
    size = len(server.content)
    held = [int(asked[6:-1]) for asked in server.asked[1:]]
    assert held[0] == size // 2
    assert held == sorted(held)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert {total for _, total in steps} == {size}


def test_a_stopped_call_goes_on_in_the_next(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    half = len(server.content) // 2
    (tmp_path / "here.zip.part").write_bytes(server.content[:half])
    get(published, tmp_path / "here")
    assert server.asked == [f"bytes={half}-"]
    assert same(tmp_path / "here", fetal_planes)


def test_one_stopped_just_before_its_checksum_needs_no_more(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.zip.part").write_bytes(server.content)
    assert get(published, tmp_path / "here") == []
    assert same(tmp_path / "here", fetal_planes)


def test_what_is_longer_than_the_archive_is_fetched_anew(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.zip.part").write_bytes(server.content + b"more")
    get(published, tmp_path / "here")
    assert server.asked == [f"bytes={len(server.content) + 4}-", ""]
    assert same(tmp_path / "here", fetal_planes)


def test_a_server_that_ignores_ranges_sends_all_again(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    server.ranges = False
    server.faults = ["break off"]
    get(published, tmp_path / "here")
    assert len(server.asked) == 2
    assert same(tmp_path / "here", fetal_planes)


def test_a_part_that_does_not_fit_is_fetched_anew(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    server.faults = ["break off", "other range"]
    get(published, tmp_path / "here")
    assert server.asked[-1] == ""
    assert same(tmp_path / "here", fetal_planes)


@pytest.mark.parametrize("fault", ["corrupt", "too short"])
def test_a_wrong_checksum_leaves_nothing(
    fault: str, server: Server, published: Published, tmp_path: Path
) -> None:
    server.faults = [fault]
    with pytest.raises(ValueError, match=f"expected MD5 {published.md5}, found") as caught:
        get(published, tmp_path / "here")
    assert server.url in str(caught.value)
    assert "--md5" in str(caught.value)
    assert left(tmp_path) == []


def test_a_server_that_never_gets_further_is_given_up(
    server: Server, published: Published, tmp_path: Path
) -> None:
    server.faults = ["too long"] + ["503"] * 9
    with pytest.raises(ValueError, match=r"answered 503 .* the same command goes on from there"):
        get(published, tmp_path / "here")
    assert left(tmp_path) == ["here.zip.part"]
    server.faults = []
    get(published, tmp_path / "here")
    assert left(tmp_path) == ["here"]


def test_a_server_that_promises_too_much_is_asked_for_the_rest(
    server: Server, published: Published, fetal_planes: Path, tmp_path: Path
) -> None:
    server.faults = ["too long"]
    get(published, tmp_path / "here")
    assert server.asked == ["", f"bytes={len(server.content)}-"]
    assert same(tmp_path / "here", fetal_planes)


def test_404_is_told_at_once(server: Server, published: Published, tmp_path: Path) -> None:
    server.faults = ["404"]
    with pytest.raises(ValueError, match="the server answered 404 Not Found"):
        get(published, tmp_path / "here")
    assert len(server.asked) == 1
    assert left(tmp_path) == []


def test_500_is_tried_again_and_then_told(
    server: Server, published: Published, tmp_path: Path
) -> None:
    server.faults = ["500"] * 9
    with pytest.raises(ValueError, match="answered 500"):
        get(published, tmp_path / "here")
    assert len(server.asked) == 5


def test_nobody_there(tmp_path: Path) -> None:
    nobody = replace(FETAL_PLANES, url="http://127.0.0.1:1/archive.zip")
    with pytest.raises(ValueError, match="the connection failed"):
        get(nobody, tmp_path / "here")
    with pytest.raises(ValueError, match="expected an address with https"):
        get(replace(FETAL_PLANES, url="file:///etc/hostname"), tmp_path / "here")


def test_a_folder_in_use_is_left_alone(
    server: Server, published: Published, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="expected a new or empty folder"):
        get(published, tmp_path / "here")
    assert server.asked == []
    assert left(tmp_path / "here") == ["mine.txt"]


def packed(tmp_path: Path, *members: str | zipfile.ZipInfo) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for member in members:
            opened.writestr(member, b"content")
    return path


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = 0o120777 << 16
    return member


@pytest.mark.parametrize(
    "member", ["../out.txt", "/out.txt", "Images/../../out.txt", "..\\out.txt", "C:/out.txt",
               link("Images")], ids=str,
)  # fmt: skip
def test_nothing_is_written_outside_the_folder(
    member: str | zipfile.ZipInfo, tmp_path: Path
) -> None:
    archive = packed(tmp_path, TABLE, member)
    with pytest.raises(ValueError, match="expected plain files below one folder"):
        unpack(archive, tmp_path / "here", TABLE)
    assert left(tmp_path) == ["a.zip"]


def test_what_lies_beside_the_root_is_left_out(tmp_path: Path) -> None:
    archive = packed(tmp_path, f"set/{TABLE}", "set/Images/a.png", "__MACOSX/b", "set2/c")
    unpack(archive, tmp_path / "here", TABLE)
    assert left(tmp_path / "here") == [TABLE, "Images"]


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"expected a {TABLE} in it, found none"):
        unpack(packed(tmp_path, "a.txt"), tmp_path / "here", TABLE)
    assert left(tmp_path) == ["a.zip"]


def test_a_damaged_archive_leaves_nothing(archive: bytes, tmp_path: Path) -> None:
    damaged = bytearray(archive)
    damaged[archive.index(b"\x89PNG") + 200] ^= 1
    (tmp_path / "a.zip").write_bytes(damaged)
    with pytest.raises(ValueError, match="found a damaged or locked one"):
        unpack(tmp_path / "a.zip", tmp_path / "here", TABLE)
    assert left(tmp_path) == ["a.zip"]


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(ValueError, match="Make room"):
        check_space(tmp_path, free + 1)
    check_space(tmp_path, 0)


def test_the_command_shows_the_licence_and_takes_a_checksum(
    server: Server, published: Published, tmp_path: Path
) -> None:
    arguments = ["data", "fetch", "fetal-planes", str(tmp_path / "here"), "--url", server.url]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert f"expected MD5 {FETAL_PLANES.md5}" in done.stderr
    assert left(tmp_path) == []
    done = CliRunner().invoke(app, [*arguments, "--md5", published.md5])
    assert done.exit_code == 0
    assert "CC BY 4.0" in done.stderr
    assert "10.1038/s41598-020-67076-5" in done.stderr
    assert done.stdout == f"{tmp_path / 'here'}\n"
    assert len(read_folder(tmp_path / "here")) == 18

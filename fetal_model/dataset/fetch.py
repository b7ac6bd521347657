"""Getting FETAL_PLANES_DB: a download that goes on where it broke off, checked, then unpacked."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fetal_model.dataset import fetal_planes
from fetal_model.dataset.unpack import check_space, unpack

Progress = Callable[[int, int], None]
_BROKEN = (urllib.error.URLError, ConnectionError, TimeoutError, http.client.HTTPException)
"""How a connection ends early; a full disk is none of them."""
_CHUNK = 1 << 20
_TIMEOUT = 30.0
"""Seconds without a byte."""
_TRIES = 5
"""In a row without a byte more."""
_PASSING = (408, 429, 500, 502, 503, 504)
"""Refusals of a server that may be over in a moment."""


@dataclass(frozen=True)
class Published:
    """An archive that somebody publishes.

    Attributes:
        name: Of the data set.
        url: Of the archive, a ZIP.
        md5: Hexadecimal MD5 of the archive.
        table: A file of it that tells that it is whole and where its root is.
        licence: What its terms are.
        citation: Whom to cite.
    """

    name: str
    url: str
    md5: str
    table: str
    licence: str
    citation: str


# Address and MD5 were copied from public references to the record's page. They could not be
# checked against the record itself from where this was written: give another address or checksum
# (`--url`, `--md5`) if the publisher's page says so.
FETAL_PLANES = Published(
    name="FETAL_PLANES_DB",
    url="https://zenodo.org/records/3904280/files/FETAL_PLANES_ZENODO.zip",
    md5="2a5fcc2cefb789bcc0f6c1f73e0ea43f",
    table=fetal_planes.TABLE,
    licence="Creative Commons Attribution 4.0 International (CC BY 4.0), "
    "https://creativecommons.org/licenses/by/4.0/",
    citation="Burgos-Artizzu et al. 2020, Evaluation of deep convolutional neural networks for "
    "automatic classification of common maternal fetal ultrasound planes, Scientific Reports "
    "10:10200, https://doi.org/10.1038/s41598-020-67076-5; data: "
    "https://doi.org/10.5281/zenodo.3904280",
)


def notice(published: Published) -> str:
    """The licence notice to show before a download."""
    return (
        f"{published.name}: {published.licence}.\n"
        f"Whoever uses it names its authors: {published.citation}."
    )


def fetch(
    published: Published,
    folder: Path,
    progress: Progress | None = None,
    unpacking: Progress | None = None,
    pause: float = 2.0,
) -> Path:
    """Download and unpack a data set; called again, a download that was stopped goes on.

    Everything is written beside `folder`, which appears when it is whole.

    Args:
        published: What to get.
        folder: A new or empty folder. One that holds the data set already is left as it is.
        progress: Called with (done, total) bytes of the download.
        unpacking: The same for the unpacking.
        pause: Seconds before the second try of a server that broke off; each further one waits
            twice as long.

    Returns:
        `folder`.

    Raises:
        ValueError: It cannot be had; the message says whether another call helps.
        OSError: The disk cannot be written.
    """
    if (folder / published.table).is_file():
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"{folder}: expected a new or empty folder, or one with {published.table}; found "
            "something else in it. Name another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.parent / f"{folder.name}.zip"
    if not archive.is_file():
        unfinished = archive.with_name(f"{archive.name}.part")
        download(published.url, unfinished, progress, pause)
        check(unfinished, published)
        unfinished.replace(archive)
    unpack(archive, folder, published.table, unpacking)
    archive.unlink()
    return folder


def download(url: str, file: Path, progress: Progress | None = None, pause: float = 2.0) -> None:
    """Download a file, going on after what `file` already holds (RFC 9110, section 14).

    Args:
        url: Beginning with https:// or http://.
        file: Where it goes; what it holds stays there when the download fails.
        progress: Called with (done, total) bytes.
        pause: Seconds before the second try.

    Raises:
        ValueError: The server refuses, or breaks off again and again.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"download: expected an address with https:// or http://, received {url}")
    failures, wait = 0, pause
    while True:
        before = _held(file)
        try:
            total = _go_on(url, file, progress)
        except urllib.error.HTTPError as error:
            reason = f"the server answered {error.code} {error.reason}"
            if error.code not in _PASSING:
                raise ValueError(f"{url}: expected the archive, but {reason}. {_ADVICE}") from error
        except _BROKEN as error:
            reason = f"the connection failed ({error or type(error).__name__})"
        else:
            if _held(file) == total:
                return
            reason = f"the server broke off after {_held(file):,} of {total:,} bytes"
        failures = 0 if _held(file) > before else failures + 1
        if failures == _TRIES:
            raise ValueError(
                f"{url}: expected the archive, but {reason}, {_TRIES} times. What there is of it "
                "is kept: the same command goes on from there."
            )
        wait = pause if not failures else wait * 2
        time.sleep(wait)


_ADVICE = "Look up the address on the publisher's page and give it with --url."


def _go_on(url: str, file: Path, progress: Progress | None) -> int:
    """Ask for what is missing and write what comes; the bytes the whole file should have."""
    held = _held(file)
    headers = {"User-Agent": "fetal-anatomy-lab", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and held:  # nothing comes after what is held
            if error.headers.get("Content-Range", "") == f"bytes */{held}":
                return held
            file.unlink()
            return _go_on(url, file, progress)
        raise
    with answer:
        first, total = 0, answer.length or 0
        if answer.status == 206:
            told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
            if not told or int(told[1]) != held:
                file.unlink()  # a part that does not fit: ask for the whole
                raise ConnectionError("the server sent another part than was asked for")
            first, total = held, int(told[2])
        check_space(file.parent, max(0, total - held))
        # a server that ignores the range sends everything again
        with file.open("ab" if first else "wb") as target:
            _write(answer, target, first, total, progress)
    return total or _held(file)


def _write(
    answer: IO[bytes], target: IO[bytes], done: int, total: int, progress: Progress | None
) -> None:
    while chunk := answer.read(_CHUNK):
        target.write(chunk)
        done += len(chunk)
        if progress is not None:
            progress(done, total)


def _held(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def check(file: Path, published: Published) -> None:
    """Compare a download with its published checksum; one that differs is deleted.

    Raises:
        ValueError: It differs.
    """
    with file.open("rb") as opened:
        # a checksum against damage, as the publisher gives it, not against an attacker
        found = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != published.md5.lower():
        size = _held(file)
        file.unlink()
        raise ValueError(
            f"{published.url}: expected MD5 {published.md5.lower()}, found {found} ({size:,} "
            "bytes). The download was deleted. Run the command again; if it fails again, compare "
            "the checksum with the publisher's page and give it with --md5."
        )

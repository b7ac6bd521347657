"""Model versions on disk: `weights/<name>/<version>/`, and `weights/serving.json`.

A version folder is complete in itself and is checked by hash before anything in it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fetal_model.settings import read_settings

WEIGHTS = read_settings().weights
MODEL, TRUNK, HEAD = "model.keras", "trunk.onnx", "head.npz"
METADATA, PREDICTIONS, CARD = "metadata.json", "predictions.csv", "CARD.md"


class VersionError(ValueError):
    """A version does not exist or its files are not what its metadata says."""


@dataclass(frozen=True)
class Version:
    """One trained model.

    Attributes:
        name: Model name, such as `sononet16`.
        number: Counts up from 1 for each name.
        path: Its folder.
        metadata: Parsed `metadata.json`.
    """

    name: str
    number: int
    path: Path
    metadata: dict[str, Any]

    @property
    def label(self) -> str:
        """`name/number`."""
        return f"{self.name}/{self.number}"

    @property
    def hash(self) -> str:
        """SHA-256 of all that it answers with, in hexadecimal.

        Taken over the metadata with its keys sorted, which holds the input, the outputs, the
        thresholds and the SHA-256 of each weight file.
        """
        content = json.dumps(self.metadata, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8")).hexdigest()

    def file(self, name: str) -> Path:
        """Path of one of its weight files, after its SHA-256 was checked.

        Raises:
            VersionError: The file is missing or has changed.
        """
        path = self.path / name
        expected = self.metadata["files"].get(name)
        if expected is None or not path.is_file():
            raise VersionError(f"{self.label}: expected {name} in {self.path}, found none")
        found = sha256(path)
        if found != expected:
            raise VersionError(
                f"{self.label}: {name} should have SHA-256 {expected}, found {found}; "
                "restore the version folder"
            )
        return path


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_versions(root: Path = WEIGHTS) -> list[Version]:
    """Every version below `root`, by name, then oldest first."""
    found = []
    for metadata in root.glob(f"*/*/{METADATA}"):
        folder = metadata.parent
        if folder.name.isdecimal():
            content = json.loads(metadata.read_text(encoding="utf-8"))
            found.append(Version(folder.parent.name, int(folder.name), folder, content))
    return sorted(found, key=lambda version: (version.name, version.number))


def find_version(wanted: str | None = None, root: Path = WEIGHTS) -> Version:
    """The version called `name/number`, the newest called `name`, or the one in service.

    Raises:
        VersionError: There is none.
    """
    if wanted is None:
        wanted = serving(root)
    versions = list_versions(root)
    matches = [v for v in versions if wanted in (v.label, v.name)]
    if not matches:
        known = ", ".join(v.label for v in versions) or "none"
        raise VersionError(f"version: expected one of {known}, received {wanted!r}")
    return matches[-1]


def serving(root: Path = WEIGHTS) -> str:
    """The version that `serving.json` names.

    Raises:
        VersionError: Nothing is in service.
    """
    path = root / "serving.json"
    if not path.is_file():
        raise VersionError(f"{path}: expected the version in service, found no file; train one")
    return str(json.loads(path.read_text(encoding="utf-8"))["version"])


def set_serving(label: str, root: Path = WEIGHTS) -> None:
    """Put an existing version into service.

    Raises:
        VersionError: There is no such version.
    """
    version = find_version(label, root)
    write_text(root / "serving.json", json.dumps({"version": version.label}, indent=2) + "\n")


def publish(name: str, fill: Callable[[Path], None], root: Path = WEIGHTS) -> Version:
    """Add the next version of `name`: `fill` writes its files beside, then the folder is renamed.

    Args:
        name: Model name: lower-case letters, digits, hyphens.
        fill: Writes everything into the empty folder it is given.
        root: The weights folder.

    Raises:
        ValueError: The name has other characters.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"name: expected lower-case letters, digits, hyphens, received {name!r}")
    family = root / name
    family.mkdir(parents=True, exist_ok=True)
    number = 1 + max((v.number for v in list_versions(root) if v.name == name), default=0)
    beside = family / f".{number}.{os.getpid()}.part"
    beside.mkdir()
    try:
        fill(beside)
        beside.rename(family / str(number))
    except BaseException:
        shutil.rmtree(beside)
        if not any(family.iterdir()):
            family.rmdir()
        raise
    return find_version(f"{name}/{number}", root)


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place and rename it, so that no reader sees half of it."""
    # a file's name need not be Unicode, and may be quoted in the text
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it; what cannot be finished is taken away."""
    # not the name itself, which may be as long as the system allows
    beside = path.with_name(f".{os.getpid()}.{hashlib.sha256(content).hexdigest()[:16]}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

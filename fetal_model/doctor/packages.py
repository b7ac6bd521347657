"""Checks of the installed packages: each at its pinned version, and each can be imported."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from fetal_model.doctor.check import OK, PROBLEM, Check

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "Run make app"
_PATIENCE = 300  # seconds for all imports together
_NOT_THEIRS = frozenset({"tests", "test", "examples", "docs", "benchmarks"})
"""Folders that some packages install by mistake."""
_IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        print("ok", name, flush=True)
    except BaseException as error:
        print("no", name, type(error).__name__, flush=True)
"""


def pinned(text: str) -> dict[str, str]:
    """Packages and versions of a requirements.txt that this machine needs.

    Raises:
        ImportError: The package that reads the conditions is missing itself.
    """
    from packaging.requirements import Requirement

    pins = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            pins[wanted.name] = next(iter(wanted.specifier)).version
    return pins


def versions(root: Path = ROOT) -> Iterator[Check]:
    """Whether every package has the version that the tests passed with."""
    pins = pinned((root / "requirements.txt").read_text(encoding="utf-8"))
    wrong = 0
    for name, wanted in pins.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != wanted:
            wrong += 1
            yield Check(f"package {name}", PROBLEM, f"expected {wanted}, found {found}", INSTALL)
    if not wrong:
        yield Check("packages", OK, f"{len(pins)} at their pinned versions")


def imports(root: Path = ROOT) -> Iterator[Check]:
    """Whether the packages that the app asks for can be imported, in a process of their own.

    A package built for another processor ends the process that imports it.
    """
    lines = (root / "requirements.in").read_text(encoding="utf-8").splitlines()
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
    names = [match.group() for match in found if match]
    modules = {module: name for name in names for module in _modules(name)}
    done = _import(list(modules))
    bad = {module: why for module, why in done.items() if why}
    for module, why in bad.items():
        found_there = f"{module} cannot be imported ({why})"
        yield Check(f"package {modules[module]}", PROBLEM, found_there, INSTALL)
    if not bad:
        yield Check("imports", OK, f"{len(modules)} modules")


def _modules(package: str) -> list[str]:
    """Top-level modules of a package; a package that is missing was named already."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return []
    tops = {Path(file.parts[0]).stem for file in files if _is_module(file.parts)}
    tops = {top for top in tops if not top.startswith("_") and top not in _NOT_THEIRS}
    named = package.lower().replace("-", "_")
    return [named] if named in tops else sorted(tops)


def _is_module(parts: tuple[str, ...]) -> bool:
    return parts[1:] == ("__init__.py",) or (len(parts) == 1 and parts[0].endswith(".py"))


def _import(modules: list[str]) -> dict[str, str]:
    """Import each in turn; what is wrong by module, empty when nothing is."""
    left, result = list(modules), {}
    while left:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", _IMPORT, *left],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
                timeout=_PATIENCE,
            )  # fmt: skip
            output, ended = done.stdout, f"ends Python with {done.returncode}"
        except subprocess.TimeoutExpired as error:
            heard = error.stdout or ""
            output = heard.decode() if isinstance(heard, bytes) else heard
            ended = f"takes more than {_PATIENCE} seconds"
        for line in output.splitlines():
            mark, module, *why = line.split()
            if module in left:
                result[module] = "" if mark == "ok" else why[0]
                left.remove(module)
        if left:  # the first that was not heard of ended the process
            result[left.pop(0)] = ended
    return result

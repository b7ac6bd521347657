"""A folder that is filled beside its place and moved when whole, and that an interruption spares.

What is finished is written down as it comes, so that the same request goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

NAME = ".partial"
_ORDER, _JOURNAL, _UNFINISHED = "order.json", "finished.jsonl", "unfinished"
Row = dict[str, str]


def put(stage: Path, name: str, data: bytes) -> None:
    """Write a file of the stage; under its name it is whole or not there."""
    beside = unfinished(stage, name)
    beside.write_bytes(data)
    beside.replace(stage / name)


def unfinished(stage: Path, name: str) -> Path:
    """Where to write a file of the stage before it is renamed."""
    return stage / _UNFINISHED / name.replace("/", "-")


class Stage:
    """The stage of a folder.

    Args:
        target: The folder.
        order: What is asked for, as JSON gives it back.
        parts: Names of what is moved in the end, in this order: the last one says that all is
            there.

    Raises:
        ValueError: The folder is in use, or was begun for another order.

    Attributes:
        folder: Where the files are made.
        rows: The manifest row of everything that is finished, by name.
    """

    def __init__(self, target: Path, order: dict[str, Any], parts: tuple[str, ...]) -> None:
        self.target = target
        self.parts = parts
        self.folder = target / NAME
        self.rows: dict[str, Row] = {}
        if target.exists() and not target.is_dir():
            raise ValueError(
                f"expected directory to be a folder, received the file {target}: choose another "
                "name"
            )
        begun = self._begun()
        if begun is not None and begun != order:
            raise ValueError(_differ(self.folder, begun, order))
        moved = self._moved() if begun else set()
        present = {path.name for path in target.iterdir()} if target.exists() else set()
        if taken := sorted(present - moved - {NAME}):
            raise ValueError(
                f"expected directory to be new or empty, received {target} with {taken[0]!r} in "
                "it: choose another, or empty it first"
            )
        if begun is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.folder / _UNFINISHED, ignore_errors=True)
        (self.folder / _UNFINISHED).mkdir(parents=True)
        put(self.folder, _ORDER, json.dumps(order, indent=1).encode())
        self._read_journal()

    def add(self, name: str, row: Row) -> None:
        """Note that something is finished; its files must be in the stage already."""
        self.rows[name] = row
        with (self.folder / _JOURNAL).open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, row]) + "\n")

    def finish(self) -> None:
        """Move the parts to their place."""
        for part in self.parts:
            if (self.folder / part).exists():
                (self.folder / part).replace(self.target / part)
        shutil.rmtree(self.folder)

    def _begun(self) -> dict[str, Any] | None:
        """The order of an interrupted run; None without one."""
        try:
            order: dict[str, Any] = json.loads((self.folder / _ORDER).read_bytes())
        except (OSError, ValueError):
            return None
        return order

    def _moved(self) -> set[str]:
        """What a run that was interrupted at its very end had moved already."""
        return {
            part
            for part in self.parts[:-1]
            if (self.target / part).exists() and not (self.folder / part).exists()
        }

    def _read_journal(self) -> None:
        journal = self.folder / _JOURNAL
        # A line without an end was being written when the run stopped.
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        self.rows = dict(json.loads(line) for line in whole.splitlines())
        if whole != text:
            os.truncate(journal, len(whole.encode()))


def _differ(folder: Path, begun: dict[str, Any], order: dict[str, Any]) -> str:
    names = [name for name in {**begun, **order} if begun.get(name) != order.get(name)]
    expected = ", ".join(f"{name} {begun.get(name)}" for name in names)
    received = ", ".join(f"{name} {order.get(name)}" for name in names)
    return (
        f"expected the arguments of the run that was interrupted in {folder.parent} ({expected}), "
        f"received {received}: call it with the former to go on, delete {folder} to start anew, or "
        "choose another folder"
    )

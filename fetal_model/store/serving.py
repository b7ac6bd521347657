"""Which version serves: promote one, roll back to the one before, and who served when.

`serving.json` decides; the history beside it is for people and for rolling back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fetal_model.store.lock import held
from fetal_model.store.versions import (
    WEIGHTS,
    Version,
    VersionError,
    find_version,
    serving,
    set_serving,
    write_text,
)  # fmt: skip

HISTORY = "serving-history.json"
COMMAND_LINE = "command line"
Change = Literal["first", "promoted", "rolled back", "set by hand"]


@dataclass(frozen=True)
class Service:
    """One stretch of service.

    Attributes:
        version: `name/number`.
        since: When it began, ISO 8601 in UTC, or empty where nobody wrote it down.
        change: How it came into service.
        by: Where that was asked for, such as `page` or `COMMAND_LINE`.
    """

    version: str
    since: str
    change: Change
    by: str = ""


def promote(wanted: str, by: str, root: Path = WEIGHTS) -> Version:
    """Put a version into service once every file of it was checked.

    Args:
        wanted: `name/number`, or a name for its newest.
        by: Where this was asked for.
        root: The weights folder.

    Raises:
        VersionError: There is no such version, a file of it is missing or changed, or it is in
            service already.
    """
    with held(root):
        version = _whole(wanted, root)
        services = _history(root)
        if services and services[-1].version == version.label:
            raise VersionError(f"promote: expected another version, {version.label} serves already")
        _change(version, "promoted", by, services, root)
    return version


def roll_back(by: str, root: Path = WEIGHTS) -> Version:
    """Bring back the version that served before the present one was promoted.

    Called again it goes one further back.

    Raises:
        VersionError: None served before, or it is gone or damaged.
    """
    with held(root):
        services = _history(root)
        label = before(services)
        if label is None:
            raise VersionError("roll back: expected an earlier version, none has served before")
        version = _whole(label, root)
        _change(version, "rolled back", by, services, root)
    return version


def history(root: Path = WEIGHTS) -> list[Service]:
    """Every stretch of service, oldest first; the last one is the present.

    A change that was made without this module, or cut off half-way, is told as it can be known.
    """
    return _history(root)


def before(services: list[Service]) -> str | None:
    """The version that a roll-back would bring back, None where there is none.

    >>> first, second = Service("a/1", "", "first"), Service("a/2", "", "promoted")
    >>> before([first, second])
    'a/1'
    >>> before([first, second, Service("a/1", "", "rolled back")]) is None
    True
    """
    stack: list[str] = []
    for service in services:
        if service.change == "rolled back":
            stack.pop()
        else:
            stack.append(service.version)
    return stack[-2] if len(stack) > 1 else None


def _history(root: Path) -> list[Service]:
    path = root / HISTORY
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        services = [Service(**entry) for entry in content]
    except (json.JSONDecodeError, TypeError) as error:
        raise VersionError(
            f"{path}: expected the history of service, found something else; mend or delete it"
        ) from error
    try:
        present = serving(root)
    except VersionError:
        return services
    if not services:
        return [Service(present, "", "first")]
    if services[-1].version != present:
        changed = datetime.fromtimestamp((root / "serving.json").stat().st_mtime, UTC)
        services.append(Service(present, changed.isoformat(timespec="seconds"), "set by hand"))
    return services


def _whole(wanted: str, root: Path) -> Version:
    version = find_version(wanted, root)
    for name in version.metadata["files"]:
        version.file(name)
    return version


def _change(version: Version, change: Change, by: str, services: list[Service], root: Path) -> None:
    # first the file that decides: cut off here, the history notices by itself
    set_serving(version.label, root)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entries = [*services, Service(version.label, now, change, by)]
    text = json.dumps([asdict(entry) for entry in entries], indent=2) + "\n"
    write_text(root / HISTORY, text)

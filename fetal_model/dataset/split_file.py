"""A split as a file to commit: the scans of each part, a hash over itself, one over the scans."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fetal_model.dataset.manifest import Record, fingerprint
from fetal_model.dataset.splits import Split
from fetal_model.store.versions import write_text


def write_split(path: Path, made: Split, records: Sequence[Record]) -> None:
    """Keep a split as a JSON file that carries a hash over itself and over the scans.

    Raises:
        OSError: A scan cannot be read, or the file not be written.
    """
    content = {
        "how": made.how,
        "seed": made.seed,
        "leaky": made.leaky,
        "note": made.note,
        "data": {
            "scans": len(records),
            "patients": len({record.group for record in records if record.patient}),
            "fingerprint": fingerprint(records),
        },
        "parts": {part: list(scans) for part, scans in made.parts.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {**content, "sha256": _digest(content)}
    write_text(path, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def read_split(path: Path, records: Sequence[Record] | None = None) -> Split:
    """Read back what `write_split` wrote, after its hash was checked.

    Args:
        path: The file.
        records: The scans it is to be used on; when given, they must be those it was made for,
            byte by byte.

    Raises:
        ValueError: It is no such file, has been changed, or was made for other scans.
        OSError: A scan cannot be read.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        expected = content.pop("sha256")
        found = Split(
            content["how"],
            content["seed"],
            content["leaky"],
            content["note"],
            {part: tuple(scans) for part, scans in content["parts"].items()},
        )
        made_for = content["data"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: expected a split file, found none that can be read; make it with `data split`"
        ) from error
    if _digest(content) != expected:
        raise ValueError(
            f"{path}: expected the content that its SHA-256 {expected} was made for, found another;"
            " restore the file or make it again with `data split`"
        )
    if records is not None and fingerprint(records) != made_for:
        raise ValueError(
            f"{path}: expected the {content['data']['scans']} scans it was made for, found "
            f"{len(records)} of another content, label or patient; make the split again"
        )
    return found


def _digest(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

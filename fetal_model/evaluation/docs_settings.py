"""The text of `docs/settings.md`: every setting, from the place that reads them."""

from __future__ import annotations

from pathlib import Path

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from fetal_model.settings import PREFIX, ROOT, Settings


def settings() -> str:
    """A row for each setting: its name, its default, what it may be, what it does."""
    lines = [
        "# Settings",
        "",
        "Written by `make docs` from `fetal_model/settings.py`. A setting is looked for in the "
        "environment, then in `.env`, then in `.streamlit/secrets.toml` of the project, under the "
        "same name in each; git ignores both files. It is read when the app or a command starts. A "
        "wrong value is refused there in one sentence, and commands end with exit code 2. `python "
        "-m fetal_model doctor` also names settings that do not exist.",
        "",
        "| setting | default | possible | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        cells = (f"`{PREFIX}{name.upper()}`", _default(field), _possible(field), field.description)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, Path):
        inside = value.is_relative_to(ROOT)
        return f"`{value.relative_to(ROOT)}/`" if inside else f"`../{value.name}/`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return "none" if value is None else f"{value:,}"


def _possible(field: FieldInfo) -> str:
    if isinstance(field.default, Path):
        return "a folder"
    if isinstance(field.default, bool):
        return "`true` or `false`"
    limits = {type(rule): rule for rule in field.metadata}
    if Ge in limits:
        return f"{limits[Ge].ge:,} to {limits[Le].le:,}"
    return f"{limits[MinLen].min_length:,} to {limits[MaxLen].max_length:,} characters"

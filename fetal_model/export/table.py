"""Answers as rows with always the same columns: CSV for spreadsheets, Parquet for many."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fetal_model.anatomy import KEYS
from fetal_model.export.record import SCHEMA, Record

if TYPE_CHECKING:
    import pyarrow

_TEXT, _NUMBER, _WHOLE, _FLAG = "string", "float64", "int64", "bool"
COLUMNS: dict[str, str] = {
    "file": _TEXT,
    "schema": _TEXT,
    "error": _TEXT,
    "anatomy": _TEXT,
    "rejected": _FLAG,
    **{f"p_{key}": _NUMBER for key in KEYS},
    **{f"sd_{key}": _NUMBER for key in KEYS},
    "predictive_entropy": _NUMBER,
    "mutual_information": _NUMBER,
    "plane_score": _NUMBER,
    "taken_away": _NUMBER,
    "decision": _TEXT,
    "reasons": _TEXT,
    "version": _TEXT,
    "version_hash": _TEXT,
    "dropout_samples": _WHOLE,
    "annotations": _TEXT,
    "accepted_from": _NUMBER,
    "anatomies": _TEXT,
    "coverage": _NUMBER,
    "best_frame": _WHOLE,
    "clip_frames": _WHOLE,
    "seconds": _NUMBER,
}
"""Each column and its Arrow type; all may be empty but `file` and `schema`."""


def row(record: Record) -> dict[str, Any]:
    """A record without nesting: every column of `COLUMNS`, None where it has no value."""
    flat = dict(record)
    shares = flat.pop("probabilities", None) or {}
    spread = flat.pop("standard_deviation", None) or {}
    flat |= flat.pop("settings", {})
    flat |= {f"p_{key}": value for key, value in shares.items()}
    flat |= {f"sd_{key}": value for key, value in spread.items()}
    if "reasons" in flat:
        flat["reasons"] = " ".join(flat["reasons"])
    if flat.get("anatomies") is not None:
        flat["anatomies"] = " ".join(flat["anatomies"])
    return {column: flat.get(column) for column in COLUMNS}


def to_csv(records: Sequence[Record]) -> str:
    """A header and one line for each record; `true` and `false` as JSON has them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    for record in records:
        flat = row(record)
        if flat["rejected"] is not None:
            flat["rejected"] = str(flat["rejected"]).lower()
        writer.writerow(flat)
    return text.getvalue()


def to_parquet(records: Sequence[Record]) -> bytes:
    """A Parquet file with a row for each record, compressed with Zstandard."""
    import pyarrow as pa
    from pyarrow import parquet

    fields = [pa.field(name, getattr(pa, kind)()) for name, kind in _arrow_names().items()]
    schema = pa.schema(fields, metadata={"schema": SCHEMA})
    rows = [{name: _unicode(value) for name, value in row(record).items()} for record in records]
    table: pyarrow.Table = pa.Table.from_pylist(rows, schema=schema)
    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


def _arrow_names() -> dict[str, str]:
    return {name: "bool_" if kind == _FLAG else kind for name, kind in COLUMNS.items()}


def _unicode(value: Any) -> Any:
    """What Parquet can hold: a file's name need not be Unicode."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value

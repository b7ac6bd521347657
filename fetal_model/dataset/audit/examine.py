"""The whole audit: every check that the data at hand allows, as one result for reading or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from fetal_model.dataset.audit.doubts import doubted_labels
from fetal_model.dataset.audit.labels import class_balance, name_contradictions, repeated_rows
from fetal_model.dataset.audit.leakage import (
    Parts,
    leaks,
    published_parts,
    shared_with,
    split_parts,
)
from fetal_model.dataset.audit.pictures import examine_pictures
from fetal_model.dataset.manifest import Record
from fetal_model.dataset.splits import Split


def audit(
    records: Sequence[Record],
    made: Split | None = None,
    others: Parts | None = None,
    probabilities: Mapping[str, NDArray[Any]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Examine a labelled set of scans, whether or not the pictures are there.

    Args:
        records: The scans.
        made: A split of them; without one, the parts that their publisher gave them, if any.
        others: Other scans by set, see `leakage.read_other`.
        probabilities: What a model says, see `doubts.doubted_labels`.
        progress: Called with (done, total) pictures.

    Returns:
        What can be written as JSON: `data`, `classes`, `repeated`, `names`, `split`, `leaks`,
        `others`, `pictures` (None where no picture is there) and `model` (None without
        probabilities).
    """
    parts: Mapping[str, Sequence[Record]] = published_parts(records)
    described = None
    if made is not None:
        parts, unnamed, absent = split_parts(records, made)
        described = {
            "how": made.how,
            "leaky": made.leaky,
            "note": made.note,
            "scans_in_no_part": unnamed,
            "scans_not_in_the_data": absent,
        }
    there = any(record.file.is_file() for record in records)
    pictures = examine_pictures(records, progress) if there else None
    if pictures:
        where = {record.scan: part for part, some in parts.items() for record in some}
        for group in pictures["duplicates"] + pictures["near_duplicates"]:
            group["parts"] = sorted({where[scan] for scan in group["scans"] if scan in where})
    return {
        "data": {
            "scans": len(records),
            "patients": len({record.group for record in records if record.patient}),
            "scans_without_patient": sum(not record.patient for record in records),
            "simulated": bool(records) and all(record.simulated for record in records),
        },
        "classes": class_balance(records),
        "repeated": repeated_rows(records),
        "names": name_contradictions(records),
        "split": described,
        "leaks": leaks(parts),
        "others": shared_with(records, others or {}),
        "pictures": pictures,
        "model": doubted_labels(records, probabilities) if probabilities is not None else None,
    }

"""The text of `docs/privacy.md`: what of a patient is taken out, and how well that works."""

from __future__ import annotations

from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.results import missing, read_json


def privacy() -> str:
    """What stays of a file, what does not, and the figures."""
    lines = [
        "# No patient in it",
        "",
        "Written by `make docs` from `docs/results/`. In brackets 95% intervals, Clopper-Pearson.",
        "",
        "- Of a file only the pixels are taken, and facts such as its size and bits. EXIF, "
        "comments, PNG text, TIFF tags and DICOM headers stay behind; the page says "
        "how many elements that were.",
        "- What is shown and drawn over is black outside the ultrasound picture. **Writing on the "
        "picture itself stays**; where some is found, the page says so. What a model sees is not "
        "changed by this.",
        "- On every page an uploaded scan goes by a pseudonym, a keyed hash of its name and "
        "content, until the reader switches *Hide file names* off. The command line keeps names as "
        "given.",
        "- `fetal_model.deidentify.header.clean_header` cleans a DICOM data set by the Basic "
        "Application Level Confidentiality Profile of PS3.15 with the Retain UIDs Option, and "
        "removes every other text that a picture does not need, and every private element. Pixels, "
        "what is written into them and comments inside compressed ones stay; retained "
        "identifiers may hold the time of an examination. No header can prove that no name is "
        "written into the pixels.",
        "",
    ]
    result = read_json("deidentification.json")
    if not result:
        return "\n".join([*lines, missing("deidentification"), ""])
    named, texts = result["profile"]["named"], result["profile"]["text_elements"]
    made = result["simulated"]
    lines += [
        f"The profile names {named:,} of the {texts:,} elements of the standard that hold text; "
        "the others are removed all the same, but for numbers and codes of the picture. "
        "`tests/unit/test_no_patient.py` plants a patient in every one of them, in private "
        "elements, sequences, EXIF, comments, file names and corners, and searches what is kept, "
        "shown, said and logged.",
        "",
        f"Words in the corners of {made['scans']} simulated screens, {made['words']} words each "
        "way of writing: those of which something can still be read.",
        "",
        "| written | left |",
        "|---|---|",
        *(f"| {look} | {Proportion(left, made['words'])} |" for look, left in made["left"].items()),
        "",
        f"Tissue that goes with them: {made['tissue_lost_mean']:.4f} of what is shown, mean; "
        f"{made['tissue_lost_most']:.4f} at most.",
        "",
        "Of the real validation scans, the share of what is shown outside any writing that was "
        "found, and is blanked. Bars and boxes beside the picture count as tissue here, so the "
        "true loss is smaller.",
        "",
        "| scans | n | median | 95th percentile | most |",
        "|---|---|---|---|---|",
    ]
    for row in result["real"]:
        shares = " | ".join(f"{row[name]:.4f}" for name in ("median", "95th", "most"))
        lines.append(f"| {row['label']} | {row['scans']} | {shares} |")
    return "\n".join(lines) + "\n"

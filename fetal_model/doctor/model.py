"""Checks of the versions: whole, by hash, and the one in service gives an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fetal_model.doctor.check import NOTE, OK, PROBLEM, Check

RESTORE = "Restore the folder from where it came, or delete it"


def versions() -> Iterator[Check]:
    """Whether every version's files are what its metadata says."""
    from fetal_model.store.versions import METADATA, WEIGHTS, Version, VersionError

    folders = sorted(path.parent for path in WEIGHTS.glob(f"*/*/{METADATA}"))
    folders = [folder for folder in folders if folder.name.isdecimal()]
    if not folders:
        yield Check("versions", PROBLEM, f"none in {WEIGHTS}", "Train one, or set FETAL_WEIGHTS")
    for folder in folders:
        label = f"{folder.parent.name}/{folder.name}"
        try:
            content = json.loads((folder / METADATA).read_text(encoding="utf-8"))
            version = Version(folder.parent.name, int(folder.name), folder, content)
            for name in content["files"]:
                version.file(name)
        except VersionError as error:
            yield Check(f"version {label}", PROBLEM, str(error))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            yield Check(f"version {label}", PROBLEM, f"{METADATA} cannot be read", RESTORE)
        else:
            yield Check(f"version {label}", OK, f"{len(content['files'])} files as hashed")


def answer() -> Iterator[Check]:
    """Whether the version in service answers a simulated scan."""
    import numpy as np

    from fetal_model.anatomy import BY_KEY
    from fetal_model.phantom import simulate
    from fetal_model.predictor import Predictor
    from fetal_model.scan import Scan
    from fetal_model.store.versions import VersionError
    from fetal_model.wording import duration, headline

    try:
        predictor = Predictor.load()
    except VersionError as error:
        yield Check("answer", PROBLEM, str(error), "Promote a version that is whole")
        return
    image = simulate("femur", 44, quality="good").image
    finding = predictor.analyse(Scan.from_array(image / 255, "simulated femur"))
    label = predictor.version.label
    if not np.isfinite(finding.probabilities).all():
        advice = "Roll back to the version before"
        yield Check("answer", PROBLEM, f"{label} answers with what is no number", advice)
        return
    said = f"{label} says {headline(finding)} after {duration(finding.seconds)}"
    right = finding.anatomy is BY_KEY["femur"] and not finding.rejected
    yield Check("answer", OK if right else NOTE, f"{said} of a simulated femur")

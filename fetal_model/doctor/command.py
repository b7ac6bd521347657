"""`python -m fetal_model doctor`: every check, fast ones first; exit 1 when there is a problem."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from fetal_model.doctor import model, packages, surroundings
from fetal_model.doctor.check import PROBLEM, Check

Kind = Callable[[], Iterator[Check]]
FIRST: tuple[Kind, ...] = (surroundings.python, surroundings.settings)
"""What the others stand on: they are not looked at while one of these is wrong."""
THEN: tuple[Kind, ...] = (
    surroundings.home,
    surroundings.disk,
    surroundings.programs,
    packages.versions,
    model.versions,
    packages.imports,
    model.answer,
)


def examine(first: Iterable[Kind] = FIRST, then: Iterable[Kind] = THEN) -> Iterator[Check]:
    """Every check in turn; one that fails itself is a problem like any other."""
    wrong = False
    for kind in first:
        for check in _safely(kind):
            wrong = wrong or check.mark == PROBLEM
            yield check
    if wrong:
        # the packages can be looked at without them, and may be the cause
        then = (packages.versions,)
    for kind in then:
        yield from _safely(kind)


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; 1 when there is a problem, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m fetal_model doctor",
        description="Say what is wrong with this installation; exit 1 when there is a problem.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    options = parser.parse_args(arguments)
    found = []
    for check in examine():
        found.append(check)
        if not options.json:
            print(check.line(), flush=True)
    problems = sum(check.mark == PROBLEM for check in found)
    if options.json:
        print(json.dumps([asdict(check) for check in found], indent=2))
    else:
        print("No problem found." if not problems else f"Problems found: {problems}.")
    return 1 if problems else 0


def _safely(kind: Kind) -> Iterator[Check]:
    name = kind.__name__.replace("_", " ")
    try:
        yield from kind()
    except ImportError as error:
        missing = error.name or "a package"
        yield Check(name, PROBLEM, f"not checked, {missing} is missing", packages.INSTALL)
    except Exception as error:
        found = f"not checked, {type(error).__name__}: {error}"
        yield Check(name, PROBLEM, found, "Mend what it names, or report it")


if __name__ == "__main__":
    sys.exit(main())

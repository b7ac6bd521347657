"""`python -m fetal_model`."""

import sys


def run() -> None:
    """Answer to the command line; nothing is imported before it is known to be needed."""
    # An installation that lacks a package, or has a wrong setting, can still say so.
    if sys.argv[1:2] == ["doctor"]:
        from fetal_model.doctor.command import main

        sys.exit(main(sys.argv[2:]))
    from fetal_model.settings import require_valid

    require_valid()  # before anything reads a setting on import
    from fetal_model.cli import app

    app(prog_name="python -m fetal_model")


run()

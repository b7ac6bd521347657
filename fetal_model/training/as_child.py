"""`python -m fetal_model.training.as_child ...`: the command line, ended when its input ends."""

from __future__ import annotations

import os
import sys
import threading


def end_with_input() -> None:
    """End this process when its standard input does, with the process that started it."""
    threading.Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through a buffer, whose lock would outlive the rest
    os._exit(1)


if __name__ == "__main__":
    end_with_input()
    from fetal_model.cli import app

    app(prog_name="python -m fetal_model")

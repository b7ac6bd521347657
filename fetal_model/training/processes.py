"""The processes that train one network together: which one this is, and how to start them here.

Each has the environment variable `TF_CONFIG` in the form that TensorFlow gives it. Nothing here
imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CONFIG = "TF_CONFIG"
_PAUSE = 0.1  # seconds
_LAST_LINES = 20
_CTRL_C = 130  # status of a shell's command that it ended


@dataclass(frozen=True)
class Place:
    """Which of the processes that train together this one is.

    Attributes:
        index: Counted from 0; the first keeps what is learned.
        processes: How many there are.
    """

    index: int = 0
    processes: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process keeps checkpoints and history."""
        return self.index == 0


def place() -> Place:
    """Where this process stands, alone without `TF_CONFIG`.

    Raises:
        ValueError: `TF_CONFIG` has another form.
    """
    text = os.environ.get(CONFIG, "")
    if not text:
        return Place()
    try:
        config = json.loads(text)
        task, cluster = config["task"], config["cluster"]
        workers = cluster["worker"] if set(cluster) == {"worker"} else None
        found = Place(int(task["index"]), len(workers) if isinstance(workers, list) else 0)
        if task["type"] == "worker" and 0 <= found.index < found.processes:
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f'{CONFIG}: expected workers alone, {{"cluster": {{"worker": ["HOST:PORT", ...]}}, "task": '
        f'{{"type": "worker", "index": 0}}}}, found {text}'
    )


def launch(arguments: Sequence[str], processes: int) -> str:
    """Run a command of this project in several processes on this machine that train together.

    The first one writes to this process's streams and gets its first Ctrl-C; the second ends all.
    When it ends, or another one fails, all end; they do too when this process is killed.

    Args:
        arguments: Of the command line, from the command's name on.
        processes: How many.

    Returns:
        Why it failed, empty when it did not.

    Raises:
        SystemExit: The first process failed and has said why, or Ctrl-C was pressed twice; with
            its status.
    """
    addresses = free_addresses(processes)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        logs = [folder / f"{index}.txt" for index in range(processes)]
        crew: list[subprocess.Popen[bytes]] = []
        stack.callback(_end, crew)
        for index, log in enumerate(logs):
            task = {"type": "worker", "index": index}
            config = {"cluster": {"worker": addresses}, "task": task}
            output: IO[bytes] | None = stack.enter_context(log.open("wb")) if index else None
            crew.append(_start(arguments, json.dumps(config), output))
        interrupted = False
        while True:
            try:
                ended, others = crew[0].poll(), [other.poll() for other in crew[1:]]
                # another one's reason before that of the first, which may only miss the other
                for index, status in enumerate(others, start=1):
                    if status and not interrupted:
                        return _reason(index, status, processes, logs[index])
                if ended is not None:
                    break
                time.sleep(_PAUSE)
            except KeyboardInterrupt:
                if interrupted:
                    sys.exit(_CTRL_C)
                interrupted = True
                crew[0].send_signal(signal.SIGINT)
    if ended < 0:
        return _reason(0, ended, processes, None)
    if ended:
        sys.exit(ended)
    return ""


def _reason(index: int, status: int, processes: int, log: Path | None) -> str:
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log else []
    last = "".join(f"\n    {line}" for line in said[-_LAST_LINES:])
    return f"process {index + 1} of {processes} {how}" + (f", and said last:{last}" if last else "")


def _start(
    arguments: Sequence[str], config: str, output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fetal_model.training.as_child", *arguments],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        env={**os.environ, CONFIG: config, "TF_CPP_MIN_LOG_LEVEL": "2"},
        start_new_session=True,  # Ctrl-C is for the first one alone
    )


def _end(crew: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in crew:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine where nothing listens."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in held]

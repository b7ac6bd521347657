"""Locks that the kernel lets go of when their process ends, however it ends.

Unlike a process number in a file, a lock can neither outlive its process nor pass to another one
that happens to get the same number. They hold between processes of one machine.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ATTEMPTS, _PAUSE = 20, 0.01  # seconds; one that only looks, in `is_held`, is gone by then


def try_hold(path: Path) -> int | None:
    """Take the lock on a file, which is made where it is missing, or on a folder.

    Returns:
        File descriptor that holds the lock until it is closed here and in every process that
        inherited it, or None when another process holds it.
    """
    descriptor = _open(path)
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(_PAUSE)
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on `path`."""
    if not path.exists():
        return False
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Wait for the lock on `path` and keep it for a block."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    if path.is_dir():
        return os.open(path, os.O_RDONLY)
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

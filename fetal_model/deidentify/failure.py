"""What may be logged of an error that nobody expected."""

from __future__ import annotations

import traceback


def failure(error: Exception) -> str:
    """Kind and place of an error, without its message, which may quote the file it is about.

    Example:
        >>> try:
        ...     int("Doe")
        ... except ValueError as error:
        ...     said = failure(error)
        >>> said.splitlines()[0], "Doe" in said.splitlines()[0]
        ('ValueError', False)
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n  ".join([type(error).__name__, *places])

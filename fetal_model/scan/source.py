"""Where the bytes of a file come from: memory, or a path whose file is left where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fetal_model.scan.limits import check_bytes
from fetal_model.scan.types import ScanError

_HEAD = 512


@dataclass(frozen=True, eq=False)
class Source:
    """A file that can be read more than once.

    Attributes:
        name: What to call it in messages.
        size: Its bytes.
        open: Opens it from its beginning.
        path: Where it is, None in memory.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]
    path: Path | None = None

    @classmethod
    def of(cls, source: bytes | str | Path, name: str | None = None) -> Source:
        """Of bytes in memory or of a path.

        Raises:
            ScanError: If there is no such file, or none that can be read.
            TypeError: If `source` is neither bytes nor a path.
        """
        if isinstance(source, bytes):
            data = source
            return cls(name or "scan", len(data), lambda: BytesIO(data))
        if not isinstance(source, str | Path):
            raise TypeError(f"expected bytes or a path, received {type(source).__name__}.")
        path = Path(source)
        name = name or path.name or str(path)
        with readable(name):
            if not path.is_file():  # a pipe or a device would block or never end
                raise ScanError.of(
                    name,
                    expected="a file",
                    found="a folder or device" if path.exists() else "no such file",
                    advice="Check the path",
                )
            return cls(name, path.stat().st_size, lambda: path.open("rb"), path)

    def head(self) -> bytes:
        """Its first bytes, enough to tell what it is."""
        with readable(self.name), self.open() as stream:
            return stream.read(_HEAD)

    def read(self, most: int) -> bytes:
        """All of its bytes; a big file is refused before it is read.

        Raises:
            ScanError: If it is empty or has more than `most` bytes.
        """
        check_bytes(self.name, self.size, most)
        with readable(self.name), self.open() as stream:
            data = stream.read(most + 1)  # the file may have grown since
        check_bytes(self.name, len(data), most)
        return data


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Word what the system says about a file that it cannot open."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        if isinstance(error, ScanError):
            raise
        raise ScanError.of(
            name,
            expected="a file that can be opened",
            found="one that the system refuses",
            advice="Check the path and its permissions",
        ) from error

"""A clip: frames that are decoded one at a time, whatever file they are in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fetal_model.scan.types import Facts, Scan, ScanError

Frames = Callable[[Sequence[int]], Iterator[Scan | ScanError]]
"""Decodes the frames with these numbers, ascending, each when it is asked for; a frame that cannot
be decoded gives its error, and the next ones come all the same where that is possible."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames over time, none of them in memory.

    Attributes:
        name: What to call it on a page and in a message.
        facts: Of its first frame; `facts.frames` is `len(clip)`.
        seconds: When each frame begins, from 0; None where the file does not say.
        decode: How frames are made; `frames` checks what it is given.

    Raises:
        ValueError: If there are not as many times as frames.
    """

    name: str
    facts: Facts
    seconds: tuple[float, ...] | None
    decode: Frames

    def __post_init__(self) -> None:
        if self.seconds is not None and len(self.seconds) != self.facts.frames:
            raise ValueError(
                f"Clip.seconds: expected {self.facts.frames} times, received {len(self.seconds)}."
            )

    def __len__(self) -> int:
        return self.facts.frames

    def __iter__(self) -> Iterator[Scan]:
        """Every frame.

        Raises:
            ScanError: At the first one that cannot be decoded; `frames` goes on behind it.
        """
        for made in self.decode(range(len(self))):
            if isinstance(made, ScanError):
                raise made
            yield made

    @property
    def frames_per_second(self) -> float | None:
        """Mean over the clip, None where the file does not say or there is one frame."""
        if self.seconds is None or len(self) < 2 or self.seconds[-1] <= self.seconds[0]:
            return None
        return (len(self) - 1) / (self.seconds[-1] - self.seconds[0])

    def frame(self, index: int) -> Scan:
        """One frame.

        A video is decoded from its beginning up to it, so that the frame is exactly that one; to
        look at many, ask `frames` once.

        Raises:
            IndexError: If there is no such frame; negative numbers are none.
            ScanError: If it cannot be decoded.
        """
        (made,) = self.frames([index])
        if isinstance(made, ScanError):
            raise made
        return made

    def frames(self, indices: Sequence[int]) -> Iterator[Scan | ScanError]:
        """Some frames, or why one cannot be decoded, in one pass.

        Args:
            indices: Which, ascending, from 0.

        Raises:
            IndexError: If there is no such frame.
            ValueError: If they do not ascend.
        """
        if any(not 0 <= index < len(self) for index in indices):
            raise IndexError(f"expected frames from 0 to {len(self) - 1}, received {indices}")
        if any(later <= earlier for earlier, later in itertools.pairwise(indices)):
            raise ValueError(f"expected ascending frames, received {indices}")
        return self.decode(indices)


def spread(count: int, most: int) -> list[int]:
    """Numbers of at most `most` frames of `count`, evenly spaced, the first and last among them.

    Example:
        >>> spread(10, 4), spread(3, 40), spread(5, 1)
        ([0, 3, 6, 9], [0, 1, 2], [2])
    """
    if most == 1:
        return [count // 2]
    number = min(count, most)
    return [round(at * (count - 1) / max(1, number - 1)) for at in range(number)]

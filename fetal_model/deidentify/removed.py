"""What was taken out of a file, in tags and numbers; never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Removed:
    """What de-identification took away from one file.

    Attributes:
        header: How often each element of the header was removed or emptied, by DICOM tag
            ("(0010,0010)"), PNG chunk ("tEXt"), JPEG segment ("APP1") or TIFF tag ("270").
        regions: Text regions outside the ultrasound picture that are blanked.
        left: Text regions on the ultrasound picture itself, which stay.
    """

    header: Counter[str] = field(default_factory=Counter)
    regions: int = 0
    left: int = 0

    def __add__(self, other: Removed) -> Removed:
        """Both together.

        >>> (Removed(Counter({"tEXt": 2})) + Removed(regions=1)).words()
        'Removed from this file: 2 header elements, 1 text region outside the picture.'
        """
        return Removed(
            self.header + other.header, self.regions + other.regions, self.left + other.left
        )

    def words(self) -> str:
        """One or two sentences for whoever wants to be sure.

        >>> Removed().words()
        'Nothing had to be removed from this file.'
        >>> Removed(left=1).words()
        'Nothing had to be removed from this file. 1 text region on the picture itself stays.'
        """
        parts = []
        if count := self.header.total():
            parts.append(_number(count, "header element"))
        if self.regions:
            parts.append(f"{_number(self.regions, 'text region')} outside the picture")
        first = f"Removed from this file: {', '.join(parts)}."
        said = [first if parts else "Nothing had to be removed from this file."]
        if self.left:
            stays = "stays" if self.left == 1 else "stay"
            said.append(f"{_number(self.left, 'text region')} on the picture itself {stays}.")
        return " ".join(said)


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" + ("" if count == 1 else "s")

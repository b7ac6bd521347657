"""Where the plane of the scan cuts an anatomy, and how well that shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cut:
    """One section through an anatomy.

    Attributes:
        plane: The plane that is aimed at, a key of `planes.PLANES`.
        detail: Contrast of the inner structures, 0 to 1.
        offset: Distance from the standard plane along the probe's sweep, 0 on it, 1 where little
            that makes it recognisable is left; negative on the other side.
        pathology: Name of a simulated pathology, or empty.
    """

    plane: str
    detail: float = 1.0
    offset: float = 0.0
    pathology: str = ""

    def shows(self, at: float = 0.0, reach: float = 0.6) -> float:
        """How much of a structure this section meets, 0 to 1.

        Args:
            at: Offset at which it is met in full.
            reach: How far from there it can still be seen to about a third.
        """
        return float(np.exp(-np.square((self.offset - at) / reach)))

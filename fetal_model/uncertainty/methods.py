"""Ways to draw several answers about one scan, all through `Method.sample`.

An answer depends on three things that can be varied: how the scan is looked at (test-time
augmentation), which dropout masks the head wears (Monte Carlo dropout), and which of several
trained networks answers (deep ensemble). A method says how many of each; combinations are free.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.inference.head import Floats, Head
from fetal_model.inference.outputs import Outputs
from fetal_model.inference.trunk import Trunk
from fetal_model.scan import Scan
from fetal_model.scan.preprocess import InputSpec, preprocess

MASKS = 30
"""Dropout masks of the methods that use them."""


class Network(Protocol):
    """What a method needs of a model; `fetal_model.predictor.Predictor` is one."""

    @property
    def input(self) -> InputSpec: ...

    @property
    def trunk(self) -> Trunk: ...

    @property
    def head(self) -> Head: ...

    @property
    def outputs(self) -> Outputs: ...


@dataclass(frozen=True)
class View:
    """One way to look at a scan that leaves its anatomy what it is.

    Attributes:
        mirrored: Left and right swapped: the fetus may lie either way.
        degrees: Turned counter-clockwise about the centre.
        down: Moved down, as a share of the height.
        right: Moved right, as a share of the width.
        power: Greys in [0, 1] raised to it, as gain and dynamic range together change them: black
            stays black and white stays white. Below 1 is brighter.
    """

    mirrored: bool = False
    degrees: float = 0.0
    down: float = 0.0
    right: float = 0.0
    power: float = 1.0

    def of(self, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """The view of greys of shape (height, width) in [0, 1]; what moves in is black."""
        height, width = grey.shape
        move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.degrees, 1.0)
        move[:, 2] += self.right * width, self.down * height
        seen = np.ascontiguousarray(grey[:, ::-1] if self.mirrored else grey)
        # where nothing moves, interpolation would return the same greys
        moved = cv2.warpAffine(seen, move, (width, height), flags=cv2.INTER_LINEAR)
        return np.asarray(np.clip(moved, 0, 1) ** self.power, dtype=np.float32)


AS_IT_IS = View()
VIEWS = (
    AS_IT_IS,
    View(mirrored=True),
    View(degrees=6.0),
    View(degrees=-6.0),
    View(right=0.04),
    View(right=-0.04),
    View(down=0.04),
    View(down=-0.04),
    View(power=0.8),
    View(power=1.25),
)
"""Views of test-time augmentation: changes as small as between two scans of one plane."""


@dataclass(frozen=True)
class Method:
    """How answers about one scan are drawn.

    Attributes:
        views: Ways to look at the scan, one pass of the trunk each.
        masks: Dropout masks for each view and network, 0 for the head without dropout.
        ensemble: Whether all networks answer, or the first alone.
    """

    views: tuple[View, ...] = (AS_IT_IS,)
    masks: int = 0
    ensemble: bool = False

    def trunk_passes(self, networks: int) -> int:
        """What it costs, as a multiple of one answer, with so many networks at hand."""
        return len(self.views) * (networks if self.ensemble else 1)

    def sample(self, networks: Sequence[Network], scan: Scan) -> Floats:
        """Draw answers about one scan; the same scan gets the same.

        Args:
            networks: Trained networks. Each temperature is its own.
            scan: As `read_scan` returns it.

        Returns:
            Probabilities of the four anatomies, shape (samples, 4), each row sums to 1; networks
            in order, within one its views, within a view the masks.

        Raises:
            ValueError: There are too few networks, or masks are asked of a head without dropout.
        """
        wanted = 2 if self.ensemble else 1
        if len(networks) < wanted:
            raise ValueError(
                f"networks: expected at least {wanted} for this method, received {len(networks)}"
            )
        asked = networks if self.ensemble else networks[:1]
        return np.concatenate([self._ask(network, scan) for network in asked])

    def _ask(self, network: Network, scan: Scan) -> Floats:
        if self.masks and not network.head.has_dropout:
            raise ValueError(
                "Monte Carlo dropout: expected a head with a dropout layer, found none"
            )
        features = network.trunk(look(scan, network.input, self.views))
        logits = [self._logits(network.head, of_view) for of_view in features]
        return network.outputs.probabilities(np.concatenate(logits))

    def _logits(self, head: Head, features: NDArray[np.float32]) -> Floats:
        pooled = head.pool(features)
        if not self.masks:
            return head.logits(pooled)[np.newaxis]
        return head.sample_logits(pooled, self.masks, mask_source(features))


METHODS = {
    "softmax": Method(),
    "dropout": Method(masks=MASKS),
    "augmentation": Method(VIEWS),
    "ensemble": Method(ensemble=True),
    "augmentation and dropout": Method(VIEWS, MASKS),
    "ensemble and dropout": Method(masks=MASKS, ensemble=True),
    "ensemble and augmentation": Method(VIEWS, ensemble=True),
}
"""The methods that are compared, by name."""


def mask_source(features: NDArray[np.float32]) -> np.random.Generator:
    """Where the dropout masks of a scan come from: seeded by its features, so they repeat."""
    return np.random.default_rng(zlib.crc32(features.tobytes()))


def look(scan: Scan, spec: InputSpec, views: Sequence[View]) -> NDArray[np.float32]:
    """Preprocess a scan once for each view, float32 of shape (views, height, width, 1).

    A view changes the greys at the size of the input, before they are scaled: a network that
    standardises its input sees every view standardised.
    """
    plain = preprocess(scan, spec)[0]
    if len(views) == 1 and views[0] == AS_IT_IS:
        return plain[np.newaxis]
    grey = preprocess(scan, replace(spec, scaling="0-1"))[0][..., 0]
    uncut = replace(spec, crop="none", annotations="kept")
    return np.stack(
        [
            plain
            if view == AS_IT_IS
            else preprocess(Scan.from_array(view.of(grey), scan.name), uncut)[0]
            for view in views
        ]
    )

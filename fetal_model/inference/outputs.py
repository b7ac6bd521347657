"""From a network's outputs to the four anatomies: groups, temperature, the four planes' mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fetal_model import anatomy
from fetal_model.inference.head import Floats, softmax


@dataclass(frozen=True)
class Outputs:
    """What each output of a network means.

    Attributes:
        names: Name of each output, in the network's order.
        groups: For each anatomy, in the order of `anatomy.KEYS`, the names that make it up.
        temperature: Divides the logits before the softmax (Guo et al. 2017, arXiv:1706.04599).
    """

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        members = [name for group in self.groups for name in group]
        repeated = any(len(set(names)) < len(names) for names in (members, self.names))
        unknown = set(members) - set(self.names)
        if len(self.groups) != len(anatomy.KEYS) or not all(self.groups) or unknown or repeated:
            raise ValueError(
                f"groups: expected outputs among {self.names} for each of {anatomy.KEYS}, each in "
                f"one at most, received {self.groups}"
            )
        if not self.temperature > 0:
            raise ValueError(f"temperature: expected above 0, received {self.temperature}")

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Outputs:
        """From `metadata.json`: `names`, `groups` by anatomy, `temperature`."""
        groups = tuple(tuple(content["groups"][key]) for key in anatomy.KEYS)
        return cls(tuple(content["names"]), groups, float(content["temperature"]))

    def to_dict(self) -> dict[str, Any]:
        """For `metadata.json`."""
        groups = {key: list(g) for key, g in zip(anatomy.KEYS, self.groups, strict=True)}
        return {"names": list(self.names), "groups": groups, "temperature": self.temperature}

    @property
    def can_reject(self) -> bool:
        """Whether outputs exist that belong to none of the four anatomies."""
        return len(self.names) > sum(map(len, self.groups))

    @cached_property
    def membership(self) -> Floats:
        """1 where an output (row) belongs to an anatomy (column), shape (n_outputs, 4)."""
        return np.array([[float(name in group) for group in self.groups] for name in self.names])

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities of the four anatomies given that it is one of them.

        Args:
            logits: Shape (..., n_outputs).

        Returns:
            Shape (..., 4), sums to 1. The groups are combined as log-sum-exp before normalising, so
            that a scan with hardly any mass on the four still gets exact numbers.
        """
        return softmax(self.group_logits(logits / self.temperature))

    def group_logits(self, logits: Floats) -> Floats:
        """Log-sum-exp of each anatomy's outputs, shape (..., 4)."""
        members = self.membership.T.astype(bool)
        return np.stack([np.logaddexp.reduce(logits[..., m], axis=-1) for m in members], axis=-1)

    def plane_score(self, logits: Floats) -> Floats:
        """How surely this is one of the four planes, in [0, 1], shape (...,).

        The four planes' share of the softmax, at temperature 1; a network that knows only the four
        falls back on its highest probability (Hendrycks and Gimpel 2017, arXiv:1610.02136).
        """
        share = softmax(logits) @ self.membership
        return share.sum(axis=-1) if self.can_reject else share.max(axis=-1)

    def direction(self, logits: Floats, index: int) -> Floats:
        """Gradient of anatomy `index`'s group logit by the logits, shape (n_outputs,)."""
        member = self.membership[:, index]
        masked = np.where(member > 0, logits, -np.inf)
        return softmax(masked)

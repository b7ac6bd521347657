"""A probe sweep through a standard plane: from one side to the other, frame by frame, with truth.

A frame is a scene like any other, with another offset, pose and drift; nothing is kept in between,
so a sweep of any length takes the memory of one frame.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fetal_model.phantom.dicom import write_clip
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.scene import Scene, draw_scene
from fetal_model.phantom.simulate import Phantom, render
from fetal_model.phantom.structures import STRUCTURES

FRAMES = (60, 200)
"""Fewest and most frames of a sweep."""
FRAME_RATE_HZ = 25.0
NO_LABEL = "none"
TRUTH_COLUMNS = ("frame", "seconds", "label", "plane", "plane_quality", "offset", "structures")

# Chosen: a sweep is some centimetres long, and a beam is a few millimetres thick.
_FARTHEST_OFFSET = 1.25
_MM_PER_OFFSET = 12.0
_BEAM_THICKNESS_MM = 3.5
_LEAST_QUALITY = 0.1  # below it nothing of the plane is left to name
_LEAST_PIXELS = 12  # of a structure that counts as seen


@dataclass(frozen=True)
class Cine:
    """One probe sweep.

    Attributes:
        scenes: One for each frame, in their order.
        frame_rate_hz: Frames a second.
    """

    scenes: tuple[Scene, ...]
    frame_rate_hz: float = FRAME_RATE_HZ

    @property
    def plane(self) -> str:
        """The plane that the sweep passes through."""
        return self.scenes[0].cut.plane

    def phantoms(self) -> Iterator[Phantom]:
        """The frames, each made when it is asked for."""
        return map(render, self.scenes)


def draw_cine(
    label: str, seed: int, patient: Patient | None = None, *, plane: str | None = None,
    quality: str | None = None, annotations: bool | None = None, frames: int | None = None,
) -> Cine:  # fmt: skip
    """Decide on a sweep; the same arguments give the same frames.

    Args:
        label, seed, patient, plane, quality, annotations: As `scene.draw_scene`.
        frames: From `FRAMES[0]` to `FRAMES[1]`; drawn when None.

    Raises:
        ValueError: As `scene.draw_scene`, or another number of frames.
    """
    still = draw_scene(label, seed, patient, plane=plane, quality=quality, annotations=annotations)
    rng = np.random.default_rng(np.random.SeedSequence([int(seed), 0xC1E]))
    drawn = int(rng.integers(FRAMES[0], FRAMES[1] + 1))
    count = drawn if frames is None else frames
    if not FRAMES[0] <= count <= FRAMES[1]:
        raise ValueError(
            f"expected frames from {FRAMES[0]} to {FRAMES[1]}, received {count}: choose a number "
            "within, or None to draw it"
        )
    # The hand slows down near the plane, and may sweep either way.
    share = np.linspace(-1.0, 1.0, count)
    slow = rng.uniform(0.2, 0.7)
    offsets = _FARTHEST_OFFSET * rng.choice([-1.0, 1.0]) * ((1 - slow) * share + slow * share**3)
    seconds = np.arange(count) / FRAME_RATE_HZ
    # The hand is never still, and the mother breathes.
    across, angle = _sway(rng, seconds, 1.2), _sway(rng, seconds, np.deg2rad(1.2))
    down = _sway(rng, seconds, 0.5) + _breath(rng, seconds)
    moved = np.abs(np.diff(offsets, prepend=offsets[0])) * _MM_PER_OFFSET / _BEAM_THICKNESS_MM
    # Fluid and blood move on their own.
    drift = np.cumsum(moved + rng.uniform(0.01, 0.03))
    x, y = still.centre
    return Cine(
        tuple(
            replace(
                still,
                cut=replace(still.cut, offset=float(offsets[frame])),
                centre=(x + float(across[frame]), y + float(down[frame])),
                angle=still.angle + float(angle[frame]),
                drift=float(drift[frame]),
            )
            for frame in range(count)
        )
    )


def _sway(rng: np.random.Generator, seconds: np.ndarray, amount: float) -> np.ndarray:
    """Slow, smooth motion with a standard deviation of about `amount`."""
    total = np.zeros_like(seconds)
    for _ in range(3):
        rate, phase = rng.uniform(0.1, 0.7), rng.uniform(0, 2 * np.pi)
        total += np.sin(2 * np.pi * rate * seconds + phase)
    return amount * total * np.sqrt(2 / 3)


def _breath(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    """Maternal breathing moves the uterus: chosen, up to 1 mm each way, 12 to 18 a minute."""
    rate, phase = rng.uniform(0.2, 0.3), rng.uniform(0, 2 * np.pi)
    return np.asarray(rng.uniform(0.0, 1.0) * np.sin(2 * np.pi * rate * seconds + phase))


def plane_quality(scene: Scene) -> float:
    """How much of the standard plane a frame shows: 1 on the plane, towards 0 away from it."""
    return scene.cut.shows()


def truth(frame: int, phantom: Phantom, frame_rate_hz: float) -> dict[str, str]:
    """What is known about a frame; columns `TRUTH_COLUMNS`."""
    scene, quality = phantom.scene, plane_quality(phantom.scene)
    counts = np.bincount(phantom.structures.ravel(), minlength=len(STRUCTURES) + 1)[1:]
    seen = [name for name, n in zip(STRUCTURES, counts, strict=True) if n >= _LEAST_PIXELS]
    return {
        "frame": str(frame),
        "seconds": f"{frame / frame_rate_hz:.3f}",
        "label": scene.label if quality >= _LEAST_QUALITY else NO_LABEL,
        "plane": scene.cut.plane,
        "plane_quality": f"{quality:.4f}",
        "offset": f"{scene.cut.offset:.4f}",
        "structures": ";".join(seen),
    }


def write_cine(
    cine: Cine, clip: Path, frames: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write a sweep as multi-frame ultrasound DICOM, and its truth as CSV, one row a frame.

    Args:
        cine: The sweep.
        clip: The DICOM file.
        frames: The CSV file.
        progress: Called with (done, total) after every frame.
    """
    total = len(cine.scenes)
    with frames.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, TRUTH_COLUMNS, lineterminator="\n")
        writer.writeheader()

        def pictures() -> Iterator[np.ndarray]:
            for number, phantom in enumerate(cine.phantoms()):
                writer.writerow(truth(number, phantom, cine.frame_rate_hz))
                yield phantom.image
                if progress is not None:
                    progress(number + 1, total)

        write_clip(clip, cine.scenes[0], pictures(), total, cine.frame_rate_hz)

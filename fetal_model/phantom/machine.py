"""The simulated scanners: each has its own beam, image processing and screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """The look of one simulated scanner; pairs are the ranges its settings are drawn from.

    Attributes:
        name: Name written to the manifest.
        probe_radius_mm: Radius of curvature of the transducer face, mm.
        half_angle: Half of the sector angle, degrees.
        frequency_mhz: Centre frequency, MHz: sets resolution and attenuation.
        dynamic_range_db: Range shown between black and white, dB.
        gamma: Exponent of the display curve; above 1 darkens the mid-greys.
        looks: How many compounded looks: 1 is full speckle, more is smoother.
        smoothing_px: Speckle-reduction blur on the screen, pixels.
        sharpening: Edge enhancement on the screen, 0 is none.
        screen: Style of the annotation, a key of `screen.STYLES`.
    """

    name: str
    probe_radius_mm: tuple[float, float]
    half_angle: tuple[float, float]
    frequency_mhz: tuple[float, float]
    dynamic_range_db: tuple[float, float]
    gamma: tuple[float, float]
    looks: tuple[int, int]
    smoothing_px: tuple[float, float]
    sharpening: tuple[float, float]
    screen: str


MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        # A high-end console: compounded, smooth speckle, strong contrast.
        Machine("sim-a", (42, 60), (27, 38), (3.2, 5.2), (44, 54), (1.0, 1.4), (2, 4), (0.5, 1.2),
                (0.2, 0.7), "margin"),
        # An older console: one look, coarse grain, little processing.
        Machine("sim-b", (45, 62), (26, 36), (3.0, 4.4), (48, 60), (0.9, 1.2), (1, 2), (0.3, 0.8),
                (0.0, 0.3), "corner"),
        # A late model: heavy speckle reduction, bright mid-greys.
        Machine("sim-c", (40, 55), (28, 40), (3.6, 5.6), (50, 60), (0.9, 1.2), (2, 4), (0.8, 1.6),
                (0.3, 0.9), "stack"),
        # A portable: lower frequency, hazier, narrow dynamic range.
        Machine("sim-d", (48, 62), (26, 34), (2.8, 4.0), (44, 52), (0.9, 1.2), (1, 2), (0.4, 1.0),
                (0.0, 0.4), "plain"),
    )
}  # fmt: skip

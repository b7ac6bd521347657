"""The simulated scanners: each has its own beam, image processing and screen."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Probe:
    """One kind of transducer; pairs are ranges.

    Attributes:
        radius_mm: Radius of curvature of the face, mm. A phased array is flat and steers its
            beams: they meet close behind its face.
        half_angle: Half of the sector angle, degrees.
        frequency_mhz: Centre frequency, MHz.
        aperture: Size of the aperture relative to a curvilinear probe.
        wall: How much lies before the uterus, relative to the abdominal wall.
    """

    radius_mm: tuple[float, float]
    half_angle: tuple[float, float]
    frequency_mhz: tuple[float, float]
    aperture: float
    wall: float


# Chosen after what such probes are sold as: a phased array has a small footprint and a deep field,
# an endovaginal probe a tight radius, a wide angle, a high frequency and a shallow field.
SECTOR = Probe((8, 16), (33, 45), (3.0, 4.5), 0.75, 1.0)
ENDOVAGINAL = Probe((9, 12), (55, 70), (5.5, 8.0), 0.6, 0.35)


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
        screen: Style of the annotation, one of `screen.STYLES`.
        reduction: Adaptive speckle reduction, 0 to 1.
        harmonic: Share of scans made with the second harmonic.
        aperture: Size of the probe's aperture relative to a curvilinear probe.
        wall: How much lies before the uterus, relative to the abdominal wall.
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
    reduction: tuple[float, float] = (0.0, 0.3)
    harmonic: float = 0.5
    aperture: float = 1.0
    wall: float = 1.0

    def holding(self, probe: Probe) -> Machine:
        """The same scanner with another probe."""
        return replace(
            self, probe_radius_mm=probe.radius_mm, half_angle=probe.half_angle,
            frequency_mhz=probe.frequency_mhz, aperture=probe.aperture, wall=probe.wall,
        )  # fmt: skip


MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        # A high-end console: compounded, harmonic, strong contrast.
        Machine("sim-a", (42, 60), (27, 38), (3.8, 6.2), (48, 58), (0.95, 1.25), (2, 3), (0.4, 1.0),
                (0.2, 0.7), "margin", (0.0, 0.3), 0.8),
        # An older console: few looks, coarse grain, little processing.
        Machine("sim-b", (45, 62), (26, 36), (3.6, 5.4), (51, 62), (0.9, 1.2), (2, 3), (0.3, 0.8),
                (0.0, 0.3), "corner", (0.0, 0.1), 0.2),
        # A late model: high frequency, harmonic, adaptive speckle reduction.
        Machine("sim-c", (40, 55), (28, 40), (4.2, 6.6), (48, 59), (0.9, 1.2), (2, 3), (0.6, 1.2),
                (0.3, 0.9), "stack", (0.1, 0.4), 0.8),
        # A portable: lower frequency, hazier, narrow dynamic range.
        Machine("sim-d", (48, 62), (26, 34), (3.2, 4.8), (49, 59), (0.9, 1.2), (2, 3), (0.4, 1.0),
                (0.0, 0.4), "plain", (0.0, 0.3), 0.3),
    )
}  # fmt: skip

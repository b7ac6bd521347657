"""The scanner's knobs for one scan."""

from __future__ import annotations

from dataclasses import dataclass

TGC_SLIDERS = 8
"""How many sliders a scanner has for the time-gain compensation."""


@dataclass(frozen=True)
class Settings:
    """The scanner's knobs for one scan.

    Attributes:
        frequency_mhz: Centre frequency: resolution and penetration.
        focus_mm: Depth of the transmit focus, mm.
        aperture: Size of the active aperture: 1 is a curvilinear probe, less is a wider beam.
        dynamic_range_db: Range from black to white, dB.
        gain_db: Overall gain, dB.
        tgc_db: Residual slope of the time-gain compensation over the whole depth, dB.
        black_db: How much of the bottom of the range is cut to black, dB.
        gamma: Exponent of the display curve.
        looks: Number of compounded looks.
        smoothing_px: Screen-side blur, pixels.
        sharpening: Screen-side edge enhancement.
        noise_db: Electronic noise where the time-gain compensation ends, dB.
        clutter: Side-lobe and reverberation strength, 0 to 1.
        tgc_sliders: Gain at evenly spaced depths from the skin down, dB; none is all at 0.
        harmonic: Whether the second harmonic is received: less clutter, finer beam.
        reduction: Adaptive speckle reduction, 0 (none) to 1.
    """

    frequency_mhz: float
    focus_mm: float
    aperture: float
    dynamic_range_db: float
    gain_db: float
    tgc_db: float
    black_db: float
    gamma: float
    looks: int
    smoothing_px: float
    sharpening: float
    noise_db: float
    clutter: float
    tgc_sliders: tuple[float, ...] = ()
    harmonic: bool = False
    reduction: float = 0.0

"""From the medium to a B-mode picture: scatterers, losses, artefacts, envelope, compression."""

from __future__ import annotations

import cv2
import numpy as np

from fetal_model.phantom.beam import beam_profile, blur_with_depth, side_lobes
from fetal_model.phantom.medium import REFERENCE_MHZ, TISSUE_ATTENUATION, Medium
from fetal_model.phantom.probe import BEAMS, DEPTHS, Map, View
from fetal_model.phantom.settings import Settings

# A shadow fills with reverberation and beam width: beyond this it gets no darker, dB.
DEEPEST_SHADOW_DB = 30.0
BRIGHTEST_ENHANCEMENT_DB = 8.0
# The amplifier ends here: deeper echoes are no longer made up for, dB.
LARGEST_TGC_DB = 66.0
# Chosen: one beam's side lobes at no and at full clutter, and what the harmonic saves, dB.
_SIDE_LOBE_DB = (-50.0, -34.0)
_HARMONIC_SAVES_DB = 9.0
_TO_LINEAR = np.float32(np.log(10.0) / 20.0)
# Spread of the logarithm of a Rayleigh amplitude, dB (pi / sqrt(24) nepers).
_SPECKLE_DB = 5.57


def transmission_db(medium: Medium, frequency_mhz: float = REFERENCE_MHZ) -> Map:
    """Loss of the echo on its way, dB (positive is darker), float32 (DEPTHS, BEAMS).

    Cumulative along each beam, proportional to the frequency, and smeared over the beam's width.
    Limited at both ends: a shadow is never wholly empty, and the enhancement behind fluid is
    capped as the gain is.
    """
    path = np.cumsum(medium.loss, axis=0, dtype=np.float32)
    path *= np.float32(medium.view.depth_step / 10.0 * frequency_mhz / REFERENCE_MHZ)
    loss: Map = np.asarray(cv2.GaussianBlur(path, (0, 0), sigmaX=1.6, sigmaY=0.6), np.float32)
    limit = np.float32(DEEPEST_SHADOW_DB)
    dark = np.maximum(loss, 0)
    dark = limit - limit * cv2.exp(dark * (-1 / limit))
    if loss.min() >= 0:
        return dark
    bright = np.float32(BRIGHTEST_ENHANCEMENT_DB)
    # x / (1 + |x|) saturates as a hyperbolic tangent does, and is faster.
    gained = np.minimum(loss, 0)
    return np.asarray(dark + gained / (1 - gained / bright), np.float32)


def time_gain_db(view: View, frequency_mhz: float) -> Map:
    """What the amplifier makes up for in soft tissue at every depth, two-way, dB (DEPTHS,)."""
    depth_cm = np.linspace(0.0, view.depth_mm / 10.0, DEPTHS, dtype=np.float32)
    lost = 2.0 * TISSUE_ATTENUATION * frequency_mhz * depth_cm
    return np.minimum(lost, LARGEST_TGC_DB).astype(np.float32)


def _sliders_db(settings: Settings) -> Map:
    """Gain that the user has set for every depth, dB (DEPTHS,)."""
    depth = np.linspace(0.0, 1.0, DEPTHS)
    gain = settings.tgc_db * (depth - 0.5)
    if settings.tgc_sliders:
        places = np.linspace(0.0, 1.0, len(settings.tgc_sliders))
        gain = gain + np.interp(depth, places, settings.tgc_sliders)
    return gain.astype(np.float32)


def _echoes(medium: Medium, rng: np.random.Generator, settings: Settings) -> tuple[Map, Map]:
    """Diffuse and specular amplitude along the beams after losses, linear, before the beam blur."""
    view, frequency = medium.view, settings.frequency_mhz
    gain = time_gain_db(view, frequency)
    depth_cm = np.linspace(0.0, view.depth_mm / 10.0, DEPTHS, dtype=np.float32)
    missing = np.float32(2.0 * TISSUE_ATTENUATION * frequency) * depth_cm - gain
    passed = (_sliders_db(settings) - missing)[:, None] - transmission_db(medium, frequency)
    passed *= _TO_LINEAR
    cv2.exp(passed, passed)
    gloss = medium.gloss * passed
    diffuse = np.asarray(cv2.exp(medium.echo * _TO_LINEAR), np.float32)
    diffuse *= passed
    clutter = float(settings.clutter)
    low, high = _SIDE_LOBE_DB
    lobe_db = low + (high - low) * min(clutter, 1.2)
    if settings.harmonic:
        lobe_db -= _HARMONIC_SAVES_DB
        clutter *= 0.35
    if clutter > 0:
        _reverberate(gloss, medium.gloss, rng, view, clutter)
    # What is incoherent adds in power: speckle, side lobes, and the noise that the gain lifts.
    power = np.square(diffuse)
    if settings.clutter > 0:
        power += np.float32(10.0 ** (lobe_db / 10.0)) * side_lobes(power + np.square(gloss))
    noise = np.exp((gain - np.float32(LARGEST_TGC_DB - settings.noise_db)) * (2 * _TO_LINEAR))
    power += noise[:, None]
    return np.sqrt(power), gloss


def _reverberate(
    gloss: Map, source: Map, rng: np.random.Generator, view: View, clutter: float
) -> None:
    """Add to `gloss` what is reflected more than once, in place.

    Between two layers of the wall an echo comes back a little later, weaker each time; between the
    probe's face and a strong reflector it comes back at twice its depth.
    """
    delay = int(rng.uniform(3.0, 8.0) / view.depth_step)
    for turn in (1, 2):
        if 0 < turn * delay < DEPTHS:
            gloss[turn * delay :] += np.float32(0.025 * clutter / turn) * source[: -turn * delay]
    twice = cv2.resize(source[: DEPTHS // 2], (BEAMS, DEPTHS), interpolation=cv2.INTER_LINEAR)
    gloss += np.float32(0.02 * clutter) * np.square(twice)


def envelope(medium: Medium, rng: np.random.Generator, settings: Settings) -> Map:
    """Envelope of the received echoes, linear, float32 (DEPTHS, BEAMS).

    Complex Gaussian scatterers carry the diffuse echo, a coherent term the specular interfaces;
    compounded looks are averaged after detection, each with its own scatterers.
    """
    diffuse, gloss = _echoes(medium, rng, settings)
    axial, lateral = beam_profile(medium.view, settings)
    mirror = blur_with_depth(gloss, axial, lateral, unit_power=False)
    diffuse *= np.float32(np.sqrt(0.5))
    total = np.zeros((DEPTHS, BEAMS), np.float32)
    for _ in range(settings.looks):
        grains = rng.standard_normal((DEPTHS, BEAMS, 2), dtype=np.float32)
        rough = grains[..., 0] * np.float32(0.42)
        rough += 1.0
        rough *= mirror
        grains *= diffuse[..., None]
        real, imaginary = cv2.split(blur_with_depth(grains, axial, lateral, unit_power=True))
        total += cv2.magnitude(real + rough, imaginary)
    total /= np.float32(settings.looks)
    return total


def compress(amplitude: Map, settings: Settings) -> Map:
    """Log compression to the display: 0 black to 1 white, float32, same shape.

    The bottom `black_db` of the range is cut, which is what leaves fluid black.
    """
    level = np.asarray(cv2.log(np.maximum(amplitude, np.float32(1e-6))), np.float32)
    span = settings.dynamic_range_db - settings.black_db
    level *= np.float32(1.0 / _TO_LINEAR / span)
    level += np.float32(1.0 + settings.gain_db / span)
    np.clip(level, 0.0, 1.0, out=level)
    return np.asarray(cv2.pow(level, settings.gamma), np.float32)


def reduce_speckle(shown: Map, settings: Settings) -> Map:
    """Adaptive smoothing of a compressed picture: strong where nothing but speckle varies.

    Lee JS. Digital image enhancement and noise filtering by use of local statistics. IEEE Trans
    Pattern Anal Mach Intell 1980;2:165-168. After log compression the variance of speckle is the
    same everywhere.
    """
    if settings.reduction <= 0:
        return shown
    span = settings.dynamic_range_db - settings.black_db
    speckle = np.float32(np.square(_SPECKLE_DB / span) / settings.looks)
    mean = cv2.blur(shown, (5, 5))
    variance = cv2.blur(np.square(shown), (5, 5)) - np.square(mean)
    share = np.minimum(speckle / np.maximum(variance, np.float32(1e-9)), 1.0)
    share *= np.float32(settings.reduction)
    return np.asarray(shown + share * (mean - shown), np.float32)


def finish(screen: Map, settings: Settings) -> Map:
    """Speckle reduction and edge enhancement on the scan-converted picture (0 to 1)."""
    if settings.smoothing_px > 0.3:
        screen = np.asarray(cv2.GaussianBlur(screen, (0, 0), settings.smoothing_px), np.float32)
    if settings.sharpening > 0:
        wide = cv2.GaussianBlur(screen, (0, 0), 2.2)
        screen = screen + np.float32(settings.sharpening) * (screen - wide)
    return np.clip(screen, 0.0, 1.0)

"""From the medium to a B-mode picture: scatterers, beam, attenuation, envelope, log compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fetal_model.phantom.medium import Medium, smooth_noise
from fetal_model.phantom.probe import BEAMS, DEPTHS, Map, View

# A shadow fills with reverberation and beam width: beyond this it gets no darker, dB.
DEEPEST_SHADOW_DB = 30.0
BRIGHTEST_ENHANCEMENT_DB = 9.0


@dataclass(frozen=True)
class Settings:
    """The scanner's knobs for one scan.

    Attributes:
        frequency_mhz: Centre frequency: resolution and penetration.
        focus_mm: Depth where the beam is narrowest, mm.
        aperture: Sharpness of the focus: 1 is a typical probe, less is a wider beam.
        dynamic_range_db: Range from black to white, dB.
        gain_db: Overall gain, dB.
        tgc_db: Residual slope of the time-gain compensation over the whole depth, dB.
        black_db: How much of the bottom of the range is cut to black, dB.
        gamma: Exponent of the display curve.
        looks: Number of compounded looks.
        smoothing_px: Screen-side blur, pixels.
        sharpening: Screen-side edge enhancement.
        noise_db: Electronic noise at full depth, dB.
        clutter: Side-lobe and reverberation strength, 0 to 1.
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


def _kernel(sigma: float) -> Map:
    """Gaussian kernel with unit sum, float32 (n, 1)."""
    size = 2 * int(np.ceil(2.6 * sigma)) + 1
    return np.asarray(cv2.getGaussianKernel(max(3, size), sigma, cv2.CV_32F), np.float32)


def beam_profile(view: View, settings: Settings) -> tuple[float, Map]:
    """Point-spread function: axial sigma (samples), lateral sigma (beams) at every depth.

    The lateral width grows as a Gaussian beam does away from the focus.
    """
    wavelength = 1.54 / settings.frequency_mhz
    axial_mm = 0.55 * wavelength
    depth = np.linspace(0.0, view.depth_mm, DEPTHS)
    waist = 1.2 * wavelength / settings.aperture
    spread = np.sqrt(1.0 + np.square((depth - settings.focus_mm) / (0.7 * settings.focus_mm)))
    step = (view.radius_mm + depth) * view.beam_step
    return max(0.55, axial_mm / view.depth_step), np.maximum(0.5, waist * spread / step).astype(
        np.float32
    )


def _blur_with_depth(field: Map, axial: float, lateral: Map, *, unit_power: bool) -> Map:
    """Filter by the point-spread function, its lateral width interpolated between three widths.

    `unit_power` keeps the variance of white noise, otherwise a constant keeps its value.
    """
    along = _kernel(axial)
    widths = np.quantile(lateral, [0.0, 0.5, 1.0]).astype(np.float32)
    widths = np.maximum(widths, np.float32(0.5)) + np.array([0.0, 1e-3, 2e-3], np.float32)
    out = np.zeros_like(field)
    power = np.zeros(DEPTHS, np.float32)
    kernels = [_kernel(float(w)) for w in widths]
    weights = [np.interp(lateral, widths, row).astype(np.float32) for row in np.eye(3)]
    for across, weight in zip(kernels, weights, strict=True):
        rows = np.flatnonzero(weight > 0)
        if not rows.size:
            continue
        first, last = int(rows[0]), int(rows[-1]) + 1
        part = cv2.sepFilter2D(
            field[first:last], cv2.CV_32F, across, along, borderType=cv2.BORDER_REFLECT_101
        )
        shape = (-1, 1) if field.ndim == 2 else (-1, 1, 1)
        out[first:last] += weight[first:last].reshape(shape) * part
        power += weight * np.float32(np.sqrt(np.sum(across**2) * np.sum(along**2)))
    if unit_power:
        out /= power.reshape((-1, 1) if field.ndim == 2 else (-1, 1, 1))
    return out


def transmission_db(medium: Medium) -> Map:
    """Loss of the echo on its way, dB (positive is darker), float32 (DEPTHS, BEAMS).

    Cumulative along each beam and smeared over its width, limited at both ends: a shadow is never
    wholly empty, and the enhancement behind fluid is capped as the gain is.
    """
    path = np.cumsum(medium.loss, axis=0, dtype=np.float32)
    path *= np.float32(medium.view.depth_step / 10.0)
    loss: Map = np.asarray(cv2.GaussianBlur(path, (0, 0), sigmaX=1.6, sigmaY=0.6), np.float32)
    dark = np.float32(DEEPEST_SHADOW_DB) * (
        1.0 - np.exp(np.maximum(loss, 0) * np.float32(-1.0 / DEEPEST_SHADOW_DB))
    )
    bright = np.float32(BRIGHTEST_ENHANCEMENT_DB)
    return np.where(loss > 0, dark, bright * np.tanh(loss / bright)).astype(np.float32)


def _echoes(medium: Medium, rng: np.random.Generator, settings: Settings) -> tuple[Map, Map]:
    """Diffuse and specular amplitude along the beams after losses, linear, before the beam blur."""
    lost = transmission_db(medium)
    tgc = np.linspace(-0.5, 0.5, DEPTHS, dtype=np.float32)[:, None] * np.float32(settings.tgc_db)
    tgc = tgc + np.float32(1.3) * smooth_noise(rng, 5, 1)[:, :1]  # the sliders are never quite even
    # Column gain: contact and rib-like shading differ from beam to beam.
    tgc = tgc + np.float32(1.6) * smooth_noise(rng, 1, 7)[:1]
    passed = (tgc - lost) * np.float32(np.log(10.0) / 20.0)
    np.exp(passed, out=passed)
    diffuse = np.exp(medium.echo * np.float32(np.log(10.0) / 20.0)) * passed
    gloss = medium.gloss * passed
    step = medium.view.depth_step
    if settings.clutter > 0:
        # Reverberation: what is bright comes back a little later, weaker each time.
        delay = int(rng.uniform(3.0, 8.0) / step)
        for turn in (1, 2):
            if 0 < turn * delay < DEPTHS:
                gloss[turn * delay :] += (
                    np.float32(0.022 * settings.clutter / turn) * medium.gloss[: -turn * delay]
                )
        diffuse += np.float32(0.02 * settings.clutter) * cv2.blur(gloss, (41, 3))
    return diffuse, gloss


def envelope(medium: Medium, rng: np.random.Generator, settings: Settings) -> Map:
    """Envelope of the received echoes, linear, float32 (DEPTHS, BEAMS).

    Complex Gaussian scatterers carry the diffuse echo, a coherent term the specular interfaces;
    compounded looks are averaged after detection, each with its own scatterers.
    """
    diffuse, gloss = _echoes(medium, rng, settings)
    axial, lateral = beam_profile(medium.view, settings)
    mirror = _blur_with_depth(gloss, axial, lateral, unit_power=False)
    noise_db = np.linspace(-22.0, 0.0, DEPTHS, dtype=np.float32) + np.float32(settings.noise_db)
    noise = np.power(np.float32(10.0), noise_db / 20.0)[:, None].astype(np.float32)
    total = np.zeros((DEPTHS, BEAMS), np.float32)
    for _ in range(settings.looks):
        grains = rng.standard_normal((DEPTHS, BEAMS, 2), dtype=np.float32)
        grains *= np.float32(np.sqrt(0.5))
        rough = 1.0 + 0.6 * grains[..., 0]
        grains *= diffuse[..., None]
        field = _blur_with_depth(grains, axial, lateral, unit_power=True)
        field[..., 0] += mirror * rough
        hiss = rng.standard_normal((DEPTHS, BEAMS), dtype=np.float32)
        field[..., 1] += hiss * noise
        total += cv2.magnitude(field[..., 0].copy(), field[..., 1].copy())
    return total / np.float32(settings.looks)


def compress(amplitude: Map, settings: Settings) -> Map:
    """Log compression to the display: 0 black to 1 white, float32, same shape.

    The bottom `black_db` of the range is cut, which is what leaves fluid black.
    """
    decibel = np.log(np.maximum(amplitude, np.float32(1e-6))) * np.float32(20.0 / np.log(10.0))
    span = settings.dynamic_range_db - settings.black_db
    level = (decibel + np.float32(settings.gain_db + span)) / np.float32(span)
    return np.clip(level, 0.0, 1.0) ** np.float32(settings.gamma)


def finish(screen: Map, settings: Settings) -> Map:
    """Speckle reduction and edge enhancement on the scan-converted picture (0 to 1)."""
    if settings.smoothing_px > 0.3:
        screen = np.asarray(cv2.GaussianBlur(screen, (0, 0), settings.smoothing_px), np.float32)
    if settings.sharpening > 0:
        wide = cv2.GaussianBlur(screen, (0, 0), 2.2)
        screen = screen + np.float32(settings.sharpening) * (screen - wide)
    return np.clip(screen, 0.0, 1.0)

"""The sound beam: its width at every depth, and what it does to a field of scatterers."""

from __future__ import annotations

import cv2
import numpy as np

from fetal_model.phantom.probe import BEAMS, DEPTHS, Map, View
from fetal_model.phantom.settings import Settings

SPEED_MM_PER_US = 1.54
"""Speed of sound in soft tissue."""

# Chosen for a curvilinear obstetric probe: f-numbers of the transmit focus and of the dynamic
# receive focus, and the receive aperture that limits the latter in the depth.
_TRANSMIT_F = 5.0
_RECEIVE_F = 3.3
_APERTURE_MM = 30.0
# The main lobe at half height is 1.2 wavelengths times the f-number wide for an even aperture, 2.0
# for one weighted by a Hann window; scanners weight theirs. The value between, 1.5, is chosen: it
# brings the lateral width of the speckle nearer to that of real scans. This is it as the standard
# deviation of a Gaussian.
_SIGMA_PER_F = 0.64
# Chosen: the harmonic beam is the narrower one, but compounding and smoothing hide most of that in
# the speckle of real scans.
_HARMONIC_WIDTH = 0.98
_LEAST_SIGMA = 0.5  # samples: below it a kernel is a single sample
_KNOTS = 6


def beam_profile(view: View, settings: Settings) -> tuple[float, Map]:
    """Point-spread function: axial sigma (samples), lateral sigma (beams) at every depth.

    The transmit beam has one focus and widens away from it as a Gaussian beam does; the receive
    focus follows the echo, at a constant f-number until the aperture is used up. The two-way beam
    is the product of both.
    """
    wavelength = SPEED_MM_PER_US / settings.frequency_mhz
    depth = np.linspace(0.0, view.depth_mm, DEPTHS)
    waist = _SIGMA_PER_F * _TRANSMIT_F * wavelength / settings.aperture
    transmit = waist * np.sqrt(
        1.0 + np.square((depth - settings.focus_mm) / (0.7 * settings.focus_mm))
    )
    f_number = np.maximum(_RECEIVE_F, depth / _APERTURE_MM) / settings.aperture
    receive = _SIGMA_PER_F * f_number * wavelength
    two_way = 1.0 / np.sqrt(1.0 / np.square(transmit) + 1.0 / np.square(receive))
    if settings.harmonic:
        two_way *= _HARMONIC_WIDTH
    lateral = two_way / ((view.radius_mm + depth) * view.beam_step)
    axial = 0.65 * wavelength / view.depth_step
    return max(0.55, axial), np.maximum(_LEAST_SIGMA, lateral).astype(np.float32)


def _kernel(sigma: float, size: int) -> Map:
    """Gaussian kernel with unit sum, float32 (size, 1)."""
    return np.asarray(cv2.getGaussianKernel(size, sigma, cv2.CV_32F), np.float32)


def _size(sigma: float) -> int:
    return max(3, 2 * int(np.ceil(2.6 * sigma)) + 1)


def blur_with_depth(field: Map, axial: float, lateral: Map, *, unit_power: bool) -> Map:
    """Filter a field by the point-spread function, whose lateral width changes with depth.

    The filter is exact at a few depths and mixed from the two nearest ones in between.

    Args:
        field: float32 (DEPTHS, BEAMS), or with two channels.
        axial: Sigma along the beam, samples.
        lateral: Sigma across the beams at every depth, float32 (DEPTHS,).
        unit_power: Keep the variance of white noise; otherwise a constant keeps its value.
    """
    along = _kernel(axial, _size(axial))
    knots = np.linspace(0, DEPTHS - 1, _KNOTS).astype(int)
    size = _size(float(lateral.max()))
    across = [_kernel(float(lateral[knot]), size) for knot in knots]
    rows = np.arange(DEPTHS)
    shares = [np.interp(rows, knots, row).astype(np.float32) for row in np.eye(_KNOTS)]
    if unit_power:
        shares = _to_unit_power(shares, across, along)
    out = np.zeros_like(field)
    for number, share in enumerate(shares):
        first = int(knots[max(0, number - 1)])
        last = int(knots[min(_KNOTS - 1, number + 1)]) + 1
        part = cv2.sepFilter2D(
            field[first:last], cv2.CV_32F, across[number], along, borderType=cv2.BORDER_REFLECT_101
        )
        out[first:last] += part * share[first:last].reshape((-1,) + (1,) * (field.ndim - 1))
    return out


def _to_unit_power(shares: list[Map], across: list[Map], along: Map) -> list[Map]:
    """The same mix of kernels at every depth, scaled so that its squares sum to 1."""
    kernels = np.hstack(across).T
    mixed = np.stack(shares, axis=1) @ kernels
    power = np.sqrt(np.sum(np.square(mixed), axis=1) * np.sum(np.square(along)))
    return [share / power for share in shares]


def side_lobes(power: Map) -> Map:
    """Power that side lobes pick up from the neighbouring beams, relative to one beam's lobe.

    Echoes from other directions arrive out of phase, so that powers add.
    """
    near, far = 15, min(61, BEAMS // 2 * 2 - 1)
    lobes = cv2.blur(power, (near, 1)) * np.float32(near)
    lobes += cv2.blur(power, (far, 3)) * np.float32(0.25 * far)
    return np.asarray(lobes, np.float32)

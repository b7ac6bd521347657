"""Speckle in homogeneous tissue: its distribution, and its size against the point-spread function.

Fully developed speckle of one look has a Rayleigh distributed amplitude (Wagner et al. 1983,
"Statistics of speckle in ultrasound B-scans", IEEE Transactions on Sonics and Ultrasonics
30:156-163), and grains as large as the point-spread function.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks import write_rows
from fetal_model.phantom.acoustics import Settings, beam_profile, envelope
from fetal_model.phantom.medium import Medium
from fetal_model.phantom.probe import DEPTHS, View
from fetal_model.phantom.scene import draw_scene

SEED = 540_000
LOOKS = 24
BANDS = 5


def main() -> None:
    """Write `speckle.csv`: one row for each band of depth."""
    view, amplitudes = homogeneous(LOOKS)
    settings = plain_settings()
    axial, lateral = beam_profile(view, settings)
    rows = []
    for band in np.array_split(np.arange(20, DEPTHS - 20), BANDS):
        parts = [amplitude[band] for amplitude in amplitudes]
        wide = float(np.mean(lateral[band]))
        samples = np.concatenate([decorrelated(part, axial, wide) for part in parts])
        test = stats.kstest(samples, "rayleigh", args=(0, scale_of(samples)))
        rows.append(
            {
                "depth_mm": f"{band.mean() * view.depth_step:.0f}",
                "n": str(len(samples)),
                "mean_over_deviation": f"{samples.mean() / samples.std():.3f}",
                "rayleigh_p": f"{test.pvalue:.3f}",
                "axial_width_mm": f"{width(parts, 0) * view.depth_step:.2f}",
                "axial_expected_mm": f"{expected(axial) * view.depth_step:.2f}",
                "lateral_width_beams": f"{width(parts, 1):.2f}",
                "lateral_expected_beams": f"{expected(wide):.2f}",
            }
        )
    write_rows("speckle.csv", rows)


def plain_settings() -> Settings:
    """One look, focus in the middle, neither noise nor clutter."""
    drawn = draw_scene("abdomen", 1).settings
    return replace(
        drawn, frequency_mhz=4.0, focus_mm=60.0, aperture=1.0, looks=1, noise_db=-120.0, clutter=0.0
    )


def homogeneous(count: int) -> tuple[View, list[NDArray[np.float32]]]:
    """Amplitudes of independent looks at homogeneous tissue, their changes of gain removed."""
    view = View(50.0, 0.5, 120.0, 0.27, -77.0, 0.0)
    medium = Medium(view, np.random.default_rng(SEED))
    medium.echo[:] = -20.0
    looks = [
        envelope(medium, np.random.default_rng(SEED + n), plain_settings()) for n in range(count)
    ]
    return view, [even(look) for look in looks]


def even(look: NDArray[np.float32]) -> NDArray[np.float32]:
    """A look without what sliders and contact do to the gain of its rows and columns."""
    rows = look.mean(axis=1, keepdims=True)
    columns = (look / rows).mean(axis=0, keepdims=True)
    return look / (rows * cv2.GaussianBlur(columns, (0, 0), 6))


def decorrelated(part: NDArray[np.float32], axial: float, lateral: float) -> NDArray[np.float32]:
    """Samples six standard deviations of the point-spread function apart."""
    down, across = (int(np.ceil(6 * sigma)) for sigma in (axial, lateral))
    return part[::down, ::across].ravel()


def scale_of(samples: NDArray[np.float32]) -> float:
    """Maximum-likelihood scale of a Rayleigh distribution."""
    return float(np.sqrt(np.mean(np.square(samples)) / 2))


def width(parts: list[NDArray[np.float32]], axis: int) -> float:
    """Full width at half height of the autocorrelation of the intensity, samples along `axis`."""
    total = np.zeros(12)
    for part in parts:
        field = np.square(np.moveaxis(part, axis, 0))
        field = field - field.mean()
        size = len(field)
        total += [float(np.mean(field[: size - lag] * field[lag:])) for lag in range(12)]
    shape = total / total[0]
    last = int(np.argmax(shape < 0.5))
    below = (shape[last - 1] - 0.5) / (shape[last - 1] - shape[last])
    return 2 * float(last - 1 + below)


def expected(sigma: float) -> float:
    """The same for a Gaussian point-spread function.

    The field correlates as `exp(-lag^2 / (4 sigma^2))`, its intensity as the square of that.
    """
    return 2 * sigma * float(np.sqrt(2 * np.log(2)))


if __name__ == "__main__":
    main()

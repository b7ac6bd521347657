"""How large a fetus is at a gestational age: published biometry, in millimetres.

Sources:
    Hadlock FP, Deter RL, Harrist RB, Park SK. Estimating fetal age: computer-assisted analysis of
    multiple fetal growth parameters. Radiology 1984;152:497-501 (age from each measurement; the
    sizes here are its regressions solved for the measurement).
    Hadlock FP, Deter RL, Carpenter RJ, Park SK. Estimating fetal age: effect of head shape on BPD.
    AJR 1981;137:83-85 (cephalic index, mean 0.783, one standard deviation 0.044).
    Chitkara U, Rosenberg J, Chervenak FA, et al. Prenatal sonographic assessment of the fetal
    thorax: normal values. Am J Obstet Gynecol 1987;156:1069-1074; D'Alton M, Mercer B, Riddick E,
    Dudley D. Serial thoracic versus abdominal circumference ratios for the prediction of pulmonary
    hypoplasia. Am J Obstet Gynecol 1992;166:658-663 (thoracic to abdominal circumference, 0.89).
"""

from __future__ import annotations

import numpy as np

YOUNGEST_WEEKS = 14.0
OLDEST_WEEKS = 40.0
CEPHALIC_INDEX_MEAN = 0.783
CEPHALIC_INDEX_SD = 0.044
THORAX_TO_ABDOMEN = 0.89

# Hadlock 1984: weeks as a function of one measurement in centimetres, and the measurement's range.
_AGE_FROM = {
    "biparietal_diameter": (lambda cm: 9.54 + 1.482 * cm + 0.1676 * cm**2, 10.5),
    "head_circumference": (lambda cm: 8.96 + 0.540 * cm + 0.0003 * cm**3, 37.0),
    "abdominal_circumference": (lambda cm: 8.14 + 0.753 * cm + 0.0036 * cm**2, 40.0),
    "femur_length": (lambda cm: 10.35 + 2.460 * cm + 0.170 * cm**2, 8.5),
}
MEASUREMENTS = tuple(_AGE_FROM)


def mean_size(measurement: str, weeks: float) -> float:
    """Mean size of a measurement at a gestational age.

    Args:
        measurement: One of `MEASUREMENTS`.
        weeks: Gestational age, 14 to 40 weeks.

    Returns:
        Size in millimetres.

    Raises:
        ValueError: The measurement is unknown, or the age is outside the published range.

    Example:
        >>> round(mean_size("femur_length", 20.0))
        32
    """
    if measurement not in _AGE_FROM:
        raise ValueError(
            f"expected a measurement out of {', '.join(MEASUREMENTS)}, received {measurement!r}: "
            "choose one of these"
        )
    if not YOUNGEST_WEEKS <= weeks <= OLDEST_WEEKS:
        raise ValueError(
            f"expected a gestational age of {YOUNGEST_WEEKS:g} to {OLDEST_WEEKS:g} weeks, received "
            f"{weeks!r}: the published tables end there, choose an age inside"
        )
    age_of, largest = _AGE_FROM[measurement]
    centimetres = np.linspace(0.2, largest, 1024)
    return float(np.interp(weeks, age_of(centimetres), centimetres) * 10.0)


def head_axes(weeks: float, cephalic_index: float = CEPHALIC_INDEX_MEAN) -> tuple[float, float]:
    """Occipitofrontal and biparietal diameter (mm) of the skull's outer ellipse.

    The circumference follows Hadlock 1984; the cephalic index (biparietal over occipitofrontal,
    about 0.70 to 0.86) shares it out between the axes.
    """
    circumference = mean_size("head_circumference", weeks)
    # Ramanujan's circumference of an ellipse with unit long diameter.
    a, b = 0.5, 0.5 * cephalic_index
    unit = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))
    length = circumference / unit
    return float(length), float(length * cephalic_index)

"""How large a fetus is at a gestational age: published biometry, in millimetres.

Sources:
    Hadlock FP, Deter RL, Harrist RB, Park SK. Estimating fetal age: computer-assisted analysis of
    multiple fetal growth parameters. Radiology 1984;152:497-501 (age from each measurement; the
    sizes here are its regressions solved for the measurement).
    Hadlock FP, Deter RL, Carpenter RJ, Park SK. Estimating fetal age: effect of head shape on BPD.
    AJR 1981;137:83-85 (cephalic index, mean 0.783, one standard deviation 0.044).
    Papageorghiou AT, Ohuma EO, Altman DG, et al. International standards for fetal growth based on
    serial ultrasound measurements: the Fetal Growth Longitudinal Study of the INTERGROWTH-21st
    Project. Lancet 2014;384:869-879 (standard deviations).
    Cardoza JD, Goldstein RB, Filly RA. Exclusion of fetal ventriculomegaly with a single
    measurement: the width of the lateral ventricular atrium. Radiology 1988;169:711-714 (7.6 mm,
    standard deviation 0.6 mm, the same at every age; from 10 mm on, ventriculomegaly).
    Goldstein I, Reece EA, Pilu G, Bovicelli L, Hobbins JC. Cerebellar measurements with
    ultrasonography in the evaluation of fetal growth and development. Am J Obstet Gynecol
    1987;156:1065-1069; Desdicioglu R, Ipek A, Desdicioglu K, Gumus M, Yavuz AF. Determination of
    fetal transcerebellar diameter nomogram in the second trimester. J Fetal Med 2019;6:177-182
    (18.1 mm at 18 weeks, 26.4 mm at 24, standard deviation about 2 mm).
    Normative data for fetal cisterna magna length measurement between 18 and 24 weeks of pregnancy.
    Childs Nerv Syst, doi:10.1007/s00381-013-2298-y (0.535 + 0.208 mm per week).
    Falco P, Gabrielli S, Visentin A, et al. Transabdominal sonography of the cavum septum
    pellucidum in normal fetuses in the second and third trimesters of pregnancy. Ultrasound Obstet
    Gynecol 2000;16:549-553 (width 5.3 mm, standard deviation 1.7 mm, range 2 to 9 mm).
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
ATRIUM_MEAN_MM = 7.6
ATRIUM_SD_MM = 0.6
VENTRICULOMEGALY_MM = 10.0
CEREBELLUM_SD_MM = 2.0
CAVUM_WIDTH_MEAN_MM = 5.3
CAVUM_WIDTH_SD_MM = 1.7
CAVUM_WIDTH_RANGE_MM = (2.0, 9.0)

# Hadlock 1984: weeks as a function of one measurement in centimetres, and the measurement's range.
_AGE_FROM = {
    "biparietal_diameter": (lambda cm: 9.54 + 1.482 * cm + 0.1676 * cm**2, 10.5),
    "head_circumference": (lambda cm: 8.96 + 0.540 * cm + 0.0003 * cm**3, 37.0),
    "abdominal_circumference": (lambda cm: 8.14 + 0.753 * cm + 0.0036 * cm**2, 40.0),
    "femur_length": (lambda cm: 10.35 + 2.460 * cm + 0.170 * cm**2, 8.5),
}
MEASUREMENTS = tuple(_AGE_FROM)


def _check(measurement: str, weeks: float) -> None:
    if measurement not in _AGE_FROM:
        raise ValueError(
            f"expected a measurement out of {', '.join(MEASUREMENTS)}, received {measurement!r}: "
            "choose one of these"
        )
    _check_age(weeks)


def _check_age(weeks: float) -> None:
    if not YOUNGEST_WEEKS <= weeks <= OLDEST_WEEKS:
        raise ValueError(
            f"expected a gestational age of {YOUNGEST_WEEKS:g} to {OLDEST_WEEKS:g} weeks, received "
            f"{weeks!r}: the published tables end there, choose an age inside"
        )


def mean_size(measurement: str, weeks: float) -> float:
    """Mean size of a measurement at a gestational age.

    Args:
        measurement: One of `MEASUREMENTS`.
        weeks: Gestational age, 14 to 40 weeks.

    Returns:
        Size in millimetres (Hadlock 1984).

    Raises:
        ValueError: The measurement is unknown, or the age is outside the published range.

    Example:
        >>> round(mean_size("femur_length", 20.0))
        32
    """
    _check(measurement, weeks)
    age_of, largest = _AGE_FROM[measurement]
    centimetres = np.linspace(0.2, largest, 1024)
    return float(np.interp(weeks, age_of(centimetres), centimetres) * 10.0)


def standard_deviation(measurement: str, weeks: float) -> float:
    """Standard deviation of a measurement between healthy fetuses of one age.

    Arguments and errors as `mean_size`.

    Returns:
        Millimetres (INTERGROWTH-21st).

    Example:
        >>> round(standard_deviation("femur_length", 20.0), 1)
        1.8
    """
    _check(measurement, weeks)
    cube, log = weeks**3, np.log(weeks)
    match measurement:
        case "biparietal_diameter":
            exponent = 0.101242 + cube * (0.00150557 - 0.000771535 * log + 0.0000999638 * log**2)
            return float(np.exp(exponent))
        case "head_circumference":
            return float(1.98735 + cube * (0.0136772 - 0.00726264 * log + 0.000976253 * log**2))
        case "abdominal_circumference":
            return float(-4.36302 + 0.121445 * weeks**2 + cube * (-0.0130256 + 0.00282143 * log))
        case _:
            return float(np.exp(0.605843 - 42.0014 / weeks**2 + 0.00000917972 * cube))


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


def cerebellar_diameter(weeks: float) -> float:
    """Mean transcerebellar diameter, mm.

    As many millimetres as weeks up to 18 (Goldstein 1987), then the slope that was published for
    18 to 24 weeks (Desdicioglu 2019); that it holds on to 40 weeks is chosen.

    Raises:
        ValueError: The age is outside 14 to 40 weeks.
    """
    _check_age(weeks)
    slope = (26.42 - 18.13) / 6.0
    return weeks if weeks < 18.0 else 18.13 + slope * (weeks - 18.0)


def cisterna_magna_depth(weeks: float) -> float:
    """Mean depth of the cisterna magna from the vermis to the occiput, mm.

    Published for 18 to 24 weeks; that the line holds from 14 to 40 is chosen.

    Raises:
        ValueError: The age is outside 14 to 40 weeks.
    """
    _check_age(weeks)
    return 0.535 + 0.208 * weeks

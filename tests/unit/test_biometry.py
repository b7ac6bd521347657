"""Fetal biometry: the published figures, the ages they hold for, and who is drawn at which age."""

from __future__ import annotations

import numpy as np
import pytest

from fetal_model.phantom import draw_patient
from fetal_model.phantom.biometry import (
    ATRIUM_MEAN_MM,
    ATRIUM_SD_MM,
    MEASUREMENTS,
    VENTRICULOMEGALY_MM,
    cerebellar_diameter,
    cisterna_magna_depth,
    mean_size,
    standard_deviation,
)

AGES = np.arange(14.0, 40.5, 0.5)


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_means_grow_and_spread_stays_a_small_share_of_them(measurement):
    means = [mean_size(measurement, age) for age in AGES]
    assert np.all(np.diff(means) > 0)
    shares = [standard_deviation(measurement, age) / mean_size(measurement, age) for age in AGES]
    assert 0.02 < min(shares) <= max(shares) < 0.12


def test_standard_deviations_are_those_of_intergrowth():
    assert standard_deviation("femur_length", 20.0) == pytest.approx(1.78, abs=0.01)
    assert standard_deviation("femur_length", 40.0) == pytest.approx(3.21, abs=0.02)
    assert standard_deviation("biparietal_diameter", 20.0) == pytest.approx(2.3, abs=0.05)


def test_cerebellum_measures_about_as_many_millimetres_as_weeks_in_the_second_trimester():
    for age in (14.0, 18.0, 20.0, 22.0):
        assert cerebellar_diameter(age) == pytest.approx(age, abs=1.7)
    diameters = [cerebellar_diameter(age) for age in AGES]
    assert np.all(np.diff(diameters) > 0)
    assert cerebellar_diameter(24.0) == pytest.approx(26.42)


def test_cisterna_magna_and_atrium_stay_under_ten_millimetres():
    assert cisterna_magna_depth(18.5) == pytest.approx(4.3, abs=0.15)
    assert max(cisterna_magna_depth(age) for age in AGES) < 10.0
    assert pytest.approx(ATRIUM_MEAN_MM + 4 * ATRIUM_SD_MM) == VENTRICULOMEGALY_MM


@pytest.mark.parametrize("size", [cerebellar_diameter, cisterna_magna_depth])
def test_ages_outside_the_tables_are_refused(size):
    with pytest.raises(ValueError, match="14 to 40 weeks"):
        size(12.0)
    with pytest.raises(ValueError, match="14 to 40 weeks"):
        mean_size("femur_length", 41.0)
    with pytest.raises(ValueError, match="femur_length"):
        standard_deviation("nose", 20.0)


def test_patients_come_at_the_ages_of_routine_practice():
    ages = np.array([draw_patient(5, n).gestational_age_weeks for n in range(400)])
    assert ages.min() >= 14.0
    assert ages.max() <= 40.0
    assert 0.6 < np.mean((ages >= 18.0) & (ages <= 24.0)) < 0.75
    assert 0.0 < np.mean((ages < 18.0) | (ages > 32.0)) < 0.1


def test_patients_of_asked_ages_are_the_same_but_for_age():
    routine, late = draw_patient(5, 3), draw_patient(5, 3, weeks=(36.0, 40.0))
    assert 36.0 <= late.gestational_age_weeks <= 40.0
    assert (routine.machine, routine.size, routine.placenta) == (
        late.machine, late.size, late.placenta,
    )  # fmt: skip
    ages = [draw_patient(5, n, weeks=(14.0, 40.0)).gestational_age_weeks for n in range(200)]
    assert min(ages) < 17.0
    assert max(ages) > 37.0
    for wrong in ((13.0, 20.0), (20.0, 41.0), (30.0, 20.0)):
        with pytest.raises(ValueError, match="weeks"):
            draw_patient(5, 3, weeks=wrong)

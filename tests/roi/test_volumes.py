"""The contacts of each year: as studied, as stated, as forecast; and those nobody has studied."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.measured_effects import MeasuredEffect, measured_effects
from analysis.roi.rates import Rates
from analysis.roi.stated import Stated
from analysis.roi.volumes import VolumeRequest, Volumes, volumes
from tests.roi.small_tables import effect

STUDIED: MeasuredEffect = measured_effects([effect()], None, Rates("EUR")).need("margin")
S = Stated.of


def of(found: Volumes) -> tuple[list[float], list[float]]:
    base = found.base()
    return [float(one.value(base)) for one in found.studied], [float(one.value(base)) for one in found.beyond]


def test_as_many_as_were_studied() -> None:
    """1,200 in twelve index months."""
    found = volumes(VolumeRequest(), STUDIED, 3)
    assert of(found) == ([1200, 1200, 1200], [])
    assert found.source == "first social contacts in the study's index months, per year"


def test_more_than_studied_lies_beyond() -> None:
    assert of(volumes(VolumeRequest(contacts_per_year=S(1500)), STUDIED, 2)) == ([1200, 1200], [300, 300])


def test_fewer_than_studied_has_nothing_beyond() -> None:
    assert of(volumes(VolumeRequest(contacts_per_year=S(900)), STUDIED, 2)) == ([900, 900], [])


def test_a_range_that_reaches_past_the_studied_number_has_a_line_beyond() -> None:
    stated = Stated(value=1000, low=800, high=1400, source="plan", dated="2026-01-01")
    found = volumes(VolumeRequest(contacts_per_year=stated), STUDIED, 1)
    assert of(found) == ([1000], [0])
    assert found.beyond[0].value(found.base() | {"contacts_per_year": 1400.0}) == 200


def test_a_forecast_holds_on_and_an_uptake_ramps_up() -> None:
    """Year 1: 1,000 × 0.5; years 2 and 3: 2,000 × 0.8 = 1,600, of which 1,200 are like those studied."""
    found = volumes(VolumeRequest(forecast=(S(1000), S(2000)), uptake=(S(0.5), S(0.8))), STUDIED, 3)
    assert of(found) == ([500, 1200, 1200], [0, 400, 400])
    assert [float(one.value(found.base())) for one in found.all] == [500, 1600, 1600]


def test_contacts_studied_and_beyond_add_up_whatever_is_drawn() -> None:
    found = volumes(VolumeRequest(contacts_per_year=S(1500), uptake=(S(0.7),)), STUDIED, 2)
    for contacts in (0.0, 500.0, 1714.0, 1715.0, 9000.0):
        at = found.base() | {"contacts_per_year": contacts}
        assert found.all[0].value(at) == pytest.approx(0.7 * contacts)


def test_without_a_study_the_stated_number_stands_alone() -> None:
    assert of(volumes(VolumeRequest(contacts_per_year=S(50)), None, 1)) == ([50], [])
    with pytest.raises(DesignError, match=r"Give `roi.contacts_per_year`"):
        volumes(VolumeRequest(), None, 1)


def test_bad_input_names_its_parameter() -> None:
    with pytest.raises(ValueError, match="not both"):
        VolumeRequest(contacts_per_year=S(1), forecast=(S(1),))
    with pytest.raises(ValueError, match=r"`roi.uptake, year 2` lies from 0 to 1"):
        VolumeRequest(uptake=(S(0.5), S(1.5)))
    with pytest.raises(ValueError, match="above zero"):
        VolumeRequest(contacts_per_year=S(0))
    with pytest.raises(DesignError, match=r"`roi.forecast` names 3 years, the case has 2"):
        volumes(VolumeRequest(forecast=(S(1), S(2), S(3))), STUDIED, 2)

"""Whose margin may become money? That of the study of the channel alone; other designs are told, never valued."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.model import roi_case
from tests.roi.test_model import MARGIN, assumptions

OTHERS = [
    MARGIN | {"design": design, "estimand": estimand, "value": 1e6, "grade": "B"}
    for design, estimand in (
        ("ab_observational", "user_effect"),
        ("ab_observational", "naive_user_gap"),
        ("effort", "total_effect"),
        ("effort", "indirect_effect"),
        ("effort", "direct_effect"),
        ("effort", "indirect_effect:contacts_to_resolve"),
        ("effort", "effort_slope:contacts_to_resolve"),
        ("dose_and_mix", "dose_association"),
        ("dose_and_mix", "naive_dose_gap"),
    )
]


def test_the_case_is_the_same_whatever_other_designs_say_of_margin() -> None:
    alone = roi_case(assumptions(), [MARGIN], tables=None)  # type: ignore[arg-type]
    beside = roi_case(assumptions(), [*OTHERS, MARGIN, *OTHERS], tables=None)  # type: ignore[arg-type]
    assert beside.to_parts() == alone.to_parts()


@pytest.mark.parametrize("row", OTHERS, ids=lambda row: f"{row['design']} {row['estimand']}")
def test_none_of_them_makes_a_case_by_itself(row: dict) -> None:
    with pytest.raises(DesignError, match="No study measured the margin"):
        roi_case(assumptions(), [row], tables=None)  # type: ignore[arg-type]


def test_the_studies_name_themselves_so() -> None:
    """The names above are those of the studies, so that a new name would not slip through."""
    from analysis.studies.dose.result import ADJUSTED, DESIGN, NAIVE
    from analysis.studies.effort import result as effort
    from analysis.studies.observational import result as observational

    named = {(row["design"], row["estimand"].partition(":")[0]) for row in OTHERS}
    assert named == {
        *((DESIGN, name) for name in (ADJUSTED, NAIVE)),
        *((effort.DESIGN, name) for name in (effort.TOTAL, effort.INDIRECT, effort.DIRECT, effort.SLOPE)),
        *((observational.DESIGN, name) for name in (observational.ESTIMAND, observational.NAIVE)),
    }

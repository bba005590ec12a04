"""Which effects may become money: the right row is taken, every other one is refused with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.measured_effects import measured_effects
from analysis.roi.rates import Rate, Rates
from tests.roi.small_tables import effect

EURO = Rates("EUR")
OTHERS = [
    effect(design=design, estimand=estimand, value=1e6)
    for design, estimand in (
        ("ab_observational", "user_effect"),
        ("ab_observational", "naive_user_gap"),
        ("before_after", "naive_before_after"),
        ("adoption", "adoption_effect"),
        ("effort", "total_effect"),
        ("effort", "indirect_effect"),
        ("effort", "direct_effect"),
        ("effort", "effort_slope:contacts_to_resolve"),
        ("dose_and_mix", "dose_association"),
        ("dose_and_mix", "naive_dose_gap"),
    )
]


def why(row: dict, rates: Rates = EURO) -> str:
    found = measured_effects([row], None, rates)
    assert found.get(row["outcome"]) is None
    return found.why_not(row["outcome"])


def test_what_is_taken_and_what_it_says_of_itself() -> None:
    found = measured_effects([effect()], None, EURO).need("margin")
    assert (found.value, found.se, found.grade) == (10.0, 2.0, "B")
    assert found.name == "before_after/channel_effect/margin/difference"
    assert found.contacts_per_year == 1200
    assert "1,200 first social contacts, 2025-04 to 2026-03, 3 months after" in found.source


def test_other_rows_beside_it_change_nothing() -> None:
    alone = measured_effects([effect()], None, EURO)
    segments = [effect(segment={"region": "north"}, value=99.0)]
    unfit = [
        effect(maturity="interim", value=99.0),
        effect(declared=False, value=98.0),
        effect(scale="ratio", value=1.1),
    ]
    assert measured_effects([*OTHERS, *segments, *unfit, effect(), *OTHERS], None, EURO) == alone


@pytest.mark.parametrize("row", OTHERS, ids=lambda row: f"{row['design']} {row['estimand']}")
def test_no_other_design_is_money(row: dict) -> None:
    assert "No study measured the margin of the channel" in why(row)


def test_the_studies_name_themselves_so() -> None:
    """The names above are those of the studies, so that a new name would not slip through."""
    from analysis.studies.dose.result import ADJUSTED, DESIGN, NAIVE
    from analysis.studies.effort import result as effort
    from analysis.studies.observational import result as observational

    named = {(row["design"], row["estimand"].partition(":")[0]) for row in OTHERS}
    assert named >= {
        *((DESIGN, name) for name in (ADJUSTED, NAIVE)),
        *((effort.DESIGN, name) for name in (effort.TOTAL, effort.INDIRECT, effort.DIRECT, effort.SLOPE)),
        *((observational.DESIGN, name) for name in (observational.ESTIMAND, observational.NAIVE)),
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": None, "reason": "too few customers"}, "claims no effect, so there is nothing to value: too few"),
        ({"maturity": "interim"}, "is interim.*shorter `index.after_months`"),
        ({"declared": False}, "estimator of one's own"),
        ({"scale": "ratio"}, "as a ratio alone"),
        ({"se": None}, "how surely"),
        ({"after_months": None}, "how many months"),
        ({"unit": "USD per customer"}, "in USD, the case in EUR.*`roi.rates.USD`"),
        ({"design": "adoption", "estimand": "adoption_effect"}, "never money"),
    ],
)
def test_why_an_effect_is_refused(changes: dict, said: str) -> None:
    import re

    assert re.search(said, why(effect(**changes)))


def test_an_outcome_nobody_measured_names_the_remedy() -> None:
    found = measured_effects([], None, EURO)
    with pytest.raises(DesignError, match=r"No study measured the margin. `orders` needs a column `margin`"):
        found.need("margin")
    with pytest.raises(DesignError, match="`unit_costs`"):
        found.need("index_issue_cost")


def test_another_currency_with_a_rate_is_converted_with_its_error() -> None:
    rates = Rates("EUR", {"USD": Rate(rate=0.5, source="bank", dated="2026-01-31")})
    found = measured_effects([effect(unit="USD per customer")], None, rates).need("margin")
    assert (found.value, found.se, found.unit) == (5.0, 1.0, "EUR per customer")
    assert "0.5 EUR per USD (bank, 2026-01-31)" in found.source


def test_pieces_are_not_converted() -> None:
    """Issues are counted, not paid, so that no rate touches them."""
    assert measured_effects([effect("issues", -0.1, 0.02)], None, Rates("USD")).need("issues").value == -0.1


def test_two_rows_for_one_outcome_are_refused() -> None:
    with pytest.raises(DesignError, match="2 rows say what before_after found on the margin"):
        measured_effects([effect(), effect(value=3.0)], None, EURO)


def test_the_covariance_on_the_difference_scale_by_hand() -> None:
    """Log covariance 0.0006 of errors 0.02 and 0.04 is a correlation of 0.75; times 2 and 0.1: 0.15."""
    ids = ["before_after/channel_effect/margin/ratio", "before_after/channel_effect/issues/ratio"]
    told = {"ids": ids, "matrix": [[0.0004, 0.0006], [0.0006, 0.0016]]}
    found = measured_effects([effect(), effect("issues", -0.2, 0.1), effect("index_issue_cost", -3, 0.5)], told, EURO)
    assert np.allclose(found.covariance(["margin", "issues"]), [[4.0, 0.15], [0.15, 0.01]])
    assert np.allclose(found.covariance(["issues", "margin"]), [[0.01, 0.15], [0.15, 4.0]])
    assert np.allclose(found.covariance(["margin", "index_issue_cost"]), np.diag([4.0, 0.25]))


def test_a_covariance_that_is_not_square_is_refused() -> None:
    with pytest.raises(DesignError, match="names 1 effects"):
        measured_effects([effect()], {"ids": ["a"], "matrix": [[1, 2]]}, EURO)


@pytest.mark.parametrize("estimand", ["adoption_effect", "naive_user_gap"])
def test_what_is_never_money_cannot_be_asked_for(estimand: str) -> None:
    with pytest.raises(ValueError, match="never money"):
        measured_effects([], None, EURO, estimand=estimand)

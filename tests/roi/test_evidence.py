"""On which grades does the money rest? By hand, with a loss among the benefits, and past the cap."""

from __future__ import annotations

import pytest

from analysis.roi.evidence import evidence
from analysis.roi.tei import base_case, risk_adjusted
from tests.roi.small_case import benefit, cost, model


def shares(*lines, **changes):
    return evidence(base_case(model((), *lines, discount_rate=0)), **changes)


def test_by_hand_and_what_is_shown_beside_does_not_count() -> None:
    found = shares(
        benefit("repurchase", 0, 60, grade="B"),
        benefit("saves", 0, 10, grade="E"),
        benefit("more_saves", 0, 30, grade="D"),
        benefit("time", 0, 900, grade="E", counted=False),
        cost("agents", 0, 50),
    )
    assert dict(found.shares) == {"A": 0, "B": 0.6, "C": 0, "D": 0.3, "E": 0.1}
    assert found.weak == pytest.approx(0.4)
    assert found.past_cap
    assert found.sentence.startswith("Too little evidence: 40 % of the benefits")
    assert not shares(benefit("repurchase", 0, 60), benefit("saves", 0, 40, grade="E"), cap=0.4).past_cap


def test_a_loss_is_weighed_by_its_size_and_said_so() -> None:
    found = shares(benefit("repurchase", 0, 60, grade="B"), benefit("saves", 0, -20, grade="E"))
    assert dict(found.shares) == {"A": 0, "B": 0.75, "C": 0, "D": 0, "E": 0.25}
    assert found.mixed_signs
    assert found.sentence.endswith("within the 30 % allowed. Gains and losses are both counted by their size.")


def test_a_loss_cannot_hide_that_what_is_left_rests_on_assumptions() -> None:
    """60 and -60 on good evidence leave the 45 that are assumed: 27 % by size, 43 % of the gains, all of the net."""
    found = shares(
        benefit("repurchase", 0, 60, grade="B"),
        benefit("issues_avoided", 0, -60, grade="B"),
        benefit("saves", 0, 45, grade="E"),
    )
    assert found.shares["E"] == pytest.approx(45 / 165)
    assert found.weak == pytest.approx(45 / 105)
    assert found.past_cap
    assert "42.9 % of the gains rest on raw differences" in found.sentence


def test_a_share_a_little_past_the_cap_is_printed_as_such() -> None:
    found = shares(benefit("repurchase", 0, 696), benefit("saves", 0, 304, grade="E"))
    assert "30.4 % of the benefits" in found.sentence
    assert found.past_cap


def test_nothing_counted_is_said() -> None:
    found = shares(cost("agents", 0, 1))
    assert (found.weak, found.past_cap) == (0, False)
    assert found.sentence == "No benefit is counted, so there is no evidence to weigh."


def test_what_is_refused() -> None:
    case = model((), benefit("repurchase", 0, 1))
    with pytest.raises(ValueError, match="before risk adjustment"):
        evidence(risk_adjusted(case))
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        evidence(base_case(case), cap=1.2)

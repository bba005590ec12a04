"""Which row answers a hypothesis? The one that was meant, or a reason; never one that was chosen for its result."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.hypotheses.hypothesis import Hypothesis, different_names, row_for
from tests.studies.hypotheses.made import asked, row

NORTH = {"region": "north"}


def apart(verdict: str) -> list[dict[str, object]]:
    return [{"name": "segments_differ", "verdict": verdict, "detail": f"It {verdict}.", "gate": True}]


def test_the_row_that_was_meant() -> None:
    rows = [
        row(1.0, outcome="spend"),
        row(2.0, segment=NORTH, checks=apart("passed")),
        row(3.0, scale="ratio"),
        row(4.0, estimand="experiment_effect_adjusted"),
        row(5.0),
        row(6.0, design="before_after", estimand="channel_effect"),
        row(7.0, maturity="interim"),
    ]
    assert row_for(asked(), rows) is rows[4]
    assert row_for(asked(segment=NORTH), rows) is rows[1]
    assert row_for(asked(scale="ratio"), rows) is rows[2]
    assert row_for(asked(estimand="experiment_effect_adjusted"), rows) is rows[3]
    assert row_for(asked(design="before_after"), rows) is rows[5]


ANYTIME = "experiment_effect_anytime"
TOO_SOON = "the smaller arm has 300 customers, and the first look was declared at 500. Wait for more."


def test_who_looked_early_is_judged_by_the_interval_that_allows_for_it() -> None:
    rows = [row(1.0), row(2.0, estimand=ANYTIME)]
    assert row_for(asked(), rows) is rows[1]
    assert row_for(asked(estimand=ANYTIME), rows) is rows[1]


@pytest.mark.parametrize(
    "changed",
    [
        {"estimand": "experiment_effect"},
        {"estimand": "experiment_effect_adjusted"},
        {"estimand": "complier_effect"},
        {"scale": "ratio"},
        {"segment": NORTH},
        {"outcome": "order_value"},
    ],
)
def test_no_other_row_answers_for_who_looked_early(changed) -> None:
    """Each of them has the interval of one look, which leaves out no effect in a third of tests looked at again and
    again. To ask for the ratio, a segment or the row itself is no way round."""
    rows = [row(1.0), row(2.0, estimand=ANYTIME), row(0.5, **{"segment": {}, **changed, "checks": apart("passed")})]
    said = row_for(asked(**changed), rows)
    assert "looked at before its end" in str(said)


def test_who_looked_before_the_first_look_learns_nothing() -> None:
    rows = [row(1.0), row(None, estimand=ANYTIME, reason=TOO_SOON, grade="D")]
    assert TOO_SOON in str(row_for(asked(), rows))
    assert "looked at before its end" in str(row_for(asked(scale="ratio"), [*rows, row(1.5, scale="ratio")]))
    other = row(None, estimand=ANYTIME, reason=TOO_SOON, grade="D", treated="call")
    alone = row(1.0)
    assert row_for(asked(treated="letter"), [alone, other]) is alone


def test_arms_must_be_named_where_there_are_several() -> None:
    rows = [row(1.0), row(2.0, treated="call")]
    assert "letter against control; call against control" in str(row_for(asked(), rows))
    assert row_for(asked(treated="call"), rows) is rows[1]
    assert "of several experiments" in str(row_for(asked(), [row(1.0), row(2.0)]))


@pytest.mark.parametrize(
    ("changed", "rows", "said"),
    [
        ({}, [], "hold no effect of ab_randomised"),
        ({"outcome": "vist"}, [row()], "hold no outcome `vist`; they hold visit"),
        ({"scale": "ratio"}, [row()], "not with the scale `ratio`"),
        ({"segment": NORTH}, [row()], "not with the segment region: north"),
        ({"treated": "post"}, [row()], "not with the treated `post`"),
        ({"comparison": "nobody"}, [row()], "not with the comparison `nobody`"),
        ({"estimand": "complier_effect"}, [row()], "not as complier_effect"),
        ({}, [row(maturity="interim")], "window after the contact is not over"),
        ({}, [row(None, reason="the sample ratio failed.", grade="D")], "claimed of it: the sample ratio failed."),
        ({}, [row(None, grade="D", claim="No effect is claimed: …")], "No effect is claimed"),
        ({}, [row(grade="D")], "raw difference"),
        ({"segment": NORTH}, [row(segment=NORTH)], "No test has told this segment"),
        ({"segment": NORTH}, [row(segment=NORTH, checks=apart("failed"))], "It failed."),
        ({"segment": NORTH}, [row(segment=NORTH, checks=apart("not_run"))], "It not_run."),
    ],
)
def test_why_nothing_follows(changed, rows, said) -> None:
    found = row_for(asked(**changed), rows)
    assert isinstance(found, str)
    assert said in found


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"design": "astrology"}, "design is one of"),
        ({"scale": "log"}, "scale is ratio or difference"),
        ({"direction": "up"}, "direction higher"),
        ({"smallest_effect": 0.0}, "above zero"),
        ({"smallest_effect": float("nan")}, "above zero"),
        ({"estimand": "naive_user_gap"}, "raw figures"),
    ],
)
def test_what_cannot_be_tested_is_refused(changed, said) -> None:
    with pytest.raises(DesignError, match=said):
        asked(**changed)


def test_names_and_segments() -> None:
    with pytest.raises(DesignError, match="Two hypotheses are called `visits`"):
        different_names([asked(), asked()])
    given = {"b": "2", "a": "1"}
    held = asked(segment=given)
    given["c"] = "3"
    assert list(held.segment.items()) == [("a", "1"), ("b", "2")]
    assert isinstance(held, Hypothesis)

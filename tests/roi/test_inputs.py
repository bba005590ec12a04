"""Draws of all inputs: the same for the same seed, each by itself, and one study's effects together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import UnknownName
from analysis.roi.inputs import Inputs, Together, gathered
from analysis.roi.spread import Fixed, Normal, Pert, Triangular
from tests.roi.small_case import found, stated

MARGIN, ISSUES, COST = (
    found("margin", Normal(10, 2)),
    found("issues", Normal(-0.1, 0.05), "before_after/channel_effect/issues/difference"),
    found("index_cost", Normal(3, 1), "before_after/channel_effect/index_issue_cost/difference"),
)
COVARIANCE = [[4.0, -0.06, 0.5], [-0.06, 0.0025, 0.01], [0.5, 0.01, 1.0]]
STUDY = Together(("margin", "issues", "index_cost"), COVARIANCE)
PRICE = stated("price", Triangular(1, 2, 4))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    inputs = Inputs((MARGIN, ISSUES, COST, PRICE), (STUDY,))
    first, again, other = inputs.drawn(1000, 3), inputs.drawn(1000, 3), inputs.drawn(1000, 4)
    for name in inputs.names:
        assert first[name].tobytes() == again[name].tobytes()
        assert (first[name] != other[name]).all()


def test_adding_or_reordering_inputs_changes_no_other() -> None:
    some = Inputs((MARGIN, ISSUES, COST, PRICE), (STUDY,))
    turned = Together(STUDY.names[::-1], np.array(COVARIANCE)[::-1, ::-1])
    more = Inputs((stated("added", Pert(0, 1, 2)), ISSUES, PRICE, COST, stated("rate", 0.5), MARGIN), (turned,))
    before, after = some.drawn(500, 7), more.drawn(500, 7)
    for name in some.names:
        assert before[name].tobytes() == after[name].tobytes()


def test_more_draws_go_on_from_the_fewer() -> None:
    inputs = Inputs((PRICE,))
    assert (inputs.drawn(100, 1)["price"] == inputs.drawn(1000, 1)["price"][:100]).all()


def test_joint_draws_have_the_covariance_asked_for() -> None:
    """400,000 draws: a correlation is met within 4 / sqrt(400,000) = 0.006."""
    drawn = Inputs((MARGIN, ISSUES, COST), (STUDY,)).drawn(400_000, 1)
    draws = np.array([drawn[name] for name in STUDY.names])
    assert draws.mean(axis=1) == pytest.approx([10, -0.1, 3], abs=0.02)
    errors = np.sqrt(np.diag(COVARIANCE))
    assert np.cov(draws) / np.outer(errors, errors) == pytest.approx(COVARIANCE / np.outer(errors, errors), abs=0.01)


def test_without_correlation_together_is_each_by_itself() -> None:
    apart = Inputs((MARGIN, ISSUES)).drawn(1000, 2)
    together = Inputs((MARGIN, ISSUES), (Together(("margin", "issues"), np.diag([4.0, 0.0025])),)).drawn(1000, 2)
    for name in apart:
        assert together[name] == pytest.approx(apart[name], rel=1e-12)


def test_estimates_that_move_in_step_are_drawn_in_step() -> None:
    twin = found("twin", Normal(5, 1))
    inputs = Inputs((MARGIN, twin), (Together(("margin", "twin"), [[4.0, 2.0], [2.0, 1.0]]),))
    drawn = inputs.drawn(2000, 5)
    assert (drawn["margin"] - 10) / 2 == pytest.approx(drawn["twin"] - 5, abs=1e-7)
    assert drawn["margin"].std() == pytest.approx(2, rel=0.05)


def test_limits_hold_for_joint_draws_too() -> None:
    cut = found("margin", Normal(1, 2), low_limit=0)
    inputs = Inputs((cut, ISSUES), (Together(("margin", "issues"), [[4.0, 0.05], [0.05, 0.0025]]),))
    assert inputs.drawn(1000, 1)["margin"].min() == 0


def test_base_means_and_a_single_input() -> None:
    inputs = Inputs((PRICE, MARGIN))
    assert inputs.base() == {"price": 2, "margin": 10}
    assert inputs.means() == {"price": pytest.approx(7 / 3), "margin": 10}
    assert inputs["margin"] is MARGIN
    assert "margin" in inputs
    assert "margins" not in inputs
    with pytest.raises(UnknownName, match=r"`margins`\. Did you mean `margin`"):
        inputs["margins"]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**63), st.sampled_from([Normal(0, 1), Triangular(0, 1, 2), Pert(0, 1, 2), Fixed(1)]))
def test_every_draw_is_finite(seed: int, spread) -> None:
    assert np.isfinite(Inputs((stated("one_input", spread),)).drawn(200, seed)["one_input"]).all()


def test_lines_may_share_an_input_but_not_differ_about_it() -> None:
    assert gathered([PRICE, MARGIN, PRICE], [STUDY] * 0).names == ("price", "margin")
    assert gathered([MARGIN, ISSUES, COST], [STUDY, STUDY]).together == (STUDY,)
    with pytest.raises(ValueError, match="different things about `price`"):
        gathered([PRICE, stated("price", 3.0)])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Inputs((PRICE, PRICE)), "`price` occurs more than once"),
        (lambda: Inputs((MARGIN,), (Together(("margin",), [[4.0]]),) * 2), "drawn together once: `margin`"),
        (lambda: Inputs((MARGIN,), (Together(("margin",), [[4.4]]),)), "an error of 2 by itself"),
        (lambda: Inputs((PRICE,), (Together(("price",), [[1.0]]),)), "must be an estimate"),
        (lambda: Together(("a_x", "a_x"), np.eye(2)), "named once each"),
        (lambda: Together((), np.eye(0)), "named once each; given were none"),
        (lambda: Together(("a_x", "b_x"), np.eye(3)), "2 x 2 finite numbers"),
        (lambda: Together(("a_x", "b_x"), [[1, np.nan], [np.nan, 1]]), "2 x 2 finite numbers"),
        (lambda: Together(("a_x", "b_x"), [[1, 0.5], [0.4, 1]]), "the same both ways"),
        (lambda: Together(("a_x", "b_x"), [[1, 1.1], [1.1, 1]]), "a variance below zero"),
        (lambda: Together(("a_x", "b_x"), [[1, 0], [0, 0]]), "every variance must be above zero"),
    ],
)
def test_what_is_refused(made, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made()


def test_only_inputs_can_be_drawn_together() -> None:
    with pytest.raises(UnknownName, match="`margin`"):
        Inputs((PRICE,), (Together(("margin",), [[4.0]]),))

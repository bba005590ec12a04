"""What may be said of segments: tests before claims, grades that are left, words, and numbers that add up."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.inference.apart import differ_p
from analysis.inference.multiplicity import wald_p
from analysis.inference.shrinkage import shrunken
from analysis.studies.grade import grade_of
from analysis.studies.result import Check
from analysis.studies.segments.settled import settled
from analysis.studies.segments_differ import heterogeneity_p
from tests.studies.segments.planted import difference, effect, ratio, regions


def verdicts_of(found) -> list[str]:
    return found.forest["verdict"].tolist()


def test_segments_that_cannot_be_told_apart_are_not_spoken_of() -> None:
    """Each is clear by itself, but they lie within chance of one another: 0.10 and 0.12, errors 0.03."""
    found = settled(regions(0.10, 0.12))
    assert verdicts_of(found) == ["whole", "not_apart", "not_apart"]
    assert [one.grade for one in found.effects] == ["A", "C", "C"]
    assert found.effects[1].claim.startswith("Nothing is claimed of region: r0 alone. The segments of region cannot be")
    assert found.effects[1].estimate == regions(0.10, 0.12)[1].estimate


def test_a_segment_named_beforehand_that_stands_out_keeps_its_grade() -> None:
    found = settled(regions(0.00, 0.20))
    assert verdicts_of(found) == ["whole", "not_clear", "claimed"]
    assert [one.grade for one in found.effects] == ["A", "A", "A"]
    assert found.effects[1].claim == "As the study claims it."
    assert found.effects[2].claim == (
        "As the study claims it. The segment was named beforehand and stands out among 2 looked at."
    )


def test_one_of_many_that_leaves_out_no_effect_is_no_claim() -> None:
    """p = 0.02 by itself; among six named ones 0.1. The sixth makes the segments differ."""
    effects = regions(0.0698, 0.0, 0.01, -0.01, 0.02, 0.5)
    assert wald_p(effects[1].estimate) == pytest.approx(0.02, abs=1e-4)
    found = settled(effects)
    assert verdicts_of(found)[1] == "not_clear"
    assert found.effects[1].grade == "C"
    assert "one does so by chance (adjusted p = 0.1 among 6 looked at)" in found.effects[1].claim


def test_what_nobody_named_is_an_exploration_with_a_wider_interval() -> None:
    found = settled(regions(0.0, 0.2, 0.01, -0.01), declared=())
    assert verdicts_of(found) == ["whole", "not_selected", "selected", "not_selected", "not_selected"]
    seen = found.effects[2]
    assert (seen.grade, seen.declared, seen.estimate.level) == ("C", False, 1 - 0.05 / 4)
    assert seen.estimate.low < 0.2 - 1.96 * 0.03
    assert seen.estimate.method.endswith("interval widened for having been selected")
    assert seen.claim.startswith("Explored, not named beforehand: Customers in the group mail (region: r1) had 0.200")
    assert found.forest["raw_low"][2] == pytest.approx(0.2 - 1.959964 * 0.03, abs=1e-6)
    assert found.effects[0] == regions(0.0, 0.2, 0.01, -0.01)[0]


class OnlyRegion:
    """A declaration that names one attribute of one outcome."""

    def covers(self, outcome: str, segment) -> bool:
        return outcome == "orders" and set(segment) <= {"region"}


@pytest.mark.parametrize("declared", [["region"], ("region", "size"), OnlyRegion()])
def test_a_declaration_says_what_was_named(declared) -> None:
    found = settled([replace(one, declared=False) for one in regions(0.0, 0.2)], declared=declared)
    assert verdicts_of(found) == ["whole", "not_clear", "claimed"]
    assert [one.declared for one in found.effects[1:]] == [True, True]


def test_one_name_is_no_list_of_names() -> None:
    with pytest.raises(ValueError, match="list of attributes"):
        settled(regions(0.0, 0.2), declared="region")


def test_grades_are_those_that_the_checks_earn() -> None:
    for declared in (None, ()):
        for one in settled(regions(0.0, 0.2, 0.21, 0.02), declared=declared).effects:
            assert one.grade == grade_of(one.checks, randomised=True)


def test_a_grade_is_never_raised() -> None:
    found = settled([replace(one, grade="C") for one in regions(0.0, 0.2)])
    assert [one.grade for one in found.effects] == ["C", "C", "C"]


def test_all_scales_of_a_question_take_one_verdict_and_are_counted_once() -> None:
    """The first shown scale is judged, in its adjusted version; a ratio beside it says the same."""
    parts = []
    for segment, value in ((None, 0.1), ({"region": "r0"}, 0.0), ({"region": "r1"}, 0.2)):
        parts.append(effect(difference(value, 0.12), segment))
        parts.append(effect(difference(value, 0.03), segment, estimand="experiment_effect_adjusted"))
        parts.append(effect(ratio(1 + value, 0.12), segment))
    found = settled(parts)
    assert len(found.forest) == 3
    assert found.forest["estimand"].tolist() == ["experiment_effect_adjusted"] * 3
    assert found.forest["family"].tolist() == [0, 2, 2]
    assert [one.grade for one in found.effects[3:]] == ["A"] * 6
    assert len(found.effects) == 9
    plain, adjusted = found.effects[6:8]
    assert (plain.claim, adjusted.claim.count("stands out among 2")) == ("As the study claims it.", 1)
    weaker = settled([one for one in parts if one.estimand == "experiment_effect"])
    assert verdicts_of(weaker) == ["whole", "not_apart", "not_apart"]


def both(difference_of: tuple[float, float], ratio_of: tuple[float, float], segment=None) -> list:
    """A difference and a ratio of the same customers, each with its error."""
    return [effect(difference(*difference_of), segment), effect(ratio(*ratio_of), segment)]


def test_an_effect_counts_by_the_scale_on_which_it_is_the_less_clear() -> None:
    """0.2 is five errors off as a difference; the logarithm of 0.8 is 3.19 or 1.12 errors of 0.07 or 0.2 off."""
    for se_log, verdict in ((0.07, "selected"), (0.2, "not_selected")):
        effects = both((-0.1, 0.03), (0.9, 0.05)) + both((0.0, 0.04), (1.0, 0.04), {"region": "r0"})
        effects += both((-0.2, 0.04), (0.8, se_log), {"region": "r1"})
        found = settled(effects, declared=())
        assert verdicts_of(found) == ["whole", "not_selected", verdict]
        assert found.forest["p_value"][2] == pytest.approx(wald_p(effects[-1].estimate))
        assert found.forest["raw_high"][2] < 0
    alone = settled(effects)
    assert verdicts_of(alone)[2] == "not_clear"
    assert "on another scale it would not, so that it may be an accident of small groups" in alone.effects[-2].claim


def test_an_adjusted_difference_is_read_beside_the_adjusted_ratio() -> None:
    plain = both((-0.2, 0.04), (0.8, 0.2), {"region": "r0"})
    adjusted = [replace(one, estimand="experiment_effect_adjusted") for one in both((-0.2, 0.03), (0.8, 0.03))]
    parts = [*plain, *(replace(one, segment={"region": "r0"}) for one in adjusted)]
    found = settled([effect(difference(0.0, 0.02)), *parts], declared=()).forest
    assert found["p_value"][1] == pytest.approx(wald_p(parts[2].estimate))


def test_small_segments_with_chance_errors_do_not_lead_whether_segments_differ() -> None:
    """Four of a size, effects 0, 0, 0 and 0.1; the last says of its error 0.03, the others 0.06: Q trusts the last.

    By sizes the spread is 3/4 · 0.1² · w; chance's own 3/4 · (3 · 0.06² + 0.03²) · w.
    """
    effects = regions(0.0, 0.0, 0.0, 0.1, se=0.06)
    effects[4] = replace(effects[4], estimate=difference(0.1, 0.03))
    found = settled(effects).tests
    assert found["p_value"][0] == pytest.approx(differ_p([(0.0, 0.06)] * 3 + [(0.1, 0.03)], [(500, 500)] * 4))
    assert found["p_value"][0] > heterogeneity_p([(0.0, 0.06)] * 3 + [(0.1, 0.03)])


def test_quantiles_and_other_outcomes_are_questions_of_their_own() -> None:
    found = settled(
        [*regions(0.0, 0.2), *regions(0.0, 0.2, estimand="quantile_effect:0.9"), *regions(0.0, 0.2, outcome="visits")]
    )
    assert found.forest["family"].tolist() == [0, 6, 6] * 3
    assert len(found.tests) == 3


def test_interim_findings_are_judged_by_themselves() -> None:
    found = settled([*regions(0.0, 0.2), *regions(0.1, 0.1, maturity="interim")])
    assert verdicts_of(found) == ["whole", "not_clear", "claimed", "whole", "not_apart", "not_apart"]
    assert found.forest["maturity"].tolist() == ["mature"] * 3 + ["interim"] * 3


def test_segments_may_begin_in_other_months_than_all_customers() -> None:
    months = ("2025-01", "2025-02", "2025-03")
    dated = [replace(one, index_from=month) for one, month in zip(regions(0.0, 0.2), months, strict=True)]
    assert verdicts_of(settled(dated)) == ["whole", "not_clear", "claimed"]


def test_raw_figures_and_refusals_pass_untouched() -> None:
    raw = effect(difference(0.3, 0.01), {"region": "r0"}, estimand="naive_user_gap", grade="D")
    refused = effect(None, {"region": "r2"}, n_treated=20, n_comparison=400)
    found = settled([*regions(0.0, 0.2), raw, refused])
    assert found.effects[3] == raw
    assert found.effects[4] == refused
    assert verdicts_of(found) == ["whole", "not_clear", "claimed", "refused"]


def test_an_effect_without_an_end_cannot_be_judged() -> None:
    open_end = replace(difference(0.3, 0.03), high=float("inf"))
    found = settled([*regions(0.0, 0.2), effect(open_end, {"region": "r2"})])
    assert verdicts_of(found) == ["whole", "not_clear", "claimed", "refused"]
    assert found.effects[3].grade == "C"
    assert "it cannot be judged" in found.effects[3].claim


def test_one_segment_alone_has_nothing_to_be_told_apart_from() -> None:
    found = settled(regions(0.2)[:2])
    assert verdicts_of(found) == ["whole", "not_apart"]
    assert found.checks[0].verdict == "not_run"
    assert found.tests["p_value"].isna().all()


def test_too_few_customers_are_refused_and_their_number_said() -> None:
    found = settled(regions(0.0, 0.2, sizes=(500, 49)))
    assert verdicts_of(found) == ["whole", "refused", "refused"]
    assert found.effects[1].reason == "its groups hold 500 and 49 customers; each needs 50."
    assert (found.effects[1].grade, found.effects[1].n_comparison) == ("D", 49)
    assert found.notes == ("2 effects by segment are not told, because a group of theirs is too small.",)
    assert verdicts_of(settled(regions(0.0, 0.2, sizes=(500, 49)), fewest=49)) == ["whole", "not_clear", "claimed"]


def test_pooled_effects_stand_beside_the_raw_ones_from_six_segments_on() -> None:
    values = [0.0, 0.1, 0.2, 0.3, 0.1, 0.05]
    found = settled(regions(*values)).forest
    peer = shrunken(values, np.full(6, 0.03))
    assert found["shrunk"][1:].to_numpy(dtype=float) == pytest.approx(peer.values)
    assert found["shrunk_low"][1:].to_numpy(dtype=float) == pytest.approx(peer.low)
    assert found["value"][1:].tolist() == values
    assert settled(regions(*values[:5])).forest["shrunk"].isna().all()


def test_ratios_are_pooled_as_logarithms() -> None:
    values = [1.0, 1.1, 1.2, 1.3, 1.1, 1.05]
    effects = [effect(ratio(value, 0.03), {"region": f"r{at}"}) for at, value in enumerate(values)]
    found = settled([effect(ratio(1.1, 0.01)), *effects]).forest
    peer = shrunken(np.log(values), np.full(6, 0.03))
    assert found["shrunk"][1:].to_numpy(dtype=float) == pytest.approx(np.exp(peer.values))


def test_attributes_and_arms_share_holms_rule_for_differing() -> None:
    """p of a difference of 0.095 with errors 0.03 is 0.025: clear alone, not among two attributes."""
    by_size = [replace(one, segment={"size": one.segment["region"]}) for one in regions(0.0, 0.0)[1:]]
    alone, beside = settled(regions(0.0, 0.095)), settled([*regions(0.0, 0.095), *by_size])
    assert alone.tests["differ"].tolist() == [True]
    assert beside.tests["differ"].tolist() == [False, False]
    assert beside.tests["p_adjusted"][0] == pytest.approx(2 * alone.tests["p_value"][0])


def test_a_check_of_the_same_name_is_replaced() -> None:
    earlier = Check(name="segments_differ", verdict="passed", detail="Earlier.")
    given = [replace(one, checks=(*one.checks, earlier)) for one in regions(0.0, 0.2)]
    again = settled(settled(given).effects)
    assert [check.name for check in again.effects[1].checks] == ["sample_ratio", "segments_differ", "segment_alone"]


def test_order_does_not_matter_to_verdicts_and_the_order_given_is_kept() -> None:
    effects = regions(0.0, 0.2, 0.05, 0.15)
    there, back = settled(effects), settled(effects[::-1])
    assert [one.claim for one in back.effects] == [one.claim for one in there.effects[::-1]]


def test_parts_are_plain_and_the_same_every_time() -> None:
    effects = regions(0.0, 0.2, 0.05, 0.15, 0.1, 0.07)
    first, second = (json.dumps(settled(effects).to_parts(), allow_nan=False) for _ in range(2))
    assert first == second
    assert list(settled(effects).to_frame()["outcome"]) == ["orders"] * 7


def test_values_of_segments_are_text_on_a_page() -> None:
    found = settled([effect(difference(0.1, 0.02)), effect(difference(0.1, 0.03), {"region": "<script>"})])
    assert "<script>" not in found._repr_html_()


@pytest.mark.parametrize("wrong", [{"fewest": 0}, {"level": 1.0}])
def test_impossible_limits(wrong) -> None:
    with pytest.raises(ValueError, match="A group needs a customer"):
        settled([], **wrong)


def test_no_effects_no_segments() -> None:
    found = settled([])
    assert (found.effects, found.checks, len(found.forest), len(found.tests)) == ((), (), 0, 0)

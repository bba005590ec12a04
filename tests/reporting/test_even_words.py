"""A gain, a harm, no difference and a refusal are said alike: same sentence, same length, always with the interval.

Every kind of effect on every outcome is said four times. A gain and its mirror image may differ in nothing but the
words for more and less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from analysis.inference.estimate import Estimate
from analysis.reporting.vocabulary import METHODS, OUTCOMES
from analysis.reporting.wording import evidence_in_words, words
from analysis.studies.claim import claim_of

SAY = words("en_GB")
EFFECTS = sorted({*(name for name in METHODS if name not in ("level_change", "slope_change")), "quantile_effect:0.9"})
STEPS = ("level_change", "slope_change")
DIRECTIONS = {"more", "less", "fewer", "higher", "lower", "greater", "smaller", "longer", "shorter", "often,", "often"}
BIASED = {
    "only", "just", "merely", "unfortunately", "fortunately", "sadly", "luckily", "significant", "significantly",
    "insignificant", "impressive", "strong", "poor", "good", "bad", "success", "failure", "disappointing",
}  # fmt: skip
ENDS = {"gain": (0.08, 0.04, 0.12), "harm": (-0.08, -0.12, -0.04), "null": (0.02, -0.03, 0.07)}


def row(estimand: str, outcome: str, kind: str, scale: str = "ratio") -> dict[str, Any]:
    """An effect of that kind; a refusal has no numbers, but a reason."""
    value, low, high = (None, None, None) if kind == "refused" else ENDS[kind]
    shift = 1.0 if scale == "ratio" else 0.0
    ends = {
        name: None if end is None else shift + end for name, end in (("value", value), ("low", low), ("high", high))
    }
    return {
        "design": "before_after", "estimand": estimand, "treated": "social", "comparison": "other_channels",
        "outcome": outcome, "segment": {}, "scale": scale, "level": 0.95,
        "unit": "ratio" if scale == "ratio" else "share",
        "grade": "B", "reason": "it takes 400 customers; there are 12" if kind == "refused" else None, "claim": "",
        "checks": (), "index_from": "2025-04", "declared": True, **ends,
    }  # fmt: skip


def said(estimand: str, outcome: str, scale: str = "ratio") -> dict[str, str]:
    kinds = (*ENDS, "refused")
    return {kind: SAY.finding(row(estimand, outcome, kind, scale)).replace("\xa0", " ") for kind in kinds}


def assert_even(told: Mapping[str, str]) -> None:
    gain, harm, null, refused = (told[kind].split() for kind in ("gain", "harm", "null", "refused"))
    assert len(gain) == len(harm)
    differing = {word.strip("().,") for pair in zip(gain, harm, strict=True) if pair[0] != pair[1] for word in pair}
    assert differing <= DIRECTIONS
    for kind in ENDS:
        assert "95 % interval: " in told[kind]
    assert abs(len(null) - len(gain)) <= 8
    assert 5 <= len(refused) <= len(gain) + 8
    assert told["refused"].rstrip(".").endswith("it takes 400 customers; there are 12")
    for text in told.values():
        assert not BIASED & {word.strip("().,:;").lower() for word in text.split()}


@pytest.mark.parametrize("estimand", EFFECTS)
def test_effects_are_said_alike_whatever_they_found(estimand: str) -> None:
    for outcome in (*OUTCOMES, "response_rate", "logins_90d"):
        assert_even(said(estimand, outcome))


@pytest.mark.parametrize("estimand", STEPS)
def test_steps_are_said_alike_whatever_they_found(estimand: str) -> None:
    assert_even(said(estimand, "response_rate", "difference"))


def test_the_test_can_tell() -> None:
    told = said("channel_effect", "orders")
    for kind, wrong in (("harm", "Only a little: " + told["harm"]), ("null", "No difference could be seen.")):
        with pytest.raises(AssertionError):
            assert_even({**told, kind: wrong})
    with pytest.raises(AssertionError):
        assert_even({kind: f"Unfortunately, {text}" for kind, text in told.items()})


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_claims_and_their_limits_are_as_long_for_a_loss_as_for_a_gain(grade: Any) -> None:
    def claim(kind: str) -> str:
        value, low, high = (1 + end for end in ENDS[kind])
        found = Estimate(
            name="orders", value=value, low=low, high=high, level=0.95, unit="ratio", scale="ratio", n_treated=900,
            n_comparison=2500, method="by hand", se=0.02, se_log=0.02,
        )  # fmt: skip
        return claim_of(found, who="Customers", against="others", when="in the 6 months after", grade=grade, segment={})

    gain, harm, null = (claim(kind) for kind in ("gain", "harm", "null"))
    assert len(gain.split()) == len(harm.split())
    assert all(text.count("95 % interval: ") == 1 and f"Grade {grade}: " in text for text in (gain, harm, null))
    told = {kind: evidence_in_words({**row("channel_effect", "orders", kind), "grade": grade}) for kind in ENDS}
    assert told["gain"] == told["harm"]
    assert not BIASED & {word.strip("().,:;").lower() for text in (gain, harm, null) for word in text.split()}

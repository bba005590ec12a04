"""The first slide: what may be said, how low it may be, and what is recommended."""

from __future__ import annotations

from analysis.reporting.deck.facts import FOUND, Facts
from analysis.reporting.deck.lettering import BODY, LEAD, SMALL
from analysis.reporting.deck.slide import MARGIN, ROOM, TOP, Place, Slide
from analysis.reporting.formats import plain
from analysis.reporting.tables.opening import case_opening, claim_in_words, recommendation_in_words
from analysis.reporting.theme import SOFT

_KEYS = {
    "Low case": "npv.p5",
    "Middle case": "npv.p50",
    "High case": "npv.p95",
    "Chance of a gain": "probability_npv_positive",
    "Paid back after": "payback_months.p50, .p95 and .p5",
    "Cut for weak evidence and risk": "npv_adjusted.p50, .p5 and .p95",
}


def answer_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide."""
    say, case = facts.say, facts.case
    slide.title(_title(facts))
    claim, limits = claim_in_words(say, case)
    end = slide.text(Place(MARGIN, TOP, ROOM, 1.4), claim, LEAD, name="Claim")
    slide.text(Place(MARGIN, end + 0.08, ROOM, 3.68 - end), limits, (16, 14), colour=SOFT, name="Limits", most=2)
    figures = case_opening({"roi": case}, locale=say.locale).figures
    wide = ROOM / max(len(figures), 1)
    for number, (name, value, more) in enumerate(figures):
        slide.figure(Place(MARGIN + number * wide, 3.85, wide - 0.2, 1.85), name, value, more)
        slide.note(f"{name}, {value}", f"{FOUND}.{_KEYS[name]}")
    advice, rule = recommendation_in_words(say, case)
    end = slide.text(Place(MARGIN, 5.8, ROOM, 0.6), advice, BODY, bold=True, name="Recommendation", most=2)
    slide.text(Place(MARGIN, end + 0.05, ROOM, 0.5), rule, SMALL, colour=SOFT, name="Rule", most=2)
    slide.note("What may be said", f"{FOUND}.claim.text")
    slide.note("What is recommended and by which line of the rule", f"{FOUND}.decision.recommended")


def _title(facts: Facts) -> str:
    """The recommendation and the money, no stronger than the evidence: past the cap it is a plan, not a finding."""
    found = facts.case["decision"]["recommended"]
    middle, money = facts.case["npv"]["p50"], found["money"]
    size = facts.near(abs(middle))
    said = {
        "gain": f"{size} net gain in the middle case, and no loss even in the low case",
        "more likely a gain": f"{size} net gain in the middle case, but a loss is not ruled out",
        "more likely a loss": f"{size} net loss in the middle case, though a gain is not ruled out",
        "loss": f"{size} net loss in the middle case, and even the high case is no gain",
    }[money]
    advice = plain(found["recommendation"], 40)
    opening = "A plan, not a finding. " if facts.case["evidence"]["past_cap"] else ""
    return f"{opening}{advice[:1].upper()}{advice[1:]}: {said}"

"""The slide for those who doubt: what speaks against the case, what is left out, and what moves it most."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.reporting.case_words import in_its_unit
from analysis.reporting.deck.bars import Bar, add_bars
from analysis.reporting.deck.facts import FOUND, Facts
from analysis.reporting.deck.lettering import BODY
from analysis.reporting.deck.slide import BOTTOM, MARGIN, ROOM, TOP, Place, Slide
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words
from analysis.reporting.tables.opening import case_health
from analysis.reporting.workbook.sheet import money_format

MOST = 6
"""Inputs that the chart shows."""
SOUND = {
    "Does it rest on evidence?": ("within the cap",),
    "Does it agree with the books?": ("yes",),
    "Is money counted once?": ("yes",),
    "Is anything harmed?": ("no", "not seen"),
    "Is anything left out?": ("no",),
    "What is not known?": ("nothing",),
}
"""Answers that are no doubt."""
_KEYS = {
    "Does it rest on evidence?": "evidence",
    "Does it agree with the books?": "ledger",
    "Is money counted once?": "exclusion",
    "Is anything harmed?": "decision.guardrails",
    "How old are the effects?": "benefits: index_from and index_to",
    "Is anything left out?": "not_counted, and benefits that are not counted",
    "What is not known?": "decision.not_known",
}
_LIST = 4.4


def doubts_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide."""
    swings = facts.case["tornado"]
    slide.title(_title(facts))
    doubts = list(_doubts(slide, facts))
    drawn = bool(swings)
    wide = _LIST if drawn else ROOM
    top = slide.heading(Place(MARGIN, TOP, wide, 0.4), "What could be wrong")
    if doubts:
        slide.items(Place(MARGIN, top, wide, BOTTOM - top), doubts, "Doubts", lines=3 if len(doubts) > 3 else 6)
    else:
        slide.text(Place(MARGIN, top, wide, 1.0), "Everything that is asked of a case was found sound.", BODY)
    if drawn:
        _moves(slide, facts, Place(MARGIN + wide + 0.4, TOP, ROOM - wide - 0.4, BOTTOM - TOP))


def _title(facts: Facts) -> str:
    """How many inputs could turn the case by themselves."""
    swings, base = facts.case["tornado"], facts.case["tei"]["npv"]
    if not swings:
        return "No input has a range, so nothing is known of what could turn the case"
    now, then = ("gain", "loss") if base > 0 else ("loss", "gain")
    worst = min if base > 0 else max
    count = sum(worst(row["npv_at_low"], row["npv_at_high"]) * base <= 0 for row in swings)
    if not count:
        return f"No input alone turns the {now} into a {then}"
    return f"{count} {'input' if count == 1 else 'inputs'} alone could turn the {now} into a {then}"


def _doubts(slide: Slide, facts: Facts) -> Iterator[tuple[str, str]]:
    """What was asked of the case and not found sound, in its order; then how far the effects may fall."""
    for row in case_health({"roi": facts.case}, locale=facts.say.locale).frame.to_dict("records"):
        asked, standing, said = (str(row[name]) for name in ("Asked", "Standing", "What was found"))
        if standing not in SOUND.get(asked, ()):
            slide.note(asked, f"{FOUND}.{_KEYS.get(asked, 'notes')}")
            yield f"{asked} {standing[:1].upper()}{standing[1:]}.", said
    for row in facts.case["break_even"]:
        if row["value"] is not None and row["share_of_found"] is not None and 0 < row["share_of_found"] < 1:
            slide.note(row["label"], f"{FOUND}.break_even, name {row['name']}: value and share_of_found")
            value = in_its_unit(facts.say, row["value"], row["unit"])
            share = facts.say.share(row["share_of_found"], 0)
            label = in_plain_words(plain(row["label"], 120))
            said = f"{label}: at {value}, {share} of what was found, the case is worth nothing."
            yield "What if the effect is smaller?", said
    for note in facts.case["notes"]:
        slide.note("A note of the case", f"{FOUND}.notes")
        yield "Note", in_plain_words(facts.say.restated(plain(note, 500)))


def _moves(slide: Slide, facts: Facts, place: Place) -> None:
    swings = facts.case["tornado"][:MOST]
    many = len(facts.case["tornado"])
    said = "What one input alone does to net present value"
    top = slide.heading(place, said if many <= MOST else f"{said}, {MOST} of {many}")
    bars = []
    for row in swings:
        name = in_plain_words(plain(row["label"], 160))
        low, high = sorted((row["npv_at_low"], row["npv_at_high"]))
        bars.append(Bar(name, low, high, f"{facts.near(low)} to {facts.near(high)}"))
        slide.note(row["label"], f"{FOUND}.tornado, name {row['name']}: npv_at_low and npv_at_high")
    high = min(place.top + place.height - top - 0.6, 0.62 * len(bars) + 0.4)
    form = money_format(facts.currency, facts.say.locale, dash=False)
    alt = f"{said}: " + "; ".join(f"{bar.label}, {bar.said}" for bar in bars)
    add_bars(
        slide, Place(place.left, top, place.width, high), bars, form, name="What moves it", alt=alt, names=0.42, lines=2
    )
    base = facts.near(facts.case["tei"]["npv"])
    slide.note(f"All inputs at their most likely values, {base}", f"{FOUND}.tei.npv")
    below = f"All at their most likely values: {base}. Each alone goes from its low to its high value."
    slide.text(Place(place.left, top + high + 0.08, place.width, 0.5), below, (14,), name="How to read it", most=2)

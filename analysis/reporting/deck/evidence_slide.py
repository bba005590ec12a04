"""The second slide: which effects the money rests on, each with its interval and grade, and how strong they are."""

from __future__ import annotations

from collections.abc import Collection

from analysis.reporting.case_words import Part, ends_of, in_its_unit, range_in_words, restated, study_in_words
from analysis.reporting.deck.bars import ROW, Bar, add_bars
from analysis.reporting.deck.facts import FOUND, Facts
from analysis.reporting.deck.lettering import BODY
from analysis.reporting.deck.slide import BOTTOM, MARGIN, ROOM, TOP, Cells, Place, Slide
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, in_plain_words, measured_in, outcome_in_words
from analysis.reporting.vocabulary import LIMITS

_PART = 2.35


def evidence_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide."""
    evidence, say = facts.case["evidence"], facts.say
    slide.title(_title(facts))
    counted = {row["effect"] for row in facts.case["benefits"] if row["counted"]}
    rows = _effects(slide, facts, counted)
    middle = TOP
    if rows:
        heads = ("Measured effect", "Found in the study", _how_much(facts, counted), "Grade")
        cells = Cells(heads, rows, (3.6, 2.3, 3.7, 3.2))
        place = Place(MARGIN, TOP, ROOM, _PART)
        alt = "Effects that the money rests on: " + "; ".join(", ".join(row) for row in rows)
        middle = slide.table(place, cells, name="Effects", alt=alt)
    else:
        said = "No counted benefit rests on a measured effect."
        middle = slide.text(Place(MARGIN, TOP, ROOM, 0.5), said, BODY, name="No effects")
    shares = sorted(evidence["share_by_grade"].items())
    bars = [
        Bar(f"{grade}: {grade_in_words(grade)}", 0.0, share, say.share(share), "benefit" if grade in "ABC" else "cost")
        for grade, share in shares
    ]
    top = middle + 0.25
    wide = 7.4
    top = slide.heading(Place(MARGIN, top, wide, 0.4), "Share of the benefits by grade of their evidence")
    high = min(BOTTOM - top, len(bars) * (ROW + 0.12) + 0.4)
    alt = "Bars of the share of the benefits by grade: " + "; ".join(f"{bar.label}, {bar.said}" for bar in bars)
    add_bars(slide, Place(MARGIN, top, wide, high), bars, "", name="Shares by grade", alt=alt, names=0.52)
    for grade, share in shares:
        slide.note(f"Grade {grade}, {say.share(share)}", f"{FOUND}.evidence.share_by_grade.{grade}")
    beside = Place(MARGIN + wide + 0.35, top, ROOM - wide - 0.35, 1.5)
    sentence = restated(say, evidence["sentence"])
    end = slide.text(beside, sentence, BODY, bold=evidence["past_cap"], name="Cap")
    grade = facts.case["decision"]["recommended"]["grade"]
    limit = f"In all, grade {grade}: {grade_in_words(grade)}. {LIMITS[grade]}"
    slide.text(Place(beside.left, end + 0.15, beside.width, BOTTOM - end - 0.15), limit, BODY, name="Limit", most=7)
    slide.note("What is allowed of weak evidence", f"{FOUND}.evidence.weak and .cap")


def _title(facts: Facts) -> str:
    evidence = facts.case["evidence"]
    share = facts.say.share
    if evidence["past_cap"]:
        weak, cap = share(evidence["weak"]), share(evidence["cap"], 0)
        return f"Too much rests on weak evidence: {weak} of the benefits, where {cap} are allowed"
    grade, most = max(evidence["share_by_grade"].items(), key=lambda item: item[1])
    if not most:
        return "No benefit is counted, so there is no evidence to weigh"
    return f"{share(most)} of the benefits rest on grade {grade}: {grade_in_words(grade)}"


def _how_much(facts: Facts, counted: Collection[str | None]) -> str:
    """The heading over the effects: their level, where it is one."""
    found = [_of_study(facts, effect) for effect in counted if effect is not None]
    levels = {facts.say.level(row) for row in found if row is not None}
    return f"How much ({levels.pop()})" if len(levels) == 1 else "How much, with its interval"


def _name(row: Part) -> str:
    return "/".join(str(row.get(name)) for name in ("design", "estimand", "outcome", "scale"))


def _effects(slide: Slide, facts: Facts, counted: Collection[str | None]) -> list[list[str]]:
    """Each effect that a counted line reads: as its study has it, else as the case does."""
    rows, seen = [], set()
    for quantity in facts.case["inputs"]:
        effect = quantity["effect"]
        if effect is None or effect not in counted or effect in seen:
            continue
        seen.add(effect)
        rows.append(_row(slide, facts, quantity, effect))
    return rows


def _row(slide: Slide, facts: Facts, quantity: Part, effect: str) -> list[str]:
    grade = f"{quantity['grade']}: {grade_in_words(quantity['grade'])}"
    study = study_in_words(effect.partition("/")[0])
    row = _of_study(facts, effect)
    if row is None:
        ends = ends_of(quantity)
        about = "" if ends is None else f" (range {range_in_words(facts.say, *ends, quantity['unit'])})"
        said = in_its_unit(facts.say, quantity["value"], quantity["unit"]) + about
        slide.note(quantity["label"], f"{FOUND}.inputs, name {quantity['name']}")
        return [in_plain_words(plain(quantity["label"], 160)), study, said, grade]
    label = measured_in(outcome_in_words(row["outcome"]).label, str(row["unit"]))
    slide.note(label, f"effects, {plain(effect, 120)}, all customers: value, low and high")
    return [label, study, facts.say.effect_in_short(row), grade]


def _of_study(facts: Facts, effect: str) -> Part | None:
    """The study's own row of an effect on all customers."""
    fits = (row for row in facts.effects if not row["segment"] and row.get("declared", True))
    return next((row for row in fits if _name(row) == effect and row["value"] is not None), None)

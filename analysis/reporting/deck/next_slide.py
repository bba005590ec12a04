"""The last slide: what would be worth finding out, who answers for which line, and when it shows."""

from __future__ import annotations

from analysis.reporting.case_words import labels_of, listed, quarter_in_words, study_in_words
from analysis.reporting.deck.facts import FOUND, Facts
from analysis.reporting.deck.lettering import BODY, SMALL
from analysis.reporting.deck.promised_slide import why_none
from analysis.reporting.deck.slide import BOTTOM, MARGIN, ROOM, TOP, Cells, Place, Slide
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words
from analysis.reporting.theme import SOFT

MOST = 4
"""Things worth knowing that are listed."""
_LEFT = 4.9
_FOOT = 0.95


def next_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide."""
    slide.title(_title(facts))
    bottom = BOTTOM - _FOOT
    top = slide.heading(Place(MARGIN, TOP, _LEFT, 0.4), "Worth finding out before deciding")
    top = slide.text(Place(MARGIN, top, _LEFT, 1.2), _today(slide, facts), (16, 14), name="Today")
    rows = _worths(slide, facts)
    if rows:
        cells = Cells(("What to find out", "Worth at most"), rows, (3.2, 1.7), numbers=(1,))
        alt = "What knowing beforehand is worth: " + "; ".join(", ".join(row) for row in rows)
        slide.table(Place(MARGIN, top + 0.12, _LEFT, bottom - top - 0.12), cells, name="Worth finding out", alt=alt)
    left = MARGIN + _LEFT + 0.4
    wide = ROOM - _LEFT - 0.4
    top = slide.heading(Place(left, TOP, wide, 0.4), "Who answers for what, and when it first shows")
    owners = _owners(slide, facts)
    if owners:
        cells = Cells(("Line", "Answers for it", "First shows in"), owners, (3.3, 2.0, 1.6))
        alt = "Lines, who answers for them, and when they first show: " + "; ".join(", ".join(row) for row in owners)
        slide.table(Place(left, top, wide, bottom - top), cells, name="Owners", alt=alt)
    else:
        slide.text(Place(left, top, wide, 0.5), "No benefit is counted, so there is nobody to name.", BODY)
    _last_words(slide, facts, bottom + 0.12)


def _title(facts: Facts) -> str:
    known = facts.case["value_of_information"]
    if known["everything"] <= 0:
        return "Nothing that could be found out would change the decision"
    return f"Knowing more before deciding is worth {facts.near(known['everything'])} at most"


def _today(slide: Slide, facts: Facts) -> str:
    known = facts.case["value_of_information"]
    go = "to go on" if known["go"] else "not to go on"
    slide.note("Today’s decision", f"{FOUND}.value_of_information.go and .wrong")
    if known["everything"] <= 0:
        return f"By the money alone the decision is {go}, and that is right in every simulated outcome."
    worth, wrong = facts.near(known["everything"]), facts.say.chance(known["wrong"])
    slide.note(f"Worth of knowing everything, {worth}", f"{FOUND}.value_of_information.everything")
    return f"By the money alone the decision is {go}; that is wrong in {wrong} of the simulated outcomes."


def _worths(slide: Slide, facts: Facts) -> list[list[str]]:
    """Studies and numbers that no study found, dearest first; those that would change no decision are left out."""
    known = facts.case["value_of_information"]
    studied = {one["name"] for one in facts.case["inputs"] if one["origin"] == "study"}
    found = [
        (row["value"], f"Study “{study_in_words(row['name'])}”, all its effects", f"by_study, name {row['name']}")
        for row in known["by_study"]
    ] + [
        (row["value"], in_plain_words(plain(row["label"], 120)), f"by_input, name {row['name']}")
        for row in known["by_input"]
        if row["name"] not in studied
    ]
    rows = sorted((row for row in found if row[0] > 0), key=lambda row: -row[0])[:MOST]
    for _, what, key in rows:
        slide.note(what, f"{FOUND}.value_of_information.{key}")
    return [[what, facts.near(value)] for value, what, _ in rows]


def _owners(slide: Slide, facts: Facts) -> list[list[str]]:
    """One row for the lines of one owner and quarter that are called alike."""
    labels = labels_of(facts.case)
    rows: list[list[str]] = []
    counted = [row for row in facts.case["decision"]["lines"] if row["counted"]]
    for row in counted:
        name = in_plain_words(labels.get(row["id"]) or plain(row["label"], 160))
        owner = "nobody named" if row["owner"] is None else plain(row["owner"], 80)
        quarter = quarter_in_words(row["fiscal_quarter"])
        if not any(name.startswith(f"{one}, ") and [owner, quarter] == rest for one, *rest in rows):
            rows.append([name, owner, quarter])
        slide.note(name, f"{FOUND}.decision.lines, id {row['id']}: owner and fiscal_quarter")
    return rows


def _last_words(slide: Slide, facts: Facts, top: float) -> None:
    """Who else claims the money, and why a slide of promises is missing where it is."""
    others = [plain(one, 80) for one in facts.case["decision"]["also_claimed_by"]]
    said = [f"Also claimed by other business cases: {listed(others)}." if others else "", why_none(facts)]
    for text in filter(None, said):
        top = slide.text(Place(MARGIN, top, ROOM, 0.47), text, SMALL, colour=SOFT, name="Said last", most=2) + 0.03
    if others:
        slide.note("Who else claims the money", f"{FOUND}.decision.also_claimed_by")

"""How does the case become slides that can be shown, edited and made again to the byte?

`case_deck` puts the slides in their order. What stands on each is left to its own module, how it gets there to `slide`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analysis.reporting.deck.facts import Facts, facts_of
from analysis.reporting.formats import plain, speaking

if TYPE_CHECKING:
    from analysis.reporting.deck.slide import Slide
    from analysis.roi.case import RoiCase

MADE = datetime(2000, 1, 1)
"""The day that slides without results say they were made: their bytes know no clock."""
_ZIPPED = (1980, 1, 1, 0, 0, 0)
_TITLE_ONLY = 5


def case_deck(
    case: RoiCase | Mapping[str, Any],
    results: Mapping[str, Any] | None = None,
    *,
    run: str | None = None,
    locale: str | None = None,
) -> bytes:
    """The case as a .pptx of five slides, six where something was promised.

    Parameters
    ----------
    case : RoiCase, or results.json
        Not changed.
    results : mapping, optional
        The study's `results.json`, for the effects as the studies have them, what was promised, and the footer.
    run : str, optional
        The run that the case belongs to.
    locale : str, optional
        How numbers are written; by default as in the locale in force.

    Returns
    -------
    bytes
        The same for the same arguments, wherever and whenever they are made. The notes of each slide name the keys of
        `results.json` that its numbers come from.

    Raises
    ------
    DesignError
        If there is no case.
    UnknownName
        If there is no such locale.
    """
    with speaking(locale):
        return _deck(facts_of(case, results, run), results, run)


def _deck(facts: Facts, results: Mapping[str, Any] | None, run: str | None) -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    from analysis.reporting.deck import slide as pen

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(pen.WIDTH), Inches(pen.HEIGHT)
    layout = _one_layout(deck)
    fillers = _slides(facts)
    for number, fill in enumerate(fillers, start=1):
        slide = pen.Slide(deck.slides.add_slide(layout))
        fill(slide, facts)
        slide.foot(facts.footer, number, len(fillers))
        slide.close("Where the numbers come from, by the keys of results.json:")
    _told(deck, results, run)
    file = io.BytesIO()
    deck.save(file)
    return _sealed(file.getvalue())


def _slides(facts: Facts) -> list[Callable[[Slide, Facts], None]]:
    from analysis.reporting.deck.answer_slide import answer_slide
    from analysis.reporting.deck.doubts_slide import doubts_slide
    from analysis.reporting.deck.evidence_slide import evidence_slide
    from analysis.reporting.deck.money_slide import money_slide
    from analysis.reporting.deck.next_slide import next_slide
    from analysis.reporting.deck.promised_slide import approved, promised_slide

    promised = [promised_slide] if approved(facts) else []
    return [answer_slide, evidence_slide, money_slide, *promised, doubts_slide, next_slide]


def _one_layout(deck: Any) -> Any:
    """The layout of a title alone, at the width of the slides; the others, and a picture of none of these, go."""
    from pptx.opc.constants import RELATIONSHIP_TYPE
    from pptx.util import Inches

    from analysis.reporting.deck.slide import FACE, MARGIN, ROOM

    kept = deck.slide_layouts[_TITLE_ONLY]
    for layout in list(deck.slide_layouts):
        if layout is not kept:
            deck.slide_layouts.remove(layout)
    for holder in [*deck.slide_master.placeholders, *kept.placeholders]:
        if holder.placeholder_format.idx in (0, 1):
            top, height = (0.4, 1.0) if holder.placeholder_format.idx == 0 else (1.5, 5.3)
            holder.left, holder.top = Inches(MARGIN), Inches(top)
            holder.width, holder.height = Inches(ROOM), Inches(height)
        else:
            holder._element.getparent().remove(holder._element)  # date, footer and number have their own places
    for relation in list(deck.slide_master.part.rels.values()):
        if relation.reltype == RELATIONSHIP_TYPE.THEME:
            theme = relation.target_part
            theme._blob = theme.blob.replace(b"Calibri", FACE.encode())
    package = deck.part.package
    for name, relation in list(package._rels.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            package._rels.pop(name)
    return kept


def _told(deck: Any, results: Mapping[str, Any] | None, run: str | None) -> None:
    """What the file says of itself: under the day when the tables were known, not that of the clock."""
    given = results or {}
    known = given.get("known_at")
    made = MADE if not known else datetime.fromisoformat(str(known)).replace(tzinfo=None)
    study = plain(given.get("study") or "", 120)
    about = deck.core_properties
    about.title = f"The case in money: {study}" if study else "The case in money"
    about.author = about.last_modified_by = "Touchstone"
    about.created = about.modified = made
    about.keywords = f"run {plain(run, 80)}" if run else ""
    about.revision = 1


def _sealed(deck: bytes) -> bytes:
    """The same parts in the order of their names, under one fixed time."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(deck)) as given, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as sealed:
        names = sorted(given.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, _ZIPPED)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            sealed.writestr(entry, given.read(name))
    return file.getvalue()

"""Every chart there is, fit to print: its words, its colours, its phone's version, and what it says when it cannot be.

Words have to fit in the best type face of this machine and in the one that every machine has, which is wider by a
sixth. A chart that is added to `analysis.reporting.charts` is missed here until it is added too.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import combinations

import pytest
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox

from analysis.foundation.errors import DesignError
from analysis.reporting import charts, theme
from analysis.reporting.charts.measure import text_width
from analysis.reporting.difference.effects import effects_compared
from analysis.reporting.difference.line import entry_of
from analysis.reporting.formats import ELLIPSIS
from analysis.reporting.naming import forbidden_words, humanised
from analysis.reporting.theme import APART, COLOURS, INK, NARROW, PAPER, SCALE, SOFT, WIDE
from tests.reporting import planted_counts, planted_designs, planted_tests
from tests.reporting.drawn_colours import apart, contrast, lightness
from tests.reporting.drawn_words import assert_words_inside, words_of
from tests.reporting.planted_case import case, promise
from tests.reporting.test_channel_page import study

STEP = ("CH2", "response_rate")


def two_reports(made):
    """Results that follow those of the quarter before."""
    now = made.results()
    earlier = {**now, "study": "2026q2", "period": {**now["period"], "start": "2026-04-01", "end": "2026-07-01"}}
    previous = {"line": [entry_of(earlier)], "effects": effects_compared(earlier["effects"], now["effects"])}
    return {**now, "previous": previous}


DRAWN = {
    "adoption_months": lambda made: charts.adoption_months(planted_designs.adoption()),
    "arms": lambda made: charts.arms(made.experiment()),
    "both_bases": lambda made: charts.both_bases(made.month_close(), "click"),
    "bridge": lambda made: charts.bridge(made.month_close(), "click"),
    "case_waterfall": lambda made: charts.case_waterfall(case()),
    "complaints_against_positives": lambda made: charts.complaints_against_positives(planted_counts.metrics()),
    "complaints_around_programme": lambda made: charts.complaints_around_programme(made.counted()),
    "contact_bands": lambda made: charts.contact_bands(planted_tests.contacts()),
    "effect_by_segment": lambda made: charts.effect_by_segment(made.channel(), "orders"),
    "effort_paths": lambda made: charts.effort_paths(planted_tests.effort()),
    "event_study": lambda made: charts.event_study(study(made)),
    "first_answers": lambda made: charts.first_answers(planted_counts.waits(), "platform"),
    "hypotheses": lambda made: charts.hypotheses(planted_tests.family()),
    "incident_days": lambda made: charts.incident_days(made.counted()),
    "interrupted": lambda made: charts.interrupted(planted_designs.change_log(band=True), *STEP),
    "love_plot": lambda made: charts.love_plot(planted_tests.users(alike=False)),
    "maturing": lambda made: charts.maturing(study(made)),
    "mention_kind_shares": lambda made: charts.mention_kind_shares(made.metrics()),
    "mention_kinds": lambda made: charts.mention_kinds(made.metrics()),
    "mention_platforms": lambda made: charts.mention_platforms(made.metrics()),
    "mention_products": lambda made: charts.mention_products(planted_counts.metrics()),
    "mention_trend": lambda made: charts.mention_trend(made.counted()),
    "mentions_and_resolved": lambda made: charts.mentions_and_resolved(planted_counts.metrics()),
    "naive_against_adjusted": lambda made: charts.naive_against_adjusted(made.channel()),
    "npv_range": lambda made: charts.npv_range(made.case()),
    "overlap": lambda made: charts.overlap(planted_tests.users()),
    "paths": lambda made: charts.paths(made.channel()),
    "placebo_dates": lambda made: charts.placebo_dates(planted_designs.change_log(), *STEP),
    "posts_by_age": lambda made: charts.posts_by_age(made.month_close(), "click"),
    "promised_against_achieved": lambda made: charts.promised_against_achieved([promise()], "repurchase"),
    "quarters": lambda made: charts.quarters(two_reports(made)),
    "response_by_month": lambda made: charts.response_by_month(made.metrics()),
    "score_trends": lambda made: charts.score_trends(made.counted()),
    "segment_forest": lambda made: charts.segment_forest(planted_tests.experiment(), "spend"),
    "service_bands": lambda made: charts.service_bands(planted_designs.service()),
    "service_hours": lambda made: charts.service_hours(planted_designs.service()),
    "smallest_effect": lambda made: charts.smallest_effect(planted_tests.sheet()),
    "specification_curve": lambda made: charts.specification_curves(planted_tests.family())[0],
    "uplift_curve": lambda made: charts.uplift_curve(planted_tests.uplift()),
    "what_moves_it": lambda made: charts.what_moves_it(case()),
    "what_to_find_out": lambda made: charts.what_to_find_out(case()),
    "yearly_money": lambda made: charts.yearly_money(made.case()),
}
NO_CHARTS = {"Figure", "NoAlternativeText", "NotShown", "NothingToDraw", "Story", "shown", "shown_all",
             "shown_by_change"}  # fmt: skip
SEVERAL = {"promises_drawn", "segment_forests", "specification_curves", "uplift_curves"}
"""Functions that draw several charts of one kind."""
NO_INTERVAL = {
    "bridge", "complaints_against_positives", "complaints_around_programme", "love_plot", "mention_kind_shares",
    "mention_kinds", "mention_platforms", "mention_products", "mention_trend", "mentions_and_resolved", "overlap",
    "score_trends", "smallest_effect", "what_to_find_out",
}  # fmt: skip
"""Counts as they are, shares that are told of everybody, sizes that were worked out, means of all that may come."""
LEVEL = re.compile(r"\d\s?% (intervals?|of (the )?(simulated )?outcomes|range)|ordinary days, \d+\s?%")
MEANINGS = {**{to_hex(colour): name for name, colour in COLOURS.items()},
            **{to_hex(colour): f"apart {place}" for place, (colour, _, _) in enumerate(APART) if place}}  # fmt: skip


def boxes(figure):
    """Every text that can be seen, with the space it takes."""
    figure.canvas.draw()
    found = [*figure.texts]
    for axes in figure.axes:
        found += axes.texts
        for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(ends)
            reach = 1e-9 * (high - low)
            found += [tick.label1 for tick in axis.get_major_ticks()
                      if low - reach <= tick.get_loc() <= high + reach and tick.label1.get_visible()]  # fmt: skip
    seen = [text for text in found if text.get_text().strip() and text.get_visible()]
    return [(text, text.get_window_extent()) for text in seen]


def overlapping(figure):
    """Pairs of texts that share more than a hair's breadth."""
    every = [(text, Bbox.from_extents(box.x0 + 1, box.y0 + 2 * SCALE, box.x1 - 1, box.y1 - 2 * SCALE))
             for text, box in boxes(figure)]  # fmt: skip
    return [(one.get_text(), other.get_text()) for (one, a), (other, b) in combinations(every, 2) if a.overlaps(b)]


def marks(figure):
    """Colours that mean something, each with the shapes it is drawn in."""
    found = {}
    for axes in figure.axes:
        for line in axes.lines:
            shape = (str(line.get_linestyle()), line.is_dashed(), str(line.get_marker()),
                     to_hex(line.get_markerfacecolor()) == PAPER)  # fmt: skip
            found.setdefault(to_hex(line.get_color()), set()).add(shape)
        for patch in axes.patches:
            found.setdefault(to_hex(patch.get_facecolor()), set()).add(("patch", bool(patch.get_hatch())))
    return {colour: shapes for colour, shapes in found.items() if colour in MEANINGS}


def assert_words_fit(figure, name):
    """What depends on the type face: all is said, none of it cut short, over an edge or over another word."""
    for drawn in (figure, figure.at(NARROW)):
        assert drawn.css_width in (WIDE, NARROW)
        lines = [text.get_text() for text, _ in boxes(drawn)]
        assert [line for line in lines if line.endswith(ELLIPSIS)] == [], f"cut short at {drawn.css_width}"
        for part in ("title", "subtitle", "foot"):
            told = " ".join(text.get_text() for text in drawn.texts if text.get_gid() == part)
            assert getattr(figure.story, part) in told, f"the {part} is not all there"
        said = words_of(drawn).replace(" | ", " ")  # a line may end between the level and its interval
        assert name in NO_INTERVAL or LEVEL.search(said), "no level"
        assert overlapping(drawn) == []
        assert_words_inside(drawn)


@contextmanager
def dejavu_only(monkeypatch):
    """A machine that has no other type face than the one that comes with matplotlib."""
    with monkeypatch.context() as patch:
        patch.setattr(theme.font_manager, "get_font_names", lambda: ["DejaVu Sans"])
        theme.faces.cache_clear()
        yield
    theme.faces.cache_clear()


@pytest.fixture
def only_dejavu(monkeypatch):
    with dejavu_only(monkeypatch):
        yield


def test_no_chart_is_missed_here():
    assert set(DRAWN) | NO_CHARTS | SEVERAL == set(charts.__all__)


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_is_fit_to_print(made, name):
    figure = DRAWN[name](made)
    story = figure.story
    assert len(story.title.split(" ")) <= 10
    assert all(getattr(story, part).strip() for part in ("measure", "unit", "population", "period", "source", "method"))
    assert story.title in figure.alt
    assert re.search(r"\d", figure.alt.replace(story.period, "")), "the alternative text tells no number"
    assert figure.alt.endswith(".")
    assert not forbidden_words(f"{figure.alt} {words_of(figure)} {' '.join(map(humanised, figure.data.columns))}")
    assert not figure.data.empty
    assert not figure.legends
    assert all(axes.get_legend() is None for axes in figure.axes)
    for colour in (to_hex(text.get_color()) for text, _ in boxes(figure)):
        assert contrast(colour) >= 4.5 or colour == PAPER, f"type in {colour} cannot be read"
    for colour in marks(figure):
        assert contrast(colour) >= 3 or MEANINGS[colour] == "cost"
    for (one, shapes), (other, others) in combinations(marks(figure).items(), 2):
        distance, sight = apart(one, other)
        assert distance >= 8, f"{MEANINGS[one]} and {MEANINGS[other]}: {distance:.1f} apart with {sight}"
        assert abs(lightness(one) - lightness(other)) > 8 or shapes.isdisjoint(others), (
            f"{MEANINGS[one]} and {MEANINGS[other]} look alike in grey print"
        )
    assert_words_fit(figure, name)


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_fits_where_no_narrower_face_is_installed(made, only_dejavu, name):
    assert_words_fit(DRAWN[name](made), name)


def test_the_second_face_is_wider_and_is_put_back(monkeypatch):
    best = theme.faces()
    widths = {best: text_width("Months before and after", "note")}
    with dejavu_only(monkeypatch):
        widths[theme.faces()] = text_width("Months before and after", "note")
    assert theme.faces() == best
    assert widths[("DejaVu Sans",)] >= max(widths.values())


def test_words_that_do_not_fit_are_found(made):
    figure = charts.mention_trend(made.metrics())
    figure.write(WIDE - 20, 100, "Over the edge", "note")
    with pytest.raises(AssertionError):
        assert_words_fit(figure, "mention_trend")
    cut = charts.mention_trend(made.metrics())
    cut.write(WIDE / 2, 3, "Cut sh…", "foot")
    with pytest.raises(AssertionError, match="cut short"):
        assert_words_fit(cut, "mention_trend")


MORE = {
    "both_bases": ("click",), "bridge": ("click",), "posts_by_age": ("click",), "effect_by_segment": ("orders",),
    "interrupted": STEP, "placebo_dates": STEP, "promised_against_achieved": ("repurchase",),
    "segment_forest": ("orders",),
}  # fmt: skip
ONE_OF_SEVERAL = {"specification_curve", "uplift_curve", "promises_drawn"}
"""Two are given their own part by the function that draws all of them; the third draws none where none is promised."""


@pytest.mark.parametrize("name", sorted((set(DRAWN) | SEVERAL) - ONE_OF_SEVERAL))
def test_a_chart_of_what_a_result_lacks_says_what_is_missing(name):
    chart, more = getattr(charts, name), MORE.get(name, ())
    with pytest.raises(DesignError) as told:
        chart({}, *more)
    assert len(str(told.value)) > 25
    assert str(charts.shown(chart, {}, *more)) == f"Not shown. {told.value}"


def test_ink_and_soft_are_type():
    assert all(contrast(ink) >= 4.5 for ink in (INK, SOFT))

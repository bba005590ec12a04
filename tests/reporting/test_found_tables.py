"""Tables of what was counted and closed: the right cells and sentences, from results and from plain rows alike."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.foundation.provenance import rounded
from analysis.reporting import tables
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised

COUNTED = (
    "scorecard", "index_parts", "incidents", "programme", "stories", "stories_base", "kinds", "confusion", "areas",
)  # fmt: skip
CLOSED = ("close", "changes", "reported", "bridge", "run_off", "waiting", "notices")


def results_of(made):
    """What `results.json` would hold, through the file's own rounding."""
    close = made.month_close()
    found = {**made.counted().to_parts(), **close.to_parts()}
    found["coverage"] = {**found["coverage"], "notes": {"month_close": list(close.notes)}}
    return json.loads(json.dumps(rounded(found)))


@pytest.fixture(scope="module")
def results(made):
    return results_of(made)


def cells(table):
    plain = table.cells.map(lambda cell: cell.replace("\xa0", " "))
    return plain.rename(columns=lambda name: name.replace("\xa0", " "))


def notes(table):
    return " ".join(table.notes).replace("\xa0", " ")


@pytest.mark.parametrize("name", [*COUNTED, *CLOSED])
def test_every_table_is_plain_whatever_the_data_hold(made, name):
    table = getattr(tables, name)(made.counted() if name in COUNTED else made.month_close())
    html = table.html
    assert not re.search(r"<(script|style|link|iframe|img|a)[ >]|<[^>]*(style=| id=| on\w+=)", html)
    assert sanitised(html) == html
    assert not forbidden_words(re.sub(r"<[^>]*>", " ", html))
    assert "\u202e" not in html
    assert "`" not in html
    assert isinstance(table.frame, pd.DataFrame)


@pytest.mark.parametrize("name", [*COUNTED, *CLOSED])
def test_a_table_made_from_the_file_says_the_same(made, results, name):
    given = made.counted() if name in COUNTED else made.month_close()
    told = getattr(tables, name)(given)
    again = getattr(tables, name)(results)
    pd.testing.assert_frame_equal(told.cells, again.cells)
    if name != "incidents":  # its notes are not kept
        assert told.notes == again.notes


@pytest.mark.parametrize("name", [*COUNTED, *CLOSED])
def test_the_wrong_result_is_refused(name):
    with pytest.raises(DesignError):
        getattr(tables, name)({"effects": []})


# The scorecard


def test_the_scorecard_says_target_and_state_in_words(made):
    table = tables.scorecard(made.scorecard())
    rows = cells(table).set_index("Figure")
    rate = rows.loc["Response rate"]
    assert list(rate[["September 2026", "Target", "Met", "Month before"]]) == [
        "60.0 %",
        "65.0 % or more",
        "missed",
        "58.0 %",
    ]
    assert list(rate[["A year ago", "Counted", "State"]]) == ["–", "by the month it began", "provisional"]
    time = rows.loc["First response time, median"]
    assert list(time[["September 2026", "Target", "Met"]]) == ["1 h 00 min", "1 h 30 min or less", "met"]
    assert list(rows.loc["Orders", ["Target", "Met", "Month before", "State"]]) == [
        "–",
        "–",
        "–",
        "closed, later adjusted",
    ]
    assert "Targets set by the team: Response rate." in notes(table)
    assert "Target of First response time, median: the desk's own promise, January 2026." in notes(table)
    assert "Orders: Shown is September 2026." in notes(table)


def test_areas_without_a_figure_are_named(made):
    table = tables.scorecard(made.scorecard())
    areas = set(cells(table)["Area"])
    said = notes(table)
    assert "Influencers" not in areas
    assert "Nothing is shown of " in said
    for area in ("Customer service", "Engagement and content", "Commerce", "Advertising", "Influencers", "Listening"):
        assert (area in areas) != (area in said.partition("Nothing is shown of ")[2]), area


def test_a_figure_of_another_month_says_which(made):
    late = made.score("repurchase_90d", "Repurchase rate", (0.7,), period="2026-06", reason=None)
    card = replace(made.scorecard(), scores=(*made.scorecard().scores, late))
    assert (
        cells(tables.scorecard(card)).set_index("Figure").loc["Repurchase rate", "September 2026"]
        == "70.0 % (Jun 2026)"
    )


def test_the_index_never_stands_without_its_parts(made):
    """0.75 x 0.6 / 0.65 + 0.25 x 1 = 0.9423."""
    table = tables.index_parts(made.scorecard())
    assert list(cells(table)["Adds to the index"]) == ["69.2", "25.0", "94.2"]
    assert list(cells(table)["Target attained"])[:2] == ["92.3 %", "100.0 %"]
    assert "Left out: Customer satisfaction (CSAT), weight 1: no answer in the period." in notes(table)
    none = tables.index_parts(made.scorecard(index=None))
    assert none.cells.empty
    assert notes(none) == "There is no index: the team gave no weights, and none is made without them."


def test_a_scorecard_without_a_figure_is_refused(made):
    with pytest.raises(DesignError, match="no scorecard"):
        tables.scorecard(made.scorecard(scores=()))


# Incidents and the programme


def test_incidents_are_told_latest_first_with_what_is_known(made):
    table = tables.incidents(made.incidents())
    rows = cells(table)
    assert list(rows["When"]) == ["2 September 2026", "5 to 6 August 2026"]
    assert list(rows["Explanation"]) == ["explained: Outage of **broadband** (written afterwards)", "unexplained"]
    assert list(rows["Customers"]) == ["44", "fewer than 10"]
    assert list(rows["Product"]) == ["broadband", "all, above all broadband"]
    assert list(rows["Above expected (95 % interval)"]) == ["36 (27 to 43)"] * 2
    assert list(rows["Issues above expected (95 % interval)"]) == ["178 (154 to 199)", "–"]
    assert list(rows["Cost of these issues"]) == ["€1,144", "–"]
    assert "it may not be the cause" in notes(table)
    assert "Cost, issues not given: table issues." in notes(table)


def test_an_incident_that_goes_on_says_so(made):
    open_ended = made.incidents(made.incident("2026-09-28", "2026-10-02", open_ended=True))
    assert list(cells(tables.incidents(open_ended))["When"]) == ["28 September 2026 to 2 October 2026, still going on"]


def test_no_incident_and_no_search_are_told_apart(made):
    quiet = replace(made.incidents(), incidents=())
    assert notes(tables.incidents(quiet)).startswith("No day stood out: there is no incident.")
    blind = replace(made.incidents(), incidents=(), reason="table `mentions`")
    assert notes(tables.incidents(blind)) == "Incidents could not be looked for: table mentions."


def test_the_programme_shows_both_counts_beside_each_ratio(made):
    table = tables.programme(made.programme())
    rows = cells(table)
    assert list(rows["Months"]) == [
        "Before we started responding: January 2026 to February 2026", "After: April 2026 to May 2026",
    ]  # fmt: skip
    assert list(rows["Complaints"]) == ["30", "12"]
    assert list(rows["Positive mentions"]) == ["20", "24"]
    assert list(rows["Complaints for each positive"]) == ["1.50", "0.50"]
    assert "not an effect" in notes(table)


def test_a_programme_that_is_not_known_is_a_sentence(made):
    none = [
        made.metric("complaints_per_positive", "2026-01/2026-05", None, segment={"programme": side}, unit="ratio",
                    reason="the change log has no entry of kind `programme`")
        for side in ("before", "after")
    ]  # fmt: skip
    table = tables.programme(replace(made.programme(), before=none[0], after=none[1]))
    assert table.cells.empty
    assert notes(table) == "Nothing can be told of before and after: the change log has no entry of kind programme."
    one = tables.programme(replace(made.programme(), after=none[1]))
    assert list(cells(one)["Complaints for each positive"]) == ["1.50", "–"]
    assert "After: the change log has no entry of kind programme." in notes(one)


# Stories


def test_stories_show_what_each_consent_allows(made):
    table = tables.stories(made.stories())
    rows = cells(table)
    assert list(rows["Case"]) == ["Case 1", "Case 2", "Counter-example"]
    assert list(rows["Bought again"]) == ["not told beside a quote", "yes", "not told"]
    assert rows["What was said"].iloc[0].startswith("“Thanks! <script>alert")
    assert rows["What was said"].iloc[0].endswith("(x · https://example.com/1)")
    assert rows["What was said"].iloc[1] == "In an analyst's words: A router failed."
    assert rows["What was said"].iloc[2] == "not told: no consent to be quoted, and no paraphrase"
    assert "&lt;script&gt;" in table.html
    assert "href" not in table.html
    said = notes(table)
    assert "The rule: The first 2 opening mentions." in said
    assert "Resolved: 100 customers; 40 of the 100 who were followed long enough bought again (40.0 %)." in said
    assert "Not resolved: how many customers is hidden." in said


def test_the_base_of_stories_keeps_hidden_cells_hidden(made):
    rows = cells(tables.stories_base(made.stories()))
    assert list(rows["Bought again: yes"]) == ["40 (40 %)"] * 2
    assert list(rows["Bought again: not known"]) == ["hidden"] * 2
    assert list(rows["All"]) == ["100"] * 2


def test_without_stories_the_reason_is_said(made):
    none = made.stories(stories=(), counter_example=None, base_rates=(), reason="table `mentions`")
    assert notes(tables.stories(none)).startswith("No case can be told: table mentions.")
    bare = made.stories(table=made.stories().table.head(0), reason="table `mentions`")
    assert notes(tables.stories_base(bare)) == "Nothing can be counted beside the cases: table mentions."


# Kinds and areas


def test_estimated_kinds_stand_beside_what_they_rest_on(made):
    table = tables.kinds(made.counted())
    rows = cells(table)
    assert table.caption.endswith("August 2026 to September 2026")
    assert list(rows["Raw share of guesses"]) == ["40.0 %", "60.0 %"]
    assert rows.loc[0, "Corrected share (95 % interval)"] == "41.0 % (35.0 to 45.0 %)"
    assert rows.loc[0, "Mentions, estimated (95 % interval)"] == "44 (43 to 45)"
    assert "estimates, not counts" in notes(table)
    assert "90.0 % were told rightly" in notes(table)
    assert "always saying “complaint” would have been right for 60.0 %" in notes(table)
    assert tables.kinds(made.counted(), period="2026-09").caption.endswith("September 2026")
    with pytest.raises(DesignError, match="of `2026-01`"):
        tables.kinds(made.counted(), period="2026-01")


def test_the_confusion_has_given_kinds_as_rows(made):
    rows = cells(tables.confusion(made.counted()))
    assert list(rows.iloc[0]) == ["Inquiry", "35", "5", "87.5 %"]
    assert list(rows.iloc[1]) == ["Complaint", "5", "55", "91.7 %"]


def test_kinds_nobody_asked_for_and_kinds_refused_are_sentences(made):
    unasked = made.counted(kinds=None)
    for table in (tables.kinds(unasked), tables.confusion(unasked), tables.kinds(unasked.to_parts())):
        assert notes(table).startswith("Kinds are not estimated: the parameters do not ask for it")
    bare = {"refused": "too few labels", "level": 0.95, "assumes": "a", "estimates": [], "notices": []}
    assert notes(tables.kinds(bare)) == "No kinds are estimated: too few labels."
    assert notes(tables.confusion(bare)) == "No guess was judged: too few labels."


def test_the_six_areas_say_what_is_missing(made):
    table = cells(tables.areas(made.counted())).set_index("Area")
    assert len(table) == 6
    assert table.loc["Customer service", "What is counted"] == "2 figures: Mentions; Customer satisfaction (CSAT)"
    lack = table.loc["Customer service", "What is missing"]
    assert lack == (
        "2 figures: Support issues raised; Backlog: needs table issues. 1 figure: Net Promoter Score: no answer in the "
        "period"
    )
    assert table.loc["Influencers", "What is missing"] == "no table of the contract holds creators"
    assert list(table.loc["Commerce"]) == ["1 figure: Orders", "nothing"]


# Figures by month


def rows_by_month(made, states, **more):
    return [
        made.metric("mentions", month, 5 + place, state=state, **more)
        for place, (month, state) in enumerate(zip(("2026-07", "2026-08", "2026-09"), states, strict=True))
    ]


def test_figures_in_another_state_than_their_month_say_so(made):
    rows = rows_by_month(made, ("locked", "locked", "provisional"))
    rows += [
        replace(row, id="orders_placed", unit="orders")
        for row in rows_by_month(made, ("adjusted", "provisional", "locked"))
    ]
    rows += [replace(row, id="touchpoints") for row in rows_by_month(made, ("locked", "locked", "provisional"))]
    table = tables.metrics(rows)
    orders = cells(table).set_index("Figure").loc["Orders"]
    assert list(table.cells.columns)[2:] == ["Jul 2026", "Aug 2026", "Sept 2026 (p)"]
    assert list(orders[["Jul 2026", "Aug 2026", "Sept 2026 (p)"]]) == ["5 (a)", "6 (p)", "7 (c)"]
    assert notes(table).endswith(
        "(p) provisional: may still change; (c) closed; (a) closed, later adjusted by late news."
    )


def test_notes_of_figures_are_told_once_and_all_of_them_in_a_table(made):
    again = "It now computes to 9; the closed figure stands until a close books the difference."
    rows = rows_by_month(made, ("locked", "locked", "provisional"), note="in EUR")
    rows[1] = replace(rows[1], note=again)
    table = tables.metrics(rows)
    assert list(cells(table)["Aug 2026"]) == ["6 *"]
    assert "Mentions, September 2026: in EUR." in table.notes
    assert "Figures so marked: August 2026 (1)." in notes(table)
    every = tables.figure_notes(rows)
    assert list(every.cells["What should be known"]) == ["in EUR", again, "in EUR"]
    assert notes(tables.figure_notes(rows_by_month(made, ("locked",) * 3))) == "There is no note on any figure."


def test_one_figure_by_its_parts(made):
    rows = [
        replace(row, id="first_response_time_median", unit="seconds", basis="post", segment=segment)
        for segment in ({}, {"replied_by": "bot"}, {"replied_by": made.HOSTILE})
        for row in rows_by_month(made, ("locked",) * 3)
    ]
    table = tables.by_segment(rows, "first_response_time_median", months=2)
    assert next(iter(table.cells["Replied by"])) == "All"
    assert "Bot" in set(table.cells["Replied by"])
    assert list(table.cells.columns) == ["Replied by", "Aug 2026", "Sept 2026"]
    assert "<script" not in table.html
    assert table.caption == "First response time, median by replied by"
    with pytest.raises(DesignError, match="`mentions` by segment"):
        tables.by_segment(rows_by_month(made, ("locked",) * 3), "mentions")
    lacking = SimpleNamespace(metrics=(), missing={"backlog": "table issues"})
    assert notes(tables.by_segment(lacking, "backlog")) == "Backlog could not be counted: table issues is missing."


def test_what_is_missing_is_read_from_the_file_too(made):
    table = tables.missing({"coverage": {"metrics_missing": {"backlog": "table `issues`"}}})
    assert list(table.cells.iloc[0]) == ["Backlog", "table `issues`"]


def test_parts_on_two_bases_are_kept_apart(made):
    rows = [
        replace(row, id="mentions_by_kind", basis=basis, segment={"kind": "complaint"})
        for basis in ("action", "post")
        for row in rows_by_month(made, ("locked",) * 3)
    ]
    table = tables.by_segment(rows, "mentions_by_kind")
    assert list(table.cells["Basis"]) == ["By the month it happened", "By the month it began"]
    assert table.caption == "Mentions by kind"
    assert len(tables.by_segment(rows, "mentions_by_kind", basis="post").cells) == 1


# The close


def test_a_close_counts_its_entries_and_says_how_it_stands(made):
    table = tables.close(made.month_close())
    assert dict(cells(table).to_numpy()) == {
        "Closed for the first time": "1",
        "of them, of earlier months": "0",
        "Adjusted by late news of closed months": "4",
        "Restated: an error was corrected": "1",
        "Recast by a new definition": "0",
        "Not closed yet": "2",
    }
    said = notes(table)
    assert "August 2026 is closed, with all that was known on 6 September 2026, 00:00 UTC." in said
    assert "Months closed so far: May 2026 to August 2026." in said
    assert "Reason given for what was restated: a file was loaded twice." in said


def test_a_trial_and_a_month_that_is_not_over_are_no_close(made):
    trial = tables.close(made.month_close(standing="trial"))
    assert "nothing of it was written" in notes(trial)
    assert "On trial: nothing of this was written." in notes(tables.changes(made.month_close(standing="trial")))
    early = made.month_close(standing="not_over", closing=None, reason="2026-08 ends on 2026-08-31.", reported=())
    table = tables.close(early)
    assert table.cells.empty
    assert "August 2026 is not closed: August 2026 ends on 31 August 2026." in notes(table)
    assert notes(tables.changes(early)) == "No figure of a closed month has changed."
    assert notes(tables.reported(early)) == "No late news of earlier months was booked with August 2026."
    assert notes(tables.waiting(early)) == "No figure of the months up to this close is waiting."
    assert notes(tables.notices(early)).startswith("Nothing that was reported")


def test_changes_say_from_what_to_what_material_first(made):
    table = tables.changes(made.month_close())
    rows = cells(table)
    assert list(rows["Size"]) == ["Material: readers are told"] * 3 + ["Small"]
    first = rows.iloc[0]
    assert list(first[["Figure", "Month", "Reported", "Now", "Change", "Why"]]) == [
        "Mentions", "June 2026", "200", "160", "−20.0 %", "a file was loaded twice",
    ]  # fmt: skip
    assert list(rows["Change"]) == ["−20.0 %", "+2.9 %", "+2.3 %", "+0.01 %"]
    assert notes(table) == "1 further figure reads as before; the counts behind moved."
    short = tables.changes(made.month_close(), most=1)
    assert len(short.cells) == 2  # both material changes of a whole figure
    assert "2 further changes are not shown, 1 of them material, all of parts of a figure." in notes(short)
    assert len(short.frame) == 5


def test_late_news_stands_on_lines_of_its_own_and_adds_up(made):
    rows = cells(tables.reported(made.month_close()))
    assert [tuple(row) for row in rows[["Line", "Number"]].to_numpy()] == [
        ("August 2026", "177"), ("late news of July 2026", "+5"), ("reported", "182"),
    ]  # fmt: skip


def test_the_bridge_adds_up_however_it_is_folded(made):
    table = tables.bridge(made.month_close())
    rows = cells(table)
    assert list(rows["Line"]) == [
        "Posts of August 2026, as known when it ended", "Learned of after the month ended",
        "Posts published 1 month before", "Posts published 2 months before",
        "Posts published more than 3 months before", "Links that several posts share", "Actions in August 2026",
    ]  # fmt: skip
    numbers = [int(number) for number in rows["Number"]]
    assert sum(numbers[:-1]) == numbers[-1] == 143
    assert table.frame["quantity"].iloc[:-1].sum() == 143
    with pytest.raises(DesignError, match="there are of: click"):
        tables.bridge(made.month_close(), kind="like")
    none = tables.bridge(made.month_close(bridges=()))
    assert "Likes: The run-off of like cannot be told." in notes(none)


def test_the_run_off_is_marked_as_an_estimate(made):
    table = tables.run_off(made.month_close())
    rows = cells(table)
    assert "estimated" in table.caption
    assert list(rows["Posts of"]) == ["June 2026", "July 2026", "August 2026"]  # May is finished
    assert list(rows["Still expected (95 % interval)"]) == ["0 (0 or more)", "9 (2 to 20)", "60 (40 or more)"]
    assert list(rows["In the end, about"]) == ["84", "112", "145"]


def test_the_triangle_leaves_what_is_not_yet_empty(made):
    table = tables.triangle(made.month_close(), "click", ages=1, months=3)
    assert list(table.cells["Posts of"]) == ["Jun 2026", "Jul 2026", "Aug 2026"]
    assert list(table.cells["In its month"]) == ["50", "70", "85"]
    assert list(table.cells["1 month later"]) == ["25", "33", ""]
    assert list(table.cells["Later still"]) == ["9", "", ""]
    assert list(table.cells["So far"]) == ["84", "103", "85"]
    assert "links that several posts share 14" in notes(table)
    with pytest.raises(DesignError, match="keeps none"):
        tables.triangle({"close": {}}, "click")


def test_what_waits_says_why_with_its_months_together(made):
    rows = cells(tables.waiting(made.month_close()))
    assert list(rows.iloc[0]) == [
        "Repurchase rate", "July 2026 to August 2026", "90 days have not passed by August 2026", "2",
    ]  # fmt: skip


def test_notices_are_sentences_restatements_first(made):
    table = tables.notices(made.month_close())
    assert table.cells.empty
    assert table.notes[0].replace("\xa0", " ") == (
        "Mentions, June 2026: reported as 200, now 160 (−20.0 %), restated: a file was loaded twice."
    )
    assert "<script>" not in table.html
    assert notes(tables.notices(made.month_close(), most=1)).endswith("And 2 more, in the table of changes.")


def test_a_figure_that_could_not_be_counted_again_stands(made):
    part = made.month_close().to_parts()["close"]
    part["notices"] = [
        {"kind": "not_computed", "metric": "csat", "segment": {}, "basis": "action", "period": "2026-07",
         "unit": "share", "before": 0.5, "after": None, "relative_change": None,
         "reason": "table `surveys` is missing", "earlier": 2}
    ]  # fmt: skip
    assert notes(tables.notices(part)) == (
        "Customer satisfaction (CSAT), July 2026: closed at 50.0 %, it could not be counted again, nor in 2 earlier "
        "closed months (table surveys is missing). It stands."
    )


def test_months_without_gaps_are_a_stretch(made):
    gap = made.month_close(
        ledger=SimpleNamespace(months=(Month.of("2026-05"), Month.of("2026-08")), head="0", closes=())
    )
    assert "Months closed so far: May 2026, August 2026." in notes(tables.close(gap))

"""Pages: one file, nothing that acts or loads, alternative text on every image, equal bytes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re

import nbformat
import pytest

from analysis.reporting import charts, tables
from analysis.reporting.charts import NoAlternativeText
from analysis.reporting.naming import forbidden_words
from analysis.reporting.page import render_page
from analysis.reporting.summary import summary

NAV = (("Summary", "index.html"), ("What was counted", "metrics.html"))
REPRODUCTION = {
    "run id": "0123456789ab", "known at": "2026-10-06T00:00:00Z", "inputs": {"orders": "sha256:" + "a" * 64},
    "parameters": {"index": {"before_months": 6}, "segments": ["region"], "none": None, "lines": [{"a": 1}, {"b": 2}]},
    "code": "sha256:" + "b" * 64, "packages": {"pandas": "3.1.0"}, "time zone": "Europe/London",
}  # fmt: skip


def page(notebook, **more):
    given = {
        "title": "What was counted", "study": "2026q3", "nav": NAV, "current": "metrics.html",
        "reproduction": REPRODUCTION, "state": "provisional", "period": "1 July to 30 September 2026",
    }  # fmt: skip
    return render_page(notebook, **{**given, **more})


@pytest.fixture(scope="module")
def whole(made):
    return page(
        made.executed(
            "# What was counted\n\nA question.\n\n### Straight to the third level",
            charts.mention_trend(made.metrics()),
            "## Numbers",
            tables.metrics(made.metrics()),
            summary(made.results()),
        )
    )


def test_the_page_is_one_file_that_loads_nothing(whole):
    assert not re.search(r"<(script|iframe|object|embed|form|base|link)\b", whole, flags=re.IGNORECASE)
    assert not re.search(r"\son\w+=|javascript:|style=", whole, flags=re.IGNORECASE)
    assert not re.search(r"(?:src|srcset|href|action|content)=\"(?:https?:)?//", whole)
    assert "http://" not in whole
    assert "https://" not in whole
    assert "@import" not in whole
    assert "url(" not in whole


def test_the_policy_allows_this_style_and_nothing_else(whole):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', whole)[1].replace("&#39;", "'")
    styles = re.findall(r"<style>(.*?)</style>", whole, flags=re.DOTALL)
    assert len(styles) == 1
    mark = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert (
        policy == f"default-src 'none'; img-src data:; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"
    )
    assert whole.index("Content-Security-Policy") < whole.index("<style>")


def test_the_same_notebook_gives_the_same_bytes(made, whole):
    notebook = made.executed("# One", charts.mention_trend(made.metrics()))
    kept = nbformat.writes(notebook)
    assert page(notebook) == page(notebook)
    assert nbformat.writes(notebook) == kept


def test_code_stays_in_the_notebook(whole):
    assert "secret_code" not in whole


def test_headings_are_in_order_and_the_title_stands_once(whole):
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", whole)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert whole.count(">What was counted</h1>") == 1


def test_siblings_stay_siblings(made):
    html = page(made.executed("### a", "### b", "## c", "# d", "## e"))
    assert re.findall(r"<h(\d)(?: id=\"part-\d\")?>([a-e])<", html) == [
        ("2", "a"),
        ("2", "b"),
        ("2", "c"),
        ("2", "d"),
        ("3", "e"),
    ]


def test_the_page_says_where_it_is_and_what_it_is(whole):
    assert '<html lang="en-GB">' in whole
    assert "<title>What was counted – 2026q3</title>" in whole
    assert whole.count('aria-current="page"') == 1
    assert '<a href="metrics.html" aria-current="page">What was counted</a>' in whole
    assert '<a class="skip" href="#content">' in whole
    assert "Status: provisional" in whole
    assert "1 July to 30 September 2026" in whole
    assert not forbidden_words(re.sub(r"<style>.*?</style>|<[^>]*>", " ", whole, flags=re.DOTALL))


def test_images_have_their_text_and_a_narrow_twin(made, whole):
    figure = charts.mention_trend(made.metrics())
    alt = re.search(r'<img [^>]*alt="([^"]*)"', whole)[1]
    assert alt == figure.alt
    assert re.search(r'<source media="\(max-width: 600px\)" srcset="data:image/png;base64,[A-Za-z0-9+/=]+">', whole)
    assert "<summary>The figures behind this chart</summary>" in whole
    assert "1,490" in whole[whole.index("The figures behind this chart") :].partition("</details>")[0]


@pytest.mark.parametrize("meta", [{}, {"image/png": {}}, {"image/png": {"alt": "  "}}])
def test_an_image_without_alternative_text_is_refused_with_its_cell(made, meta):
    output = nbformat.v4.new_output("display_data", {"image/png": made.PIXEL}, metadata=meta)
    notebook = made.executed("# a")
    notebook.cells.append(nbformat.v4.new_code_cell("x", outputs=[output]))
    with pytest.raises(NoAlternativeText, match="Cell 2 of the notebook"):
        page(notebook)


def test_tables_scroll_in_boxes_of_their_own(whole):
    assert whole.count("<table") == whole.count('<div class="ts-table" role="region" aria-label="')
    assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*>", whole))


def test_the_page_ends_with_what_it_takes_to_make_it_again(whole):
    end = whole[whole.index("How to make this page again") :]
    for text in (
        "0123456789ab",
        "2026-10-06T00:00:00Z",
        "a" * 64,
        "before_months",
        ">6<",
        "region",
        "3.1.0",
        "Europe/London",
    ):
        assert text in end
    assert page_without_reproduction().count("How to make this page again") == 0


def page_without_reproduction():
    return page(nbformat.v4.new_notebook(), reproduction={})


def outputs(made, **data):
    output = nbformat.v4.new_output("display_data", data)
    return page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])]))


def body(html):
    return html[html.index("</h1>") + 5 : html.index("</main>")].strip()


def test_foreign_html_is_sanitised(made):
    html = outputs(made, **{"text/html": f"<style>p{{}}</style><p style='color:red'>x{made.HOSTILE}</p><link href=x>"})
    assert "<p>x" in body(html)
    assert not re.search(r"<(script|img|link|style)", body(html))


def test_other_outputs_become_text_or_nothing(made):
    assert body(outputs(made, **{"application/javascript": "alert(1)"})) == ""
    assert body(outputs(made, **{"image/svg+xml": "<svg onload=alert(1)>"})) == ""
    assert body(outputs(made, **{"text/plain": made.HOSTILE})).startswith('<p class="ts-note">&lt;script&gt;')
    assert body(outputs(made, **{"text/plain": "a\nb"})) == '<pre class="ts-text">a\nb</pre>'
    assert body(outputs(made, **{"text/markdown": "**a** <script>x</script>"})) == "<p><strong>a</strong> </p>"


def test_printed_text_is_kept_and_warnings_are_not():
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m <b>\n"),
        nbformat.v4.new_output("stream", name="stderr", text="/home/someone/x.py: UserWarning"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="a row's content", traceback=["line"]),
    ]
    text = body(page(nbformat.v4.new_notebook(cells=[cell])))
    assert '<p class="ts-note">red &lt;b&gt;</p>' in text
    assert "someone" not in text
    assert "a row" not in text
    assert "ValueError" in text


def test_tagged_cells_are_left_out(made):
    notebook = made.executed({"text/plain": "Recorded for the report."})
    notebook.cells[0].metadata["tags"] = ["remove_output"]
    assert body(page(notebook)) == ""


def test_hostile_text_in_every_field_is_text(made):
    hostile = made.HOSTILE
    html = page(
        made.executed(f"# {hostile}\n\n{hostile}\n\n[x](javascript:alert(1)) ![y](http://evil.example/x.png)"),
        title=hostile, study=hostile, state=hostile, period=hostile, nav=[(hostile, "index.html")],
        reproduction={hostile: hostile, "nested": {hostile: [hostile]}},
    )  # fmt: skip
    assert not re.search(r"<script|<img|javascript:|\u202e", html)
    assert 'href="http' not in html
    assert 'src="http' not in html
    assert html.count("&lt;script&gt;") >= 6
    assert len(page(made.executed(made.LONG), title=made.LONG, study=made.LONG)) < 40_000


@pytest.mark.parametrize(
    "address", ["https://evil.example/x.html", "//evil.example", "javascript:alert(1)", "../x.html", ""]
)
def test_the_navigation_leads_beside_the_page_only(address):
    with pytest.raises(ValueError, match="pages beside it"):
        page(nbformat.v4.new_notebook(), nav=[("x", address)])


def test_documents_beside_a_page_are_led_to_from_under_its_heading():
    book = ("The case as a workbook <b>", "case.xlsx")
    html = page(nbformat.v4.new_notebook(), documents=[book, ("Slides", "case.pptx")])
    above = html[html.index("<h1>") : html.index("</main>")]
    assert '<li><a href="case.xlsx">The case as a workbook &lt;b&gt;</a></li>' in above
    assert '<li><a href="case.pptx">Slides</a></li>' in above
    assert "documents" not in page(nbformat.v4.new_notebook()).partition("</style>")[2]


@pytest.mark.parametrize(
    "file", ["../case.xlsx", "https://x/case.xlsx", "case.exe", "javascript:1.xlsx", ".xlsx", "a/b.pptx"]
)
def test_a_document_lies_beside_its_page(file):
    with pytest.raises(ValueError, match="documents beside it"):
        page(nbformat.v4.new_notebook(), documents=[("x", file)])


def test_a_long_page_lists_its_parts_at_the_top_and_every_link_finds_its_part(made):
    html = page(made.executed("# What was counted", "## One & two", "### deeper", "## <b>Three</b>", "## 4", "## Five"))
    head = html[: html.index("<main")]
    links = re.findall(r'<a href="#(part-\d)">([^<]*)</a>', head)
    assert links == [("part-1", "One &amp; two"), ("part-2", "Three"), ("part-3", "4"), ("part-4", "Five")]
    assert all(html.count(f'id="{name}"') == 1 for name, _ in links)
    assert "On this page (4)" in head
    assert "On this page" not in page(made.executed("# What was counted", "## One"))


def test_how_to_sign_and_pass_on_stands_on_the_page():
    commands = [("To sign it", "touchstone sign demo"), ("To send it", "touchstone share <demo>")]
    html = page(nbformat.v4.new_notebook(), passing_on=commands)
    assert '<a href="#passing-on">Sign and pass on</a>' in html[: html.index("<main")]
    assert "touchstone share &lt;demo&gt;" in html[html.index('id="passing-on"') :]
    assert "passing-on" not in page(nbformat.v4.new_notebook()).partition("</style>")[2]


def test_what_it_takes_to_make_the_page_again_is_folded_away_and_opens_without_a_script(whole):
    end = whole[whole.index('id="reproduction"') :]
    assert end.index("<details>") < end.index("0123456789ab") < end.index("</details>")
    assert "open" not in re.findall(r"<details[^>]*>", end)[0]


def test_every_name_on_a_page_stands_once(whole):
    names = re.findall(r'\sid="([^"]*)"', whole)
    assert len(names) == len(set(names))


def test_no_two_boxes_of_a_page_have_one_name(made):
    html = page(made.executed(tables.metrics(made.metrics()), tables.metrics(made.metrics())))
    names = re.findall(r'role="region" aria-label="([^"]*)"', html)
    assert len(names) == 2
    assert names[1] == f"{names[0]} (2)"

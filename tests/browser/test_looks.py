"""Do the looks see what they are for? Each is shown a page with one fault, and a page without any."""

from __future__ import annotations

import pytest

from tests.browser.window import LAPTOP, PAPER, PHONE, window

WHOLE = """<!doctype html><html lang="en"><head><title>A page</title><style>
a:focus-visible, summary:focus-visible {{ outline: 3px solid #000; }}
.skip {{ position: absolute; left: -999rem; top: 0; }} .skip:focus {{ left: 0; }} {style}</style></head>
<body><a class="skip" href="#content">Skip to the content</a><header>A header</header>
<main id="content"><h1>A heading</h1><p>Some words.</p>{body}
<details><summary>More</summary><p>Folded.</p></details></main></body></html>"""


@pytest.fixture
def page(tmp_path):
    def write(body: str = "", style: str = ""):
        file = tmp_path / "page.html"
        file.write_text(WHOLE.format(body=body, style=style), encoding="utf-8")
        return file

    return write


def test_a_sound_page_has_no_fault(looks, page):
    assert looks.faults(page()) == []


SEEN = {
    "<p style='width:2000px'>wide</p>": "wide in a window of",
    "<p>on top</p><p style='margin-top:-34px'>of each other</p>": "on each other: o",
    "<p style='width:60px;overflow:hidden;white-space:nowrap'>a line that is cut off</p>": "cut off: a line",
    "<script>console.warn('hm')</script>": "console warning: hm",
    "<script>alert('pop')</script>": "dialog: pop",
    "<img alt='away' src='https://example.com/x.png'>": "request: https://example.com/x.png",
    "<p onclick='x()'>act</p>": "onclick=x()",
}
REACHED = {
    "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>": "image-alt",
    "<h4>too deep</h4>": "heading-order",
    "<p class='pale'>pale</p>": "color-contrast",
    "<p class='made'>words</p>": "exist only in the style sheet",
    "<p class='gone'>gone</p>": "other words without style",
    "<p><a class='bare' href='#content'>no ring</a></p>": "no ring when focused: no ring",
    "<p><a class='away' href='#content'>hidden</a></p>": "out of sight when focused: hidden",
}
STYLE = """.pale { color: #bbb; } .made::after { content: 'made up'; } .gone { display: none; }
a.bare:focus-visible { outline: none; } .away { position: fixed; left: -400px; }"""


def test_every_fault_of_layout_and_deed_is_seen(looks, page):
    found = looks.laid_out(page("".join(SEEN)))
    for said in SEEN.values():
        for name in ("phone", "laptop", "paper"):
            assert any(said in fault and f", {name}: " in fault for fault in found), (said, name, found)


def test_every_fault_of_access_is_seen(looks, page):
    found = looks.reached(page("".join(REACHED), STYLE))
    for said in REACHED.values():
        assert any(said in fault for fault in found), (said, found)


def test_a_policy_that_is_broken_is_told(looks, tmp_path):
    file = tmp_path / "page.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    file.write_text(
        f"<!doctype html><title>x</title>{policy}<style>p {{ color: red }}</style><p>words", encoding="utf-8"
    )
    with window(looks.browser, PHONE) as watched:
        watched.open(file)
        assert any("style-src" in one for one in watched.misdeeds())


def test_paper_shows_what_is_meant_for_paper(looks, page):
    file = page("<p class='screen'>screen alone</p>", "@media print { .screen { display: none; } }")
    shown = {}
    for printed, size in ((True, PAPER), (False, LAPTOP)):
        with window(looks.browser, size, printed=printed) as watched:
            watched.open(file)
            shown[printed] = "screen alone" in watched.page.inner_text("body")
    assert shown == {True: False, False: True}

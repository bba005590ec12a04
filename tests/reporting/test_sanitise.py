"""Nothing that acts, loads or restyles comes through, however it is written."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reporting.sanitise import sanitised

ALLOWED = {
    "a", "blockquote", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "li", "ol", "p", "pre", "section", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTACKS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example)}</style>",
    "<p style='background:url(//evil.example)'>x</p>",
    "<p onclick=alert(1) onmouseover='alert(1)'>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' JaVaScRiPt:alert(1)'>x</a>",
    "<a href='https://evil.example'>x</a>",
    "<a href='//evil.example/x.html'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='../../etc/passwd.html'>x</a>",
    "<form action=//evil.example><input name=a><button>go</button></form>",
    "<object data=x></object><embed src=x>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<table><td background=//evil.example class='x\" onclick=\"alert(1)'>x</table>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<div><script>alert(1)",
    "<textarea><script>alert(1)</script></textarea>",
    "<template><img src=x onerror=alert(1)></template>",
    "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
    "<p title=\"><script>alert(1)</script>\">x</p>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<video><source onerror=alert(1)></video>",
    "<details ontoggle=alert(1) open>x</details>",
    "<p class='ts-x\" onclick=alert(1)'>x</p>",
)  # fmt: skip


class Seen(HTMLParser):
    """The elements and attributes a reader's browser would see."""

    def __init__(self, html):
        super().__init__()
        self.found, self.open, self.balanced = [], [], True
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.balanced = self.balanced and bool(self.open) and self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError("a comment came through")

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(html):
    seen = Seen(html)
    assert seen.balanced
    assert not seen.open
    for tag, attributes in seen.found:
        assert tag in ALLOWED
        for name, value in attributes.items():
            assert name in {"class", "scope", "colspan", "rowspan", "href"}
            if name == "href":
                assert ":" not in value
                assert not value.startswith("/")
                assert ".." not in value


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    "around", ["{}", "<table><tr><td>{}</td></tr></table>", "<p>a {} b</p>", "<div class='ts-note'>{}"]
)
def test_attacks_do_not_come_through(attack, around):
    html = sanitised(around.format(attack))
    check(html)
    assert sanitised(html) == html


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<", ">", "&", '"', "'", "</", "<p", "<td>", "</td>", "x ", "--", "\0"]), max_size=8
    )
)
def test_no_mixture_comes_through(pieces):
    html = sanitised("".join(pieces))
    check(html)
    assert sanitised(html) == html


def test_text_stays_text():
    assert sanitised("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert sanitised("<p>&lt;b&gt; &amp;amp;</p>") == "<p>&lt;b&gt; &amp;amp;</p>"
    assert sanitised("<p>a<b>c</b>d</p>") == "<p>acd</p>"


def test_tables_keep_their_structure_and_gain_scopes():
    html = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><th>b</th><td colspan='2'>c</td></tr></tbody></table>"
    assert sanitised(html) == (
        '<table><thead><tr><th scope="col">a</th></tr></thead>'
        '<tbody><tr><th scope="row">b</th><td colspan="2">c</td></tr></tbody></table>'
    )


def test_only_our_classes_stay():
    assert sanitised('<p class="ts-note">x</p><p class="jp-evil">y</p>') == '<p class="ts-note">x</p><p>y</p>'


def test_links_lead_beside_the_page_only():
    for address in ("before_after.html", "#grades", "summary.html#grades", "results.json"):
        assert sanitised(f'<a href="{address}">x</a>') == f'<a href="{address}">x</a>'

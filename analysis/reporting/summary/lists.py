"""How does a page show a list that may be long, a grade, a verdict? As HTML of our own few classes, all text escaped.

A long list shows its first lines and folds the others away, so that nothing is lost and nothing is buried. What is said
is left to the modules that say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from analysis.reporting.naming import grade_in_words

MOST_SHOWN = 5
"""Lines of a list that stand open."""
MOST_FOLDED = 100
"""Lines that are folded away; of more, the page says how many there are."""


def text(said: str) -> str:
    """Text as HTML."""
    return escape(said, quote=False)


def listed(lines: Sequence[str], most: int = MOST_SHOWN) -> str:
    """Lines as a list; one that is longer than `most` folds the others away under how many there are.

    Examples
    --------
    >>> listed(["a", "b < c"])
    '<ul class="ts-list"><li>a</li><li>b &lt; c</li></ul>'
    >>> print(listed(["a", "b", "c"], most=1))
    <ul class="ts-list"><li>a</li></ul><details class="ts-more"><summary>… and 2 more</summary>\
<ul class="ts-list"><li>b</li><li>c</li></ul></details>
    """
    return listed_html([text(line) for line in lines], most)


def listed_html(pieces: Sequence[str], most: int = MOST_SHOWN, kind: str = "ts-list") -> str:
    """The same of pieces that are HTML already, as a list of some class of ours."""
    if len(pieces) <= most + 1:
        return _items(pieces, kind)
    rest = list(pieces[most:])
    untold = len(rest) - MOST_FOLDED
    told = rest if untold <= 0 else [*rest[:MOST_FOLDED], f"… and {untold} more, in the results beside this page."]
    return f"{_items(pieces[:most], kind)}{folded(f'… and {len(rest)} more', _items(told, kind))}"


def folded(label: str, html: str) -> str:
    """A piece of HTML, folded away under a label; no script is needed to open it."""
    return f'<details class="ts-more"><summary>{text(label)}</summary>{html}</details>'


def grade_mark(grade: str) -> str:
    """The visible mark of a grade: its letter and its words, told apart by more than colour.

    Examples
    --------
    >>> grade_mark("B")
    '<p class="ts-mark ts-grade-b"><strong>Grade B</strong> comparison that passed its checks</p>'
    """
    said = text(grade_in_words(grade))
    return f'<p class="ts-mark ts-grade-{grade.lower()}"><strong>Grade {text(grade)}</strong> {said}</p>'


def after_the_mark(evidence: str, grade: str) -> str:
    """How far a finding may be believed, without what the mark of its grade says already.

    Examples
    --------
    >>> after_the_mark("Grade A, randomised test. Customers were assigned at random.", "A")
    'Customers were assigned at random.'
    """
    return evidence.removeprefix(f"Grade {grade}, {grade_in_words(grade)}.").strip()


def _items(pieces: Sequence[str], kind: str) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{piece}</li>" for piece in pieces)}</ul>'

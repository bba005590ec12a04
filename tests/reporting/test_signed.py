"""The line that says how a report stands: text is text, the weightiest first, and nothing else of a page moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from analysis.ledger.signature import DRAFT, Signature, Standing
from analysis.reporting.signed import standing_as_plain, standing_in_words, standing_line, with_standing


def signature(name: str, role: str, note: str = "", day: int = 7) -> Signature:
    return Signature(
        number=1, family="care", study="care", run="abc", results="sha256:" + 64 * "1", known_at=None, period=None,
        role=role, name=name, note=note, signed_at=datetime(2026, 10, day, 23, 59), closes=(0, ""), head="h" + name,
    )  # fmt: skip


BOTH = Standing((signature("Ada", "reviewer", "all counted twice"), signature("Zoe", "approver", day=9)))


def test_the_weightiest_stands_first() -> None:
    assert str(standing_line(BOTH)) == (
        '<p class="standing"><strong>Signed</strong> by <bdi>Zoe</bdi> (approver) on 9 October 2026. '
        "Reviewed by <bdi>Ada</bdi> (reviewer) on 7 October 2026: <q><bdi>all counted twice</bdi></q>.</p>"
    )
    assert standing_in_words(BOTH) == (
        "Signed by Zoe (approver) on 9 October 2026. Reviewed by Ada (reviewer) on 7 October 2026."
    )
    assert standing_as_plain(BOTH)["word"] == "Signed"


def test_signatures_of_other_pages_are_told_and_make_nothing_of_these() -> None:
    zoe = signature("Zoe & co", "approver", day=9)
    assert str(standing_line(Standing((), (zoe,)))) == (
        '<p class="standing"><strong>Draft</strong> These pages are not signed. The same results, on other pages, were '
        "signed by <bdi>Zoe &amp; co</bdi> (approver) on 9 October 2026.</p>"
    )
    mixed = Standing((signature("Ada", "reviewer"),), (zoe,))
    assert standing_in_words(mixed) == (
        "Reviewed by Ada (reviewer) on 7 October 2026. The same results, on other pages, were signed by Zoe & co "
        "(approver) on 9 October 2026."
    )
    assert (mixed.word, standing_as_plain(mixed)["of_results_on_other_pages"]) == ("Reviewed", ["hZoe & co"])


def test_a_signature_given_when_others_were_missing_says_so() -> None:
    one = replace(signature("Ada", "reviewer", "all counted"), lost=("x", "y"))
    said = "2 signatures that had been shown before were missing from the record then."
    assert f"<bdi>all counted</bdi></q>. {said}</p>" in standing_line(Standing((one,)))
    assert standing_in_words(Standing((one,))).endswith(said)


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "</p><p>", "a & b", '" onload="x', "</bdi></q></p>", "{{ 7*7 }}"]
)
def test_names_and_notes_are_text(text: str) -> None:
    line = str(standing_line(Standing((signature(text, "reviewer", text),))))
    assert line.count("<") == line.count(">") == 10
    assert line.count("</p>") == 1
    page = f"<header>{standing_line()}</header><main>{standing_line()}</main>"
    changed = with_standing(page, Standing((signature(text, "reviewer", text),)))
    assert with_standing(changed, DRAFT) == page


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="has no place for a standing"):
        with_standing("<p>Signed</p>", BOTH)

"""What repeats somebody's words, and what is a link: case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.studies.quoting import quotes, web_link


@pytest.mark.parametrize(
    ("text", "paraphrase", "same"),
    [
        ("My broadband has been down since Monday", "They wrote: my broadband has been down again", True),
        ("My broadband has been down since Monday", "The line had failed at the start of the week", False),
        ("My broadband has been down since Monday", "MY\u200b BROADBAND... hás been—down!", False),
        ("My broadband has been down since Monday", "MY\u200b BROADBAND... has  been—down!", True),
        ("Too slow tonight", "It was too slow tonight, they said", True),
        ("Thank you", "They said thank you", False),
        ("Thank you", "Thank you!", True),
        ("", "Anything", False),
        ("ｆｕｌｌ width words are still words", "Full width words are still seen", True),
        ("服务太慢了我很生气", "客户说服务太慢了", True),
    ],
)
def test_what_is_a_quotation(text: str, paraphrase: str, same: bool) -> None:
    assert quotes(paraphrase, text) is same


@given(st.text(max_size=60), st.lists(st.sampled_from("abcdefghij"), min_size=5, max_size=12), st.text(max_size=60))
def test_a_text_of_five_words_or_more_is_found_wherever_it_stands(before: str, words: list[str], after: str) -> None:
    text = " ".join(words)
    assert quotes(f"{before} {text} {after}", text.upper())


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "ftp://a.b/c",
        "https://",
        "https://a b",
        "http://[",
        "https://a.b/\u202e",
        "//a.b",
    ],
)
def test_only_addresses_of_the_web_are_links(url: str | None) -> None:
    assert web_link(url) is None

"""Numbers and dates by locale, and the door through which text from data passes."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import UnknownName
from analysis.reporting.formats import Formats, plain

G = "\N{NO-BREAK SPACE}"
M = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def english():
    return Formats("en_GB")


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        (3.2, "EUR", "€3.20"),
        (-3.2, "EUR", f"{M}€3.20"),
        (0, "EUR", "€0"),
        (-0.001, "EUR", "€0.00"),
        (999.994, "GBP", "£999.99"),
        (1234.5, "GBP", "£1,234"),
        (999_499, "EUR", "€999,499"),
        (999_500, "EUR", f"€1.00{G}million"),
        (-1_234_567, "EUR", f"{M}€1.23{G}million"),
        (12_345_678, "EUR", f"€12.3{G}million"),
        (2.5e9, "EUR", f"€2.50{G}billion"),
    ],
)
def test_money_is_as_long_as_it_needs_to_be(english, value, currency, expected):
    assert english.money(value, currency) == expected


def test_money_follows_the_locale():
    assert Formats("de_DE").money(-12345.6, "EUR") == f"{M}12.346{G}€"
    assert Formats("de_DE").money(1_234_567, "EUR") == f"1,23{G}million{G}€"
    assert Formats("en-US").money(3.2, "USD") == "$3.20"


def test_shares_and_chances_have_a_space_and_are_never_certain(english):
    assert english.share(0.3032) == f"30.3{G}%"
    assert Formats("de_DE").share(0.3032) == f"30,3{G}%"
    assert [english.chance(value) for value in (0.0, 0.0049, 0.05, 0.95, 0.9951, 1.0)] == [
        f"under{G}1{G}%", f"under{G}1{G}%", f"5{G}%", f"95{G}%", f"over{G}99{G}%", f"over{G}99{G}%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.5, f"0.5{G}s"),
        (59, f"59{G}s"),
        (719, f"11{G}min 59{G}s"),
        (3599.6, f"1{G}h 00{G}min"),
        (4200, f"1{G}h 10{G}min"),
        (2 * 86400, f"2{G}days 0{G}h"),
    ],
)
def test_times_are_said_in_their_two_largest_units(english, seconds, expected):
    assert english.duration(seconds) == expected


def test_dates_follow_the_locale(english):
    assert english.month("2026-08") == "August 2026"
    assert english.months("2026-08", "2026-08") == "August 2026"
    assert english.months("2026-07", "2026-09") == "July 2026 to September 2026"
    assert english.day("2026-10-06") == "6 October 2026"
    assert english.instant("2026-10-06T00:00:00Z") == f"6 October 2026, 00:00{G}UTC"
    assert Formats("de_DE").month("2026-10") == "October 2026"  # sentences are English
    assert english.month("2026q3") == "2026q3"


def test_an_unknown_locale_or_currency_names_the_nearest(english):
    with pytest.raises(UnknownName, match=r"there is no `en_XQ`\. Did you mean"):
        Formats("en_XQ")
    with pytest.raises(UnknownName, match=r"There are: .*`en_GB`"):
        Formats("klingon!")
    with pytest.raises(UnknownName, match=r"there is no `EURO`\. Did you mean"):
        english.money(1, "EURO")


def test_text_from_data_keeps_its_letters_and_loses_its_marks(made):
    shown = plain(made.HOSTILE)
    assert "<script>" in shown  # shown as text, escaped where it is shown
    assert "\u202e" not in shown
    assert plain("a\x00b\u200fc\nd\te") == "abc d e"
    assert plain(made.LONG, 40) == made.LONG[:39] + "…"
    assert len(plain(made.LONG)) == 300
    assert plain(None) == "None"

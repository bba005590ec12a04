"""A report in another locale says the same figures in another dress, and none in English dress.

Numbers are read back by CLDR's own symbols, not by the code under test: read in its locale, each text must hold the
same numbers in the same order as the English one. An English 1,234.5 left on a German page would be read as another
number, or as none.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from babel.numbers import get_decimal_symbol, get_group_symbol

from analysis.foundation.errors import TouchstoneError
from analysis.reporting import charts, tables
from analysis.reporting.deck import case_deck
from analysis.reporting.formats import Formats, locale_in_force, speak, speaking
from analysis.reporting.restating import restated
from analysis.reporting.summary import summary
from analysis.reporting.wording import words
from analysis.reporting.workbook import case_workbook
from tests.reporting import planted_case, planted_designs, planted_tests
from tests.reporting.drawn_words import words_of

LOCALES = ("de_DE", "fr_FR", "ar_EG")
_TOKEN = re.compile(r"\d(?:[.,’\u202f]?\d|\xa0(?=\d{3}(?!\d))\d)*")
_NAMES = re.compile(r"CES \d\.0|(?<=[A-Z])[A-Z0-9]*\d")  # what a metric or a change is called


def numbers(text: str, locale: str) -> list[Decimal | str]:
    """The numbers of a text as a reader of that locale takes them; what is none there stays text."""
    return [_read(token, locale) for token in _TOKEN.findall(_NAMES.sub("", text))]


def _read(token: str, locale: str) -> Decimal | str:
    whole, *rest = token.split(get_decimal_symbol(locale))
    first, *groups = whole.split(get_group_symbol(locale))
    parts = [first, *groups, *rest]
    if len(rest) > 1 or any(len(group) != 3 for group in groups) or not all(part.isdigit() for part in parts):
        return token
    return Decimal("".join([first, *groups]) + "".join(f".{part}" for part in rest))


def test_the_reader_of_these_tests_can_tell() -> None:
    assert numbers("1,234.5 of 8 000", "en_GB") == [Decimal("1234.5"), 8, 0]
    assert numbers("1.234,5", "de_DE") == numbers("1\u202f234,5", "fr_FR") == [Decimal("1234.5")]
    assert numbers("8.0", "de_DE") == ["8.0"]
    assert numbers("1,234", "de_DE") == [Decimal("1.234")]


@pytest.fixture(scope="module")
def held(made: ModuleType) -> list[Any]:
    """Results of all kinds, with sentences of studies in them."""
    claim = "Found by 1,234 customers: 8.0 % more, 29.82 EUR (-0.5 to 16.25) since 2026-08-01."
    designs = [planted_designs.service(), planted_designs.adoption(), planted_designs.change_log()]
    others = [planted_tests.users(), planted_tests.experiment(), planted_tests.effort(), planted_tests.contacts()]
    whole = planted_designs.results(*(planted_designs.with_claims(one, claim) for one in designs))
    return [made.results(), planted_case.results(), whole, *designs, *others, planted_tests.family(),
            planted_tests.sheet(), made.month_close(), made.scorecard(), made.incidents(), made.stories()]  # fmt: skip


Where = tuple[str, int]
"""A table by its name, and the place of the result that fills it."""


@pytest.fixture(scope="module")
def english(held: list[Any]) -> dict[Where, str]:
    """The text of each table that each result can fill."""
    told = {}
    for name in tables.__all__:
        for place, found in enumerate(held):
            try:
                told[name, place] = str(getattr(tables, name)(found))
            except (TouchstoneError, TypeError, KeyError, AttributeError):
                continue  # another result's table
    return {where: text for where, text in told.items() if numbers(text, "en_GB")}


@pytest.mark.parametrize("locale", LOCALES)
def test_tables_hold_the_same_figures(locale: str, held: list[Any], english: dict[Where, str]) -> None:
    assert len(english) > 60
    with speaking(locale):
        for (name, place), text in english.items():
            told = str(getattr(tables, name)(held[place]))
            assert numbers(told, locale) == numbers(text, "en_GB"), (name, place)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_summary_holds_the_same_figures(locale: str, held: list[Any]) -> None:
    for found in held[:3]:
        for audience in ("executive", "analyst"):
            there, here = (str(summary(found, audience=audience, locale=one)) for one in (locale, "en_GB"))
            assert numbers(there, locale) == numbers(here, "en_GB")


DRAWN: dict[str, Callable[[ModuleType], Any]] = {
    "money": lambda made: charts.npv_range(planted_case.case()),
    "waterfall": lambda made: charts.case_waterfall(planted_case.results()),
    "effects": lambda made: charts.naive_against_adjusted(made.results()),
    "months": lambda made: charts.mention_trend(made.metrics()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_charts_hold_the_same_figures_on_axes_and_in_words(name: str, made: ModuleType) -> None:
    def told(locale: str) -> str:
        with speaking(locale):
            figure = DRAWN[name](made)
        figure.canvas.draw()
        return f"{figure.alt} | {words_of(figure)}".replace("\n", " ")

    assert sorted(map(str, numbers(told("de_DE"), "de_DE"))) == sorted(map(str, numbers(told("en_GB"), "en_GB")))


def texts_of(file: bytes, parts: str) -> str:
    """What the XML of a document says, in the order of its parts."""
    with zipfile.ZipFile(io.BytesIO(file)) as opened:
        kept = sorted(name for name in opened.namelist() if re.search(parts, name))
        found = [re.findall(r"<(?:a:)?t(?: [^>]*)?>([^<]*)</(?:a:)?t>", opened.read(name).decode()) for name in kept]
    return "\n".join(text for one in found for text in one)


def test_slides_and_workbook_hold_the_same_figures() -> None:
    case = planted_case.case()
    for make, parts in ((case_deck, r"slides/slide\d"), (case_workbook, "sharedStrings")):
        there, here = (texts_of(make(case, locale=one), parts) for one in ("de_DE", "en_GB"))
        assert len(numbers(here, "en_GB")) > 20
        assert sorted(map(str, numbers(there, "de_DE"))) == sorted(map(str, numbers(here, "en_GB")))


def test_amounts_in_the_workbook_are_in_its_currency_and_nothing_else() -> None:
    yen = planted_case.planted(currency="JPY")
    with zipfile.ZipFile(io.BytesIO(case_workbook(yen, locale="ja_JP"))) as opened:
        forms = re.findall(r'formatCode="([^"]*)"', opened.read("xl/styles.xml").decode())
    amounts = [form for form in forms if "¥" in form]
    assert amounts
    assert not any("€" in form or "¥&quot;#,##0.0" in form for form in forms)


@pytest.mark.parametrize(
    ("locale", "currency", "value", "expected"),
    [
        ("en_US", "USD", -1234.5, "−$1,234"),
        ("de_DE", "EUR", 1234.5, "1.234 €"),
        ("fr_FR", "EUR", 12345, "12\u202f345 €"),
        ("sv_SE", "SEK", 482.2, "482,20 kr"),
        ("de_CH", "CHF", 12345, "CHF 12’345"),
        ("ja_JP", "JPY", 482.2, "¥482"),
        ("ar_EG", "EGP", 482.2, "482.20 EGP"),
        ("zh_CN", "JPY", 482.2, "JP¥482"),
        ("ru_RU", "BGN", 482.2, "482,20 BGN"),
        ("he_IL", "ILS", -3.0, "−3.00 ₪"),
        ("en_IN", "INR", 123456, "₹1,23,456"),
    ],
)
def test_money_of_many_countries(locale: str, currency: str, value: float, expected: str) -> None:
    assert Formats(locale).money(value, currency).replace("\xa0", " ") == expected


@pytest.mark.parametrize("locale", ["ar_EG", "he_IL", "fa_IR", "bn_BD", "hi_IN", "my_MM"])
def test_a_line_of_english_keeps_its_direction_and_its_digits(locale: str) -> None:
    say = Formats(locale)
    told = [say.number(-1234.5), say.share(-0.303), say.money(12.5, "EUR"), say.day("2026-08-01"), say.month("2026-08")]
    for text in told:
        assert text.replace("\xa0", " ").replace("€", "").isascii() or "−" in text or "’" in text
        assert not re.search(r"[\u0590-\u08ff\u200e\u200f\u061c]", text)
        assert re.findall(r"\d", text)


def test_words_of_dates_are_the_english_of_the_country() -> None:
    days = {name: Formats(name).day("2026-10-06") for name in ("en_GB", "en_US", "de_DE", "ja_JP", "fr_CA", "es_ES")}
    assert days == {
        "en_GB": "6 October 2026", "en_US": "October 6, 2026", "de_DE": "6 October 2026", "ja_JP": "6 October 2026",
        "fr_CA": "October 6, 2026", "es_ES": "6 October 2026",
    }  # fmt: skip


def test_what_names_no_locale_speaks_the_one_in_force() -> None:
    assert locale_in_force() == "en_GB"
    with speaking("de_DE"):
        assert words().number(1234.5, 1) == "1.234,5"
        with speaking(None), speaking("en_US"):
            assert words().locale == "en_US"
        assert words().locale == "de_DE"
    assert words().locale == "en_GB"


def test_the_process_remembers_and_a_block_stands_above_it() -> None:
    try:
        speak("sv_SE")
        assert words().locale == "sv_SE"
        with speaking("de_DE"):
            assert words().locale == "de_DE"
    finally:
        speak("en_GB")


def test_sentences_of_results_are_restated_once() -> None:
    german = words("de_DE")
    cases = {
        "1,234 of 2,345,678 rows": "1.234 of 2.345.678 rows",
        "8.0 % more (-0.5 to 16.25)": "8,0 % more (−0,5 to 16,25)",
        "EUR 29,700 and 29.82 EUR": "29.700 € and 29,82 €",
        "about EUR 2,345,678": "about 2,35 million €",
        "in 2024, 12 of `rate_1.5` and “Care 2.0”": "in 2024, 12 of `rate_1.5` and “Care 2.0”",
        "from 2025-01 to 2025-06, known at 2026-09-30": "from January 2025 to June 2025, known at 30 September 2026",
        "p < 0.001, version 2.5.1, ARM 3": "p < 0,001, version 2.5.1, ARM 3",
        "100% and 5%.": "100 % and 5 %.",
    }
    assert {text: restated(german, text).replace("\xa0", " ") for text in cases} == cases
    plainly = restated(words("en_GB"), "1,234 rows, 8.0 % (0.5 to 16.25), 2024")
    assert plainly.replace("\xa0", " ") == "1,234 rows, 8.0 % (0.5 to 16.25), 2024"


def test_the_locale_of_the_machine_plays_no_part() -> None:
    """The same bytes under any LC_ALL, LANG and LANGUAGE."""
    told = (
        "from analysis.reporting.wording import words\n"
        "say = words('fr_FR')\n"
        "print(ascii([say.money(-1234567.8, 'EUR'), say.day('2026-10-06'), say.share(0.3032), say.month('2026-08')]))"
    )
    made = set()
    for name in ("C", "ar_EG.UTF-8"):
        given = {**os.environ, "LC_ALL": name, "LANG": name, "LANGUAGE": name}
        made.add(subprocess.run([sys.executable, "-c", told], env=given, capture_output=True, check=True).stdout)
    assert len(made) == 1

"""Does every number that is shown lead back to the results? And would one that was made up be noticed?

Of each unit of text, whatever was said from a value of the results is crossed out, table by table and no more often
than it was said; so is a number that stands beside the same word in a text of the results, or in the code's own
wording. A number that is left leads nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.tracing.heard import Process
from tests.tracing.leaves import Leaves
from tests.tracing.shown import BEHIND, NUMBER, Unit, numbers, plain_spaces, significant
from tests.tracing.wording import beside, neighbours, texts_of_the_code

SMALL = 2
"""Digits up to which a whole number is taken for a count of what stands beside it: "3 months", "the first 2"."""
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Lost:
    """A number that leads nowhere, and where it stands."""

    number: str
    text: str
    under: str

    def __str__(self) -> str:
        return f"{self.number} in “{self.text}”" + (f" under “{self.under}”" if self.under else "")


class Traces:
    """The texts of a report that lead to its results."""

    def __init__(self, leaves: Leaves, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._words = neighbours(plain_spaces(text) for text in leaves.texts) | neighbours(texts_of_the_code())
        self._years = {day[:4] for day in leaves.days}
        self._sentences = Counter({f"raw figure is {100 * one:.1f} %": 1 for one in leaves.beside})

    def page(self, units: Sequence[Unit]) -> Page:
        """What one page or document says, with the processes that made its tables."""
        captions = {unit.under for unit in units if unit.under}
        makers = [one for one in self._processes if captions & one.captions]
        if any(unit.kind == "slide" for unit in units):
            makers = list(self._processes)
        elif not captions:  # the summary: made by processes that make no tables but the folds of other pages
            makers = [one for one in self._processes if all(name.startswith(BEHIND) for name in one.captions)]
        return Page(self._words, self._years, self._sentences, makers, units)


class Page:
    """One page: its units, and what was said for it."""

    def __init__(
        self,
        words: frozenset[tuple[str, str]],
        years: Iterable[str],
        sentences: Counter[str],
        makers: Sequence[Process],
        units: Sequence[Unit],
    ) -> None:
        self._words, self._years, self.units = words, set(years), units
        self._tables: dict[str, Counter[str]] = {}
        self._charts: dict[str, Counter[str]] = {}
        everything = Counter(sentences)
        for one in makers:
            for caption, said in one.tables.items():
                self._tables[caption] = self._tables.get(caption, Counter()) | said
            for title, said in one.charts.items():
                self._charts[title] = self._charts.get(title, Counter()) | said
            everything |= one.everything
        self._orders: dict[int, list[str]] = {}
        self._everything = everything
        self._used: dict[str, Counter[str]] = {}
        self._uses = [self._crossed(unit)[1] for unit in units]
        for unit, uses in zip(units, self._uses, strict=True):
            self._used.setdefault(unit.under, Counter()).update(uses)

    def lost(self) -> list[Lost]:
        """The numbers of the page that lead nowhere."""
        return [lost for place in range(len(self.units)) for lost in self.lost_in(place)]

    def lost_in(self, place: int, instead: Unit | None = None) -> list[Lost]:
        """Those of one unit, or of another in its place."""
        unit = instead or self.units[place]
        if not NUMBER.search(unit.text):
            return []
        text, uses = self._crossed(unit)
        said = self._tables.get(unit.under)
        if unit.kind == "row" and said is not None:
            others = self._used[unit.under] - self._uses[place]
            for one, count in uses.items():
                if others[one] + count > said[one] and not self._told(unit.text, one):
                    text += f" {one}"  # said less often than it is shown
        return [Lost(number, _around(unit.text, number), unit.under) for number in self._left(text, unit.text)]

    def _left(self, text: str, whole: str) -> list[str]:
        return [
            found[0]
            for found in NUMBER.finditer(text)
            if not (found[0].isdigit() and len(found[0]) <= SMALL)
            and not (_YEAR.fullmatch(found[0]) and found[0] in self._years)
            and not self._told(whole, found[0])
        ]

    def _told(self, text: str, number: str) -> bool:
        """Whether every such number of the text stands beside a word as it does in the results or the wording."""
        places = [found for found in NUMBER.finditer(text) if found[0] == number]
        return bool(places) and all(any(pair in self._words for pair in beside(text, found)) for found in places)

    def _crossed(self, unit: Unit) -> tuple[str, Counter[str]]:
        """The text without what was said, and what of it was crossed out how often."""
        text, uses = unit.text, Counter[str]()
        if not NUMBER.search(text):
            return text, uses
        for said in self._said_in(unit):
            if said in text:
                text, count = _without(text, said)
                if count:
                    uses[said] += count
        return text, uses

    def _said_in(self, unit: Unit) -> list[str]:
        said = self._everything
        if unit.kind == "row" and unit.under in self._tables:
            said = self._tables[unit.under]
        elif unit.kind == "picture":
            titles = [title for title in self._charts if title in unit.text]
            said = self._charts[titles[0]] if titles else said
        if id(said) not in self._orders:
            self._orders[id(said)] = sorted(said, key=lambda one: (-len(one), one))
        return self._orders[id(said)]


def _around(text: str, number: str) -> str:
    place = text.find(number)
    return text[max(0, place - 60) : place + len(number) + 40]


def _without(text: str, said: str) -> tuple[str, int]:
    """The text with every stand-alone occurrence replaced by a mark that is no number, and how many there were."""
    pattern = rf"(?<![\d.,]){re.escape(said)}(?!\d|[.,]\d)"
    return re.subn(pattern, lambda found: "□" * len(found[0]), text)


def noticed(page: Page, rng: np.random.Generator, *, plants: int = 200) -> tuple[int, int]:
    """How many made-up numbers of three digits and more are noticed, and how many were planted.

    Each takes the place of a number that is shown, in the same form, with other digits.
    """
    places = [
        (place, begin, end, number)
        for place, unit in enumerate(page.units)
        for begin, end, number in numbers(unit.text)
        if significant(number) >= 3 and not _YEAR.fullmatch(number)
    ]
    if not places:
        return 0, 0
    found = 0
    for _ in range(plants):
        place, begin, end, number = places[int(rng.integers(len(places)))]
        unit, made_up = page.units[place], _other_digits(number, rng)
        planted = Unit(unit.text[:begin] + made_up + unit.text[end:], unit.under, unit.kind)
        found += bool(page.lost_in(place, planted))
    return found, plants


def _other_digits(number: str, rng: np.random.Generator) -> str:
    while True:
        first = True
        letters = []
        for letter in number:
            letters.append(letter if not letter.isdigit() else str(rng.integers(1 if first else 0, 10)))
            first = first and not letter.isdigit()
        made_up = "".join(letters)
        if number.startswith("0"):
            made_up = "0" + made_up[1:]
        if made_up != number:
            return made_up

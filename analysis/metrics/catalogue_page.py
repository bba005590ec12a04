"""What does each figure mean? The page `docs/metrics.md`, made from the catalogue so that it cannot drift.

How a figure is counted in the tables is left to the families; the page says it in the catalogue's words.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from analysis.metrics.catalogue import AREAS, Area, Definition, definitions

HEAD = """# The catalogue of metrics

What every figure asks, how it is counted, and how it may be put together with others. The page is made from the
catalogue, `analysis/metrics/catalogue.toml`; a changed definition is a new version. What the tables given cannot
support is listed with what is missing, never filled with a guess.

Figures are counted by month of the reporting time zone. Times are in seconds, shares from 0 to 1, money in the currency
of the tables. A figure without a value says why there is none.

## How figures are put together

| a figure that is | may be put together by | and never by |
|---|---|---|
{aggregates}

## On which basis a figure is counted

| basis | means |
|---|---|
{bases}

The two bases answer different questions and are never compared with each other.
"""
ROLLED_UP: Mapping[str, tuple[str, str]] = {
    "additive": ("adding, over months and over groups", "—"),
    "stock": ("adding over groups at one time", "adding over time: a stock of March and one of April are no stock"),
    "ratio": (
        "adding numerators, adding denominators, and dividing the sums",
        "averaging the ratios of months or of groups",
    ),
    "distinct": ("counting again over the whole", "adding: who came in two months would count twice"),
    "quantile": ("making it again from all cases", "adding or averaging: the middle of medians is no median"),
    "model": ("estimating again", "adding or averaging"),
}
"""How figures of each kind are put together, and what that forbids."""
BASES: Mapping[str, str] = {
    "action": "counted in the month in which it happened; late news apart, a month that is over does not move",
    "post": "credited to the month of the message, the case or the customer it belongs to; a month moves until all is "
    "known that came of it",
    "both": "counted on either, in rows of their own",
    "snapshot": "as it stood at the end of the month",
}
TWEETS = """
## Counting choices on the published tweets

On the 5,000 tweets of *Customer Support on Twitter* these definitions give 1,285 opening mentions, 1,154 of them
answered (89.8 %), a median first reply of the answered of 11.99 minutes, and 15.42 minutes with the unanswered waiting.
Each choice that leads there:

- A mention is an inbound tweet, by the file's own column; the brands' tweets are none.
- It opens a conversation when it answers nothing. One that answers a tweet which is not in the file does not.
- No tweet is marked as needing no answer, so praise and chatter count too.
- It is answered when an outbound tweet of the file, of whatever brand, names it as the one it answers; the earliest
  counts. A reply to another tweet of the same conversation does not.
- Who replied, a person or a bot, is not said: all replies count.
- Times are from the one tweet to the other in whole seconds, nights and weekends included. Of an even number of waits,
  the median is the mean of the middle two.
- Those never answered wait until the last time in the file.
- All months of the file are counted, in UTC.
"""


def catalogue_page() -> str:
    """The page, as Markdown: the six areas in their order, the metrics of each in the catalogue's."""
    aggregates = "\n".join(f"| {kind} | {how} | {never} |" for kind, (how, never) in ROLLED_UP.items())
    bases = "\n".join(f"| {basis} | {meaning} |" for basis, meaning in BASES.items())
    lines = [HEAD.format(aggregates=aggregates, bases=bases)]
    for area in AREAS:
        lines += _area(area)
    return "\n".join(lines) + TWEETS


def _area(area: Area) -> Iterator[str]:
    entries = [entry for entry in definitions().values() if entry.area == area]
    yield f"## {area.capitalize()}\n"
    if not entries:
        yield "No metric yet.\n"
    for entry in entries:
        yield f"### `{entry.id}`\n"
        yield f"**{_text(entry.label)}**, version {entry.version}. {_text(entry.question)}\n"
        yield from (f"- {name}: {words}" for name, words in _facts(entry))
        yield ""


def _facts(entry: Definition) -> Iterator[tuple[str, str]]:
    how, never = ROLLED_UP[entry.aggregates]
    forbidden = "" if never == "—" else f"; never by {never}"
    yield "formula", _text(entry.said)
    yield "unit", entry.unit
    yield "one row for each", entry.grain
    yield "aggregates", f"{entry.aggregates}: by {how}{forbidden}"
    yield "basis", entry.basis if len(entry.bases) == 1 else f"both: {' and '.join(entry.bases)}"
    yield "better", "neither" if entry.direction == "neither" else entry.direction
    if entry.by:
        yield "by", ", ".join(f"`{column}`" for column in entry.by)
    if entry.window_days is not None:
        yield "window", f"{entry.window_days} days; parameters may ask for another"
    if entry.target is not None and entry.target_source is not None:
        yield "target", f"{entry.target:g} ({_text(entry.target_source)})"
    yield "without a value", _text(entry.null_rule)
    yield "needs", ", ".join(f"`{need}`" for need in entry.needs)


def _text(words: str) -> str:
    """Words of the catalogue as Markdown takes them: on one line, without markup of their own."""
    return " ".join(words.split()).replace("*", "\\*").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.buffer.write(catalogue_page().encode())

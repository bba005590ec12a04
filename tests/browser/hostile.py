"""A made-up company whose every text is an attack: in every table, and in the free texts of the parameters.

Each of the strings carries a mark of its own, so that wherever one of them is shown it can be told which, and whether
it is shown as it stands. What pages, workbook and slides make of them is left to `test_hostile_company`.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.synthetic.make import make_world
from analysis.tables.contract import SCHEMAS

STRINGS: tuple[str, ...] = (
    "zq00<script>alert('zq00')</script>",
    'zq01"><img src=x onerror=alert(1)>',
    "zq02<svg/onload=alert(2)>",
    "zq03[press](javascript:alert(3))",
    "zq04![seen](https://example.com/beacon.png)",
    "zq05 $\\frac{1}{0}$ and $$x^2$$",
    "zq06 \\textbf{bold} \\input{/etc/passwd} \\",
    "zq07 \x1b[31mred\x1b[0m",
    "zq08 \u202edesrever\u202c \u2066inside\u2069",
    "zq09 zero\u200bwidth\u200djoined\ufeff",
    "zq10 family \U0001f468\u200d\U0001f469\u200d\U0001f467 and \u0645\u0631\u062d\u0628\u0627",
    "zq11" + "W" * 5000,
    "=cmd|' /C calc'!A0 zq12",
    "zq13 {{ 7 * 7 }} {% raw %} ${7*7} <%= 7 %>",
    "zq14 %s %(name)s {0} {name!r} %n",
    "zq15</style></title></textarea><b>",
    "zq16]]><![CDATA[ <!-- --!> -->",
    "zq17 javascript:alert(17)//",
    "zq18 data:text/html;base64,PHNjcmlwdD4=",
    "@SUM(1+1)*cmd|' /C calc'!A0 zq19",
    "+HYPERLINK(\"https://example.com\",\"zq20\")",
    "zq21' OR 1=1; DROP TABLE orders; --",
    "zq22 <iframe src=//example.com></iframe><a href=//example.com>go</a>",
    "zq23 <details open ontoggle=alert(23)><summary>x</summary>",
    "-2+3|zq24 `code` **bold** # heading | cell |",
)  # fmt: skip
NUL = "zq25\x00after"
"""A text no file of ours may hold: it is refused, or shown without the NUL."""

KEPT = {("series", "unit")}
"""Columns whose texts are units that other figures are read by."""
LONG_TEXTS = ("text", "url")
_NAMED = {"changes": ("change_id",), "assignments": ("experiment_id",), "outcomes": ("experiment_id",)}
"""Ids that pages show."""


def mark(text: str) -> str:
    """The mark of a string: `zq` and two digits."""
    place = text.index("zq")
    return text[place : place + 4]


class Renamed:
    """What each text of the company was replaced by: one string a text, all strings in turn."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._turn = itertools.cycle(STRINGS)

    def __call__(self, text: str | None) -> str | None:
        if text is None or text == "":
            return text
        if text not in self._given:
            self._given[text] = f"{next(self._turn)} {len(self._given)}"
        return self._given[text]


def plant(folder: Path, *, customers: int, seed: int) -> Renamed:
    """Make the company in `folder` and replace its texts; returns what became of them."""
    make_world(folder, world="demo", seed=seed, customers=customers)
    renamed = Renamed()
    for file in sorted(folder.glob("*.parquet")):
        name = file.stem
        table = pq.read_table(file)
        texts = [one.name for one in SCHEMAS[name].columns if one.type == "text" and one.format is None]
        for column in (*texts, *_NAMED.get(name, ())):
            if column in table.column_names and (name, column) not in KEPT:
                place = table.column_names.index(column)
                held = table.column(column).to_pylist()
                if column in LONG_TEXTS:  # thousands of them, of which a page shows a few
                    rare = set(sorted({one for one in held if one})[:: max(1, len(set(held)) // 50)])
                    held = [one if one in rare or not one else "Thank you" for one in held]
                table = table.set_column(place, column, pa.array([renamed(one) for one in held], pa.string()))
        pq.write_table(table, file)
    return renamed


def parameters(renamed: Renamed) -> str:
    """A parameters file whose free texts are hostile, too."""
    said = [json.dumps(f"{text} as said") for text in STRINGS]  # JSON texts are YAML texts
    hypotheses = "\n".join(
        f"  - {{name: {json.dumps(STRINGS[n][:60])}, statement: {said[n]}, design: before_after, outcome: orders, "
        f"direction: higher, smallest_effect: 0.02}}"
        for n in (0, 5, 14)
    )
    return f"""study: hostile
data: {{folder: data}}
period: {{start: 2023-10-01, end: 2026-10-01, timezone: Europe/London}}
segments: [region, product]
outcomes: [orders, margin, issues]
hypotheses:
{hypotheses}
roi:
  forecast:
    - {{value: 100, low: 80, high: 120, source: {said[1]}, dated: 2026-09-15}}
    - 120
    - 130
  cashable:
    issues_avoided: {{value: 0.5, low: 0.2, high: 0.7, source: {said[12]}, dated: 2026-09-15}}
    channel_shift: {{value: 0.3, low: 0.1, high: 0.5, source: {said[20]}, dated: 2026-09-15}}
  owners: {{repurchase: {said[3]}, issues_avoided: {said[2]}}}
  also_claimed_by:
    repurchase: [{said[19]}]
"""

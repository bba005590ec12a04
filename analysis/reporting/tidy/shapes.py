"""Which tables does a report have as files, and what stands in their columns?

Each table is a list within `results.json`; each column a key of its rows, with what kind of value it is and its unit.
The declaration holds for every study, so that a table has the same columns every time, with or without rows. How rows
are taken out is left to `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["text", "number", "count", "flag", "date", "groups"]
"""`groups` are keys and values that come from data, such as a segment: they are written as one text."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "": "in the unit of the row",
        "share": "share, 0 to 1",
        "money": "in the currency of the case",
        "months": "months",
        "years": "years",
        "days": "days",
        "rows": "rows",
        "customers": "customers or rows of the group",
        "log": "of the logarithm",
        "ratio": "one divided by the other",
        "own": "in a unit of its own",
        "none": "",
    }
)
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {"t": "text", "n": "number", "c": "count", "f": "flag", "d": "date", "g": "groups"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key it comes from (`a.b` lies within `a`), its name in the file, its kind and its unit."""

    key: str
    name: str
    kind: Kind
    unit: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One table: its file, what its rows are, where they lie, its columns.

    `at` is the path of the list in the results; `each` that of a list within each row, whose items are the rows then:
    columns beginning with `^` come from the row that holds them. `left` names keys that stand elsewhere.
    """

    name: str
    about: str
    at: str
    columns: tuple[Column, ...]
    each: str = ""
    left: frozenset[str] = frozenset()


def column(text: str) -> Column:
    """A column as it is declared below: `key:kind:unit`, a text where nothing is said.

    Examples
    --------
    >>> column("present_value.p5:n:money")
    Column(key='present_value.p5', name='present_value_p5', kind='number', unit='in the currency of the case')
    >>> column("^outcome")
    Column(key='^outcome', name='outcome', kind='text', unit='')
    """
    key, _, rest = text.partition(":")
    kind, _, unit = rest.partition(":")
    name = key.removeprefix("^").replace("^", "").replace(".", "_")
    of = _KINDS[kind or "t"]
    return Column(key, name, of, UNITS[unit] if of in ("number", "count") else "")


def _shape(name: str, about: str, at: str, columns: str, *, each: str = "", left: str = "") -> Shape:
    return Shape(name, about, at, tuple(column(one) for one in columns.split()), each, frozenset(left.split()))


SHAPES: tuple[Shape, ...] = (
    _shape(
        "metrics",
        "One figure of one period and group.",
        "metrics",
        "id version:c:none period segment:g value:n low:n high:n level:n:share unit numerator:n:own denominator:n:own "
        "basis state reason mature:f note",
    ),
    _shape(
        "effects",
        "One effect of one comparison on one outcome.",
        "effects",
        "design estimand treated comparison outcome segment:g scale value:n low:n high:n level:n:share unit grade se:n "
        "se_log:n:log n_treated:c:customers n_comparison:c:customers maturity index_from index_to "
        "before_months:c:months after_months:c:months declared:f bounded:f method claim reason",
        left="checks",
    ),
    _shape(
        "checks",
        "One check of one effect: whether it passed, and what it saw.",
        "effects",
        "^design ^estimand ^treated ^comparison ^outcome ^segment:g ^scale ^maturity ^index_from name verdict gate:f "
        "value:n:own low:n:own high:n:own p_value:n:share detail",
        each="checks",
    ),
    _shape(
        "bounds",
        "How strong an unrecorded cause would have to be, for one outcome.",
        "bounds",
        "design outcome scale unit level:n:share e_value:n:ratio e_value_limit:n:ratio robustness:n:own "
        "robustness_alpha:n:share bias_factor:n:ratio bias_factor_point:n:ratio bias_amount:n bias_amount_point:n "
        "benchmark benchmark_factor:n:ratio sentence",
        left="bounds",
    ),
    _shape(
        "bounds_under",
        "The range of one effect under one assumption.",
        "bounds",
        "^design ^outcome ^scale name assumes low:n high:n unit",
        each="bounds",
    ),
    _shape(
        "effect_covariance",
        "How two effects vary together, by their place in the order of `ids`.",
        "effect_covariance",
        "effect with covariance:n:own",
    ),
    _shape(
        "hypotheses",
        "One statement that was declared beforehand, and its verdict.",
        "hypotheses",
        "name statement verdict design estimand treated comparison outcome segment:g scale direction smallest_effect:n "
        "value:n low:n high:n level:n:share unit grade p_value:n:share adjusted_p_value:n:share p_against:n:share "
        "adjusted_p_against:n:share p_equivalence:n:share adjusted_p_equivalence:n:share family:c:none "
        "n_treated:c:customers n_comparison:c:customers needed_times:n:ratio needed_n_treated:c:customers "
        "needed_n_comparison:c:customers declared:f method claim reason",
        left="specifications",
    ),
    _shape(
        "power",
        "The smallest effect that one comparison of a test can see.",
        "power",
        "outcome role kind arm comparison days:c:days unit mean:n variance:n:own smallest_effect:n "
        "smallest_effect_relative:n:ratio matters:n matters_relative:n:ratio power:n:share power_for_it:n:share "
        "level:n:share adjusted:f rho:n:own cluster icc:n:own design_effect:n:ratio n_treated:c:customers "
        "n_comparison:c:customers n_per_arm:c:customers units_treated:c:own units_comparison:c:own "
        "needed_treated:c:customers needed_comparison:c:customers reason",
    ),
    _shape(
        "scorecard",
        "One figure with its target, one area without figures, or the index.",
        "scorecard",
        "kind area metric version:c:none basis label period value:n unit state target:n target_source direction met:f "
        "attainment:n:share weight:n:own previous.period previous.value:n previous.state year_ago.period "
        "year_ago.value:n year_ago.state reason note said",
        left="marks trend left_out parts",
    ),
    _shape(
        "incidents",
        "Days with far more mentions than usual.",
        "incidents",
        "from:d to:d product explanation mentions:c:own expected:n:own above:n:own low:n:own high:n:own level:n:share "
        "authors:c:own customers:c:customers issues_above:n:own issues_low:n:own issues_high:n:own cost:n:own "
        "cost_low:n:own cost_high:n:own currency cost_source open_ended:f reasons:g",
        left="products explained_by",
    ),
    _shape(
        "stories",
        "Customers whose case fits the rule that chooses stories, by whether they bought again; stories themselves "
        "stay on their page.",
        "stories",
        "^rule kind outcome bought_again customers:c:customers share:n:share",
        each="table",
    ),
    _shape(
        "promises",
        "One promise, and where it stands.",
        "promises",
        "id description kind status owner approved_by approved_at:d approved_after_launch:f launch unit better grade "
        "level:n:share measure.metric measure.version:c:none measure.basis measure.segment:g measure.effect "
        "baseline.from baseline.to baseline.value:n baseline.known_at seal",
        left="breaches decision depends_on leading periods to_date",
    ),
    _shape(
        "promised",
        "What was promised of one period, what came of it, and what was expected meanwhile.",
        "promises",
        "^id period promised.value:n promised.low:n promised.high:n achieved.value:n achieved.state achieved.reason "
        "forecast.value:n forecast.low:n forecast.high:n forecast.dated ^unit",
        each="periods",
    ),
    _shape(
        "close_changes",
        "What one closed figure was changed by at the close of the month.",
        "close.changes",
        "metric version:c:none period segment:g basis entry before:n value:n change:n relative_change:n:ratio unit "
        "numerator:n:own denominator:n:own material:f known_at close:c:none reason",
        left="inputs tables",
    ),
    _shape(
        "close_notices",
        "What readers of earlier reports are told of one closed figure.",
        "close.notices",
        "metric version:c:none period segment:g basis kind before:n after:n relative_change:n:ratio unit "
        "earlier:c:none said reason",
    ),
    _shape(
        "case_benefits",
        "One benefit of the case in money: the low, middle and high case.",
        "roi.benefits",
        "id label account owner kind grade counted:f effect maturity index_from index_to gain_per_contact:n:own "
        "contacts_per_year:n:own contacts_source per_year.p5:n:money per_year.p50:n:money per_year.p95:n:money "
        "present_value.p5:n:money present_value.p50:n:money present_value.p95:n:money fiscal_quarter note",
        left="also_claimed_by by_year",
    ),
    _shape(
        "case_costs",
        "One cost of the case in money.",
        "roi.costs",
        "line label account owner grade initial:n:money per_year:n:money present_value.p5:n:money "
        "present_value.p50:n:money present_value.p95:n:money source note",
    ),
    _shape(
        "case_years",
        "One year of the case, all lines together; year 0 is the start.",
        "roi.yearly",
        "year:c:none benefits:n:money costs:n:money net:n:money net_low:n:money net_high:n:money",
    ),
    _shape(
        "case_inputs",
        "One assumption of the case, and where it comes from.",
        "roi.inputs",
        "name label value:n mean:n unit origin source grade effect dated low_limit:n high_limit:n spread:g",
    ),
    _shape(
        "case_tornado",
        "What the case comes to with one assumption at its low and at its high end.",
        "roi.tornado",
        "name label unit low:n high:n npv_at_low:n:money npv_at_high:n:money width:n:money",
    ),
    _shape(
        "case_break_even",
        "The value of one assumption at which the case comes to nothing.",
        "roi.break_even",
        "name label unit effect found:n value:n share_of_found:n:ratio worth_it reason",
    ),
    _shape(
        "rows_used",
        "One table of the data: rows read, kept, and set aside by reason.",
        "rows",
        "table read:c:rows kept:c:rows set_aside:g",
    ),
)

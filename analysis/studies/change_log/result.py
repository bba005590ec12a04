"""In what shape does the change-log study say what it found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

SERIES_COLUMNS = (
    "outcome", "segment", "change", "month", "observed", "fitted", "without", "without_low", "without_high", "part",
    "state", "unit",
)  # fmt: skip
ENTRY_COLUMNS = (
    "change_id", "effective_from", "kind", "scope", "description", "recorded_at", "written_afterwards",
    "others_in_window", "studied_as",
)  # fmt: skip
PLACEBO_COLUMNS = ("outcome", "segment", "change", "month", "level", "low", "high", "p_value", "made_up", "unit")
SYNTHETIC_COLUMNS = (
    "outcome", "change", "column", "value", "role", "weight", "difference", "rank", "of", "unit",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLogResult:
    """What figures did after the changes of the change log, with everything a page shows and a reader may ask.

    Parameters
    ----------
    effects : tuple of Effect
        For every change and figure a step (`level_change`) and a turn (`slope_change`); refused ones keep their row.
    series : DataFrame
        `outcome`, `segment`, `change`, `month`, `observed`, `fitted`, `without` (the path expected without the change,
        from the change on; season and control series are in it, incidents are not), `without_low` and `without_high`
        (the interval of that path, not of single months around it), `part` (`before`, `partly`, `incident`, `after`),
        `state`, `unit`.
    entries : DataFrame
        Every entry studied or named: `change_id`, `effective_from`, `kind`, `scope`, `description`, `recorded_at`,
        `written_afterwards` (yes, no, unknown), `others_in_window`, `studied_as` (the id under which the entries of one
        month are studied together; empty for one that is not studied). Text as it stands in the table.
    placebo : DataFrame
        `outcome`, `segment`, `change`, `month`, `level`, `low`, `high`, `p_value`, `made_up` (false in the row of the
        change itself), `unit`: what the same model finds at dates without a change, all with intervals of 95 %.
    synthetic : DataFrame
        `outcome`, `change`, `column`, `value` (a region, a product), `role` (`changed`, `donor`), `weight`,
        `difference` (after less before, against the others), `rank` and `of` (how large it is among all of them),
        `unit`.
    sample : mapping of str to int
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    series: pd.DataFrame
    entries: pd.DataFrame
    placebo: pd.DataFrame
    synthetic: pd.DataFrame
    sample: Mapping[str, int]
    notes: tuple[str, ...]

    def of(self, change: str, outcome: str | None = None) -> tuple[Effect, ...]:
        """The effects of a change, on one figure or on all of them."""
        return tuple(
            effect for effect in self.effects if effect.treated == change and outcome in (None, effect.outcome)
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {"change_log": {"entries": self.entries.to_dict("records"), "notes": list(self.notes)}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))

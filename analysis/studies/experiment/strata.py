"""Within which strata did chance decide, at which odds, and did it give the arms of each what it was set to?

The odds are those of the parameters, else those that the assignments state. Where they differ between strata, only
customers of the same stratum may be compared: who is of no stratum, or of two, is left out. Where they do not, strata
only make the comparison more precise, nobody is left out for them, and they are passed over where most are too thin.
How arms are compared within strata is left to `by_strata`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.inference.compare import SampleRatio, sample_ratio
from analysis.inference.stratified_lot import sample_ratio_within
from analysis.inference.suppression import FEWEST
from analysis.studies.experiment.untouched import spread_p

if TYPE_CHECKING:
    import pandas as pd

FEWEST_OF_AN_ARM = 2
"""Customers that an arm needs in a stratum, for its spread there to be told."""
MOST_LEFT_OUT = 0.05
"""The largest share of customers outside strata that hold both arms beside whom something is claimed of all."""
MOST_STRATA = 1_000
"""More strata are passed over, where the odds are the same in all."""
_SAME = 1e-9  # by which two odds may differ and be the same
_NAMED = 6
WITHOUT, SMALL = "no stratum", "small strata"

Counts = Mapping[str | None, Mapping[str, int]]
"""Stratum (None for customers without one) to arm to customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """The chances of the arms by stratum, as they were set.

    Parameters
    ----------
    chances : mapping of stratum to (mapping of arm to share)
        Scaled to sum to 1; None for customers without a stratum. Empty where nobody stated any.
    uneven : bool
        Whether they differ between strata.
    lack : str or None
        Why no odds can be told though some were stated.
    from_params : bool
    """

    chances: Mapping[str | None, Mapping[str, float]]
    uneven: bool = False
    lack: str | None = None
    from_params: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """The strata of one experiment.

    Parameters
    ----------
    counts : mapping of stratum to (mapping of arm to int)
        Customers.
    odds : Odds
    within : bool
        Whether arms are compared within them.
    """

    counts: Counts
    odds: Odds
    within: bool

    @property
    def uneven(self) -> bool:
        return self.odds.uneven

    def notes(self, experiment: str, arms: Sequence[str]) -> list[str]:
        """By which strata, how many, and at which chances, in a sentence or two."""
        names = [named(stratum) for stratum in self.counts]
        many = len(names) > _NAMED
        told = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if many else "")
        note = f"Experiment `{experiment}`: chance decided within {counted(len(names))} ({told})."
        if not self.within:
            return [
                f"{note} They are passed over, since too many of them are too thin to be compared one by one; the "
                "chances were the same in all, so that the arms are compared as wholes."
            ]
        note += " Arms are compared within strata and put together by the strata's shares of all customers."
        if not self.uneven or self.odds.lack is not None:
            return [note]
        rows = [
            f"{named(stratum)} {' / '.join(f'{100 * chances.get(arm, 0.0):.3g} %' for arm in arms)}"
            for stratum, chances in self.odds.chances.items()
            if stratum in self.counts
        ]
        source = "as the parameters say" if self.odds.from_params else "as the assignments say"
        more = f"; and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        return [note, f"Chances of {' / '.join(arms)}, {source}: {'; '.join(rows[:_NAMED])}{more}."]

    def frame(self, experiment: str, arms: Sequence[str]) -> pd.DataFrame:
        """One row a stratum and arm: customers, and the share that was intended (null where nobody stated one).

        Strata of which an arm holds fewer than ten customers stand together as one, without a share.
        """
        import pandas as pd

        small = {stratum for stratum, row in self.counts.items() if min(row.get(arm, 0) for arm in arms) < FEWEST}
        rows = [
            (experiment, named(stratum), arm, row.get(arm, 0), self.odds.chances.get(stratum, {}).get(arm))
            for stratum, row in self.counts.items()
            if stratum not in small
            for arm in arms
        ]
        rest = {arm: sum(self.counts[stratum].get(arm, 0) for stratum in small) for arm in arms}
        if min(rest.values()) >= FEWEST:
            rows += [(experiment, SMALL, arm, count, None) for arm, count in rest.items()]
        columns = ["experiment_id", "stratum", "arm", "customers", "expected_share"]
        return pd.DataFrame(rows, columns=columns).astype({"expected_share": "float64"})


def named(stratum: str | None) -> str:
    """A stratum as it is told."""
    return WITHOUT if stratum is None else stratum


def counted(strata: int) -> str:
    """A number of strata in words.

    Examples
    --------
    >>> counted(1), counted(1_200)
    ('1 stratum', '1,200 strata')
    """
    return f"{strata:,} {'stratum' if strata == 1 else 'strata'}"


def odds_of(
    rows: Sequence[Mapping[str, Any]], arms: Sequence[str], given: Mapping[str, Mapping[str, float]], experiment: str
) -> Odds:
    """The chances that were set in each stratum.

    Parameters
    ----------
    rows : sequence of mapping
        By arm and stratum: lowest and highest `probability`, and how many rows state one or do not.
    arms : sequence of str
    given : mapping of stratum to (mapping of arm to share)
        What the parameters say; empty where they say nothing. It stands, and must not gainsay the rows.
    experiment : str

    Raises
    ------
    DesignError
        If the parameters leave a stratum out, name an arm that does not exist, or gainsay the assignments.
    """
    rows = [row for row in rows if row["arm"] in arms]
    strata = sorted({str(row["stratum"]) for row in rows if row["stratum"] is not None})
    if given:
        return _given(rows, strata, arms, given, experiment)
    if not any(row["stated"] for row in rows):
        return Odds(chances=MappingProxyType({}))
    by_cell = {(row["stratum"], str(row["arm"])): row for row in rows}
    unclear = {cell for cell, row in by_cell.items() if row["without"] or row["low"] != row["high"] or row["low"] <= 0}
    if any(stratum is not None for stratum, _ in unclear):
        lack = (
            "the chances of assignment differ between customers of one arm and stratum, or are stated for some of them "
            "only; comparing plain means would mix unlike customers."
        )
        return Odds(chances=MappingProxyType({}), uneven=True, lack=lack)
    chances: dict[str | None, Mapping[str, float]] = {
        stratum: _scaled({arm: float(by_cell[stratum, arm]["low"]) for arm in arms if (stratum, arm) in by_cell}, arms)
        for stratum in strata
    }
    without = {arm: row for (stratum, arm), row in by_cell.items() if stratum is None}
    uneven = _differ(list(chances.values()))
    if without and not unclear and not uneven:
        alone = _scaled({arm: float(row["low"]) for arm, row in without.items()}, arms)
        if not _differ([*chances.values(), alone]):
            return Odds(chances=MappingProxyType({**chances, None: alone}))
    return Odds(chances=MappingProxyType(chances), uneven=uneven or bool(without))


def _given(
    rows: Sequence[Mapping[str, Any]], strata: Sequence[str], arms: Sequence[str],
    given: Mapping[str, Mapping[str, float]], experiment: str,
) -> Odds:  # fmt: skip
    absent = [stratum for stratum in strata if stratum not in given]
    unknown = sorted({arm for row in given.values() for arm in row if arm not in arms})
    if not strata or absent or unknown:
        what = (
            "its assignments have no `stratum`" if not strata
            else f"they say nothing of {len(absent):,} of its {len(strata):,} strata (first: `{absent[0]}`)" if absent
            else f"they name `{unknown[0]}`, and its arms are {', '.join(arms)}"
        )  # fmt: skip
        raise DesignError(
            f"`experiment: chances` does not fit experiment `{experiment}`: {what}. Name each stratum with the chance "
            "of each arm, or fill `probability` in `assignments`."
        )
    chances: dict[str | None, Mapping[str, float]] = {stratum: _scaled(given[stratum], arms) for stratum in strata}
    for row in rows:
        stated = row["stratum"] is not None and row["stated"]
        if stated and max(abs(float(row[end]) - given[row["stratum"]].get(row["arm"], 0.0)) for end in _ENDS) > 1e-6:
            raise DesignError(
                f"`experiment: chances` gives arm `{row['arm']}` of stratum `{row['stratum']}` in experiment "
                f"`{experiment}` {given[row['stratum']].get(row['arm'], 0.0):g}, its assignments state "
                f"{float(row['low']):g} to {float(row['high']):g} (`probability`). Correct the one or the other."
            )
    uneven = _differ(list(chances.values()))
    if not uneven and any(row["stratum"] is None for row in rows):
        chances[None] = chances[strata[0]]
    return Odds(chances=MappingProxyType(chances), uneven=uneven, from_params=True)


_ENDS = ("low", "high")


def _scaled(stated: Mapping[str, float], arms: Sequence[str]) -> dict[str, float]:
    """Chances that sum to 1. Arms of which a stratum states nothing share what is left of 1, alike."""
    silent = [arm for arm in arms if arm not in stated]
    left = max(1 - sum(stated.values()), 0.0)
    rest = left / len(silent) if silent and left > 1e-6 else 0.0
    filled = {arm: stated.get(arm, rest) for arm in arms}
    total = sum(filled.values())
    return {arm: share / total for arm, share in filled.items()}


def _differ(chances: Sequence[Mapping[str, float]]) -> bool:
    return any(abs(row[arm] - share) > _SAME for row in chances[1:] for arm, share in chances[0].items())


def strata_of(counts: Counts, odds: Odds, arms: Sequence[str]) -> Strata | None:
    """The strata of the customers kept; None where there is only one and nothing has to be told apart."""
    if len(counts) < 2 and not odds.uneven:
        return None
    whole = sum(sum(row.values()) for row in counts.values())
    thin = sum(sum(row.values()) for row in counts.values() if min(row.get(arm, 0) for arm in arms) < FEWEST_OF_AN_ARM)
    within = odds.uneven or (thin <= MOST_LEFT_OUT * whole and len(counts) <= MOST_STRATA)
    return Strata(counts=counts, odds=odds, within=within)


def ratio_of(strata: Strata) -> tuple[SampleRatio, str]:
    """The sample ratio over strata, and what the arms were held against.

    Where chances were stated, each stratum's arms are held against them. Where none were, the arms of all strata
    together are held against equal shares, and those of each stratum against the shares of all: the smaller of the two
    p-values counts, twice.
    """
    counts, chances = strata.counts, strata.odds.chances
    held = {stratum: row for stratum, row in counts.items() if stratum in chances}
    if held:
        found = sample_ratio_within(held, chances)
        where = ""
        if found.ratio.failed and found.furthest is not None:
            row = counts[found.furthest]
            seen = ", ".join(f"{arm} {count:,}" for arm, count in row.items())
            where = f" (furthest off in `{found.furthest}`{f': {seen}' if min(row.values()) >= FEWEST else ''})"
        return found.ratio, f"the chances stated for each of {counted(len(held))}{where}"
    arms = sorted({arm for row in counts.values() for arm in row})
    whole = sample_ratio({arm: sum(row.get(arm, 0) for row in counts.values()) for arm in arms})
    p_value = min(1.0, 2 * min(whole.p_value, spread_p(counts)))
    ratio = SampleRatio(counts=whole.counts, expected=whole.expected, statistic=whole.statistic, p_value=p_value)
    return ratio, f"equal shares in each of {len(counts)} strata, since no `probability` states others"

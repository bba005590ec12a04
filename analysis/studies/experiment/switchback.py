"""What did a rule change for customers, when it was switched on and off by lot, block of time by block of time?

A block is a cluster of the customers who came in it. Those who came in its first hours are cut off, in every block
alike, so that what the block before left behind does not count; were they cut off only after a change, a rule that is
mostly on would lose other hours than one that is mostly off. Blocks whose rule follows from the clock were not drawn by
lot, and nothing is claimed of them. The arithmetic is left to `analysis.inference.switchback`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.studies.experiment.clusters import NOTHING_VARIES, clusters_of, summed
from analysis.studies.result import Check
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.inference.estimate import Estimate
    from analysis.inference.switchback import Switchback
    from analysis.studies.experiment.rows import Rows

AT = "at"
"""The column that says when a customer came, where customers are cut off at the beginning of a block."""
FEWEST_TO_SEE_A_PATTERN = 10
"""Fewer blocks may alternate by chance."""
SEEN_AT = 0.05


@dataclass(frozen=True, slots=True)
class Block:
    """One block of time: the sequence that it stands in (one, or one for each cluster), its start and its arm."""

    sequence: str
    start: datetime
    arm: str


def contrasts(
    rows: Rows, outcome: str, *, washout_hours: float, level: float
) -> dict[tuple[str, str | None], Estimate | str]:
    """By how much does each rule's mean per customer differ from the comparison's, with the blocks' error?

    Parameters
    ----------
    rows : Rows
        One row a customer and block, with `block_start`; and with `at`, when the customer came, to cut hours off.
    outcome : str
    washout_hours : float
        Customers who came in the first hours of a block are left out.
    level : float

    Returns
    -------
    dict
        Arm and None to the difference, or to the reason why there is none.
    """
    found = switchbacks(rows, outcome, washout_hours=washout_hours, level=level)
    return {(arm, None): one if isinstance(one, str) else one.estimate for arm, one in found.items()}


def switchbacks(rows: Rows, outcome: str, *, washout_hours: float, level: float) -> dict[str, Switchback | str]:
    """The same with the p-value of the lot and what blocks leave to the next one, by arm.

    Raises
    ------
    KeyError
        If there is no such outcome.
    """
    from analysis.inference.few_clusters import Clusters

    measure = rows.measures[outcome]
    treated = [arm for arm in rows.arms if arm != rows.control]
    try:
        blocks = blocks_of(rows)
        refuse_clockwork(blocks)
        source = _left_after(rows, measure, washout_hours)
    except DesignError as error:
        return dict.fromkeys(treated, str(error))
    several = any(block.sequence for block in blocks)
    keys = [*(["cluster"] if several else []), "block_start"]
    parts = {row[: len(keys)]: row[len(keys) :] for row in summed(rows, source, keys, [measure])}
    before = _arms_before(blocks)
    found: dict[str, Switchback | str] = {}
    for arm in treated:
        used = [block for block in blocks if block.arm in (arm, rows.control) and _key(block, several) in parts]
        if not used:
            found[arm] = f"no customer is left after the first {hours_in_words(washout_hours)} of the blocks."
            continue
        sums: Clusters = clusters_of([measure], [parts[_key(block, several)] for block in used])
        previous = [{arm: 1.0, rows.control: 0.0}.get(before.get(block, ""), math.nan) for block in used]
        found[arm] = _effect(rows, outcome, sums, [block.arm == arm for block in used], previous, level)
    return found


def _effect(
    rows: Rows, outcome: str, sums: object, held: Sequence[bool], previous: Sequence[float], level: float
) -> Switchback | str:
    from analysis.inference.few_clusters import Clusters
    from analysis.inference.switchback import switchback_effect

    assert isinstance(sums, Clusters)
    try:
        one = switchback_effect(
            sums, held, rows.measures[outcome], previous=previous, unit=rows.units[outcome], level=level, name=outcome
        )
    except DesignError as error:
        return str(error)
    return one if one.estimate.se > 0 else NOTHING_VARIES


def checks_of(found: Switchback, washout_hours: float) -> tuple[Check, Check]:
    """What the lot itself says, and whether blocks seem to leave something to the next one. Both are shown."""
    agrees = found.estimate.excludes_no_effect == (found.p_randomisation < 1 - found.estimate.level)
    lot = Check(
        name="randomisation_test",
        verdict="passed" if agrees else "failed",
        detail=f"{found.blocks[0]} blocks with it against {found.blocks[1]} without: blocks differ as much in "
        f"{found.p_randomisation * 100:.2g} % of the ways the lot could have fallen, which "
        f"{'says the same as' if agrees else 'does not agree with'} the interval.",
        p_value=found.p_randomisation,
    )
    carried = found.carry_over
    cut = f"after the first {hours_in_words(washout_hours)}" if washout_hours else "with no hours cut off"
    if carried is None:
        detail = "Too few blocks follow one another to tell what they leave to the next one."
        return lot, Check(name="carry_over", verdict="not_run", detail=detail)
    seen = carried.excludes_no_effect
    detail = (
        f"{'' if seen else 'No clear trace of '}{'The' if seen else 'the'} rule of the block before "
        f"{'is still seen' if seen else 'is left'} {cut}: {carried.value:.3g} {carried.unit} "
        f"({carried.level * 100:g} % interval {carried.low:.3g} to {carried.high:.3g})."
        + (" Cut off more hours, or make blocks longer." if seen else "")
    )
    return lot, Check(
        name="carry_over", verdict="failed" if seen else "passed", detail=detail,
        value=carried.value, low=carried.low, high=carried.high,
    )  # fmt: skip


def blocks_of(rows: Rows) -> tuple[Block, ...]:
    """All blocks with their arm, sequence by sequence in the order of time.

    One sequence where the same rule held everywhere at a time, else one for each cluster.

    Raises
    ------
    DesignError
        If rows have no block, or a block has more than one arm.
    """
    seen = rows.engine.query(
        f"select distinct block_start, cluster, arm from {identifier(rows.table)} order by block_start, cluster, arm"
    ).to_pylist()
    without = sum(row["block_start"] is None for row in seen)
    if without or not seen:
        raise DesignError("Some customers have no time block, though blocks were assigned. Fill `block_start`.")
    everywhere = {(row["block_start"], row["arm"]) for row in seen}
    if len(everywhere) == len({start for start, _ in everywhere}):
        return tuple(Block("", start, str(arm)) for start, arm in sorted(everywhere))
    inside = {(str(row["cluster"] or ""), row["block_start"], str(row["arm"])) for row in seen}
    mixed = len(inside) - len({(cluster, start) for cluster, start, _ in inside})
    if mixed:
        raise DesignError(
            f"{mixed:,} of {len(inside):,} time blocks have customers of more than one arm; they were not switched as "
            "wholes. Is `cluster_id` missing, or the template another one?"
        )
    return tuple(Block(cluster, start, arm) for cluster, start, arm in sorted(inside))


def refuse_clockwork(blocks: Sequence[Block]) -> None:
    """Blocks whose arm follows from the one before, or from the hour, were not drawn by lot.

    Raises
    ------
    DesignError
        Says which.

    Examples
    --------
    >>> hours = [datetime(2025, 3, 1) + timedelta(hours=4 * place) for place in range(12)]
    >>> refuse_clockwork([Block("", start, "ab"[place % 2]) for place, start in enumerate(hours)])
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: All 12 time blocks take turns, one arm after the other. They were not drawn
    by lot, so that what comes and goes with the hour cannot be told from the rule. Draw each block's arm by lot.
    """
    if len(blocks) < FEWEST_TO_SEE_A_PATTERN:
        return
    advice = (
        "They were not drawn by lot, so that what comes and goes with the hour cannot be told from the rule. Draw each "
        "block's arm by lot."
    )
    pairs = [(one, other) for one, other in pairwise(blocks) if one.sequence == other.sequence]
    whole = len({block.sequence for block in blocks}) == 1 and len({block.arm for block in blocks}) == 2
    if whole and all(one.arm != other.arm for one, other in pairs):
        raise DesignError(f"All {len(blocks)} time blocks take turns, one arm after the other. {advice}")
    by_hour: dict[tuple[str, int], set[str]] = {}
    for block in blocks:
        by_hour.setdefault((block.sequence, block.start.hour * 60 + block.start.minute), set()).add(block.arm)
    if len(blocks) >= len(by_hour) + FEWEST_TO_SEE_A_PATTERN - 1 and all(len(arms) == 1 for arms in by_hour.values()):
        raise DesignError(f"The hour of the day decides the arm of all {len(blocks)} time blocks. {advice}")


def _left_after(rows: Rows, measure: str, washout_hours: float) -> str:
    """The rows whose customers came after the first hours of their block."""
    source = f"select * from {identifier(rows.table)} where {identifier(measure)} is not null"
    if not washout_hours:
        return source
    if not math.isfinite(washout_hours) or washout_hours < 0:
        raise DesignError(f"{washout_hours:g} hours cannot be cut off the blocks.")
    columns = rows.engine.query(f"select * from {identifier(rows.table)} limit 0").column_names
    came, inside = identifier(AT), 0
    if AT in columns:
        counted = f"select count(case when {came} > block_start then 1 end) as n from {identifier(rows.table)}"
        inside = rows.engine.query(counted).column("n").to_pylist()[0]
    if not inside:
        raise DesignError(
            f"{hours_in_words(washout_hours)} are to be cut off the blocks, but nothing says when in its block a "
            "customer came. Fill `assigned_at` in `assignments`, or cut nothing off."
        )
    return f"{source} and {came} >= block_start + interval '{round(washout_hours * 60)} minutes'"


def told_cut_off(rows: Rows, known: Mapping[str, int], outcomes: Sequence[str], washout_hours: float) -> list[str]:
    """How many rows a washout leaves out, in a sentence for all outcomes of which it is as many.

    Parameters
    ----------
    rows : Rows
    known : mapping of str to int
        Outcome to the rows that know it.
    outcomes : sequence of str
    washout_hours : float
    """
    lost: dict[tuple[int, int], list[str]] = {}
    for name in outcomes:
        with suppress(DesignError):  # the effect's own row gives the reason
            lost.setdefault((cut_off(rows, name, washout_hours), known[name]), []).append(f"`{name}`")
    return [
        f"Experiment `{rows.experiment}`, {', '.join(names)}: {cut:,} of {whole:,} rows of customers lie in "
        f"the first {hours_in_words(washout_hours)} of a time block and are cut off."
        for (cut, whole), names in lost.items()
    ]


def cut_off(rows: Rows, outcome: str, washout_hours: float) -> int:
    """How many customers' rows the washout leaves out.

    Raises
    ------
    DesignError
        If nothing says when in its block a customer came.
    """
    table, known = identifier(rows.table), f"{identifier(rows.measures[outcome])} is not null"
    kept = _left_after(rows, rows.measures[outcome], washout_hours)
    counted = rows.engine.query(
        f"select (select count(*) from {table} where {known}) - (select count(*) from ({kept}) as kept) as n"
    )
    return int(counted.column("n").to_pylist()[0])


def hours_in_words(count: float) -> str:
    """A number of hours as a sentence has it.

    Examples
    --------
    >>> hours_in_words(1), hours_in_words(2.5)
    ('1 hour', '2.5 hours')
    """
    return "1 hour" if count == 1 else f"{count:g} hours"


def _key(block: Block, several: bool) -> tuple[object, ...]:
    return (block.sequence, block.start) if several else (block.start,)


def _arms_before(blocks: Sequence[Block]) -> dict[Block, str]:
    """The arm of the block before, where that ended as this one began."""
    pairs = [(one, other) for one, other in pairwise(blocks) if one.sequence == other.sequence]
    gaps = sorted(other.start - one.start for one, other in pairs)
    if not gaps:
        return {}
    usual: timedelta = gaps[len(gaps) // 2]
    return {other: one.arm for one, other in pairs if other.start - one.start <= 1.5 * usual}

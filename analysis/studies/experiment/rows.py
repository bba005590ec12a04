"""What is each outcome worth per customer assigned, and in which arm, cluster, block and segment were they?

`Rows` says under which name an experiment's rows lie in the engine and what its columns mean. Comparing the arms is
left to the other modules of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.tables.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of some outcomes of one experiment, kept in the engine: a customer each, in a switchback one a block.

    Parameters
    ----------
    engine : Engine
    table : str
        Name of the kept relation, with the columns `arm` (text), `cluster` (text or null), `block_start` and `at`
        (instants or null: the block, and when the customer was assigned), `exposed` (1, 0 or null), the segments, the
        measures and the covariates.
    experiment, control : str
        `experiment_id`, and the arm that the others are compared with.
    arms : tuple of str
        All arms, the comparison arm among them, sorted.
    units : mapping of str to str
        Outcome to the unit of its difference.
    measures : mapping of str to str
        Outcome to the column that holds it, one number a customer.
    covariates : mapping of str to tuple of str
        Outcome to the columns known before the assignment that its mean is adjusted for; none where it has none.
    segments : tuple of str
    before : mapping of str to str
        Outcome of events to the column, one of its covariates, that counts the same events before the assignment.
    stratum : str, optional
        The column of the stratum, where arms are compared within strata.
    """

    engine: Engine
    table: str
    experiment: str
    control: str
    arms: tuple[str, ...]
    units: Mapping[str, str]
    measures: Mapping[str, str]
    covariates: Mapping[str, tuple[str, ...]]
    segments: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    stratum: str | None = None

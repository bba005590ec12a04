"""Which lines does the case hold, and what is missing for those that were asked for? All of it told at once.

Repurchase, issues avoided and channel shift are in every case as far as the studies measured them; what was not
measured is listed with the reason. Lines that the parameters ask for must be possible, and so must the costs: what they
lack is gathered and told together, each with the name of its parameter. What the lines come to is left to `case`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.built import Built, NotCounted, put_together
from analysis.roi.exclusive import Exclusion, exclusion
from analysis.roi.inputs import Together
from analysis.roi.line import Line
from analysis.roi.lines.beyond_reach import SUFFIX
from analysis.roi.lines.cancel_save import cancel_save_line
from analysis.roi.lines.channel_shift import channel_shift_line
from analysis.roi.lines.customer_value import customer_value_line
from analysis.roi.lines.deflection import deflection_line
from analysis.roi.lines.handling_beyond import handling_beyond_line
from analysis.roi.lines.induced_demand import induced_demand_line
from analysis.roi.lines.issues_avoided import issues_avoided_line
from analysis.roi.lines.new_sale import new_sale_line
from analysis.roi.lines.per_contact import TIME
from analysis.roi.lines.programme_costs import PEOPLE, programme_cost_lines
from analysis.roi.lines.repurchase import repurchase_line
from analysis.roi.measured_effects import MeasuredEffect, MeasuredEffects, measured_effects
from analysis.roi.rates import Rates
from analysis.roi.request import RoiRequest
from analysis.roi.tie_out import TieOut, tie_out
from analysis.roi.unit_costs import UnitCosts, unit_costs
from analysis.roi.volumes import Volumes, volumes

if TYPE_CHECKING:
    from analysis.tables.load import Tables

OF_THE_CHANNEL = ("margin", "orders", "issues", "support_cost", "index_issue_cost")
"""Outcomes that may become money; the first that was measured says how many contacts a year were studied."""

ALWAYS: Mapping[str, str] = {
    "repurchase": "Margin gained or lost after a social contact",
    "issues_avoided": "Issues avoided or caused after a social contact",
    "channel_shift": "The contact itself, cheaper or dearer than on another channel",
}
"""Lines of every case, as far as they were measured."""

HARM: Mapping[str, tuple[str, int]] = {
    "repurchase": ("orders", -1),
    "issues_avoided": ("issues", 1),
    "channel_shift": ("index_issue_cost", 1),
}
"""By line: the outcome that may have been measured and want a price, and the sign of its effect that is a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """The lines of the case with all that they read, and what was found on the way."""

    exclusion: Exclusion
    volumes: Volumes
    prices: UnitCosts
    rates: Rates
    effects: MeasuredEffects
    counted: MeasuredEffect | None
    books: TieOut | None

    @property
    def built(self) -> Built:
        """Inputs and lines, less what other lines hold."""
        return self.exclusion.built


class Faults:
    """What is missing, gathered: each a sentence that names its parameter."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def made(self, make: Callable[[], Any]) -> Any:
        """What `make` gives; None where it cannot be, the reason being kept."""
        try:
            return make()
        except (DesignError, UnknownName) as error:
            self.said += [str(error)] if str(error) not in self.said else []
            return None

    def told(self) -> None:
        """Raise all that was gathered, if there is any."""
        if self.said:
            raise DesignError(" ".join(self.said) if len(self.said) == 1 else _listed(self.said))


def _listed(said: Sequence[str]) -> str:
    return f"The case in money lacks {len(said)} things. " + " ".join(f"({n}) {one}" for n, one in enumerate(said, 1))


def assembled(
    request: RoiRequest,
    effects: Sequence[Mapping[str, Any]],
    covariance: Mapping[str, Any] | None,
    tables: Tables | None,
) -> Assembled:
    """The lines of the case.

    Parameters
    ----------
    request : RoiRequest
    effects : sequence of mapping
        Rows of the contract's `effects`.
    covariance : mapping, optional
        The contract's `effect_covariance`.
    tables : Tables, optional

    Raises
    ------
    DesignError
        With everything that the case lacks: no measured benefit, no costs, a line asked for without what it needs, a
        currency without a rate.
    """
    faults = Faults()
    ground = _ground(request, tables, faults)
    measured = measured_effects(effects, covariance, ground.rates)
    counted = next((one for name in OF_THE_CHANNEL if (one := measured.get(name)) is not None), None)
    volume = faults.made(lambda: volumes(request.volume, counted, request.years))
    if volume is None and counted is None:
        faults.said.append(measured.why_not("margin"))
    prices = ground.prices
    stated = [] if prices is None else [faults.made(make) for make in _stated(request, prices, ground.rates, tables)]
    if prices is None or volume is None:
        faults.told()
        raise AssertionError("What could not be made has its reason.")
    parts: list[Built | None] = [*_always(request, measured, volume, prices, tables, faults), *stated]
    if (value := request.customer_value) is not None:
        parts.append(
            faults.made(
                lambda: customer_value_line(
                    value, request.repurchase, measured, volume, request.currency, tables, request.zone
                )
            )
        )
    parts += [
        _of_tests(effects),
        ground.costs,
        handling_beyond_line(volume, prices, agents_stated=any(one.line == PEOPLE for one in request.cost_lines)),
        faults.made(lambda: induced_demand_line(request.induced_demand, volume, prices)),
    ]
    faults.told()
    built = _drawn_jointly(put_together(part for part in parts if part is not None), measured)
    built = replace(built, lines=tuple(_with_owner(line, request) for line in built.lines))
    _refuse_nothing(built)
    for name in sorted(set(request.overlap) - {line.id for line in built.lines}):
        faults.said.append(f"`roi.overlap.{name}` is stated, and the case has no such line. Take it out.")
    faults.told()
    apart = exclusion(built, tables, request.zone, request.overlap)
    return Assembled(
        exclusion=apart,
        volumes=volume,
        prices=prices,
        rates=ground.rates,
        effects=measured,
        counted=counted,
        books=ground.books,
    )


def lacking(request: RoiRequest, tables: Tables | None) -> tuple[str, ...]:
    """What the case lacks, as far as it can be told before any study has run.

    Parameters
    ----------
    request : RoiRequest
    tables : Tables, optional

    Examples
    --------
    >>> lacking(RoiRequest(currency="EUR"), None)
    ('A case without costs is no case: give `roi.cost_lines` or a table of `costs`.',)
    """
    faults = Faults()
    ground = _ground(request, tables, faults)
    if (prices := ground.prices) is not None:
        for make in _stated(request, prices, ground.rates, tables):
            faults.made(make)
    return tuple(faults.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a case stands on whatever the studies found; None where it cannot be."""

    rates: Rates
    prices: UnitCosts | None
    costs: Built | None
    books: TieOut | None


def _ground(request: RoiRequest, tables: Tables | None, faults: Faults) -> _Ground:
    rates = Rates(request.currency, request.rates)
    ledger, zone = request.ledger, request.zone
    return _Ground(
        rates=rates,
        prices=faults.made(lambda: unit_costs(request.unit_costs, tables, rates, zone)),
        costs=faults.made(lambda: programme_cost_lines(request.cost_lines, tables, rates, request.years)),
        books=None if ledger is None else faults.made(lambda: tie_out(ledger, tables, rates, zone)),
    )


def _refuse_nothing(built: Built) -> None:
    """A case that counts no benefit is none: said with the reason of each line."""
    if not any(line.side == "benefit" and line.counted for line in built.lines):
        reasons = dict.fromkeys(
            f"{one.label}: {one.reason}{_stating(one)}" for one in built.not_counted if one.line in ALWAYS
        )
        raise DesignError(" ".join(("The case counts no benefit.", *reasons)))


def _stating(one: NotCounted) -> str:
    return "" if one.parameter is None else f" State `{one.parameter}`."


def _always(
    request: RoiRequest,
    effects: MeasuredEffects,
    volume: Volumes,
    prices: UnitCosts,
    tables: Tables | None,
    faults: Faults,
) -> list[Built]:
    """The lines of every case; what was not measured is listed with the reason, a loss without a price is a fault."""
    zone, cashable = request.zone, request.cashable
    makers: dict[str, Callable[[], Built]] = {
        "repurchase": lambda: repurchase_line(request.repurchase, effects, volume, request.currency, tables, zone),
        "issues_avoided": lambda: issues_avoided_line(
            request.issues_avoided, effects, volume, prices, tables, zone, cashable.get("issues_avoided")
        ),
        "channel_shift": lambda: channel_shift_line(
            effects, volume, prices, tables, zone, cashable.get("channel_shift")
        ),
    }
    found = []
    for name, make in makers.items():
        try:
            found.append(make())
        except DesignError as error:
            outcome, harm = HARM[name]
            effect = effects.get(outcome)
            if effect is not None and harm * effect.value > 0:
                faults.said.append(f"{ALWAYS[name]}: the study found a loss, and a loss is not left out. {error}")
            found.append(Built(not_counted=(NotCounted(line=name, label=ALWAYS[name], reason=str(error)),)))
    return found


def _stated(
    request: RoiRequest, prices: UnitCosts, rates: Rates, tables: Tables | None
) -> Iterator[Callable[[], Built]]:
    """The lines that the parameters ask for and no study is needed for, in the order in which they claim money."""
    years, zone = request.years, request.zone
    if (save := request.cancel_save) is not None:
        yield lambda: cancel_save_line(save, tables, rates, years, zone)
    if (sale := request.new_sale) is not None:
        yield lambda: new_sale_line(sale, tables, rates, years, zone)
    if (less := request.deflection) is not None:
        yield lambda: deflection_line(less, prices, years, request.cashable.get("deflection"))


def _of_tests(effects: Sequence[Mapping[str, Any]]) -> Built:
    """Margin that tests by lot measured: told, and not counted, since it is no gain per social contact."""
    rows = [
        row
        for row in effects
        if (row["estimand"], row["outcome"], row["scale"]) == ("experiment_effect", "margin", "difference")
        and not row["segment"]
        and row["value"] is not None
    ]
    return Built(
        not_counted=tuple(
            NotCounted(
                line="randomised_test",
                label=f"Margin in the randomised test: {row['treated']} against {row['comparison']}",
                reason=(
                    f"It is {row['value']:+.2f} {row['unit']} (grade {row['grade']}): per customer assigned, not per "
                    "social contact, which is what the case multiplies."
                ),
            )
            for row in rows
        )
    )


def _drawn_jointly(built: Built, effects: MeasuredEffects) -> Built:
    """Effects of the study that enter the case are drawn together, with the study's covariance."""
    of_study = {one.name: one.outcome for one in effects.found.values()}
    used = [one for one in built.quantities if one.origin == "study" and one.effect in of_study]
    if len(used) < 2:
        return built
    covariance = effects.covariance([of_study[str(one.effect)] for one in used])
    return replace(built, together=(*built.together, Together([one.name for one in used], covariance)))


def _with_owner(line: Line, request: RoiRequest) -> Line:
    """The line with whose it is; one told beside another takes what is said of that one."""
    name = line.id.removesuffix(SUFFIX).removesuffix(TIME)
    return replace(
        line,
        owner=line.owner or request.owners.get(name),
        fiscal_quarter=request.fiscal_quarters.get(name),
        also_claimed_by=request.also_claimed_by.get(name, ()),
    )

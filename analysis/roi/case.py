"""What is it worth, how sure is that, on which evidence does it rest, and what should be done? The case, whole.

Measured effects and stated assumptions go in; the table, the range, what moves it, what it rests on, what it may claim
and what it recommends come out. Which lines there are is left to `assembly`, the arithmetic to `simulation` and `tei`,
words to `claim`, the recommendation to `decision`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.roi.assembly import assembled
from analysis.roi.break_even import BreakEven, break_even
from analysis.roi.built import NotCounted
from analysis.roi.case_decision import decision_for
from analysis.roi.case_lines import BenefitShown, CostShown, benefits_shown, costs_shown
from analysis.roi.claim import MoneyClaim, money_claim
from analysis.roi.decision import Decision
from analysis.roi.evidence import Evidence, evidence
from analysis.roi.exclusive import Exclusion
from analysis.roi.information import Information, information
from analysis.roi.inputs import Inputs
from analysis.roi.quantiles import Quantiles
from analysis.roi.register.promises import Promises
from analysis.roi.request import RoiRequest
from analysis.roi.simulation import Floats, Model, Simulated, simulated
from analysis.roi.tei import TeiTable, base_case, risk_adjusted
from analysis.roi.tie_out import TieOut
from analysis.roi.tornado import Swing, tornado
from analysis.studies.result import Grade

if TYPE_CHECKING:
    from analysis.tables.load import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiCase:
    """The case: money over the horizon with its range, its lines, the evidence it rests on, and what to do.

    `base` and `adjusted` are the table before and after risk adjustment and haircuts. `npv`, `roi`, `payback_months`
    and `draws` are before haircuts. `yearly` has one row a year (0 is the start): `year, benefits, costs, net, net_low,
    net_high`, the middle case and the 90 % range of the net, not discounted.
    """

    model: Model
    base: TeiTable
    adjusted: TeiTable
    simulated: Simulated
    tornado: tuple[Swing, ...]
    break_even: tuple[BreakEven, ...]
    information: Information
    evidence: Evidence
    exclusion: Exclusion
    claim: MoneyClaim
    decision: Decision
    ledger: TieOut | None
    benefits: tuple[BenefitShown, ...]
    costs: tuple[CostShown, ...]
    not_counted: tuple[NotCounted, ...]
    notes: tuple[str, ...]
    yearly: pd.DataFrame
    promises: Promises | None = None

    @property
    def currency(self) -> str:
        return self.model.currency

    @property
    def years(self) -> int:
        return self.model.years

    @property
    def discount_rate(self) -> float:
        return self.model.discount_rate

    @property
    def npv(self) -> Quantiles:
        """Net present value: low, middle and high case."""
        return self.simulated.npv

    @property
    def npv_adjusted(self) -> Quantiles:
        """The same after risk adjustment and haircuts."""
        return self.simulated.npv_adjusted

    @property
    def roi(self) -> Quantiles:
        """(Benefits − costs) / costs, in present values."""
        return self.simulated.roi

    @property
    def payback_months(self) -> Quantiles:
        """Months until what was spent has come back; None where it does not within the years."""
        return self.simulated.payback_months

    @property
    def probability_npv_positive(self) -> float:
        return self.simulated.probability_npv_positive

    @property
    def draws(self) -> Floats:
        """Draws of the net present value, shape (draws,)."""
        return self.simulated.draws

    @property
    def npv_share_by_grade(self) -> Mapping[Grade, float]:
        """Share of the counted benefits by the grade of their evidence."""
        return self.evidence.shares

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            **({} if self.promises is None else self.promises.to_parts()),
            "roi": {
                "currency": self.currency,
                "years": self.years,
                "discount_rate": self.discount_rate,
                "npv": self.npv.to_dict(),
                "npv_mean": self.simulated.npv_mean,
                "npv_adjusted": self.npv_adjusted.to_dict(),
                "yearly": [{**row, "year": int(row["year"])} for row in self.yearly.to_dict("records")],
                "roi": self.roi.to_dict(),
                "payback_months": self.payback_months.to_dict(),
                "probability_npv_positive": self.probability_npv_positive,
                "probability_adjusted_positive": self.simulated.probability_adjusted_positive,
                "benefits": [one.to_dict() for one in self.benefits],
                "costs": [one.to_dict() for one in self.costs],
                "npv_share_by_grade": dict(self.npv_share_by_grade),
                "evidence": self.evidence.to_dict(),
                "claim": self.claim.to_dict(),
                "tei": self.base.to_dict(),
                "tei_adjusted": self.adjusted.to_dict(),
                "haircuts": dict(self.model.haircuts),
                "inputs": [one.to_dict() for one in self.model.inputs.quantities],
                "tornado": [one.to_dict() for one in self.tornado],
                "break_even": [one.to_dict() for one in self.break_even],
                "value_of_information": self.information.to_dict(),
                "exclusion": self.exclusion.to_dict(),
                "decision": self.decision.to_dict(),
                "ledger": None if self.ledger is None else self.ledger.to_dict(),
                "not_counted": [one.to_dict() for one in self.not_counted],
                "notes": list(self.notes),
                "draws": self.model.draws,
                "seed": self.model.seed,
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """The table of the base case: one row a line, then the sums, in the case's currency, not discounted."""
        return self.base.to_frame()

    def __str__(self) -> str:
        return str(self.claim)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def roi_case(
    request: RoiRequest,
    effects: Sequence[Mapping[str, Any]],
    covariance: Mapping[str, Any] | None = None,
    tables: Tables | None = None,
) -> RoiCase:
    """What is the programme worth over the horizon, with the studies' uncertainty carried through?

    Parameters
    ----------
    request : RoiRequest
        What the parameters say.
    effects : sequence of mapping
        Rows of the contract's `effects`: those of `before_after`, and of the other studies where they were made.
    covariance : mapping, optional
        The contract's `effect_covariance`.
    tables : Tables, optional
        For costs, volumes, shares and totals that the parameters do not state.

    Returns
    -------
    RoiCase
        Money in the case's currency. The initial outlay is not discounted; years are booked at their end.

    Raises
    ------
    DesignError
        With everything that is missing, each by the name of its parameter.

    Source
    ------
    Forrester's TEI layout (initial, years, present value); money from effects: post · (1 − 1/RR), which is the
    study's difference scale.
    """
    found = assembled(request, effects, covariance, tables)
    built = found.built
    model = Model(
        currency=request.currency,
        years=request.years,
        discount_rate=request.discount_rate,
        inputs=Inputs(built.quantities, built.together),
        lines=built.lines,
        haircuts=request.haircuts,
        draws=request.draws,
        seed=request.seed,
    )
    base, drawn = base_case(model), simulated(model)
    weighed = evidence(base, request.evidence_cap)
    return RoiCase(
        model=model,
        base=base,
        adjusted=risk_adjusted(model),
        simulated=drawn,
        tornado=tornado(model),
        break_even=break_even(model),
        information=information(model, drawn),
        evidence=weighed,
        exclusion=found.exclusion,
        claim=_claim(model, drawn, weighed),
        decision=decision_for(request, found, model, base, drawn, weighed, effects, tables),
        ledger=found.books,
        benefits=benefits_shown(model, drawn, found.volumes),
        costs=costs_shown(model, drawn, found.volumes),
        not_counted=built.not_counted,
        notes=built.notes,
        yearly=_yearly(drawn),
    )


def _claim(model: Model, drawn: Simulated, weighed: Evidence) -> MoneyClaim:
    low, middle, high = _cases(drawn.npv)
    return money_claim(
        currency=model.currency,
        years=model.years,
        discount_rate=model.discount_rate,
        low=low,
        middle=middle,
        high=high,
        shares=weighed.judged,
        cap=weighed.cap,
        adjusted=drawn.npv_adjusted.p50,
    )


def _cases(found: Quantiles) -> tuple[float, float, float]:
    """The low, middle and high case of an amount, which is always reached."""
    low, middle, high = found.p5, found.p50, found.p95
    if low is None or middle is None or high is None:
        raise ValueError("An amount of the case has no low, middle or high case.")
    return low, middle, high


def _yearly(drawn: Simulated) -> pd.DataFrame:
    rows = []
    for year, (benefit, cost, net) in enumerate(zip(drawn.benefits, drawn.costs, drawn.net, strict=True)):
        low, middle, high = _cases(Quantiles.of(net))
        _, benefits, _ = _cases(Quantiles.of(benefit))
        _, costs, _ = _cases(Quantiles.of(cost))
        rows.append(
            {"year": year, "benefits": benefits, "costs": costs, "net": middle, "net_low": low, "net_high": high}
        )
    return pd.DataFrame(rows)

"""How long does a whole case take, drawn a hundred thousand times?

    python benchmarks/case.py [--draws 100000]

Times `simulated` on a case of 25 inputs (three of them estimates of one study, which err together), 8 lines and 3
years, once, then the tornado, the break-even and the value of information on the same case. Prints seconds and draws
per second.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from analysis.roi.break_even import break_even
from analysis.roi.formula import Formula, Number, larger, smaller
from analysis.roi.information import information
from analysis.roi.inputs import Inputs, Together
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.simulation import Model, simulated
from analysis.roi.spread import Fixed, Normal, Pert, Spread, Triangular
from analysis.roi.tornado import tornado

STUDY = {"margin_gain": (9.0, 2.5), "issues_change": (-0.12, 0.05), "index_cost_gain": (1.8, 0.6)}
STATED: dict[str, Spread] = {
    "uptake_first": Triangular(0.4, 0.5, 0.7),
    "uptake_later": Triangular(0.7, 0.8, 1.0),
    "cost_per_issue": Pert(5, 7.5, 12),
    "cashable_share": Triangular(0.3, 0.5, 0.6),
    "exclusive_share": Pert(0.85, 0.95, 1),
    "save_attempts": Triangular(500, 800, 900),
    "save_rate": Pert(0.25, 0.35, 0.4),
    "save_rate_without_us": Pert(0.1, 0.15, 0.25),
    "saved_margin": Normal(120, 15),
    "offer_cost": Triangular(20, 25, 40),
    "deflections": Triangular(1000, 4000, 6000),
    "deflection_effect": Normal(0.05, 0.04),
    "marginal_call_cost": Triangular(3, 4, 6),
    "induced_contacts": Pert(0, 0.05, 0.2),
    "contact_cost": Normal(2.5, 0.3),
    "agents_a_year": Triangular(110_000, 120_000, 150_000),
    "tools_a_year": Triangular(20_000, 22_000, 30_000),
    "training_start": Triangular(8_000, 10_000, 18_000),
    "decay": Triangular(0.3, 0.5, 0.8),
}


def whole_case(draws: int = 100_000) -> Model:
    """Made up from end to end: 25 inputs, 8 lines, 3 years."""
    studied = [
        Quantity(
            name=name,
            label=name,
            unit="per contact",
            spread=Normal(*both),
            origin="study",
            source="made up",
            grade="C",
            effect=f"before_after/channel_effect/{name}/difference",
        )
        for name, both in STUDY.items()
    ]
    fixed: dict[str, Spread] = {f"contacts_year_{year}": Fixed(20_000 + 2_000 * year) for year in (1, 2, 3)}
    told = [
        Quantity(name=name, label=name, unit="EUR", spread=spread, origin="stated", source="made up")
        for name, spread in (fixed | STATED).items()
    ]
    errors = np.array([both[1] for both in STUDY.values()])
    joint = Together(STUDY, np.outer(errors, errors) * [[1, -0.3, 0.1], [-0.3, 1, 0], [0.1, 0, 1]])
    return Model(
        currency="EUR",
        years=3,
        discount_rate=0.1,
        inputs=Inputs((*studied, *told), (joint,)),
        lines=_lines({one.name: one.input for one in (*studied, *told)}),
        haircuts={"B": 0.1, "C": 0.25, "D": 0.5, "E": 0.5},
        draws=draws,
    )


def _lines(of: dict[str, Formula]) -> tuple[Line, ...]:
    contacts = [of[f"contacts_year_{year}"] * of["uptake_first" if year == 1 else "uptake_later"] for year in (1, 2, 3)]
    per_contact = {
        "repurchase": of["margin_gain"] * of["exclusive_share"],
        "issues_avoided": -of["issues_change"] * of["cost_per_issue"] * of["cashable_share"],
        "channel_shift": of["index_cost_gain"] * of["cashable_share"],
        "customer_value": of["margin_gain"] * of["decay"],
    }
    saves = of["save_attempts"] * larger(of["save_rate"] - of["save_rate_without_us"], 0)
    a_year = {
        "cancel_save": saves * of["saved_margin"] - of["save_attempts"] * of["save_rate"] * of["offer_cost"],
        "deflection": of["deflections"] * of["deflection_effect"] * of["marginal_call_cost"],
    }
    benefits = {name: [gain * one for one in contacts] for name, gain in per_contact.items()}
    benefits |= {name: [amount] * 3 for name, amount in a_year.items()}
    programme = of["agents_a_year"] + of["tools_a_year"]
    induced = [smaller(one, 100_000) * of["induced_contacts"] * of["contact_cost"] for one in contacts]
    return (
        *(
            Line(id=name, label=name, side="benefit", kind="margin", grade="C", account=name,
                 by_year=(Number(0), *years))
            for name, years in benefits.items()
        ),
        Line(id="programme", label="programme", side="cost", kind="cost", grade=None, account="cost",
             by_year=(of["training_start"], *[programme] * 3)),
        Line(id="induced_demand", label="induced demand", side="cost", kind="cost", grade="E", account="cost",
             by_year=(Number(0), *induced)),
    )  # fmt: skip


def seconds(what: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100_000)
    case = whole_case(parser.parse_args().draws)
    spent = seconds(lambda: simulated(case))
    print(f"simulated      {spent:6.2f} s, {case.draws / spent:10,.0f} draws a second")
    drawn = simulated(case)
    print(f"information    {seconds(lambda: information(case, drawn)):6.2f} s")
    print(f"tornado        {seconds(lambda: tornado(case)):6.2f} s")
    print(f"break-even     {seconds(lambda: break_even(case)):6.2f} s")
    print(f"NPV {drawn.npv}, positive in {drawn.probability_npv_positive:.0%}")


if __name__ == "__main__":
    main()

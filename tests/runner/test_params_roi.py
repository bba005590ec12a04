"""The section `roi` of a parameters file: what may stand in it, each fault in its words, and what the case reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.foundation.errors import DesignError, ParamsError
from analysis.roi.spread import Fixed, Normal, Pert, Triangular
from analysis.runner.params import load_params
from analysis.runner.params_model import Params
from analysis.runner.plans_roi import roi_request
from analysis.runner.shipped import shipped

SOURCE = "source: finance, dated: 2026-09-01"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "params").mkdir()
    return tmp_path


def loaded(home: Path, roi: str) -> Params:
    path = home / "params" / "trial.yaml"
    path.write_text(f"study: trial\nroi:\n  {roi.strip()}\n", encoding="utf-8")
    return load_params(path, home=home).values


def faults(home: Path, roi: str) -> list[str]:
    with pytest.raises(ParamsError) as error:
        loaded(home, roi)
    return [f"{fault.where.partition(': ')[2]}: {fault.what}. {fault.remedy}" for fault in error.value.faults]


def request(home: Path, roi: str) -> Any:
    study = SimpleNamespace(values=loaded(home, roi), period=None)
    return roi_request(study)  # type: ignore[arg-type]


# An assumption


@pytest.mark.parametrize(
    ("written", "spread"),
    [
        ("900", Fixed(900.0)),
        ("{value: 900}", Fixed(900.0)),
        (f"{{value: 900, low: 800, high: 1000, {SOURCE}}}", Triangular(800.0, 900.0, 1000.0)),
        (f"{{value: 900, low: 800, high: 1000, shape: pert, {SOURCE}}}", Pert(800.0, 900.0, 1000.0)),
        (f"{{value: 900, sd: 50, {SOURCE}}}", Normal(900.0, 50.0)),
    ],
)
def test_an_assumption_is_a_number_or_a_range_with_its_source(home: Path, written: str, spread: Any) -> None:
    found = request(home, f"contacts_per_year: {written}").volume.contacts_per_year
    assert found.spread == spread
    if spread != Fixed(900.0):
        assert (found.source, found.dated) == ("finance", "2026-09-01")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('"900"', ": is text, where a number or a section is expected. Write digits without quotes, or"),
        ("true", ": is true or false, where a number or a section is expected."),
        ("[1, 2]", ": is a list, where a number or a section is expected."),
        ("0", ": is not above 0. Write a number above 0."),
        ("{value: 900, low: 800}", ": has one end of a range. Give `low` and `high`, or neither."),
        ("{value: 900, low: 1, high: 2}", ": has its value outside its range."),
        ("{value: 900, low: 900, high: 900}", ": has a range of no width."),
        ("{value: 900, low: 800, high: 1000}", ": has a range and no source and no day. Say where"),
        ("{value: 900, sd: 5, source: finance}", ": has a range and no day. Say where"),
        (f"{{value: 9, sd: 5, low: 8, high: 10, {SOURCE}}}", ": has a range and a standard deviation."),
        ("{value: 900, shape: pert}", ": has a shape and no range."),
        (f"{{value: 900, low: 0, high: 1000, {SOURCE}}}", ": has a `low` that is not above 0."),
        ("{value: 900, dated: 2026-02-31}", ".dated: there is no such day. Look at the length of the month."),
        ("{value: 900, dated: soon}", ".dated: is text, where a day is expected. Write it as 2026-10-06."),
        ("{value: 900, sd: 0}", ".sd: is not above 0. Write a number above 0."),
        ("{value: 900, hihg: 3}", ".hihg: there is no such key. Did you mean `high`?"),
        ("{low: 1}", ".value: is missing. Add it: The most likely value"),
    ],
)
def test_each_fault_of_an_assumption_is_told_in_its_own_words(home: Path, written: str, said: str) -> None:
    [found] = faults(home, f"contacts_per_year: {written}")
    assert found.startswith(f"roi.contacts_per_year{said}")


# The section


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("cashable: {isues_avoided: 0.5}", "roi.cashable.isues_avoided: there is no such key. Did you mean"),
        ("cashable: {issues_avoided: 1.5}", "roi.cashable.issues_avoided: is above 1. The most is 1."),
        ("haircuts: {F: 0.5}", "roi.haircuts.F: there is no such key."),
        ("evidence_cap: 2", "roi.evidence_cap: is above 1. The most is 1."),
        ("owners: {repurchas: me}", "roi.owners.repurchas: is not known. Did you mean `repurchase`?"),
        ("owners: {new_sale: me}", "roi: names `new_sale` under `owners`, and has no such line. Add `roi.new_sale`"),
        ("overlap: {cancel_save: 0.1}", "roi: names `cancel_save` under `overlap`, and has no such line."),
        ("cashable: {deflection: 0.5}", "roi: names `deflection` under `cashable`, and has no such line."),
        ("cancel_save: {months: 12}", "roi.cancel_save.baseline_save_rate: is missing. Add it: Share that stays"),
        ("new_sale: {}", "roi.new_sale.incremental_share: is missing."),
        ("customer_value: {months: 90}", "roi.customer_value.months: is above 36."),
        ("customer_value: {months: 9, retention: 0.9, decay: 0.1}", "roi.customer_value: has a `retention` and a"),
        ("customer_value: {months: 9, form: if_renewd}", "roi.customer_value.form: is not known. Did you mean `if_ren"),
        ("induced_demand: {}", "roi.induced_demand.extra_contacts_per_contact: is missing."),
        ("{contacts_per_year: 9, forecast: [9]}", "roi: has `contacts_per_year` and a `forecast`. Give one of them."),
        ("{years: 2, uptake: [0.1, 0.2, 0.3]}", "roi: names more years under `uptake` than it has."),
        ("uptake: [1.2]", "roi.uptake[0]: is above 1. The most is 1."),
        ("rates: {usd: {rate: 1, source: a, dated: 2026-09-01}}", "roi.rates.usd: `usd` is no currency. Write three"),
        ("rates: {USD: {rate: 0, source: a, dated: 2026-09-01}}", "roi.rates.USD.rate: is not above 0."),
        ("rates: {USD: {rate: 1}}", "roi.rates.USD.source: is missing."),
        ("unit_costs: {social: {marginal: 2}}", "roi.unit_costs.social: has no source or no day. Give `source`"),
        (
            f"unit_costs: {{social: {{marginal: 9, average: 2, {SOURCE}}}}}",
            "roi.unit_costs.social: has a marginal cost",
        ),
        ("cost_lines: {agents: {per_year: 9, range: [0.9, 1.2]}}", "roi.cost_lines.agents: has a range and no source"),
        (
            f"cost_lines: {{agents: {{per_year: 9, range: [1.1, 1.2], {SOURCE}}}}}",
            "roi.cost_lines.agents: has a range t",
        ),
        (f"cost_lines: {{agents: {{per_year: 9, range: [0.9], {SOURCE}}}}}", "roi.cost_lines.agents: has a range that"),
        ("decision: {in_time_at: {-10%: 0.5}}", "roi.decision.in_time_at.-10%: is not known. Did you mean `-20%`?"),
        ("decision: {agent_hours_per_year: 0}", "roi.decision.agent_hours_per_year: is not above 0."),
        ("ledger: {tolerance: 0.1}", "roi.ledger.series: is missing."),
    ],
)
def test_each_fault_of_the_section_names_its_parameter(home: Path, written: str, said: str) -> None:
    roi = written.strip("{}").replace(", forecast", "\n  forecast").replace(", uptake", "\n  uptake")
    roi = roi if written.startswith("{") else written
    found = faults(home, roi)
    assert any(one.startswith(said) for one in found), found


def test_what_the_case_is_handed(home: Path) -> None:
    found = request(
        home,
        f"""
  years: 2
  discount_rate: 0.035
  forecast: [900, {{value: 1000, low: 900, high: 1200, {SOURCE}}}]
  uptake: [0.5, 1]
  cost_lines:
    agents: {{initial: 0, per_year: 100, range: [0.9, 1.3], owner: head of care, {SOURCE}}}
  unit_costs:
    social: {{marginal: 2.5, average: 4, per: issue, {SOURCE}}}
  rates:
    USD: {{rate: 0.92, {SOURCE}}}
  haircuts: {{C: 0.4}}
  evidence_cap: 0.2
  cashable: {{channel_shift: 0.5}}
  induced_demand: {{extra_contacts_per_contact: 0.1}}
  cancel_save: {{baseline_save_rate: 0.2, handling_cost: 5}}
  deflection:
    {{exposures_per_year: 9, intent: 0.1, resolved: 0.1, contact_without: 0.2, contact_with: 0.1, channel: email}}
  customer_value: {{months: 12, decay: 0.1}}
  ledger: {{series: books, tolerance: 0.1}}
  owners: {{repurchase: head of sales}}
  also_claimed_by: {{cancel_save: [campaign]}}
  fiscal_quarters: {{repurchase: 2027-Q1}}
  overlap: {{cancel_save: 0.1}}
  decision: {{agent_hours_per_year: 400, in_time_at: {{"-20%": 0.4}}, phone: {{marginal: 6}}}}
  draws: 5000""",
    )
    assert (found.currency, found.years, found.discount_rate, found.draws) == ("EUR", 2, 0.035, 5000)
    assert [one.spread for one in found.volume.forecast] == [Fixed(900.0), Triangular(900.0, 1000.0, 1200.0)]
    assert [one.value for one in found.volume.uptake] == [0.5, 1.0]
    [agents] = found.cost_lines
    assert (agents.line, agents.owner, agents.per_year.spread) == ("agents", "head of care", Triangular(90, 100, 130))
    assert agents.initial.spread == Fixed(0.0)
    [social] = found.unit_costs
    assert (social.channel, social.per, social.marginal.said, social.marginal.dated) == (
        "social", "issue", "finance", "2026-09-01",
    )  # fmt: skip
    assert found.rates["USD"].rate == 0.92
    assert found.haircuts == {"A": 0.0, "B": 0.1, "C": 0.4, "D": 0.5, "E": 0.5}
    assert {name: one.value for name, one in found.cashable.items()} == {"channel_shift": 0.5}
    assert found.induced_demand.extra_contacts_per_contact.value == 0.1
    assert (found.cancel_save.baseline_save_rate.value, found.cancel_save.handling_cost.value) == (0.2, 5.0)
    assert found.cancel_save.months == 12
    assert (found.deflection.channel, found.customer_value.decay.value, found.new_sale) == ("email", 0.1, None)
    assert (found.ledger.series, found.ledger.tolerance) == ("books", 0.1)
    assert (found.owners, found.fiscal_quarters) == ({"repurchase": "head of sales"}, {"repurchase": "2027-Q1"})
    assert (found.also_claimed_by, found.overlap["cancel_save"].value) == ({"cancel_save": ("campaign",)}, 0.1)
    assert (found.decision.agent_hours_per_year, found.decision.in_time_at) == (400.0, {"-20%": 0.4})
    assert (found.phone.marginal, found.phone.average) == (6.0, None)


def test_an_empty_section_asks_for_a_case_and_none_for_none(home: Path) -> None:
    assert request(home, "").cost_lines == ()
    study = SimpleNamespace(values=Params(study="a"), period=None)
    with pytest.raises(DesignError, match="ask for no case in money"):
        roi_request(study)  # type: ignore[arg-type]


def test_parameters_written_out_whole_read_the_same(home: Path) -> None:
    """As a replication package carries them: defaults written out."""
    shutil.copy(shipped("params") / "demo.yaml", home / "params" / "demo.yaml")
    first = load_params(home / "params" / "demo.yaml", home=home)
    (home / "params" / "again.yaml").write_text(json.dumps(first.values.model_dump(mode="json", by_alias=True)))
    assert load_params(home / "params" / "again.yaml", home=home).values == first.values

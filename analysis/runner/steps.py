"""Which steps does a study run, what does each need, and what does it call? The one place where they are listed.

A step is a notebook and a part of the results of the same name. `decide` says which run on the tables given and, for
the others, what is missing. How a step is executed is left to `notebook` and `compute`.

Each call imports the study it makes, since every notebook has a process of its own and pays for what it imports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError, Fault, ParamsError
from analysis.runner.asked import names_not_there
from analysis.runner.asked_money import money_not_there
from analysis.runner.params_model import Params
from analysis.runner.results import skipped

if TYPE_CHECKING:
    from analysis.foundation.calendar import Month
    from analysis.runner.study import Study
    from analysis.tables.load import Tables

ALSO = " or "
COUNTABLE = "mentions or issues or orders or touchpoints or post_actions or post_counters or surveys or subscriptions"

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ab_randomised": ("assignments", "outcomes or orders"),
        "ab_observational": ("assignments or issues or touchpoints", "outcomes or orders"),
    }
)
"""What a design needs that shares its step with another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name (also its notebook's and its part's), its page's title, what it needs, what it calls.

    `needs` names tables, alternatives joined by " or "; `reads` the steps without whose parts it cannot run; `after`
    the steps it waits for, whatever comes of them; `designs` the names under `designs` that ask for it, any of them;
    `section` the section of the parameters without which it is not made; `closed` whether it reads the closed months;
    `seconds` how long it takes for the demo company, so that the longest way to the end begins first; `call` makes its
    result, None where the step only shows what others found; `anyway` what is recorded though no result can be made.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    designs: tuple[str, ...] = ()
    section: str | None = None
    closed: bool = False
    seconds: float = 1.0
    call: Callable[[Study], Any] | None = None
    anyway: Callable[[Study], Mapping[str, Any]] | None = None

    def missing(self, tables: Tables, named: Collection[str] = ()) -> tuple[str, ...]:
        """The tables that it needs, or the designs of it that were asked for by name, and that are not there."""
        asked = [design for design in self.designs if design in named]
        needs = [need for design in asked for need in NEEDS.get(design, self.needs)] or self.needs
        return tuple(need for need in dict.fromkeys(needs) if not any(tables.has(name) for name in need.split(ALSO)))


def _months(study: Study) -> tuple[Month, ...]:
    months = () if study.period is None else study.period.months()
    if not months:
        raise DesignError("The period holds no whole month, and figures are counted by month. Set a longer `period`.")
    return months


def _metrics(study: Study) -> Any:
    from analysis.runner.counted import counted

    return counted(study, _months(study))


def _month_close(study: Study) -> Any:
    from analysis.runner.closing import shown_close

    return shown_close(study, _months(study))


def _before_after(study: Study) -> Any:
    from analysis.runner.plans import channel_plan
    from analysis.studies.channel import channel_effect

    return channel_effect(study.tables, channel_plan(study))


def _service_effect(study: Study) -> Any:
    from analysis.runner.plans import service_plan
    from analysis.studies.service.study import service_effect

    return service_effect(study.tables, service_plan(study))


def _adoption(study: Study) -> Any:
    from analysis.runner.plans import adoption_plan
    from analysis.studies.adoption.study import adoption_effect

    return adoption_effect(study.tables, adoption_plan(study))


def _change_log(study: Study) -> Any:
    from analysis.runner.plans import change_log_plan
    from analysis.runner.series_of import changes_of, series_of
    from analysis.studies.change_log.study import change_log

    plan = change_log_plan(study)
    return change_log(series_of(study, plan.metrics, plan.control.values()), changes_of(study), plan)


def _ab_segments(study: Study) -> Any:
    from analysis.runner.plans import ab_plan
    from analysis.studies.ab import ab_segments

    return ab_segments(study.tables, ab_plan(study))


def _effort(study: Study) -> Any:
    from analysis.runner.plans import effort_plan
    from analysis.studies.effort.study import effort_effect

    return effort_effect(study.tables, effort_plan(study))


def _design_sheet(study: Study) -> Any:
    from analysis.runner.plans import sheet_of

    return sheet_of(study)


def _loyalty_hypotheses(study: Study) -> Any:
    from analysis.runner.beliefs import tested

    return tested(study)


def _roi_case(study: Study) -> Any:
    from analysis.runner.money import case_of

    return case_of(study)


def _promises(study: Study) -> Mapping[str, Any]:
    from analysis.runner.money import promises_without_case

    return promises_without_case(study)


STEPS: tuple[Step, ...] = (
    Step(name="metrics", title="What was counted", needs=(COUNTABLE,), closed=True, seconds=13, call=_metrics),
    Step(name="month_close", title="The closed months", needs=(COUNTABLE,), closed=True, seconds=3, call=_month_close),
    Step(
        name="before_after",
        title="Before and after",
        needs=("orders", "issues or touchpoints"),
        designs=("before_after",),
        seconds=4,
        call=_before_after,
    ),
    Step(
        name="service_effect",
        title="Answered in time",
        needs=("orders", "touchpoints or issues"),
        designs=("service_effect",),
        seconds=4,
        call=_service_effect,
    ),
    Step(
        name="adoption",
        title="Taking up social care",
        needs=("orders", "issues or touchpoints"),
        designs=("adoption",),
        seconds=2,
        call=_adoption,
    ),
    Step(
        name="change_log",
        title="What changed, and what figures did then",
        needs=("changes", COUNTABLE),
        after=("month_close",),
        designs=("change_log",),
        closed=True,
        seconds=6,
        call=_change_log,
    ),
    Step(
        name="ab_segments",
        title="Users against others",
        needs=("assignments or issues or touchpoints", "outcomes or orders"),
        designs=("ab_randomised", "ab_observational"),
        seconds=21,
        call=_ab_segments,
    ),
    Step(
        name="effort",
        title="Effort and loyalty",
        needs=("orders", "issues or touchpoints"),
        designs=("effort",),
        seconds=8,
        call=_effort,
    ),
    Step(
        name="design_sheet",
        title="A test that is being planned",
        needs=("orders or issues",),
        section="design_sheet",
        seconds=3,
        call=_design_sheet,
    ),
    Step(
        name="loyalty_hypotheses",
        title="What was believed, and what the figures say",
        after=("before_after", "service_effect", "adoption", "change_log", "ab_segments", "effort"),
        designs=("hypotheses",),
        section="hypotheses",
        seconds=8,
        call=_loyalty_hypotheses,
    ),
    Step(
        name="roi_case",
        title="The case in money",
        reads=("before_after",),
        after=("service_effect", "ab_segments"),
        section="roi",
        closed=True,
        seconds=7,
        call=_roi_case,
        anyway=_promises,
    ),
    Step(
        name="summary",
        title="Summary",
        after=(
            "metrics",
            "month_close",
            "before_after",
            "service_effect",
            "adoption",
            "change_log",
            "ab_segments",
            "effort",
            "design_sheet",
            "loyalty_hypotheses",
            "roi_case",
        ),
    ),
)
"""In the order in which they are shown; those that need nothing of each other run side by side."""


CLOSES = Step(name="closes", title="The months, closed in order", seconds=14)
"""What is done before steps that read the closed months, where a rehearsal is asked for: no notebook, and no part."""


def ways_to_the_end(steps: Collection[Step], seconds: Mapping[str, float]) -> dict[str, float]:
    """How long from the beginning of each step to the end of all that waits for it, if nothing else is in the way.

    Parameters
    ----------
    steps : collection of Step
    seconds : mapping of str to float
        How long each step takes; where it is not told, as long as for the demo company.

    Examples
    --------
    >>> steps = [Step(name="a", title="A", seconds=2), Step(name="b", title="B", after=("a",), seconds=3)]
    >>> ways_to_the_end(steps, {"a": 5.0})
    {'a': 8.0, 'b': 3.0}
    """
    found: dict[str, float] = {}

    def way(step: Step) -> float:
        if step.name not in found:
            later = [way(one) for one in steps if step.name in needs_of(one)]
            found[step.name] = seconds.get(step.name, step.seconds) + max(later, default=0.0)
        return found[step.name]

    return {step.name: way(step) for step in steps}


def needs_of(step: Step) -> frozenset[str]:
    """The steps that must be over, whatever came of them, before this one begins."""
    return frozenset((*step.reads, *step.after, *((CLOSES.name,) if step.closed else ())))


def step_named(name: str, steps: Collection[Step] = STEPS) -> Step:
    """The step of that name."""
    return next(step for step in steps if step.name == name)


@dataclass(frozen=True, slots=True)
class Decision:
    """The steps to run, and those left out as `coverage.skipped` says it."""

    run: tuple[Step, ...]
    skipped: tuple[dict[str, Any], ...]

    @property
    def recording(self) -> tuple[Step, ...]:
        """The steps that leave a part."""
        return tuple(step for step in self.run if step.call is not None)


def decide(values: Params, tables: Tables, *, name: str = "params", steps: Collection[Step] = STEPS) -> Decision:
    """Which steps run on these tables?

    Parameters
    ----------
    values : Params
    tables : Tables
    name : str
        How faults call the parameters file.

    Raises
    ------
    ParamsError
        If a comparison was asked for by name and its tables are missing, or an arm or outcome is in no table.
    """
    run: list[Step] = []
    left_out: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for step in steps:
        if not _asked(step, values):
            continue
        missing = step.missing(tables, values.designs or ())
        if missing:
            left_out.append(skipped(step.name, missing, f"needs {_listed(missing)}"))
            if asked_by_name(step, values):
                named = next(name for name in step.designs if name in (values.designs or ()))
                what = f"`{named}` needs {_listed(missing)}, which the data do not hold"
                remedy = "Add the tables, or take the name out of the list."
                faults.append(Fault(where=f"{name}: designs", what=what, remedy=remedy, rule="missing_table"))
        elif not set(step.reads) <= {one.name for one in run}:
            left_out.append(cannot_follow(step))
        else:
            run.append(step)
    faults += names_not_there(values, tables, [step.name for step in run], name=name)
    faults += money_not_there(values, tables, name=name) if any(step.section == "roi" for step in run) else []
    if faults:
        raise ParamsError(faults)
    return Decision(tuple(run), tuple(left_out))


def all_asked(values: Params, steps: Collection[Step] = STEPS) -> tuple[Step, ...]:
    """The steps that run where the tables allow all that the parameters ask for."""
    return tuple(step for step in steps if _asked(step, values))


def cannot_follow(step: Step) -> dict[str, Any]:
    """The entry of a step that was left out because one it reads was."""
    return skipped(step.name, (), f"needs what {_listed(step.reads)} finds, and that did not run")


def asked_by_name(step: Step, values: Params) -> bool:
    """Whether the parameters name the comparison, so that leaving it out would be a fault."""
    return not set(step.designs).isdisjoint(values.designs or ())


def _asked(step: Step, values: Params) -> bool:
    """Whether the parameters ask for a step: by no list of designs or by one that names it, and by its section."""
    wanted = not step.designs or values.designs is None or asked_by_name(step, values)
    return wanted and (step.section is None or bool(_section(values, step.section)))


def _section(values: Params, name: str) -> Any:
    """What stands in a section; one that is there counts although it be empty, a list only if it lists something."""
    found = getattr(values, name)
    return found if isinstance(found, tuple) else found is not None


def _listed(missing: Collection[str]) -> str:
    return ", ".join("`" + one.replace(ALSO, "` or `") + "`" for one in missing)

"""What does a notebook have in its hands? Typed parameters, tables, the studies, and a folder for what they find.

`compute` uses the same methods without notebooks, so that both find the same. How a study comes open is left to
`opening`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Period, iso
from analysis.foundation.errors import DesignError, Fault, InputError, ParamsError
from analysis.foundation.provenance import code_fingerprint
from analysis.runner.asked_rehearsal import faults_of_rehearsal
from analysis.runner.documents import CASE
from analysis.runner.handing import leave
from analysis.runner.not_acted_on import without_effect
from analysis.runner.overview import missing_of, overview_of
from analysis.runner.params import StudyParams
from analysis.runner.params_model import Params
from analysis.runner.params_values import instant_of
from analysis.runner.plans import channel_plan
from analysis.runner.previous import Report, previous_of, since
from analysis.runner.reading import CLOSED_MONTHS, DECISION, EVERYTHING, PART, PROMISED, TABLES, Reads, watched
from analysis.runner.recording import Recorded, part_of, provenance_of
from analysis.runner.register import read_register, register_folder
from analysis.runner.results import RESULTS, merged, read_part, read_parts, skipped, why_skipped, write_part
from analysis.runner.span import period_of
from analysis.runner.steps import STEPS, Decision, Step, asked_by_name, cannot_follow, decide, step_named
from analysis.tables.opened import Prepared, open_tables

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from analysis.ledger.store import Ledger
    from analysis.roi.register.promise import Promise
    from analysis.studies.own_estimator import Estimator
    from analysis.studies.sample_table import Sample
    from analysis.tables.opened import Tables


class Study:
    """Parameters, tables and studies of one report.

    Parameters
    ----------
    params : StudyParams
    prepared : Prepared
        The tables, checked.
    folder : Path
        Where parts are written.
    memory_limit : str, optional
        For the engine, where the parameters set none.
    threads : int, optional
        For the engine; by default as many as there are.
    by_hand : bool
        Nobody runs the steps in their order: what one reads of another is made when it is asked for.
    reads : Reads, optional
        Where it is noted what is asked of this study.
    """

    def __init__(
        self,
        params: StudyParams,
        prepared: Prepared,
        folder: Path,
        *,
        memory_limit: str | None = None,
        threads: int | None = None,
        by_hand: bool = False,
        reads: Reads | None = None,
    ) -> None:
        self.params = params if reads is None else replace(params, values=watched(params.values, reads))
        self.reads = Reads() if reads is None else reads
        self._prepared = prepared
        self._folder = folder
        self.by_hand = by_hand
        self._memory_limit, self._threads = memory_limit, threads
        self._made: list[tuple[str, object]] = []

    @property
    def name(self) -> str:
        return self.values.study

    @property
    def values(self) -> Params:
        """The typed parameters."""
        return self.params.values

    @property
    def prepared(self) -> Prepared:
        """The tables, checked."""
        self.reads.note(TABLES)
        return self._prepared

    @property
    def folder(self) -> Path:
        """Where parts are written."""
        self.reads.note(EVERYTHING)
        return self._folder

    @folder.setter
    def folder(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def tables(self) -> Tables:
        """The tables, opened when first asked for; as known at `as_of` where that lies before their end."""
        return self.tables_as_known(self._looking_back)

    def tables_as_known(self, at: datetime | None) -> Tables:
        """The tables as they were known at an instant (naive UTC); for None, as they are known now.

        Raises
        ------
        InputError
            If the rows do not say when they became known.
        """
        limit = self.values.data.engine.memory_limit or self._memory_limit
        return open_tables(self.prepared, memory_limit=limit, threads=self._threads, as_known_at=at)

    @cached_property
    def period(self) -> Period | None:
        """What the report covers; None where no table has dates."""
        return period_of(self.values.period, self.tables, self.params.calendar, name=self.params.name)

    @cached_property
    def decision(self) -> Decision:
        """Which steps these tables allow."""
        self.reads.note(DECISION)
        tables = self.tables
        with self.reads.paused():
            return decide(self.values, tables, name=self.params.name)

    @cached_property
    def previous(self) -> Report | None:
        """The report this one follows, read once; None where the parameters name none.

        Raises
        ------
        ParamsError
            If there is none, or it cannot stand before this one.
        """
        self.reads.note(EVERYTHING)
        if self.values.previous is None:
            return None
        try:
            period = self.period
        except ParamsError:
            period = None  # told by itself
        return previous_of(self.params, period, self._currencies())

    def _currencies(self) -> set[str]:
        """Those of the tables' money; where they tell none, the one the case in money is made in."""
        from analysis.runner.reach import counted_by

        told = counted_by(self.values, self.tables).get("currency")
        if told is not None:
            return set(told.split(", "))
        return set() if self.values.roi is None else {self.values.report.currency}

    @property
    def code(self) -> str:
        """The fingerprint of what counts and compares: the same for every step of a run."""
        return code_fingerprint()

    @property
    def known_at(self) -> datetime | None:
        """As of when the tables speak, naive UTC: `as_of`, else the latest that any row became known."""
        if self.values.as_of is None:
            return self.prepared.known_at
        return instant_of(self.values.as_of)

    @property
    def _looking_back(self) -> datetime | None:
        """`as_of`, where it lies before what the tables hold."""
        latest, asked = self.prepared.known_at, self.known_at
        return asked if latest is not None and asked is not None and asked < latest else None

    @property
    def ledger_folder(self) -> Path:
        """Where the closed months of this study's family are kept; those of a rehearsal lie with the report."""
        from analysis.runner.family import LEDGER, family_of

        if self.values.close.rehearsal:
            return self._folder / LEDGER
        return self.params.reports / LEDGER / family_of(self.name)

    @cached_property
    def ledger(self) -> Ledger:
        """The closed months of this study's family.

        Raises
        ------
        LedgerBroken
            If an entry does not hold.
        """
        from analysis.ledger.store import Ledger
        from analysis.runner.family import family_of

        self.reads.note(CLOSED_MONTHS)
        if self.values.close.rehearsal and self.by_hand:
            from analysis.runner.rehearsal import rehearse  # here: a rerun that changes nothing closes nothing

            return rehearse(self, self.ledger_folder)
        return Ledger.open(self.ledger_folder, family_of(self.name))

    @cached_property
    def promised(self) -> tuple[Promise, ...]:
        """The promises of this study's family, read once; none where no case in money is made.

        Raises
        ------
        ParamsError
            With every fault of every promise.
        LedgerBroken
            If one was changed after its approval.
        """
        self.reads.note(PROMISED)
        return () if self.values.roi is None else read_register(register_folder(self.params))

    def check(self) -> None:
        """Compare what the parameters ask for with what the tables hold, before any work.

        Raises
        ------
        ParamsError
            With every fault of period, `as_of`, comparisons, arm, outcomes, promises and the report before this one.
        """
        faults: list[Fault] = []
        try:
            _ = self.tables
        except InputError as error:
            faults += error.faults
            self.__dict__["tables"] = self.tables_as_known(None)  # for the other questions
        for asked in ("period", "decision", "previous", "promised"):
            try:
                getattr(self, asked)
            except ParamsError as error:
                faults += error.faults
        faults += faults_of_rehearsal(self)
        if faults:
            del self.__dict__["tables"]
            raise ParamsError(faults)

    def take_over(self, decision: Decision) -> None:
        """Let what was decided stand, and checked, in a finished run of the same study on the same tables."""
        self.__dict__["decision"] = decision

    def metrics(self) -> Any:
        """What was counted: a `MetricsResult`."""
        return self.make("metrics")

    def month_close(self) -> Any:
        """What the last close holds, or would: a `MonthClose`."""
        return self.make("month_close")

    def before_after(self, estimator: Estimator | None = None, outcome: str = "orders") -> Any:
        """What changed for customers contacted on social: a `ChannelResult`.

        Parameters
        ----------
        estimator : function of DataFrame to Estimate, optional
            One of your own, run beside the study's; what it says of `outcome` stands among the effects as not named
            beforehand, with its own gates. docs/own_estimator.md shows how.
        outcome : str

        Raises
        ------
        DesignError
            If the data cannot answer it, or the estimator fails.
        """
        found = self.make("before_after")
        if estimator is None:
            return found
        from analysis.studies.channel import stack_of
        from analysis.studies.own_estimator import own_estimator

        stack, plan, _ = stack_of(self.tables, channel_plan(self))
        found = replace(found, effects=(*found.effects, *own_estimator(stack, plan, estimator, outcome)))
        self._made.append(("before_after", found))
        return found

    def sample(self) -> Sample:
        """The rows behind `before_after`, pseudonymous, for estimators of your own: a `Sample`.

        Raises
        ------
        DesignError
            If no row can be studied.
        """
        from analysis.studies.channel import stack_of
        from analysis.studies.sample_table import sample_of

        stack, plan, _ = stack_of(self.tables, channel_plan(self))
        return sample_of(stack, plan)

    def service_effect(self) -> Any:
        """What it changed that a first social contact was answered in time: a `ServiceResult`."""
        return self.make("service_effect")

    def adoption(self) -> Any:
        """What it changed to take up social care: an `AdoptionResult`."""
        return self.make("adoption")

    def change_log(self) -> Any:
        """What figures did after the entries of the change log: a `ChangeLogResult`."""
        return self.make("change_log")

    def ab_segments(self) -> Any:
        """What users do against others, by lot and otherwise: an `AbResult`."""
        return self.make("ab_segments")

    def effort(self) -> Any:
        """What a channel does to customers' effort, and effort to loyalty: an `EffortResult`."""
        return self.make("effort")

    def design_sheet(self) -> Any:
        """What a test that is being planned can see: a `SheetResult`."""
        return self.make("design_sheet")

    def loyalty_hypotheses(self) -> Any:
        """The verdict on every hypothesis of the parameters: a `Family`, from the recorded effects."""
        return self.make("loyalty_hypotheses")

    def roi_case(self) -> Any:
        """What it is worth: a `RoiCase`, from the recorded effects."""
        return self.make("roi_case")

    def make(self, name: str) -> Any:
        """The result of a step.

        A comparison that nobody asked for by name and that these data cannot answer leaves the reason in the results
        and lets the other steps go on.

        Raises
        ------
        DesignError
            If the data cannot answer it.
        """
        step = step_named(name)
        if step.call is None:
            raise ValueError(f"The step `{name}` makes no result.")
        try:
            result = step.call(self)
        except DesignError as error:
            if not asked_by_name(step, self.values):
                self.leave_out(step, skipped(name, (), str(error)))
            raise
        self._made.append((name, result))
        if name == CASE:
            leave(result)  # documents are made of it, whatever becomes of it here
        return result

    def record(self, result: Any) -> Recorded:
        """Put a result down for the report, as `parts/<step>.json`.

        Parameters
        ----------
        result
            What one of this study's methods gave.

        Raises
        ------
        ValueError
            If it came from elsewhere.
        """
        step = next((name for name, made in reversed(self._made) if made is result), None)
        if step is None:
            known = ", ".join(f"`study.{one.name}()`" for one in STEPS if one.call is not None)
            raise ValueError(f"Only what this study's own methods gave can be recorded: {known}.")
        part = part_of(step, result)
        write_part(self._folder, step, part)
        counts = {key: len(value) for key, value in part.items() if isinstance(value, list)}
        return Recorded(step, counts)

    def part(self, step: str) -> dict[str, Any] | None:
        """What a step has recorded so far."""
        self.reads.note(PART + step)
        return read_part(self._folder, step)

    def found(self, step: str) -> dict[str, Any] | None:
        """What a step has recorded; by hand it is made and recorded now if it has not been.

        Raises
        ------
        DesignError
            If it is made now and the data cannot answer it.
        """
        if self.by_hand and self.part(step) is None:
            self.record(self.make(step))
        return self.part(step)

    def settle(self, step: str) -> str | None:
        """Record what a step finds. Where it can find nothing and nobody asked for it by name, the reason.

        Raises
        ------
        DesignError
            If it was asked for by name and the data cannot answer it.
        """
        one = step_named(step)
        if any(why_skipped(self.part(name)) is not None for name in one.reads):
            self.leave_out(one, cannot_follow(one))
        else:
            try:
                self.record(self.make(step))
            except DesignError:
                if asked_by_name(one, self.values):
                    raise
        return why_skipped(self.part(step))

    def leave_out(self, step: Step, entry: dict[str, Any]) -> None:
        """Record that a step was left out, and what of it is recorded anyway."""
        anyway = {} if step.anyway is None else dict(step.anyway(self))
        coverage = {**anyway.get("coverage", {}), "skipped": [entry]}
        write_part(self._folder, step.name, {**anyway, "coverage": coverage})

    def results(self) -> dict[str, Any]:
        """All results: `results.json` of a run; by hand, what is recorded, the missing parts being made now."""
        self.reads.note(EVERYTHING)
        whole = self._folder / RESULTS
        if whole.is_file():
            return dict(json.loads(whole.read_text(encoding="utf-8")))
        if self.by_hand:
            for step in self.decision.recording:
                if self.part(step.name) is None:
                    self.settle(step.name)
        return self.merge()

    def merge(self) -> dict[str, Any]:
        """What is recorded so far, merged, and what has changed since the report before this one."""
        self.reads.note(EVERYTHING)
        results = merged(self.base, read_parts(self._folder, [step.name for step in self.decision.recording]))
        return {**results, "previous": since(self.previous, results, self.params.canonical())}

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Where the numbers come from: all that goes into them, by its fingerprint."""
        self.reads.note(EVERYTHING)
        return provenance_of(self)

    @cached_property
    def base(self) -> dict[str, Any]:
        """What holds for every step: study, period, where the numbers come from, rows."""
        self.reads.note(EVERYTHING)
        return {
            "study": self.name,
            "period": None if self.period is None else self.period.to_dict(),
            "known_at": iso(self.known_at),
            "provenance": self.provenance,
            "rows": {name: account.rows.to_dict() for name, account in self.prepared.accounts.items()},
            "coverage": {
                "skipped": list(self.decision.skipped),
                "outcomes": list(self.values.outcomes or ()),
                "without_effect": without_effect(self.values),
            },
        }

    def overview(self) -> pd.DataFrame:
        """The tables: rows read, kept and set aside, first and last day, and what should be known about them."""
        return overview_of(self.prepared)

    def missing(self) -> pd.DataFrame:
        """The steps left out so far: which, what each would need, and why."""
        return missing_of(self.merge()["coverage"]["skipped"])

    def close(self) -> None:
        """Give the tables back."""
        if "tables" in self.__dict__:
            self.tables.close()
            del self.__dict__["tables"]

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Study `{self.name}`: {len(self.prepared.accounts)} tables, {self.params.name}"
